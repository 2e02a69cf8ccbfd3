"""The catalogue: what is known of models by name, and what their tokens cost. One TOML file, read once.

Money is whole pico-dollars (10^-12 US dollars): a price of 1 dollar per million tokens is 1,000,000 of them per token,
so that a price with six decimals, and every cost that follows from it, is exact.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

from tampu.request import Usage

PICO = 10**12  # pico-dollars in a dollar
PER_MILLION = 10**6  # pico-dollars per token in a dollar per million tokens


@dataclass(frozen=True, slots=True)
class Price:
    """What a token of the prompt and of the completion cost, in pico-dollars."""

    prompt: int = 0
    completion: int = 0

    def charge(self, usage: Usage) -> Usage:
        """The same counts, with what they cost."""
        return replace(
            usage,
            prompt_cost=usage.prompt_tokens * self.prompt,
            completion_cost=usage.completion_tokens * self.completion,
        )

    @classmethod
    def per_million(cls, prompt: str, completion: str) -> "Price":
        """A price from dollars per million tokens. ValueError for more than six decimals, or less than nothing."""
        return cls(_pico_per_token(prompt), _pico_per_token(completion))


def _pico_per_token(dollars: str) -> int:
    pico = Decimal(dollars) * PER_MILLION
    if pico != int(pico) or pico < 0:
        raise ValueError(f"a price is dollars per million tokens with up to six decimals, not {dollars!r}")
    return int(pico)


def dollars(pico: int) -> float:
    """An amount in dollars as a JSON number, which shows all its digits."""
    return pico / PICO


def decimal_dollars(pico: int) -> str:
    """An amount in dollars, exact and without an exponent: "0.00000002"."""
    text = f"{Decimal(pico) / PICO:.12f}".rstrip("0").rstrip(".")
    return text or "0"


@dataclass(frozen=True, slots=True)
class Licence:
    """The terms of a model; `notice` is what they ask to be shown beside it."""

    name: str = ""
    url: str = ""
    notice: str = ""
    distillable: bool = False  # whether it lets one train other models on the answers


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """What is known of a model. `names` are its further names by dialect, the one to show there first."""

    id: str
    title: str = ""
    description: str = ""
    repository: str = ""  # on the hub
    parameters: int = 0
    context: int = 0  # tokens it was made for, prompt and completion together
    released: date | None = None
    knowledge_cutoff: date | None = None
    price: Price = Price()
    licence: Licence = Licence()
    capabilities: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every name once, the model's own first."""
        further = (name for names in self.names.values() for name in names)
        return tuple(dict.fromkeys((self.id, *further)))

    def name_in(self, dialect: str) -> str:
        """The name to show in this dialect."""
        return self.names.get(dialect, (self.id,))[0]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models that are known by name."""

    models: tuple[CatalogueModel, ...]
    _by_name: Mapping[str, CatalogueModel] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {name.lower(): model for model in self.models for name in model.all_names}
        object.__setattr__(self, "_by_name", by_name)

    def find(self, name: str) -> CatalogueModel | None:
        """The model that has this name, in whatever case; None when there is none."""
        return self._by_name.get(name.lower())

    def describe(self, name: str) -> CatalogueModel:
        """The model of this name, or a bare entry for one that is not known."""
        return self.find(name) or CatalogueModel(name, title=name)

    def __iter__(self) -> Iterator[CatalogueModel]:
        return iter(self.models)


def read_catalogue(text: str) -> Catalogue:
    """The catalogue in a TOML text."""
    return Catalogue(tuple(_model(values) for values in tomllib.loads(text)["models"]))


def _model(values: dict[str, Any]) -> CatalogueModel:
    read = dict(values)
    if "price" in read:
        read["price"] = Price.per_million(**read["price"])
    if "licence" in read:
        read["licence"] = Licence(**read["licence"])
    if "names" in read:
        read["names"] = {dialect: tuple(names) for dialect, names in read["names"].items()}
    if "capabilities" in read:
        read["capabilities"] = tuple(read["capabilities"])
    return CatalogueModel(**read)


CATALOGUE = read_catalogue(files("tampu").joinpath("catalogue.toml").read_text())
