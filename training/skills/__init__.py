"""Every skill of cria, found by looking at the modules of this package."""

import importlib
import pkgutil

from training.dialogue import Skill


def all_skills() -> dict[str, Skill]:
    """Skill name -> generator, in the order of module names; two modules may not share a name."""
    skills: dict[str, Skill] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        for name, skill in getattr(importlib.import_module(f"{__name__}.{module}"), "SKILLS", {}).items():
            assert name not in skills, f"{module}: skill {name} exists already"
            skills[name] = skill
    return skills
