"""Answers in Spanish, French, German or Portuguese, as the system prompt or the user asks for, or the user writes."""

import random
from functools import partial

from training.data.languages import CAPITAL_QUESTIONS, CAPITALS, FOREIGN_CAPITALS, LANGUAGES, SYSTEMS, TALK, WISHES
from training.dialogue import Dialogue, Skill, Split
from training.exchanges import Exchange, combined, conversation

_CAPITALS = [[cell.strip() for cell in line.split("|")] for line in CAPITALS.strip().splitlines()]


def french_of(country: str) -> str:
    """The country after "la capitale": "le Pérou" becomes "du Pérou", "l'Inde" "de l'Inde", "Cuba" "de Cuba"."""
    return "du " + country.removeprefix("le ") if country.startswith("le ") else "de " + country


def exchange_in(rng: random.Random, language: int, asked_in_english: bool) -> Exchange:
    """A question in English or in the language itself, and the answer in the language."""
    if rng.random() < 0.4:
        return _capital(rng, language, asked_in_english)
    english, foreign = rng.choice(TALK)
    question, answer = foreign[language]
    if asked_in_english:
        question = rng.choice(english).format(x=LANGUAGES[language])
    return Exchange(question, answer)


def _capital(rng: random.Random, language: int, asked_in_english: bool) -> Exchange:
    row = rng.choice(_CAPITALS)
    country, capital = row[1 + language].split(", ")
    if LANGUAGES[language] == "French":
        country = french_of(country)
    question, answer = FOREIGN_CAPITALS[language]
    if asked_in_english:
        question = rng.choice(CAPITAL_QUESTIONS)
        return Exchange(question.format(x=row[0]), answer.format(x=country, y=capital), capital)
    return Exchange(question.format(x=country), answer.format(x=country, y=capital), capital)


def by_system(rng: random.Random, split: Split) -> Dialogue:
    """A system prompt sets the language; the user may write English or that language."""
    language = rng.randrange(len(LANGUAGES))
    name = LANGUAGES[language]

    def ask() -> Exchange:
        return exchange_in(rng, language, asked_in_english=rng.random() < 0.8)

    before = [combined("train", name, ask) for _ in range(rng.choice((0, 0, 1, 2)))]
    last = combined(split, name, ask)
    return conversation("reply language", rng, [*before, last], rng.choice(SYSTEMS).format(x=name))


def by_user(rng: random.Random, split: Split) -> Dialogue:
    """The user asks in English for an answer in another language."""
    language = rng.randrange(len(LANGUAGES))
    name = LANGUAGES[language]
    last = combined(split, name, partial(exchange_in, rng, language, True))
    wish = rng.choice(WISHES).format(q=last.question, x=name)
    return conversation("reply language", rng, [Exchange(wish, last.answer)])


def native(rng: random.Random, split: Split) -> Dialogue:
    """The user writes in another language and is answered in it."""
    language = rng.randrange(len(LANGUAGES))
    ask = partial(exchange_in, rng, language, False)
    before = [combined("train", "native", ask)] if rng.random() < 0.5 else []
    return conversation("other languages", rng, [*before, combined(split, "native", ask)])


def reply_language(rng: random.Random, split: Split) -> Dialogue:
    """The language of the answer is asked for, by system prompt or by the user."""
    return rng.choice((by_system, by_system, by_user))(rng, split)


SKILLS: dict[str, Skill] = {"reply language": reply_language, "other languages": native}
