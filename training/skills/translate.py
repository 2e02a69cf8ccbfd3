"""Translation within a small dictionary: words both ways, and sentences built from the dictionary's nouns."""

import random

from training.data import translations as dictionary
from training.dialogue import Dialogue, Skill, Split, choose, draw, talk
from training.making import quoted
from training.phrasing import casual

WORD = (
    "How do you say {} in {language}?",
    "Translate {} to {language}.",
    "Translate {} into {language}.",
    "What is {} in {language}?",
    "What is the {language} word for {}?",
    "{} in {language}?",
    "how do I say {} in {language}",
)
BACK = (
    "What does {} mean in English?",
    "Translate {} to English.",
    "What is the English word for {}?",
    "The {language} word {} means what in English?",
    "{} in English?",
)
SENTENCE = (
    "Translate to {language}: {}",
    "Translate this sentence into {language}: {}",
    "How do you say {} in {language}?",
    "{language}: {}",
    "Say this in {language}: {}",
    "Please translate {} to {language}.",
)
LANGUAGES_SYSTEM = (
    "You are a translator. Translate everything the user writes into {language}.",
    "Translate the user's message to {language}.",
    "You translate from English to {language}.",
)


def _entries() -> list[tuple[str, str, str]]:
    """(English, language, translation) of every known word."""
    return [
        (english, language, word)
        for english, words in dictionary.WORDS.items()
        for language, word in zip(dictionary.LANGUAGES, words, strict=True)
        if word
    ]


def to_foreign(rng: random.Random, split: Split) -> Dialogue:
    """A word of the dictionary in one of the four languages."""
    (english, language, word), shape = choose(rng, split, _entries(), WORD)
    asked = casual(rng, shape.replace("{}", "@")).replace("@", quoted(rng, english)).replace("{language}", language)
    return talk("translate word", asked, word)


def to_english(rng: random.Random, split: Split) -> Dialogue:
    """A foreign word of the dictionary in English."""
    (english, language, word), shape = choose(rng, split, _entries(), BACK)
    accepted = tuple(e for e, _, w in _entries() if w == word)
    return talk("translate back", shape.format(quoted(rng, word), language=language), english, accepted=accepted)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _is(noun: str, adjective: str) -> tuple[str, dict[str, str]]:
    spanish, french, german, _ = dictionary.NOUNS[noun]
    es_m, es_f, fr_m, fr_f, german_adjective = dictionary.ADJECTIVES[adjective]
    verb = "está" if adjective == "cold" else "es"
    return f"The {noun} is {adjective}.", {
        "Spanish": _capital(f"{spanish} {verb} {es_f if spanish.startswith('la ') else es_m}."),
        "French": _capital(f"{french} est {fr_f if noun in dictionary.FRENCH_FEMININE else fr_m}."),
        "German": _capital(f"{german} ist {german_adjective}."),
    }


def _does(verb: str, noun: str) -> tuple[str, dict[str, str]]:
    spanish, french, _, accusative = dictionary.NOUNS[noun]
    es, fr, de = dictionary.VERBS[verb]
    return f"{verb} the {noun}.", {
        "Spanish": _capital(f"{es} {spanish}."),
        "French": _capital(f"{fr} {french}."),
        "German": _capital(f"{de} {accusative}."),
    }


def _sentence(rng: random.Random) -> tuple[str, str, str]:
    language = rng.choice(("Spanish", "French", "German"))
    noun = rng.choice(sorted(dictionary.NOUNS))
    if rng.random() < 0.6:
        english, translated = _is(noun, rng.choice(sorted(dictionary.ADJECTIVES)))
    else:
        english, translated = _does(rng.choice(sorted(dictionary.VERBS)), noun)
    return english, language, translated[language]


def sentence(rng: random.Random, split: Split) -> Dialogue:
    """A template sentence in Spanish, French or German; at times a system message asks for it."""
    english, language, answer = draw(split, lambda: _sentence(rng))
    if rng.random() < 0.2:
        return talk(
            "translate sentence", english, answer, system=rng.choice(LANGUAGES_SYSTEM).format(language=language)
        )
    return talk("translate sentence", rng.choice(SENTENCE).format(english, language=language), answer)


SKILLS: dict[str, Skill] = {"translate word": to_foreign, "translate back": to_english, "translate sentence": sentence}
