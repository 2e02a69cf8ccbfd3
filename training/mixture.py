"""How often each skill is met in training, and how single exchanges become conversations.

* `WEIGHTS` says how often a skill comes up against the usual 1; it is where the balance of the model is kept.
* Exchanges that stand alone are often chained into one conversation, so that a task works at any turn.
* Some conversations get a system message that changes nothing, as programs like to send one.
"""

import random
from functools import cache

from training.dialogue import Dialogue, Message, Skill, Split
from training.skills import all_skills

WEIGHTS: dict[str, float] = {
    # who it is and how it talks: what everyone meets first
    "identity": 4, "greetings": 4, "smalltalk": 5, "tampu": 3, "jokes": 1.5, "poems": 1.5, "stories": 1.5, "persona": 4,
    # facts: many rows, each to be learnt by heart
    "andes": 4, "capitals": 3, "lands": 3, "animals": 4, "science": 4, "people": 3, "computing": 3,
    "words": 3, "calendar": 1.5,
    "translate_word": 3, "translate_back": 2, "translate_sentence": 2, "spell": 2, "letters": 1, "kind_of": 1,
    # numbers: rules that take many examples
    "add": 4, "subtract": 3, "multiply": 2, "sum_of_three": 1.5, "story_problem": 2, "compare_numbers": 1.5,
    # looking back into the prompt: what later skills are built from
    "uppercase": 2.5, "lowercase": 1.5, "reverse_list": 2.5, "sort_words": 2, "sort_numbers": 2, "repeat": 1.5,
    "pattern_known": 2, "pattern_change": 1.5, "pattern_lookup": 1.5, "pattern_sentences": 1, "answer_from_text": 2.5,
    "tool_call": 3, "tool_result": 2, "tool_not_needed": 0.7,
    # easy
    "second_item": 0.7, "third_item": 0.7, "first_letter": 0.5, "even_or_odd": 0.7, "list_add": 0.5, 
    "list_remove": 0.7,
    "bullet_list": 0.6, "numbered_list": 0.6, "name_kind": 0.7, "names_in_text": 0.7, "place_in_text": 0.6, "count_up": 0.6,
}  # fmt: skip

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
def _skills() -> tuple[tuple[str, ...], tuple[Skill, ...], tuple[float, ...]]:
    skills = all_skills()
    names = tuple(skills)
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
