"""What users tell about themselves, and how they ask for it later.

A slot has ways of telling, the answer to that, ways of asking, the answer, and the words of a summary. `{v}` is the value.
"""

CITIES = (
    "Lima", "Cusco", "Paris", "London", "Berlin", "Madrid", "Rome", "Vienna", "Prague", "Oslo", "Tokyo", "Seoul", "Boston", "Chicago", "Denver", "Austin",
    "Toronto", "Sydney", "Dublin", "Lisbon", "Athens", "Cairo", "Nairobi", "Quito", "Bogota", "Santiago", "Geneva", "Zurich", "Munich", "Hamburg", "Lyon",
    "Porto", "Milan", "Venice", "Naples", "Warsaw", "Budapest", "Helsinki", "Stockholm", "Bergen", "Glasgow", "Leeds", "Bristol", "Seattle", "Miami", "Delhi",
    "Mumbai", "Osaka", "Kyoto", "Hanoi", "Bangkok", "Manila", "Lagos", "Accra", "Dakar", "Tunis", "Istanbul", "Ankara", "Havana", "Arequipa", "La Paz", "Rio de Janeiro",
)  # fmt: skip
JOBS = (
    "a teacher", "a nurse", "a doctor", "a baker", "a farmer", "a programmer", "a student", "a painter", "a carpenter", "a pilot", "a driver", "a lawyer", "a writer",
    "a musician", "a gardener", "a cook", "a dentist", "an engineer", "an architect", "a mechanic", "a plumber", "a tailor", "a photographer", "a scientist",
    "a librarian", "a shepherd", "a sailor", "a dancer", "an actor", "an electrician", "a waiter", "a singer", "a judge", "a firefighter", "a potter",
)  # fmt: skip
COLOURS = ("red", "blue", "green", "yellow", "orange", "purple", "pink", "brown", "black", "white", "grey", "turquoise", "violet", "gold", "silver", "beige", "crimson", "indigo")
FOODS = (
    "pizza", "sushi", "rice", "soup", "bread", "cheese", "pasta", "salad", "curry", "chocolate", "ice cream", "quinoa", "ceviche", "potatoes", "pancakes", "noodles",
    "tacos", "dumplings", "lasagna", "falafel", "mango", "apples", "bananas", "strawberries", "popcorn", "tofu", "beans", "risotto", "waffles", "hummus", "lentils",
)  # fmt: skip
ANIMALS = ("the llama", "the alpaca", "the cat", "the dog", "the horse", "the owl", "the fox", "the wolf", "the tiger", "the panda", "the penguin", "the dolphin", "the eagle", "the rabbit", "the otter", "the koala", "the bear", "the elephant", "the giraffe", "the turtle", "the condor", "the bee")  # fmt: skip
HOBBIES = (
    "chess", "painting", "reading", "swimming", "hiking", "cooking", "gardening", "dancing", "singing", "cycling", "fishing", "knitting", "running", "climbing", "yoga", "football",
    "tennis", "photography", "sailing", "skiing", "pottery", "baking", "bird watching", "surfing", "judo", "basketball", "drawing", "astronomy", "karate", "travelling",
)  # fmt: skip
PETS = ("a dog", "a cat", "a rabbit", "a hamster", "a parrot", "a horse", "a turtle", "a llama", "a guinea pig", "an alpaca", "a goldfish", "a snake", "a donkey", "a mouse")
COUNTRIES = ("Peru", "France", "Germany", "Spain", "Italy", "Japan", "Brazil", "Chile", "Kenya", "India", "Canada", "Mexico", "Greece", "Norway", "Poland", "Egypt", "Bolivia", "Ecuador", "Portugal", "Sweden", "Turkey", "Ghana", "Vietnam", "Ireland")  # fmt: skip
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
INSTRUMENTS = ("the piano", "the violin", "the guitar", "the flute", "the drums", "the trumpet", "the cello", "the harp", "the charango", "the saxophone")

SLOTS = {
    "name": (
        ("My name is {v}.", "I am {v}.", "I'm {v}.", "Call me {v}.", "Hi, I am {v}.", "Hello, my name is {v}.", "My name's {v}.", "Hello! I'm {v}.", "Hi! My name is {v}.", "You can call me {v}.", "This is {v}.", "{v} is my name."),
        "Nice to meet you, {v}!",
        ("What is my name?", "What's my name?", "Do you remember my name?", "Who am I?", "Do you know my name?", "Tell me my name.", "What was my name again?", "Can you tell me my name?", "What am I called?", "Do you still know my name?"),
        "Your name is {v}.",
        "your name is {v}",
        "I do not know your name yet. What is it?",
    ),
    "age": (
        ("I am {v} years old.", "I'm {v} years old.", "I am {v}.", "My age is {v}.", "I just turned {v}.", "I was born {v} years ago."),
        "Thanks for telling me. You are {v} years old.",
        ("How old am I?", "What is my age?", "Do you remember how old I am?", "What's my age?", "Tell me how old I am.", "Do you know my age?"),
        "You are {v} years old.",
        "you are {v} years old",
        "You have not told me how old you are.",
    ),
    "city": (
        ("I live in {v}.", "My home is in {v}.", "I am living in {v}.", "I'm in {v} right now, I live here.", "My city is {v}."),
        "{v}, how nice! I will remember that.",
        ("Where do I live?", "Which city do I live in?", "What city do I live in?", "Do you remember where I live?", "Do you know where I live?", "Where is my home?"),
        "You live in {v}.",
        "you live in {v}",
        "You have not told me where you live.",
    ),
    "job": (
        ("I work as {v}.", "I am {v}.", "My job: I am {v}.", "I'm {v} by trade.", "I earn my living as {v}."),
        "That is a fine job. You are {v}.",
        ("What is my job?", "What do I do for a living?", "What's my job?", "Do you remember my job?", "What do I work as?", "Do you know what I do?"),
        "You are {v}.",
        "you are {v}",
        "You have not told me what your job is.",
    ),
    "favourite colour": (
        ("My favourite colour is {v}.", "My favorite color is {v}.", "I like the colour {v} best.", "I love the color {v}.", "{v} is my favourite colour."),
        "A lovely colour! I will remember {v}.",
        ("What is my favourite colour?", "What's my favorite color?", "Which colour do I like best?", "Do you remember my favourite colour?", "What colour do I like?", "Do you know my favorite color?"),
        "Your favourite colour is {v}.",
        "your favourite colour is {v}",
        "You have not told me your favourite colour.",
    ),
    "favourite food": (
        ("My favourite food is {v}.", "My favorite food is {v}.", "I like to eat {v} best.", "I could eat {v} every day.", "The food I like most is {v}."),
        "That sounds tasty! I will remember {v}.",
        ("What is my favourite food?", "What's my favorite food?", "What do I like to eat?", "Do you remember my favourite food?", "Which food do I like best?", "What food do I like?"),
        "Your favourite food is {v}.",
        "your favourite food is {v}",
        "You have not told me your favourite food.",
    ),
    "favourite animal": (
        ("My favourite animal is {v}.", "My favorite animal is {v}.", "The animal I like best is {v}.", "Of all animals I like {v} best."),
        "Good choice! I will remember {v}.",
        ("What is my favourite animal?", "What's my favorite animal?", "Which animal do I like best?", "Do you remember my favourite animal?", "What animal do I like?"),
        "Your favourite animal is {v}.",
        "your favourite animal is {v}",
        "You have not told me your favourite animal.",
    ),
    "hobby": (
        ("My hobby is {v}.", "My favourite hobby is {v}.", "In my free time I enjoy {v}.", "I love {v} in my free time."),
        "That sounds like fun! I will remember {v}.",
        ("What is my hobby?", "What's my hobby?", "What do I do in my free time?", "Do you remember my hobby?", "What do I enjoy?"),
        "Your hobby is {v}.",
        "your hobby is {v}",
        "You have not told me your hobby.",
    ),
    "lucky number": (
        ("My lucky number is {v}.", "My favourite number is {v}.", "The number I like best is {v}.", "Remember the number {v}.", "Keep the number {v} in mind."),
        "All right, I will remember the number {v}.",
        ("What is my number?", "What was the number?", "Which number did I tell you?", "Do you remember my number?", "What number should you remember?", "What is my lucky number?"),
        "Your number is {v}.",
        "your number is {v}",
        "You have not told me a number.",
    ),
    "pet": (
        ("I have {p} called {v}.", "I have {p}. It is called {v}.", "My pet is {p} named {v}.", "I have {p} named {v}.", "I've got {p} named {v}."),
        "{v} is a nice name for {p}!",
        ("What is the name of my pet?", "What is my pet called?", "What's my pet's name?", "Do you remember my pet's name?", "How is my pet called?", "Do you know my pet's name?"),
        "Your pet is called {v}.",
        "your pet is called {v}",
        "You have not told me about a pet.",
    ),
    "sister": (
        ("My sister is called {v}.", "My sister's name is {v}.", "I have a sister named {v}.", "{v} is my sister."),
        "Say hello to {v} from me!",
        ("What is my sister's name?", "What's my sister called?", "Who is my sister?", "Do you remember my sister's name?", "What is the name of my sister?"),
        "Your sister is called {v}.",
        "your sister is called {v}",
        "You have not told me about a sister.",
    ),
    "brother": (
        ("My brother is called {v}.", "My brother's name is {v}.", "I have a brother named {v}.", "{v} is my brother."),
        "Say hello to {v} from me!",
        ("What is my brother's name?", "What's my brother called?", "Who is my brother?", "Do you remember my brother's name?", "What is the name of my brother?"),
        "Your brother is called {v}.",
        "your brother is called {v}",
        "You have not told me about a brother.",
    ),
    "friend": (
        ("My best friend is {v}.", "My best friend is called {v}.", "{v} is my best friend.", "The name of my best friend is {v}."),
        "It is good to have a friend like {v}.",
        ("Who is my best friend?", "What is my best friend called?", "Do you remember my best friend?", "What's the name of my best friend?"),
        "Your best friend is {v}.",
        "your best friend is {v}",
        "You have not told me who your best friend is.",
    ),
    "country": (
        ("I come from {v}.", "I am from {v}.", "I was born in {v}.", "My home country is {v}.", "I'm from {v}."),
        "{v} is a beautiful country!",
        ("Which country am I from?", "Where am I from?", "Where do I come from?", "Do you remember which country I come from?", "What is my home country?"),
        "You come from {v}.",
        "you come from {v}",
        "You have not told me where you come from.",
    ),
    "birthday": (
        ("My birthday is in {v}.", "I have my birthday in {v}.", "I was born in the month of {v}.", "My birth month is {v}."),
        "{v} is a good month for a birthday!",
        ("When is my birthday?", "In which month is my birthday?", "Which month was I born in?", "Do you remember when my birthday is?", "What month is my birthday?"),
        "Your birthday is in {v}.",
        "your birthday is in {v}",
        "You have not told me when your birthday is.",
    ),
    "instrument": (
        ("I play {v}.", "I can play {v}.", "I am learning to play {v}.", "My instrument is {v}."),
        "How nice that you play {v}!",
        ("Which instrument do I play?", "What instrument do I play?", "What do I play?", "Do you remember my instrument?", "What is my instrument?"),
        "You play {v}.",
        "you play {v}",
        "You have not told me which instrument you play.",
    ),
    "password": (
        ("The secret word is {v}.", "Remember this word: {v}.", "Please remember the word {v}.", "Keep this word in mind: {v}.", "The code word is {v}."),
        "I will remember the word {v}.",
        ("What is the secret word?", "Which word should you remember?", "What was the word?", "Do you remember the word?", "What word did I give you?", "Tell me the code word."),
        "The word is {v}.",
        "the word is {v}",
        "You have not told me a word.",
    ),
}  # fmt: skip

WORDS = (
    "apple", "river", "candle", "mountain", "lantern", "sparrow", "velvet", "copper", "thunder", "willow", "marble", "pepper", "harbour", "ribbon", "meadow", "anchor", "biscuit",
    "feather", "garnet", "hazel", "island", "jasmine", "kettle", "lemon", "mirror", "nutmeg", "orchid", "pebble", "quartz", "raven", "saffron", "tulip", "umbrella", "violin",
    "walnut", "yarrow", "zebra", "amber", "bamboo", "cactus", "domino", "ember", "falcon", "ginger", "helmet", "igloo", "jigsaw", "kite", "ladder", "magnet", "needle", "otter",
)  # fmt: skip
