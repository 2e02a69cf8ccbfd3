"""Cria's home: llamas and their kin, the Andes, the Inca and their roads."""

from training.data import andes_facts
from training.dialogue import Skill
from training.exchanges import Asker, asker, define, entries, skill_of
from training.topics.rows import DEFINE

TOPICS = [define(andes_facts.DEFINITIONS, DEFINE), *entries(*andes_facts.ENTRIES)]

ASKERS: dict[str, Asker] = {"andes": asker(TOPICS)}
SKILLS: dict[str, Skill] = {name: skill_of(name, ask) for name, ask in ASKERS.items()}
