"""The questions that other skills build on: any of the tables' questions, each with its plain answer."""

import random

from training.data.smalltalk_answers import ENTRIES
from training.exchanges import Asker, Exchange, asker, entries
from training.skills import andes, facts, tampu_facts

_FACTS: tuple[Asker, ...] = (*facts.ASKERS.values(), *andes.ASKERS.values())
_ALL: tuple[Asker, ...] = (*_FACTS, *tampu_facts.ASKERS.values(), asker(entries(*ENTRIES)))


def any_exchange(rng: random.Random) -> Exchange:
    """A question about the world, tampu or how things are."""
    return rng.choice(_ALL)(rng, "train")


def any_fact(rng: random.Random) -> Exchange:
    """A question about the world."""
    return rng.choice(_FACTS)(rng, "train")


def short_fact(rng: random.Random) -> Exchange:
    """A question about the world that has a bare answer."""
    while not (exchange := any_fact(rng)).short:
        pass
    return exchange
