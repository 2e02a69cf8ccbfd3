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
    "identity": 7, "greetings": 2, "smalltalk": 6, "tampu": 6, "jokes": 0.6, "poems": 2, "stories": 1, "refusals": 2,
    "unknown": 4, "everyday": 3, "likes": 0.8, "another form": 1.5, "another one": 1.5, "harmless": 1.5,
    # how to answer, and what was said before
    "persona": 4, "persona on request": 1.5, "given name": 0.6, "style": 8, "style on request": 4,
    "two instructions": 4, "bullet points": 1.2, "reply language": 3, "other languages": 5, "memory": 9,
    "memory with correction": 1.2, "memory summary": 4, "not told": 0.8, "said before": 3, "judging claims": 4,
    "taking correction": 2, "briefing": 1.5,
    # facts: many rows, each to be learnt by heart
    "andes": 4, "capitals": 7, "lands": 5, "animals": 5, "science": 3.5, "people": 4, "computing": 3, "words": 3,
    "calendar": 1.5, "general": 2.5, "kinds and sizes": 3, "translate word": 4, "translate back": 5,
    "translate sentence": 2, "spell": 2.5, "letters": 2, "kind of": 1,
    # numbers: rules that take many examples, each of a few tokens
    "add": 9, "subtract": 9, "multiply": 6, "divide": 7, "sum of three": 2, "story problem": 2,
    "compare numbers": 3, "number sequence": 6, "count up": 1, "count down": 1.5, "too big": 0.4,
    # looking back into the prompt
    "uppercase": 14, "lowercase": 7, "title case": 4, "reverse list": 4, "sort words": 7, "sort numbers": 5,
    "sort numbers down": 3, "repeat": 1.2, "copy text": 1.2, "one per line": 1.5, "repeat times": 2, "count items": 2,
    "list member": 4, "list remove": 2, "bullet list": 1.2, "pattern known": 7, "pattern change": 3,
    "pattern lookup": 8, "pattern sentences": 2, "pattern numbers": 6, "pattern cycle": 3, "odd one out": 5,
    "answer from text": 5, "answer in json": 4, "tool call": 5, "tool result": 2, "tool not needed": 0.7,
    # easy
    "first letter": 0.4, "first item": 0.7, "even or odd": 2, "names in text": 0.4, "place in text": 0.4,
    "largest": 1.2, "sentiment": 0.6, "summary": 0.6,
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
