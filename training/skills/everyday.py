"""Friendly answers to what people tell of their day."""

import random

from training.data.everyday import POOLS, TALES
from training.dialogue import Skill
from training.exchanges import Asker, Exchange, capitalised, lowered, skill_of, sorted_by_question


def everyday(rng: random.Random) -> Exchange:
    """Something that happened to the user, and a short answer that shows interest."""
    tellings, answer, pool = rng.choice(TALES)
    x = rng.choice(POOLS[pool]) if pool else ""
    question = rng.choice(tellings).format(x=x, y=lowered(x))
    return Exchange(capitalised(question), answer.format(x=x), exact=bool(pool), lone=not pool)


ASKERS: dict[str, Asker] = {"everyday": sorted_by_question(everyday)}
SKILLS: dict[str, Skill] = {name: skill_of(name, ask) for name, ask in ASKERS.items()}
