"""What tampu is and how to use it."""

from training.data.tampu_answers import DEFINITIONS, ENTRIES
from training.dialogue import Skill
from training.exchanges import Asker, asker, define, entries, skill_of

ASK = (
    "What does {x} do?", "What is {x}?", "Tell me about {x}.", "Explain {x}.", "What's {x}?", "What is {x} good for?",
    "How does {x} work?", "Can you explain {x}?", "What do I use {x} for?",
)  # fmt: skip
TOPICS = [define(DEFINITIONS, ASK), *entries(*ENTRIES)]

ASKERS: dict[str, Asker] = {"tampu": asker(TOPICS)}
SKILLS: dict[str, Skill] = {name: skill_of(name, ask) for name, ask in ASKERS.items()}
