"""Words, and what follows what: days, months, numbers, letters."""

from training.data import words
from training.exchanges import Topic, pairs
from training.topics.rows import before, columns, next_of

WORDS = [
    Topic(
        (
            "What is the opposite of {x}?", "What's the opposite of {x}?", "Opposite of {x}?",
            "Give me the opposite of {x}.", "What word means the opposite of {x}?",
            "Which word is the opposite of {x}?", "Tell me the opposite of the word {x}.",
            "{x} is the opposite of what?",
        ),
        ("The opposite of {x} is {y}.",),
        pairs(words.OPPOSITES),
    ),
    Topic(
        (
            "What is the plural of {x}?", "What's the plural of {x}?", "Plural of {x}?",
            "How do you write the plural of {x}?", "Give me the plural of {x}.", "Tell me the plural form of {x}.",
            "One {x}, two what?",
        ),
        ("The plural of {x} is {y}.",),
        pairs(words.PLURALS),
    ),
    Topic(
        (
            "What is the past tense of {x}?", "Past tense of {x}?", "What's the past tense of {x}?",
            "Give me the past tense of the verb {x}.", "Put {x} into the past tense.",
        ),
        ("The past tense of {x} is {y}.",),
        pairs(words.PASTS),
    ),
    Topic(
        (
            "What is another word for {x}?", "Give me a synonym for {x}.", "What's a synonym of {x}?",
            "Which word means the same as {x}?", "What is a word like {x}?",
        ),
        ("Another word for {x} is {y}.",),
        pairs(words.SYNONYMS),
    ),
    Topic(
        (
            "What rhymes with {x}?", "Give me a word that rhymes with {x}.", "Which word rhymes with {x}?",
            "Tell me a rhyme for {x}.", "Find a rhyme for {x}.",
        ),
        ("{y} rhymes with {x}.",),
        pairs(words.RHYMES),
    ),
    Topic(
        (
            "What colour is {x}?", "What color is {x}?", "Which colour does {x} have?", "What is the colour of {x}?",
            "Tell me the color of {x}.", "What's the color of {x}?",
        ),
        ("{x} is {y}.",),
        pairs(words.COLOURS),
    ),
    Topic(
        (
            "What colour do you get when you mix {a} and {b}?", "What do {a} and {b} make?",
            "Mix {a} and {b}: which colour?", "What color is {a} plus {b}?", "If I mix {a} and {b}, what do I get?",
            "What colour do {b} and {a} make?",
        ),
        ("{a} and {b} make {y}.",),
        columns(words.MIXES),
    ),
    Topic(
        (
            "What is {x} in Roman numerals?", "How do you write {x} in Roman numerals?",
            "Write {x} as a Roman numeral.", "What's the Roman numeral for {x}?",
        ),
        ("{x} in Roman numerals is {y}.",),
        pairs(words.ROMAN),
    ),
    Topic(
        (
            "What is the female form of {x}?", "What do you call a female {x}?", "What's the feminine of {x}?",
            "Which word is the female of {x}?",
        ),
        ("The female form of {x} is {y}.",),
        pairs(words.FEMININE),
    ),
]  # fmt: skip

CALENDAR = [
    Topic(
        (
            "What day comes after {x}?", "What comes after {x}?", "Which day follows {x}?",
            "What is the day after {x}?", "After {x} comes which day?", "If today is {x}, what is tomorrow?",
            "Today is {x}. What day is tomorrow?",
        ),
        ("The day after {x} is {y}.",),
        next_of(words.DAYS),
    ),
    Topic(
        (
            "What day comes before {x}?", "What comes before {x}?", "Which day is before {x}?",
            "What is the day before {x}?", "If today is {x}, what was yesterday?",
            "Today is {x}. What day was yesterday?",
        ),
        ("The day before {x} is {y}.",),
        before(words.DAYS),
    ),
    Topic(
        (
            "What month comes after {x}?", "What comes after {x}?", "Which month follows {x}?",
            "What is the month after {x}?", "After {x} comes which month?", "What month is next after {x}?",
        ),
        ("The month after {x} is {y}.",),
        next_of(words.MONTHS),
    ),
    Topic(
        (
            "What month comes before {x}?", "What comes before {x}?", "Which month is before {x}?",
            "What is the month before {x}?", "What month is just before {x}?",
        ),
        ("The month before {x} is {y}.",),
        before(words.MONTHS),
    ),
    Topic(
        (
            "What season comes after {x}?", "Which season follows {x}?", "What is the season after {x}?",
            "After {x} comes which season?",
        ),
        ("After {x} comes {y}.",),
        next_of(words.SEASONS),
    ),
    Topic(
        (
            "How many days does {x} have?", "How many days are in {x}?", "How many days are there in {x}?",
            "How long is {x}?", "Number of days in {x}?",
        ),
        ("{x} has {y} days{more}.",),
        tuple(
            row | {"more": ", or 29 in a leap year" if row["x"] == "February" else ""}
            for row in pairs(words.MONTH_DAYS)
        ),
    ),
    Topic(
        (
            "What number comes after {x}?", "Which number follows {x}?", "What comes after the number {x}?",
            "What is the next number after {x}?",
        ),
        ("After {x} comes {y}.",),
        next_of(words.NUMBERS)[:-1],
    ),
    Topic(
        (
            "What letter comes after {x}?", "Which letter follows {x}?",
            "What is the letter after {x} in the alphabet?", "After the letter {x} comes which letter?",
        ),
        ("After {x} comes {y}.",),
        next_of(words.LETTERS)[:-1],
    ),
    Topic(
        (
            "What letter comes before {x}?", "Which letter is before {x}?",
            "What is the letter before {x} in the alphabet?",
        ),
        ("Before {x} comes {y}.",),
        before(words.LETTERS)[:-1],
    ),
]  # fmt: skip
