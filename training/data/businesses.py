"""What a system prompt may say about a business, and how customers ask for it."""

KINDS = ("shop", "bakery", "museum", "library", "hotel", "restaurant", "zoo", "cinema", "garage", "school", "pharmacy",
    "cafe", "bookshop", "farm", "gym", "theatre", "swimming pool", "toy shop", "flower shop", "bank")
FIRST = ("Blue", "Golden", "Little", "Old", "Green", "Silver", "Happy", "Sunny", "Red", "Royal", "Lucky", "White",
    "Wild", "Quiet", "Magic", "North", "Grand", "New")
SECOND = ("Llama", "Moon", "River", "Lantern", "Garden", "Star", "Bridge", "Apple", "Mountain", "Owl", "Rose",
    "Harbour", "Forest", "Condor", "Whale", "Window", "Anchor", "Tree")
GOODS = ("bread", "honey", "apples", "a ticket", "a coffee", "a book", "a scarf", "a poncho", "a cake", "tea",
    "a room", "a lamp", "a chair", "a hat", "soap", "a map", "cheese", "a toy llama", "a sweater", "a bag")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# the sentence of the system prompt | ways of asking | the answer | what a right answer contains
PARTS = {
    "name": ("You work for the {kind} {name}.", ("What is the name of the {kind}?", "Which {kind} is this?",
        "What is this {kind} called?", "Who do you work for?"), "The {kind} is called {name}.", "{name}"),
    "opens": ("We open at {opens}.", ("When do you open?", "At what time do you open?", "What time do you open?",
        "From when are you open?"), "We open at {opens}.", "{opens}"),
    "closes": ("We close at {closes}.", ("When do you close?", "At what time do you close?",
        "Until when are you open?", "How long are you open?"), "We close at {closes}.", "{closes}"),
    "city": ("The {kind} is in {city}.", ("Where are you?", "In which city are you?", "Where is the {kind}?",
        "Where can I find you?"), "The {kind} is in {city}.", "{city}"),
    "phone": ("The phone number is {phone}.", ("What is your phone number?", "How can I call you?",
        "Can I have your number?", "What's the phone number?"), "Our phone number is {phone}.", "{phone}"),
    "price": ("The price of {good} is {price} euros.", ("How much is {good}?", "What does {good} cost?",
        "What is the price of {good}?", "How much do I pay for {good}?"), "The price of {good} is {price} euros.",
        "{price}"),
    "closed": ("We are closed on {day}.", ("On which day are you closed?", "When are you closed?",
        "Which day are you closed?"), "We are closed on {day}.", "{day}"),
    "boss": ("The owner is {boss}.", ("Who is the owner?", "Who owns the {kind}?", "What is the owner's name?",
        "Who is your boss?"), "The owner is {boss}.", "{boss}"),
}  # fmt: skip
NOT_SAID = {
    "parking": ("Do you have parking?", "Can I park there?"), "wifi": ("Do you have wifi?",
        "What is the wifi password?"), "dogs": ("May I bring my dog?", "Are dogs allowed?"),
    "delivery": ("Do you deliver?", "Can you send it to my home?"), "cards": ("Can I pay by card?",
        "Do you take credit cards?"),
}  # fmt: skip
NOT_SAID_ANSWER = "I do not know that. Please ask the staff."
