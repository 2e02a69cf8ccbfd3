"""What models are called. One table, for every place that takes a model's name."""

import re
from dataclasses import dataclass

from tampu.errors import nearest

DEMO = "cria"
LLAMA_8B = "llama3.1:8b"  # what to suggest to somebody who has only the demo model


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model with names of its own. `parameters` counts its weights."""

    repository: str
    parameters: int
    names: tuple[str, ...]


KNOWN = (
    KnownModel(
        "meta-llama/Llama-3.1-8B-Instruct",
        8_030_261_248,
        (
            "llama3.1:8b",
            "llama-3.1-8b-instruct",
            "meta-llama/Meta-Llama-3.1-8B-Instruct",
            "meta-llama/llama-3.1-8b-instruct",
            "meta/llama-3.1-8b-instruct",
            "@cf/meta/llama-3.1-8b-instruct",
        ),
    ),
    KnownModel(
        "meta-llama/Meta-Llama-3-8B-Instruct",
        8_030_261_248,
        (
            "llama3:8b",
            "llama-3-8b-instruct",
            "meta-llama/llama-3-8b-instruct",
            "meta/llama-3-8b-instruct",
            "@cf/meta/llama-3-8b-instruct",
        ),
    ),
    KnownModel(
        "meta-llama/Llama-3.2-1B-Instruct",
        1_235_814_400,
        (
            "llama3.2:1b",
            "llama-3.2-1b-instruct",
            "meta-llama/llama-3.2-1b-instruct",
            "meta/llama-3.2-1b-instruct",
            "@cf/meta/llama-3.2-1b-instruct",
        ),
    ),
    KnownModel(
        "meta-llama/Llama-3.2-3B-Instruct",
        3_212_749_824,
        (
            "llama3.2:3b",
            "llama-3.2-3b-instruct",
            "meta-llama/llama-3.2-3b-instruct",
            "meta/llama-3.2-3b-instruct",
            "@cf/meta/llama-3.2-3b-instruct",
        ),
    ),
)

_REPOSITORY = r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}"
_ON_THE_HUB = re.compile(rf"(?P<repository>{_REPOSITORY})(?:/(?P<file>.+\.gguf)|:(?P<quant>\w+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class HubName:
    """A model on the hub: its whole repository, or of a GGUF repository one file or the file of one quantisation."""

    repository: str
    file: str | None = None
    quant: str | None = None

    def matches(self, path: str) -> bool:
        """Whether a GGUF file of the repository is the one meant."""
        if not path.endswith(".gguf") or self.file is not None:
            return path == self.file
        return self.quant is None or re.search(rf"(?<![a-z0-9]){self.quant.lower()}\.gguf$", path.lower()) is not None


def hub_name(name: str) -> HubName | None:
    """Where on the hub the model of this name is; None when the name has no such form. Case does not matter in aliases.

    Forms: an alias · `owner/repository` · `owner/repository:Q4_K_M` · `owner/repository/path/to/file.gguf`
    """
    base, _, quant = name.rpartition(":")
    if (known := known_model(name)) is not None:
        return HubName(known.repository)
    if (known := known_model(base)) is not None and quant.isidentifier():
        return HubName(known.repository, quant=quant)
    found = _ON_THE_HUB.fullmatch(name)
    return HubName(found["repository"], found["file"], found["quant"]) if found else None


def all_names(name: str) -> tuple[str, ...]:
    """Every name under which clients may ask for the model of this name, this one first."""
    known = known_model(name)
    others = (known.repository, *known.names) if known else ()
    return (name, *(other for other in others if other != name))


def nearest_names(name: str) -> list[str]:
    """The known names that look most like this one."""
    return nearest(name, [DEMO, *(other for known in KNOWN for other in (*known.names, known.repository))])


def known_model(name: str) -> KnownModel | None:
    """The model that has this name, in whatever case; None when the table has none."""
    wanted = name.lower()
    for known in KNOWN:
        if wanted in (other.lower() for other in (known.repository, *known.names)):
            return known
    return None
