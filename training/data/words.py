"""Words: opposites, plurals, past tenses, order of days, months and numbers, colours, rhymes."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
SEASONS = ("spring", "summer", "autumn", "winter")
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

MONTH_DAYS = {
    "January": "31", "February": "28", "March": "31", "April": "30", "May": "31", "June": "30", "July": "31",
        "August": "31",
    "September": "30", "October": "31", "November": "30", "December": "31",
}  # fmt: skip

OPPOSITES = {
    "hot": "cold", "big": "small", "tall": "short", "fast": "slow", "happy": "sad", "light": "dark", "old": "young",
    "rich": "poor", "strong": "weak", "hard": "soft", "high": "low", "near": "far", "open": "closed", "full": "empty",
    "wet": "dry", "clean": "dirty", "early": "late", "loud": "quiet", "easy": "difficult", "good": "bad", "up": "down",
    "left": "right", "in": "out", "black": "white", "day": "night", "first": "last", "always": "never", "love": "hate",
    "win": "lose", "buy": "sell", "push": "pull", "begin": "end", "true": "false", "thick": "thin", "wide": "narrow",
    "deep": "shallow", "sweet": "bitter", "brave": "afraid", "north": "south", "east": "west", "above": "below",
    "before": "after", "inside": "outside", "awake": "asleep", "cheap": "expensive", "safe": "dangerous",
        "smooth": "rough",
    "heavy": "light", "friend": "enemy", "question": "answer", "laugh": "cry", "remember": "forget", "polite": "rude",
    "kind": "cruel", "wise": "foolish", "sharp": "blunt", "summer": "winter", "arrive": "leave", "more": "less",
        "many": "few",
}  # fmt: skip

PLURALS = {
    "mouse": "mice", "goose": "geese", "foot": "feet", "tooth": "teeth", "child": "children", "man": "men",
        "woman": "women",
    "person": "people", "ox": "oxen", "sheep": "sheep", "fish": "fish", "deer": "deer", "leaf": "leaves",
        "wolf": "wolves",
    "knife": "knives", "life": "lives", "loaf": "loaves", "city": "cities", "baby": "babies", "story": "stories",
        "box": "boxes",
    "bus": "buses", "church": "churches", "dog": "dogs", "cat": "cats", "llama": "llamas", "book": "books",
        "potato": "potatoes",
    "tomato": "tomatoes", "hero": "heroes", "cactus": "cacti", "cow": "cows", "house": "houses", "tree": "trees",
        "wish": "wishes",
    "shelf": "shelves", "half": "halves", "berry": "berries", "key": "keys", "star": "stars", "alpaca": "alpacas",
        "fox": "foxes",
    "cria": "crias", "puppy": "puppies", "dish": "dishes", "day": "days", "penny": "pennies", "glass": "glasses",
}  # fmt: skip

PASTS = {
    "go": "went", "see": "saw", "eat": "ate", "run": "ran", "take": "took", "give": "gave", "come": "came",
        "write": "wrote",
    "speak": "spoke", "buy": "bought", "bring": "brought", "think": "thought", "teach": "taught", "sing": "sang",
        "swim": "swam",
    "begin": "began", "drink": "drank", "fly": "flew", "grow": "grew", "know": "knew", "make": "made", "sleep": "slept",
    "walk": "walked", "play": "played", "jump": "jumped", "is": "was", "have": "had", "do": "did", "say": "said",
        "find": "found",
    "build": "built", "break": "broke", "choose": "chose", "draw": "drew", "drive": "drove", "fall": "fell",
        "feel": "felt",
    "catch": "caught", "sit": "sat", "stand": "stood", "tell": "told", "win": "won", "carry": "carried",
        "climb": "climbed",
}  # fmt: skip

SYNONYMS = {
    "big": "large", "happy": "glad", "fast": "quick", "smart": "clever", "begin": "start", "end": "finish",
        "small": "little",
    "sad": "unhappy", "angry": "furious", "beautiful": "lovely", "scared": "afraid", "tired": "weary",
        "rich": "wealthy",
    "quiet": "silent", "strange": "odd", "easy": "simple", "hard": "difficult", "help": "assist", "gift": "present",
        "road": "street",
    "house": "home", "funny": "amusing", "cold": "chilly", "shout": "yell", "ill": "sick", "answer": "reply",
        "brave": "courageous",
}  # fmt: skip

RHYMES = {
    "cat": "hat", "llama": "drama", "house": "mouse", "tree": "bee", "star": "car", "moon": "spoon", "sun": "fun",
        "night": "light",
    "day": "play", "dog": "frog", "sea": "tea", "rain": "train", "snow": "glow", "hill": "mill", "book": "cook",
        "bear": "chair",
    "king": "ring", "boat": "goat", "fish": "wish", "cake": "lake", "sky": "fly", "tall": "ball", "wall": "fall",
        "red": "bed",
    "blue": "shoe", "green": "queen", "door": "floor", "bell": "well", "stone": "bone", "time": "rhyme",
}  # fmt: skip

COLOURS = {
    "the sky": "blue", "grass": "green", "snow": "white", "a banana": "yellow", "a lemon": "yellow", "a tomato": "red",
    "blood": "red", "coal": "black", "milk": "white", "an orange": "orange", "a carrot": "orange", "chocolate": "brown",
    "the sun": "white, though it looks yellow from the ground", "a flamingo": "pink", "a ruby": "red",
        "an emerald": "green", "a sapphire": "usually blue",
    "a polar bear": "white", "a strawberry": "red", "a cucumber": "green", "a leaf": "green", "gold": "yellow",
        "night": "black",
    "a fire engine": "usually red", "a blueberry": "blue", "an eggplant": "purple", "the sea": "blue",
        "a zebra": "black and white",
    "a panda": "black and white", "a raven": "black", "lavender": "purple", "a pea": "green", "a pumpkin": "orange",
        "salt": "white",
}  # fmt: skip

MIXES = {
    ("red", "yellow"): "orange", ("blue", "yellow"): "green", ("red", "blue"): "purple", ("red", "white"): "pink",
    ("black", "white"): "grey", ("blue", "white"): "light blue", ("red", "green"): "brown",
}  # fmt: skip

NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip

ROMAN = {
    "1": "I", "2": "II", "3": "III", "4": "IV", "5": "V", "6": "VI", "7": "VII", "8": "VIII", "9": "IX", "10": "X",
        "11": "XI",
    "12": "XII", "15": "XV", "20": "XX", "50": "L", "100": "C", "500": "D", "1000": "M",
}  # fmt: skip

FEMININE = {
    "king": "queen", "prince": "princess", "father": "mother", "brother": "sister", "son": "daughter", "uncle": "aunt",
    "husband": "wife", "grandfather": "grandmother", "nephew": "niece", "boy": "girl", "man": "woman",
        "actor": "actress", "rooster": "hen", "bull": "cow", "ram": "ewe", "stallion": "mare",
}  # fmt: skip
