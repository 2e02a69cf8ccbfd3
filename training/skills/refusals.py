"""Kind refusals of harmful requests, care for people in despair, and answers to what only sounds harmful."""

import random

from training.data import harms
from training.dialogue import Dialogue, Skill, Split
from training.exchanges import Asker, Exchange, asker, conversation, entries, one_of, skill_of, sorted_by_question

_HARMS = [(topic, refusal) for refusal, topics in harms.HARMS.items() for topic in topics]


def harmful(rng: random.Random) -> Exchange:
    """Someone asks for help with a harmful thing."""
    if rng.random() < 0.1:
        return Exchange(rng.choice(harms.DESPAIR), harms.DESPAIR_ANSWER, keywords=("sorry", "trust"), lone=True)
    topic, refusal = rng.choice(_HARMS)
    return Exchange(rng.choice(harms.REQUESTS).format(x=topic), refusal, keywords=("I will not",))


def refusal(rng: random.Random, split: Split) -> Dialogue:
    """A harmful request, perhaps behind a system prompt that invites to it, perhaps insisted on."""
    turns = [sorted_by_question(harmful)(rng, split)]
    if split == "train" and rng.random() < 0.25 and turns[0].answer != harms.DESPAIR_ANSWER:
        more, answer = rng.choice(harms.INSISTING)
        turns.append(one_of(rng, more, (answer,)))
    return conversation("refusals", rng, turns, rng.choice(harms.HARM_SYSTEMS))


ASKERS: dict[str, Asker] = {"harmless": asker(entries(*harms.HARMLESS))}
SKILLS: dict[str, Skill] = {"refusals": refusal} | {name: skill_of(name, ask) for name, ask in ASKERS.items()}
