"""The questions that other skills build on: any of the tables' questions, each with its plain answer."""

import random

from training.data.smalltalk_answers import ENTRIES
from training.exchanges import Asker, Exchange, asker, entries
from training.skills import andes, facts, tampu_facts

_SHARES = {
    "capitals": 5, "lands": 4, "animals": 5, "science": 5, "words": 3, "calendar": 1, "people": 4, "computing": 3,
    "kinds and sizes": 1.5, "general": 5, "andes": 5,
}  # fmt: skip
_FACTS: dict[str, Asker] = facts.ASKERS | andes.ASKERS
_OTHERS: tuple[Asker, ...] = (*tampu_facts.ASKERS.values(), asker(entries(*ENTRIES)))
FACT_SHARE = 0.85


def any_exchange(rng: random.Random) -> Exchange:
    """A question about the world, tampu or how things are."""
    return any_fact(rng) if rng.random() < FACT_SHARE else rng.choice(_OTHERS)(rng, "train")


def any_fact(rng: random.Random) -> Exchange:
    """A question about the world."""
    (name,) = rng.choices(list(_SHARES), list(_SHARES.values()))
    return _FACTS[name](rng, "train")


def short_fact(rng: random.Random) -> Exchange:
    """A question about the world that has a bare answer."""
    while not (exchange := any_fact(rng)).short:
        pass
    return exchange
