"""Saying "I do not know": things of the day, private things, invented words, nonsense."""

import random

from training.data import unknowns as data
from training.data.characters import NAMES
from training.dialogue import Skill
from training.exchanges import Asker, Exchange, capitalised, skill_of, sorted_by_question
from training.skills.memory import invented_name

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def of_the_day(rng: random.Random) -> Exchange:
    """The time, the weather, the news, private matters, and what only a larger model or a person can do."""
    questions, answer = rng.choice(data.NOW)
    name = rng.choice(NAMES)
    if rng.random() < 0.4:
        name += " " + invented_name(rng)
    values = {"c": rng.choice(data.CITIES), "n": name, "y": rng.randint(1000, 1900)}
    asked = rng.choice(questions)
    return Exchange(asked.format_map(values), answer.format_map(values), exact="{n}" in answer, lone="{" not in asked)


def invented(rng: random.Random) -> Exchange:
    """A word that does not exist."""
    questions, answer = rng.choice(data.INVENTED)
    word = invented_name(rng) + rng.choice(("", "", "ia", "land", "ong", "il"))
    question = rng.choice(questions)
    if "a {w}" in question or "animal" in answer:
        word = word.lower()
    return Exchange(question.format(w=word), answer.format(w=word), keywords=("not", word), exact=True)


def real(rng: random.Random) -> Exchange:
    """A real thing that cria has not learned."""
    if rng.random() < 0.35:
        person = rng.choice(data.PEOPLE)
        question = rng.choice(data.PEOPLE_QUESTIONS).format(x=person)
        return Exchange(question, data.REAL_ANSWER.format(x=person), exact=True)
    thing = rng.choice(data.REAL)
    return Exchange(rng.choice(data.REAL_QUESTIONS).format(x=thing), data.REAL_ANSWER.format(x=thing), exact=True)


def gibberish(rng: random.Random) -> Exchange:
    """Letters without sense."""
    if rng.random() < 0.3:
        return Exchange(rng.choice(data.GIBBERISH), data.GIBBERISH_ANSWER, lone=True)
    words = ("".join(rng.choice(LETTERS) for _ in range(rng.randint(3, 9))) for _ in range(rng.randint(1, 4)))
    text = " ".join(words)
    return Exchange(rng.choice((text, capitalised(text))), data.GIBBERISH_ANSWER)


def unknown(rng: random.Random) -> Exchange:
    """Any of these kinds of questions."""
    return rng.choices((of_the_day, invented, real, gibberish), (6, 5, 4, 1))[0](rng)


ASKERS: dict[str, Asker] = {"unknown": sorted_by_question(unknown)}
SKILLS: dict[str, Skill] = {name: skill_of(name, ask) for name, ask in ASKERS.items()}
