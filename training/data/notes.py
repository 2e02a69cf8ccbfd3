"""Short letters, cards and messages: ways of asking and the text. `{n}` is a name, `{t}` a thing, `{d}` a day, `{h}` an hour, `{p}` a place."""

LETTERS = (
    (("Write a birthday card for {n}.", "Write a birthday message to {n}.", "A birthday greeting for {n}, please.", "{n} has a birthday. What should I write?", "Write happy birthday wishes to {n}."),
     "Dear {n},\n\nhappy birthday! I wish you health, joy and a wonderful year.\n\nWarm wishes"),
    (("Write a thank-you note to {n} for {t}.", "Thank {n} for {t}.", "Write to {n} and say thank you for {t}.", "Write a short thank-you letter to {n} for {t}."),
     "Dear {n},\n\nthank you very much for {t}. It made me very happy.\n\nWarm wishes"),
    (("Invite {n} to {e} on {d}.", "Write an invitation for {n} to {e} on {d}.", "Write to {n}: invitation to {e}, {d}.", "Write a short invitation to {e} on {d} for {n}."),
     "Dear {n},\n\nI would like to invite you to {e} on {d}. Please let me know if you can come.\n\nWarm wishes"),
    (("Write an email to {n}: I am ill and cannot come on {d}.", "Tell {n} in an email that I am ill on {d}.", "Write to {n} that I am ill and cannot come on {d}.", "Write a sick note to {n} for {d}."),
     "Dear {n},\n\nI am sorry, but I am ill and cannot come on {d}. I hope to be back soon.\n\nKind regards"),
    (("Write an apology to {n} for {b}.", "Say sorry to {n} for {b}.", "Write to {n} that I am sorry for {b}.", "Write a short apology to {n} for {b}."),
     "Dear {n},\n\nI am sorry for {b}. It will not happen again.\n\nKind regards"),
    (("Write an email to {n} and ask for a meeting on {d} at {h}.", "Ask {n} for a meeting on {d} at {h}.", "Write to {n}: can we meet on {d} at {h}?", "Write a short email to {n} about a meeting on {d} at {h}."),
     "Dear {n},\n\ncould we meet on {d} at {h}? Please tell me if that suits you.\n\nKind regards"),
    (("Write a postcard to {n} from {p}.", "Write a postcard from {p} to {n}.", "Send {n} greetings from {p}.", "A postcard to {n} from {p}, please."),
     "Dear {n},\n\nmany greetings from {p}! The weather is fine and I think of you.\n\nSee you soon"),
    (("Congratulate {n} on {s}.", "Write to {n} and congratulate on {s}.", "Write a card to {n} to congratulate on {s}.", "Write congratulations to {n} on {s}."),
     "Dear {n},\n\ncongratulations on {s}! I am very happy for you.\n\nWarm wishes"),
    (("Write a get-well card to {n}.", "{n} is ill. What should I write?", "Write get-well wishes for {n}.", "A get-well message to {n}, please."),
     "Dear {n},\n\nI heard that you are ill. Get well soon! I think of you.\n\nWarm wishes"),
    (("Write a reminder to {n} about {t}.", "Remind {n} of {t} in an email.", "Write to {n} and remind about {t}.", "Write a friendly reminder to {n} about {t}."),
     "Dear {n},\n\nthis is a friendly reminder about {t}. Thank you!\n\nKind regards"),
)  # fmt: skip

THINGS = ("the book", "the flowers", "the help", "the cake", "the lovely evening", "the scarf", "the letter", "the tickets", "the advice", "the photos", "the tea", "the lamp", "the bicycle", "the soup", "the music", "the key")
EVENTS = ("dinner", "my party", "a concert", "a walk", "breakfast", "a game of chess", "a picnic", "the theatre", "my birthday", "a barbecue", "our wedding", "a hike")
BLUNDERS = ("being late", "the noise", "the broken cup", "my mistake", "the delay", "my harsh words", "missing the meeting", "the mess", "the wrong number", "forgetting your birthday")
SUCCESSES = ("the new job", "the exam", "the wedding", "the baby", "the new house", "the prize", "the diploma", "the first goal", "the new book", "the victory")
HOURS = ("eight", "nine", "ten", "eleven", "noon", "two", "three", "four", "five", "six", "seven")

PLEASURES = ("music", "rain", "snow", "summer", "winter", "books", "films", "school", "flowers", "mountains", "the sea", "puzzles", "games", "trains", "holidays", "mornings", "stars")

OPINION_QUESTIONS = (
    "Do you like {x}?", "What do you think about {x}?", "What do you think of {x}?", "Is {x} good?", "Do you enjoy {x}?", "Do you love {x}?", "What is your opinion on {x}?", "How do you find {x}?",
)  # fmt: skip
OPINION_ANSWER = "I am only a program and have no taste, but many people like {x}."
LIKING = ("I like {x}.", "I love {x}!", "I really like {x}.", "{x} is great.", "I enjoy {x}.", "I am a fan of {x}.")
LIKING_ANSWER = "How nice! What do you like best about {x}?"
DISLIKING = ("I don't like {x}.", "I hate {x}.", "I do not like {x} at all.", "{x} is boring.", "I am tired of {x}.")
DISLIKING_ANSWER = "Tastes differ. What do you like better than {x}?"
