"""How often each skill is met in training, and how single exchanges become conversations.

* `WEIGHTS` says how often a skill comes up against the usual 1; it is where the balance of the model is kept.
* Exchanges that stand alone are often chained into one conversation, so that a task works at any turn.
* Some conversations get a system message that changes nothing, as programs like to send one.
"""

import random
from functools import cache

from training.dialogue import Dialogue, Message, Skill
from training.skills import all_skills

WEIGHTS: dict[str, float] = {
    # who it is and how it talks: what everyone meets first
    "identity": 5, "greetings": 4, "smalltalk": 7, "tampu": 4, "jokes": 1.5, "poems": 2, "stories": 1.5,
    "refusals": 3, "unknown": 2.5,
    # how to answer, and what was said before
    "persona": 3, "persona on request": 1, "given name": 1, "style": 4, "style on request": 2, "two instructions": 1.5,
    "bullet points": 1.5, "reply language": 2, "other languages": 2, "memory": 3, "memory with correction": 1.5,
    "memory summary": 1.5, "not told": 1, "said before": 1.5, "judging claims": 2,
    "briefing": 1.5, "likes": 0.7,
    # facts: many rows, each to be learnt by heart
    "andes": 5, "capitals": 5, "lands": 4, "animals": 5, "science": 5, "people": 4, "computing": 3.5,
    "words": 3, "calendar": 1.5, "general": 5, "kinds and sizes": 2,
    "translate word": 3, "translate back": 2, "translate sentence": 2, "spell": 2, "letters": 1, "kind of": 1,
    # numbers: rules that take many examples
    "add": 4, "subtract": 3, "multiply": 2, "sum of three": 1.5, "story problem": 2, "compare numbers": 1.5,
    # looking back into the prompt: what later skills are built from
    "uppercase": 2.5, "lowercase": 1.5, "reverse list": 2.5, "sort words": 2, "sort numbers": 2, "repeat": 1.5,
    "pattern known": 2, "pattern change": 1.5, "pattern lookup": 1.5, "pattern sentences": 1, "answer from text": 2.5,
    "tool call": 3, "tool result": 2, "tool not needed": 0.7,
    # easy
    "second item": 0.7, "third item": 0.7, "first letter": 0.5, "even or odd": 0.7, "list add": 0.5,
    "list remove": 0.7, "count down": 0.5,
    "bullet list": 0.6, "numbered list": 0.6, "name kind": 0.7, "names in text": 0.7, "place in text": 0.6,
    "count up": 0.6,
}  # fmt: skip

# Looking back is the one thing that much else waits for, so it is practised first: in the first EARLY_POOLS pools of
# the stream these weights hold instead.
EARLY_WEIGHTS: dict[str, float] = {
    "copy text": 12, "repeat": 8, "one per line": 6, "first item": 4, "last item": 3, "bullet list": 3,
    "numbered list": 3, "list add": 2, "pattern lookup": 5, "answer from text": 4,
}  # fmt: skip
EARLY_POOLS = 36

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
CHAIN_SHARE = 0.45
LONGEST_CHAIN = 6


@cache
def _skills(early: bool) -> tuple[tuple[Skill, ...], tuple[float, ...]]:
    skills = all_skills()
    weights = WEIGHTS | EARLY_WEIGHTS if early else WEIGHTS
    return tuple(skills.values()), tuple(weights.get(name, 1.0) for name in skills)


def one_dialogue(rng: random.Random, early: bool = False) -> Dialogue:
    """A training dialogue of a skill drawn by weight."""
    skills, weights = _skills(early)
    return rng.choices(skills, weights)[0](rng, "train")


def next_dialogue(rng: random.Random, early: bool = False) -> Dialogue:
    """One training conversation: a dialogue, or several in a row, perhaps behind a plain system message."""
    dialogue = one_dialogue(rng, early)
    if stands_alone(dialogue) and rng.random() < CHAIN_SHARE:
        dialogue = chain(rng, dialogue, rng.randint(1, LONGEST_CHAIN - 1), early)
    if not dialogue.tools and dialogue.messages[0].role == "user" and rng.random() < PLAIN_SYSTEM_SHARE:
        dialogue = dialogue.with_system(rng.choice(PLAIN_SYSTEMS))
    return dialogue


def stands_alone(dialogue: Dialogue) -> bool:
    """Whether other exchanges may come before or after: no system message, no tools, no look back at the beginning."""
    return not dialogue.tools and not dialogue.whole and dialogue.messages[0].role == "user"


def chain(rng: random.Random, first: Dialogue, more: int, early: bool = False) -> Dialogue:
    """`first` followed by up to `more` further dialogues that stand alone, as one conversation."""
    messages: list[Message] = list(first.messages)
    for _ in range(more):
        following = one_dialogue(rng, early)
        if stands_alone(following):
            messages += following.messages
    return Dialogue(first.skill, tuple(messages))
