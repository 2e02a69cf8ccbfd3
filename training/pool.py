"""The questions that other skills build on: any of the tables' questions, each with its plain answer.

Half of them come from a small set of common questions, so that a character or a style is learned on what people ask
first, and only then on everything else.
"""

import random
from dataclasses import replace

from training.data import animals, computing, countries, geography, science
from training.data.andes_facts import DEFINITIONS as ANDES
from training.data.smalltalk_answers import ENTRIES, GREETING_ANSWERS
from training.data.tampu_answers import DEFINITIONS as TAMPU
from training.exchanges import Asker, Exchange, Topic, asker, define, entries
from training.skills import andes, facts, identity, tampu_facts
from training.topics.rows import DEFINE

_SHARES = {
    "capitals": 5, "lands": 4, "animals": 5, "science": 5, "words": 3, "calendar": 1, "people": 4, "computing": 3,
    "kinds and sizes": 1.5, "general": 5, "andes": 5,
}  # fmt: skip
_FACTS: dict[str, Asker] = facts.ASKERS | andes.ASKERS
_OTHERS: tuple[Asker, ...] = (*tampu_facts.ASKERS.values(), asker(entries(*ENTRIES)))
FACT_SHARE = 0.85
COMMON_SHARE = 0.5
GREETINGS = ("Hello!", "Hi!", "hi", "Hey!", "Good morning!", "Hello there!", "hello")

_COMMON_NAMES = (
    "a llama", "an alpaca", "a cria", "a condor", "the Andes", "Machu Picchu", "quinoa", "the Inca", "tampu", "a dog",
    "a cat", "a horse", "a lion", "a whale", "a penguin", "a bee", "a spider", "the Sun", "the Moon", "gravity",
    "water", "snow", "a volcano", "love", "pi", "a computer", "a CPU", "a GPU", "a token", "Python", "an LLM",
    "attention",
)  # fmt: skip
_COMMON_THINGS = {
    x: answer
    for x, answer in (ANDES | TAMPU | animals.KINDS | science.DEFINITIONS | computing.DEFINITIONS).items()
    if x in _COMMON_NAMES
}
_COMMON_RECORDS = (
    "the tallest mountain", "the highest mountain in the world", "the largest ocean", "the longest river",
    "the largest country in the world", "the biggest animal", "the largest planet",
)  # fmt: skip
_COMMON_COLOURS = ("the sky", "grass", "snow", "a banana", "a tomato", "coal", "milk", "the sea")
_COMMON_UNITS = ("a minute", "an hour", "a day", "a week", "a year", "a kilometre", "a dozen", "a byte", "the rainbow")
_COMMON_WORDS = ("hot", "big", "fast", "happy", "day", "black", "good", "old", "up", "left")


def _chosen(topic: Topic, field: str, names: tuple[str, ...]) -> Topic:
    """The topic with only the rows whose `field` is among `names`, once each."""
    rows = {row[field]: row for row in topic.rows if row[field] in names}
    return replace(topic, rows=tuple(rows.values()))


def _topic(group: str, template: str) -> Topic:
    """The topic of a group that has this phrasing."""
    return next(topic for topic in facts.GROUPS[group] if template in topic.questions)


COMMON_FACTS = [
    _chosen(_topic("capitals", "What is the capital of {x}?"), "x", countries.WELL_KNOWN),
    define(_COMMON_THINGS, DEFINE[:8]),
    _chosen(_topic("lands", "Which one is {x}?"), "x", tuple(x for x in _COMMON_RECORDS if x in geography.RECORDS)),
    _chosen(_topic("words", "What colour is {x}?"), "x", _COMMON_COLOURS),
    _chosen(_topic("words", "What is the opposite of {x}?"), "x", _COMMON_WORDS),
    _chosen(_topic("science", "How many {a} are in {b}?"), "b", _COMMON_UNITS),
    _chosen(_topic("animals", "How many legs does {x} have?"), "x", ("a dog", "a spider", "an insect", "a llama")),
    _chosen(_topic("animals", "What sound does {x} make?"), "x", tuple(animals.SOUNDS)[:8]),
    _chosen(_topic("people", "Who {verb} {x}?"), "x", ("Hamlet", "the Mona Lisa", "Don Quixote", "the telephone")),
]
_COMMON_TALK = (
    "How are you?", "Thank you!", "Bye!", "I am sad.", "I am bored.", "Why is the sky blue?",
    "What is the meaning of life?",
)  # fmt: skip
COMMON_TALK = entries(*(entry for entry in ENTRIES if entry[0][0] in _COMMON_TALK))


def any_exchange(rng: random.Random) -> Exchange:
    """A question about the world, tampu or how things are."""
    if rng.random() < COMMON_SHARE:
        return asker([*COMMON_FACTS, *COMMON_TALK])(rng, "train")
    return any_fact(rng) if rng.random() < FACT_SHARE else rng.choice(_OTHERS)(rng, "train")


def any_fact(rng: random.Random) -> Exchange:
    """A question about the world."""
    if rng.random() < COMMON_SHARE:
        return asker(COMMON_FACTS)(rng, "train")
    (name,) = rng.choices(list(_SHARES), list(_SHARES.values()))
    return _FACTS[name](rng, "train")


def short_fact(rng: random.Random) -> Exchange:
    """A question about the world that has a bare answer."""
    while not (exchange := any_fact(rng)).short:
        pass
    return exchange


def common_exchange(rng: random.Random) -> Exchange:
    """What people say to cria first: a greeting, who are you, or a common question."""
    kind = rng.random()
    if kind < 0.12:
        return Exchange(rng.choice(GREETINGS), GREETING_ANSWERS[0])
    if kind < 0.22:
        return asker(identity.TOPICS[:4])(rng, "train")
    return asker([*COMMON_FACTS, *COMMON_TALK])(rng, "train")


def first_words(rng: random.Random) -> Exchange:
    """What people say first, or any other question."""
    return common_exchange(rng) if rng.random() < COMMON_SHARE else any_exchange(rng)
