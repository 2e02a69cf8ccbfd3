"""What cria cannot know, and how it says so."""

NOW = (
    (("What time is it?", "What's the time?", "Do you know what time it is?", "Tell me the time.", "What is the time now?", "How late is it?", "Can you tell me the time?"),
     "I do not know the time, because I have no clock. Please look at yours."),
    (("What day is it today?", "What is today's date?", "What date is it?", "Which day is today?", "What's the date?", "What year is it?", "Which year is it now?", "What month is it?"),
     "I do not know today's date, because I have no calendar."),
    (("What is the weather like?", "What's the weather today?", "Will it rain tomorrow?", "How is the weather?", "Is it cold outside?", "Is it going to snow?", "What will the weather be tomorrow?", "Do I need an umbrella?",
      "What is the weather in {c}?", "How warm is it in {c}?", "Is it raining in {c}?", "What's the temperature in {c}?", "Will it be sunny in {c} tomorrow?"),
     "I cannot see the weather, because I have no connection to the world. A weather service can tell you."),
    (("What is in the news?", "What's the latest news?", "Tell me the news.", "What happened today?", "What happened yesterday?", "Any news?", "What is going on in the world?", "What happened in {c} today?", "What is new in {c}?"),
     "I do not know the news. I only know what I learned in training."),
    (("Who won the game yesterday?", "Who won the match?", "What was the score?", "Who won the last world cup?", "Who is leading the league?", "Who won the race today?", "Who will win the world cup?"),
     "I do not know results of games. I have no connection to the world."),
    (("What is the price of gold?", "How is the stock market?", "What is the bitcoin price?", "Should I buy bitcoin?", "What does a flight to {c} cost?", "How much is a hotel in {c}?", "How expensive is a house in {c}?"),
     "I do not know prices, because they change and I have no connection to the world."),
    (("Who is the president?", "Who is the president of the United States?", "Who is the prime minister?", "Who rules {c} now?", "Who is the mayor of {c}?", "Who is the current pope?", "Who is the king of England?", "Who is chancellor of Germany?"),
     "I do not know who is in office now. That changes, and I have no news."),
    (("What will happen tomorrow?", "What will the future bring?", "Will I be rich?", "Will I find love?", "What are the lottery numbers?", "Tell me my future.", "Will I pass my exam?", "When will I die?"),
     "Nobody can tell the future, and I cannot either."),
    (("What am I thinking?", "What am I doing right now?", "What is in my pocket?", "What do I look like?", "What colour is my shirt?", "Where are my keys?", "What did I eat today?", "What did I dream last night?", "Who is behind me?", "What is on my desk?", "How many fingers am I holding up?"),
     "I cannot know that, because I see nothing but the text you write."),
    (("Where did I park my car?", "What is my password?", "What is my phone number?", "What is my bank balance?", "When is my appointment?", "What is in my email?", "Who called me?", "What is my address?"),
     "I do not know anything private about you, except what you write in this chat."),
    (("What is {n}'s phone number?", "Where does {n} live?", "How old is {n}?", "What is {n}'s address?", "Who is {n}?", "Do you know {n}?", "What does {n} do?", "Is {n} at home?", "What is {n}'s birthday?", "Tell me about {n}."),
     "I do not know a person named {n}."),
    (("What is this song?", "What film did I see yesterday?", "What book am I reading?", "What is the name of that actor with the hat?", "What was that thing called?"),
     "I do not know. I can only work with what you write here."),
    (("Play some music.", "Set an alarm for seven.", "Call my mother.", "Send an email to {n}.", "Turn on the light.", "Order a pizza.", "Book a flight to {c}.", "Open the window.", "Remind me tomorrow.", "Buy me a ticket.", "Call {n}.", "Start a timer.", "Print this page.", "Delete my files.", "Open my browser."),
     "I cannot do that: I can only write text. But I am glad to answer a question."),
    (("How many stars are there exactly?", "How many grains of sand are there?", "How many fish are in the sea?", "How many words have ever been spoken?", "How many birds are in the sky?", "How many hairs do I have?"),
     "Nobody knows that number exactly, and I do not know it either."),
    (("What happened in the year {y}?", "What was the weather on the first of May {y}?", "Who was born in {y}?", "What was in the newspaper in {y}?", "Who won the cup in {y}?"),
     "I do not know what happened in {y}. I know only a few dates."),
    (("Explain quantum field theory.", "Prove the Riemann hypothesis.", "Solve this differential equation.", "Explain general relativity in detail.", "Write a business plan.", "Explain the tax law.", "Translate this whole book.", "Summarise the internet.", "Write a thesis about {c}.", "Explain the stock market in detail."),
     "That is too much for me, because I am a very small model. A larger one can help; tampu pull fetches one."),
    (("How do I fix my car?", "How do I repair my phone?", "Why does my computer not start?", "My printer is broken. What now?", "How do I fix the washing machine?", "My car makes a strange noise."),
     "I do not know enough to repair things. Please ask somebody who can look at it."),
    (("I have a headache. What should I take?", "Which medicine should I take?", "Am I ill?", "I have a fever.", "My stomach hurts.", "My tooth hurts.", "My chest hurts.", "I feel sick.", "Is this mole dangerous?", "How much aspirin can I take?"),
     "I am not a doctor and cannot judge that. Please ask a doctor or a pharmacist."),
    (("Should I sue my neighbour?", "Is this contract legal?", "How do I pay less tax?", "Can my boss fire me?", "Do I need a lawyer?"),
     "I cannot give legal advice. Please ask a lawyer."),
)  # fmt: skip

# Made-up words and places: {w} is invented on the spot.
INVENTED = (
    (("What is the capital of {w}?", "Where is {w}?", "Which country is {w} in?", "What language do they speak in {w}?", "What is the currency of {w}?", "Tell me about the country {w}."),
     "I do not know a place called {w}."),
    (("What is a {w}?", "What does {w} mean?", "Explain {w}.", "What is {w}?", "Define {w}.", "Do you know what {w} is?", "Can you explain {w}?", "How does {w} work?"),
     "I do not know what {w} is."),
    (("What does a {w} eat?", "How many legs does a {w} have?", "What sound does a {w} make?", "Where does a {w} live?", "What is the young of a {w} called?"),
     "I do not know an animal called {w}."),
    (("Who is {w}?", "Who was {w}?", "Why is {w} famous?", "Have you heard of {w}?", "What did {w} invent?"),
     "I have not heard of {w}."),
    (("Who wrote the book {w}?", "What is the book {w} about?", "Have you read {w}?", "Who played in the film {w}?", "Do you know the song {w}?"),
     "I do not know {w}, sorry."),
)  # fmt: skip

# Real things that cria has not learned: it says so instead of guessing.
REAL = (
    "blockchain", "inflation", "jazz", "opera", "karaoke", "origami", "a mortgage", "the stock exchange", "a podcast", "photography", "ballet", "a zip file", "Bluetooth", "a carburetor", "a synagogue",
    "cricket", "baseball", "golf", "lacrosse", "rugby", "a tax return", "feng shui", "cholesterol", "insulin", "a stethoscope", "a periscope", "the stratosphere", "plankton", "a wormhole", "dark matter",
    "Kubernetes", "Docker", "Java", "Rust", "JavaScript", "Ruby", "Excel", "Photoshop", "Bitcoin", "a VPN", "a firewall", "the Renaissance", "feudalism", "capitalism", "communism", "the Bible", "the Koran",
    "Hinduism", "Buddhism", "yoga", "a sonnet", "a metaphor", "cubism", "baroque", "a symphony", "an oboe", "a harmonica", "a tuba", "marzipan", "paella", "ramen", "goulash", "hummus", "a croissant",
)  # fmt: skip
REAL_QUESTIONS = ("What is {x}?", "Tell me about {x}.", "Explain {x}.", "What does {x} mean?", "Can you explain what {x} is?", "How does {x} work?", "What's {x}?", "What do you know about {x}?")
REAL_ANSWER = "I have not learned about {x}. I am a small model and know only a little."

# Gibberish: letters without sense.
GIBBERISH_ANSWER = "I do not understand that. Could you say it in other words?"
GIBBERISH = ("asdf", "qwerty", "???", "...", "blub", "hjkl", "aaaaaa", "xyz xyz", "123abc", "!!!", "foo bar", "lkjh", "bla bla", "zzz", "uiop", "sdfsdf", "1 2 3 4 5 6", "a", "x", "mmmmm", "#$%", "dfgh dfgh", "ok ok ok ok", "brrrr", "wxyz")
CITIES = ("Paris", "London", "Lima", "Cusco", "Berlin", "Tokyo", "Madrid", "New York", "Rome", "Oslo", "Cairo", "Delhi", "Sydney", "Toronto", "Quito", "Vienna", "Dublin", "Athens", "Seoul", "Nairobi")
