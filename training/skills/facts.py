"""Facts of the world, asked in many ways: lands, animals, science, words, people, computers, the calendar."""

from training.data import computing, general
from training.dialogue import Skill
from training.exchanges import Asker, Topic, asker, define, entries, skill_of
from training.topics.lands import CAPITALS, LANDS
from training.topics.language import CALENDAR, WORDS
from training.topics.nature import ANIMALS, KINDS, SCIENCE
from training.topics.persons import PEOPLE
from training.topics.rows import DEFINE

GROUPS: dict[str, list[Topic]] = {
    "capitals": CAPITALS,
    "lands": LANDS,
    "animals": ANIMALS,
    "science": SCIENCE,
    "words": WORDS,
    "calendar": CALENDAR,
    "people": PEOPLE,
    "computing": [define(computing.DEFINITIONS, DEFINE)],
    "kinds and sizes": KINDS,
    "general": entries(*general.ENTRIES),
}
ASKERS: dict[str, Asker] = {name: asker(topics) for name, topics in GROUPS.items()}
SKILLS: dict[str, Skill] = {name: skill_of(name, ask) for name, ask in ASKERS.items()}
