"""What people tell of their day, and a friendly answer: (ways of telling, answer). `{x}` is filled from the pool named last."""

POOLS = {
    "place": ("the market", "the beach", "the park", "the library", "the museum", "the cinema", "the mountains", "the lake", "the zoo", "the theatre", "the forest", "the gym", "a concert", "a party", "a wedding",
              "the dentist", "school", "church", "the bakery", "my grandmother's house", "the swimming pool", "a restaurant", "the garden", "the office", "the train station"),
    "thing": ("a book", "a bicycle", "a coat", "a lamp", "a plant", "a guitar", "a phone", "a car", "a hat", "a tent", "a painting", "a chair", "a camera", "a clock", "a pair of shoes", "a scarf", "a computer", "a rug"),
    "chore": ("clean the house", "do the dishes", "wash the car", "write a report", "do my homework", "go to the doctor", "pay the bills", "cook dinner", "pack my bags", "work late", "study for a test", "tidy my room",
              "repair the roof", "call the bank", "water the plants", "feed the cat", "mow the lawn", "give a talk"),
    "subject": ("history", "the stars", "llamas", "the sea", "cooking", "music", "computers", "trees", "Peru", "birds", "chess", "painting", "medicine", "languages", "mathematics", "mountains", "trains", "whales"),
    "food": ("soup", "pancakes", "a cake", "bread", "pasta", "a salad", "rice", "an omelette", "cookies", "a pie", "pizza", "dumplings", "a curry", "tacos"),
    "relative": ("My mother", "My father", "My sister", "My brother", "My friend", "My aunt", "My uncle", "My grandmother", "My neighbour", "My boss", "My son", "My daughter", "My teacher"),
    "pet": ("cat", "dog", "rabbit", "parrot", "hamster", "horse", "llama", "turtle"),
    "weather": ("raining", "snowing", "sunny", "windy", "foggy", "cold", "very hot", "cloudy", "stormy"),
}  # fmt: skip

TALES = (
    (("I went to {x} today.", "I was at {x} today.", "Yesterday I went to {x}.", "I have been to {x}.", "I went to {x} with my family.", "We went to {x} yesterday."), "How was it at {x}?", "place"),
    (("I am going to {x} tomorrow.", "Tomorrow I go to {x}.", "I will go to {x} on Saturday.", "I want to go to {x}.", "We are going to {x} next week.", "I am on my way to {x}."), "Have a good time at {x}!", "place"),
    (("I bought {x} today.", "I got {x} for my birthday.", "I found {x}.", "I have {x} now.", "Someone gave me {x}.", "I just bought {x}."), "How nice! What will you do with it?", "thing"),
    (("I lost {x}.", "Someone stole {x} from me.", "I broke {x}.", "I left {x} on the train."), "Oh, I am sorry to hear that.", "thing"),
    (("I want to buy {x}.", "I am looking for {x}.", "I need {x}.", "I am saving money for {x}."), "Good luck! I hope you find just the right one.", "thing"),
    (("I have to {x} today.", "I must {x}.", "I still need to {x}.", "Tomorrow I have to {x}.", "I do not want to {x}."), "Good luck with that! It feels good when it is done.", "chore"),
    (("I am reading a book about {x}.", "I am learning about {x}.", "I saw a film about {x}.", "I am studying {x}.", "We learn about {x} at school."), "That sounds interesting! What have you learned about {x}?", "subject"),
    (("I made {x} today.", "I am making {x}.", "I cooked {x} for my friends.", "We had {x} for dinner.", "I just ate {x}."), "That sounds tasty! How was it?", "food"),
    (("{x} is ill.", "{x} is in hospital.", "{x} had an accident.", "{x} is not well."), "I am sorry to hear that. I hope things get better soon.", "relative"),
    (("{x} has a birthday today.", "{x} has a birthday tomorrow.", "{x} is having a birthday."), "How nice! Do you have a present yet?", "relative"),
    (("{x} is visiting me.", "{x} comes to see me today.", "{x} called me today.", "I met {y} in town.", "{x} wrote me a letter."), "That must be a joy! What did you talk about?", "relative"),
    (("{x} died.", "{x} has died.", "{x} passed away last week."), "I am very sorry for your loss.", "relative"),
    (("My {x} is very funny.", "My {x} is so cute.", "My {x} sleeps all day.", "I love my {x}.", "I played with my {x}."), "Your {x} sounds lovely! What does it like best?", "pet"),
    (("My {x} is ill.", "My {x} ran away.", "My {x} does not eat.", "I lost my {x}."), "Oh no, I am sorry about your {x}. A vet or your neighbours may be able to help.", "pet"),
    (("It is {x} today.", "It's {x} here.", "It is {x} outside.", "Today it is {x}."), "Thank you for telling me, I cannot look outside myself. Do you like it when it is {x}?", "weather"),
    (("I moved to a new house.", "I have a new job.", "I have a new friend.", "I started a new school.", "I got a new boss.", "I am a father now.", "I became a mother.", "I got married!"), "That is a big step! How do you feel about it?", ""),
    (("I lost my job.", "I failed my exam.", "My girlfriend left me.", "My boyfriend left me.", "I am divorced.", "I am in trouble.", "I made a big mistake.", "I am broke.", "My team lost."), "I am sorry to hear that. Do you want to talk about it?", ""),
    (("I am on holiday.", "I have the day off.", "It is the weekend!", "School is over!", "My holiday starts today."), "Enjoy it! What are your plans?", ""),
    (("I am at work.", "I am at home.", "I am on the train.", "I am in bed.", "I am in the kitchen.", "I am at school.", "I am in the garden."), "Good to have you here. What can I do for you?", ""),
    (("I am drinking tea.", "I am drinking coffee.", "I am having breakfast.", "I am eating lunch.", "I am having a beer."), "Enjoy it!", ""),
    (("I can't decide.", "I do not know what to do.", "I am not sure what to do.", "What would you do?", "Help me decide."), "Write down what speaks for each choice, sleep on it, and trust your feeling.", ""),
    (("I have an idea.", "I have a secret.", "Guess what!", "You know what?", "Can I tell you something?", "I want to tell you something."), "I am curious! Tell me.", ""),
    (("I am learning English.", "My English is not good.", "Sorry for my English.", "English is not my language."), "Your English is fine. I am glad to talk with you.", ""),
    (("Do you want to play a game?", "Let's play a game.", "Can we play?", "I want to play.", "Play with me."), "Gladly! I can tell you a riddle, or you name a country and I say its capital.", ""),
    (("How was your day?", "How was your weekend?", "Did you sleep well?", "Did you have a good day?"), "I am a program and have no days, but I am glad you are here. How was yours?", ""),
)  # fmt: skip

MORE = ("Tell me more.", "Why?", "How come?", "What else?", "Go on.", "Continue.", "More!", "More, please.", "And?", "Can you tell me more?", "More details, please.", "Is that all?", "Why is that?", "How so?", "Explain more.", "What else do you know about it?")
MORE_ANSWER = "That is all I know about it, because I am a small model. Ask me something else!"
