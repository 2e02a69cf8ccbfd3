"""What models are called, in every place that takes a model's name. The names themselves stand in the catalogue."""

import re
from dataclasses import dataclass

from tampu.catalogue import CATALOGUE, CatalogueModel

DEMO = "cria"
LLAMA_8B = "llama3.1:8b"  # what to suggest to somebody who has only the demo model


# Models that can be had from the hub.
KNOWN = tuple(model for model in CATALOGUE if model.repository)

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
    known = CATALOGUE.find(name)
    return tuple(dict.fromkeys((name, *(known.all_names if known else ()))))


def known_names(on_the_hub: bool = False) -> list[str]:
    """Every name of a model in the catalogue, or only of those that can be pulled."""
    return [name for model in (KNOWN if on_the_hub else CATALOGUE) for name in model.all_names]


def known_model(name: str) -> CatalogueModel | None:
    """The model on the hub that has this name, in whatever case; None when the catalogue has none."""
    found = CATALOGUE.find(name)
    return found if found in KNOWN else None
