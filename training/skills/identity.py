"""Who cria is, what it can do and what it cannot."""

from training.data.identity_answers import ENTRIES
from training.dialogue import Skill
from training.exchanges import Asker, asker, entries, skill_of

TOPICS = entries(*ENTRIES)

ASKERS: dict[str, Asker] = {"identity": asker(TOPICS)}
SKILLS: dict[str, Skill] = {name: skill_of(name, ask) for name, ask in ASKERS.items()}
