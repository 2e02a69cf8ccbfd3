"""Short letters on request, and talk about likes and dislikes."""

import random

from training.data import notes as data
from training.data.about_users import CITIES, FOODS, HOBBIES
from training.data.characters import NAMES
from training.data.words import DAYS
from training.dialogue import Skill
from training.exchanges import Asker, Exchange, capitalised, skill_of, sorted_by_question
from training.skills.memory import invented_name


def letter(rng: random.Random) -> Exchange:
    """A card, a letter or an email with a name and a few particulars."""
    wishes, text = rng.choice(data.LETTERS)
    values = {
        "n": rng.choice(NAMES) if rng.random() < 0.75 else invented_name(rng),
        "t": rng.choice(data.THINGS),
        "e": rng.choice(data.EVENTS),
        "d": rng.choice(DAYS),
        "b": rng.choice(data.BLUNDERS),
        "s": rng.choice(data.SUCCESSES),
        "h": rng.choice(data.HOURS),
        "p": rng.choice(CITIES),
    }
    return Exchange(rng.choice(wishes).format_map(values), text.format_map(values), exact=True)


def opinion(rng: random.Random) -> Exchange:
    """What cria thinks of something, or what to say when the user likes it or not."""
    thing = rng.choice((*FOODS, *HOBBIES, *data.PLEASURES))
    questions, answer = rng.choice((
        (data.OPINION_QUESTIONS, data.OPINION_ANSWER),
        (data.OPINION_QUESTIONS, data.OPINION_ANSWER),
        (data.LIKING, data.LIKING_ANSWER),
        (data.DISLIKING, data.DISLIKING_ANSWER),
    ))  # fmt: skip
    question = capitalised(rng.choice(questions).format(x=thing))
    return Exchange(question, answer.format(x=thing), exact=True)


ASKERS: dict[str, Asker] = {"notes": sorted_by_question(letter), "likes": sorted_by_question(opinion)}
SKILLS: dict[str, Skill] = {name: skill_of(name, ask) for name, ask in ASKERS.items()}
