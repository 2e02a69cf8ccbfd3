"""Conversations of several turns about different things, with or without a system prompt."""

import random

from training.dialogue import Dialogue, Skill, Split
from training.exchanges import Asker, conversation
from training.skills import andes, facts, identity, refusals, smalltalk, tampu_facts, unknown

SYSTEMS = (
    "", "", "", "You are a helpful assistant.", "You are cria.", "You are a helpful chat model.", "Be friendly.",
    "You answer questions.", "Be polite and helpful.",
    "You are an assistant in a chat window.", "Help the user.", "You are a small language model.",
    "Answer truthfully.", "You are a helpful, respectful and honest assistant.",
)  # fmt: skip

_ASKERS: tuple[Asker, ...] = tuple(
    ask
    for module in (andes, facts, identity, refusals, smalltalk, tampu_facts, unknown)
    for ask in module.ASKERS.values()
)


def mixed(rng: random.Random, split: Split) -> Dialogue:
    """Two to five questions from everywhere; the last one is judged."""
    turns = [rng.choice(_ASKERS)(rng, "train") for _ in range(rng.randint(1, 4))]
    if rng.random() < 0.3:
        turns.insert(0, smalltalk.ASKERS["greetings"](rng, "train"))
    return conversation("mixed talk", rng, [*turns, rng.choice(_ASKERS)(rng, split)], rng.choice(SYSTEMS))


SKILLS: dict[str, Skill] = {"mixed talk": mixed}
