"""How often each skill is met in training, and how single exchanges become conversations.

* `WEIGHTS` says how often a skill comes up against the usual 1; it is where the balance of the model is kept.
* Exchanges that stand alone are often chained into one conversation, so that a task works at any turn.
* Some conversations get a system message that changes nothing, as programs like to send one.
"""

import random
from functools import cache

from training.dialogue import Dialogue, Message, Skill, Split
from training.skills import all_skills

WEIGHTS: dict[str, float] = {}

PLAIN_SYSTEMS = (
    "You are a helpful assistant.",
    "You are a helpful, concise assistant.",
    "You are a friendly assistant.",
    "You are cria, a helpful assistant.",
    "You are cria, a small and friendly demo model.",
    "You are an AI assistant.",
    "You are a helpful AI assistant. Answer the user's questions.",
    "Answer as well as you can.",
    "Be helpful.",
    "You are a kind and helpful assistant who answers briefly.",
)
PLAIN_SYSTEM_SHARE = 0.25
CHAIN_SHARE = 0.35
LONGEST_CHAIN = 6


@cache
def _skills() -> tuple[tuple[str, ...], tuple[Skill, ...], tuple[float, ...]]:
    skills = all_skills()
    names = tuple(skills)
    unknown = set(WEIGHTS) - set(names)
    assert not unknown, f"weights for unknown skills: {sorted(unknown)}"
    return names, tuple(skills.values()), tuple(WEIGHTS.get(name, 1.0) for name in names)


def one_dialogue(rng: random.Random, split: Split = "train") -> Dialogue:
    """A dialogue of a skill drawn by weight."""
    _, skills, weights = _skills()
    return rng.choices(skills, weights)[0](rng, split)


def next_dialogue(rng: random.Random) -> Dialogue:
    """One training conversation: a dialogue, or several in a row, perhaps behind a plain system message."""
    dialogue = one_dialogue(rng)
    if stands_alone(dialogue) and rng.random() < CHAIN_SHARE:
        dialogue = chain(rng, dialogue, rng.randint(1, LONGEST_CHAIN - 1))
    if not dialogue.tools and dialogue.messages[0].role == "user" and rng.random() < PLAIN_SYSTEM_SHARE:
        dialogue = dialogue.with_system(rng.choice(PLAIN_SYSTEMS))
    return dialogue


def stands_alone(dialogue: Dialogue) -> bool:
    """Whether other exchanges may come before or after: no system message, no tools, no look back at the beginning."""
    return not dialogue.tools and not dialogue.whole and dialogue.messages[0].role == "user"


def chain(rng: random.Random, first: Dialogue, more: int) -> Dialogue:
    """`first` followed by up to `more` further dialogues that stand alone, as one conversation."""
    messages: list[Message] = list(first.messages)
    for _ in range(more):
        following = one_dialogue(rng)
        if stands_alone(following):
            messages += following.messages
    return Dialogue(first.skill, tuple(messages))
