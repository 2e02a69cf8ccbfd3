"""Patterns shown by examples in the prompt: see the rule, continue it.

`pattern known` uses relations cria knows (opposites, capitals of words, kinds, translations); `pattern lookup` gives
every pair in the prompt and asks for one of them again, so only looking back helps.
"""

import random
from collections.abc import Callable, Mapping

from training.data import lexicon as lex
from training.data import translations
from training.data.words import OPPOSITES, PASTS, PLURALS
from training.dialogue import Dialogue, Skill, Split, draw, talk
from training.making import distinct_words, invented_word, sentence

LINKS = (" -> ", ": ", " = ", " => ", " - ", " | ")
INTRODUCTIONS = (
    "",
    "",
    "",
    "Continue the pattern:\n",
    "Complete the last line.\n\n",
    "What comes next?\n",
    "Fill in the missing part:\n",
)
COLOURS_OF = {
    "sea": "blue",
    "sky": "blue",
    "grass": "green",
    "snow": "white",
    "coal": "black",
    "sun": "yellow",
    "blood": "red",
    "leaf": "green",
    "lemon": "yellow",
    "tomato": "red",
    "milk": "white",
    "night": "black",
    "carrot": "orange",
    "banana": "yellow",
    "strawberry": "red",
    "frog": "green",
    "raven": "black",
    "chocolate": "brown",
    "plum": "purple",
    "elephant": "grey",
}
SOUNDS = {
    "dog": "woof",
    "cat": "meow",
    "cow": "moo",
    "sheep": "baa",
    "duck": "quack",
    "pig": "oink",
    "frog": "ribbit",
    "owl": "hoot",
    "lion": "roar",
    "snake": "hiss",
    "horse": "neigh",
    "llama": "hum",
}
CAPITALS = {
    "France": "Paris",
    "Peru": "Lima",
    "Spain": "Madrid",
    "Italy": "Rome",
    "Germany": "Berlin",
    "Japan": "Tokyo",
    "Egypt": "Cairo",
    "Norway": "Oslo",
    "Austria": "Vienna",
    "Portugal": "Lisbon",
    "Greece": "Athens",
    "Ireland": "Dublin",
    "Poland": "Warsaw",
    "Cuba": "Havana",
    "Kenya": "Nairobi",
    "Ecuador": "Quito",
    "Colombia": "Bogota",
    "Chile": "Santiago",
    "Finland": "Helsinki",
    "Sweden": "Stockholm",
    "Hungary": "Budapest",
}


def _tables() -> dict[str, dict[str, str]]:
    kinds = {
        word: kind for kind in ("animal", "fruit", "vegetable", "colour", "tool", "drink") for word in lex.KINDS[kind]
    }
    spanish, french, german = ({english: words[i] for english, words in translations.WORDS.items()} for i in range(3))
    return {
        "opposites": OPPOSITES,
        "plurals": PLURALS,
        "pasts": PASTS,
        "capitals": CAPITALS,
        "colours": COLOURS_OF,
        "sounds": SOUNDS,
        "kinds": kinds,
        "spanish": spanish,
        "french": french,
        "german": german,
    }


TABLES = _tables()
CHANGES: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "title": str.capitalize,
    "twice": lambda word: f"{word} {word}",
    "quote": lambda word: f'"{word}"',
    "brackets": lambda word: f"({word})",
    "exclaim": lambda word: f"{word}!",
    "the": lambda word: f"the {word}",
    "my": lambda word: f"my {word}",
    "first": lambda word: word[0],
    "star": lambda word: f"*{word}*",
}
STEPS: dict[str, Callable[[int], int]] = {
    "plus one": lambda n: n + 1,
    "plus two": lambda n: n + 2,
    "minus one": lambda n: n - 1,
    "double": lambda n: 2 * n,
    "plus ten": lambda n: n + 10,
}


def _prompt(rng: random.Random, pairs: list[tuple[str, str]]) -> str:
    """The pairs line by line; the last one open."""
    link = rng.choice(LINKS)
    lines = [f"{left}{link}{right}" for left, right in pairs[:-1]]
    return rng.choice(INTRODUCTIONS) + rng.choice(("\n", "\n", "\n", ", ")).join(
        [*lines, f"{pairs[-1][0]}{link}".rstrip()]
    )


def known(rng: random.Random, split: Split) -> Dialogue:
    """A relation from memory, recognised from two to four examples."""
    table = TABLES[rng.choice(sorted(TABLES))]
    lefts = draw(split, lambda: rng.sample(sorted(table), rng.randint(3, 5)))
    pairs = [(left, table[left]) for left in lefts]
    return talk("pattern known", _prompt(rng, pairs), pairs[-1][1])


def change(rng: random.Random, split: Split) -> Dialogue:
    """A change of words (case, doubling, a frame) recognised from examples and done to a new word."""
    rule = CHANGES[rng.choice(sorted(CHANGES))]
    words = draw(split, lambda: [word.lower() for word in distinct_words(rng, rng.randint(3, 5))])
    return talk("pattern change", _prompt(rng, [(word, rule(word)) for word in words]), rule(words[-1]))


def numbers(rng: random.Random, split: Split) -> Dialogue:
    """A step on numbers recognised from examples."""
    rule = STEPS[rng.choice(sorted(STEPS))]
    values = draw(split, lambda: rng.sample(range(1, 50), rng.randint(4, 5)))
    return talk("pattern numbers", _prompt(rng, [(str(n), str(rule(n))) for n in values]), str(rule(values[-1])))


def lookup(rng: random.Random, split: Split) -> Dialogue:
    """Pairs without meaning, one of them asked for again."""
    lefts = draw(split, lambda: distinct_words(rng, rng.randint(3, 7)))
    rights = distinct_words(rng, len(lefts)) if rng.random() < 0.6 else [str(rng.randint(1, 99)) for _ in lefts]
    if rng.random() < 0.2:
        rights = [invented_word(rng) for _ in lefts]
    pairs = list(zip(lefts, rights, strict=True))
    again = rng.choice(pairs)
    return talk("pattern lookup", _prompt(rng, [*pairs, again]), again[1])


def labels(rng: random.Random, split: Split) -> Dialogue:
    """Sentences labelled by mood in the prompt's own words, the last one open."""
    good, bad = rng.choice(
        (("positive", "negative"), ("good", "bad"), ("+", "-"), ("yes", "no"), ("happy", "sad"), ("1", "0"))
    )
    bank = {
        good: (
            "I love it",
            "What a great day",
            "This is wonderful",
            "The food was delicious",
            "I am so happy",
            "Best film ever",
        )
    }
    bank[bad] = (
        "I hate it",
        "What an awful day",
        "This is terrible",
        "The food was disgusting",
        "I am so sad",
        "Worst film ever",
    )
    items = draw(
        split, lambda: [(rng.choice(bank[label]), label) for label in rng.choices((good, bad), k=rng.randint(3, 5))]
    )
    items = [(good_text(bank, good), good), (good_text(bank, bad), bad), *items]
    return talk("pattern labels", _prompt(rng, items), items[-1][1])


def good_text(bank: Mapping[str, tuple[str, ...]], label: str) -> str:
    """The first text of a label, so that each label is shown at least once."""
    return bank[label][0]


def cycle(rng: random.Random, split: Split) -> Dialogue:
    """A repeating run of words or letters, continued by one."""
    unit = draw(
        split, lambda: rng.choice((list("abc"), list("xy"), list("ABCD"), distinct_words(rng, rng.randint(2, 3))))
    )
    shown = (unit * 4)[: rng.randint(2 * len(unit) + 1, 3 * len(unit) + 1)]
    asked = rng.choice(("Continue: {}", "What comes next? {}", "{},", "Continue the pattern: {}", "Next one: {}"))
    return talk("pattern cycle", asked.format(", ".join(shown)), (unit * 4)[len(shown)])


def sentence_rule(rng: random.Random, split: Split) -> Dialogue:
    """A change of whole sentences given as Input and Output blocks."""
    rule = rng.choice(
        (str.upper, lambda s: s.split()[-1], lambda s: s.split()[0], lambda s: f"{s}!", lambda s: f"{s}, {s}")
    )
    texts = draw(split, lambda: [sentence(rng) for _ in range(3)])
    first, second = rng.choice((("Input", "Output"), ("Q", "A"), ("In", "Out"), ("Text", "Result"), ("User", "Bot")))
    blocks = [f"{first}: {text}\n{second}: {rule(text)}" for text in texts[:-1]]
    return talk("pattern sentences", "\n\n".join([*blocks, f"{first}: {texts[-1]}\n{second}:"]), rule(texts[-1]))


SKILLS: dict[str, Skill] = {
    "pattern known": known,
    "pattern change": change,
    "pattern numbers": numbers,
    "pattern lookup": lookup,
    "pattern labels": labels,
    "pattern cycle": cycle,
    "pattern sentences": sentence_rule,
}
