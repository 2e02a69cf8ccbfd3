"""The catalogue: what is known of models by name, and what their tokens cost. One TOML file, read once, and over it
an operator's own, which wins field by field.

Money is whole pico-dollars (10^-12 US dollars): a price of 1 dollar per million tokens is 1,000,000 of them per token,
so that a price with six decimals, and every cost that follows from it, is exact.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from tampu.errors import BadSetting, nearest, reason
from tampu.request import Usage

Entry = TypeVar("Entry")

PICO = 10**12  # pico-dollars in a dollar
PER_MILLION = 10**6  # pico-dollars per token in a dollar per million tokens
DOLLARS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
MAX_NAME = 256  # characters
# What a model can be asked for beyond text, and what each means.
CAPABILITIES: Mapping[str, str] = {
    "tools": "calls the functions that a request offers",
    "json_schema": "answers that match a JSON schema, a regular expression or a grammar, token by token",
    "logprobs": "log-probabilities of its tokens and of the likeliest others",
    "lora": "adapters, chosen by each request",
    "prefix_cache": "prompts that begin alike are read once",
}


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
    if not DOLLARS.fullmatch(dollars):
        raise ValueError(f"a price is dollars per million tokens with up to six decimals, not {dollars!r}")
    return int(Decimal(dollars) * PER_MILLION)


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
        return (self.names.get(dialect) or (self.id,))[0]


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a catalogue's file something stands, for errors that lead there."""

    source: str
    entry: str = ""
    field: str = ""

    def at(self, key: str) -> "Place":
        """The place of this key of what stands here."""
        return replace(self, field=f"{self.field}.{key}" if self.field else key)

    def wrong(self, problem: str) -> BadSetting:
        """An error that names the file, the entry and the field."""
        parts = (self.source, self.entry and f"model {self.entry}", self.field)
        return BadSetting(f"{', '.join(part for part in parts if part)}: {problem}")


def read_catalogue(text: str, source: str = "catalogue.toml", base: Catalogue | None = None) -> Catalogue:
    """The catalogue in a TOML text; over `base`, entries of models that it has change only the fields they give.

    Raises BadSetting naming the file, the entry and the field.
    """
    place, base = Place(source), base or Catalogue(())
    try:
        whole = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise place.wrong(f"this is not TOML: {error}") from None
    check_keys(place, whole, ("models",))
    models = {model.id: model for model in base}
    given: list[str] = []
    for values in _list(place.at("models"), whole.get("models", []), None):
        asked = _name(place.at("models.id"), _table(place.at("models"), values, None).get("id"))
        known = base.find(asked) or CatalogueModel(asked, title=asked)
        entry = Place(source, asked)
        if known.id in given:
            raise entry.wrong("there are two entries of this model")
        given.append(known.id)
        models[known.id] = _merged(entry, known, values, _model_readers(base))
    _check_names(place, models.values())
    return Catalogue(tuple(models.values()))


def load_catalogue(path: str) -> Catalogue:
    """The catalogue with an operator's file over it; as it is where `path` is empty. Raises BadSetting."""
    if not path:
        return CATALOGUE
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise BadSetting(f"The catalogue {path} cannot be read: {reason(error)}.") from error
    return read_catalogue(text, path, CATALOGUE)


Reader = Callable[[Place, Any, Any], Any]  # where it stands, what stands there, what the entry has so far


def _merged(place: Place, before: Entry, values: Mapping[str, Any], readers: Mapping[str, Reader]) -> Entry:
    """The entry with the given fields changed."""
    check_keys(place, values, readers)
    # The id only finds the entry: a model keeps its own.
    given = {key: value for key, value in values.items() if key != "id"}
    changes = {key: readers[key](place.at(key), value, getattr(before, key)) for key, value in given.items()}
    return replace(before, **changes)  # type: ignore[type-var]


def check_keys(place: Place, values: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise BadSetting for a key that means nothing here, with the one that may be meant."""
    for key in values:
        if key not in (names := list(known)):
            near = nearest(key, names, 1)
            raise place.at(key).wrong(f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}")


def _check_names(place: Place, models: Iterable[CatalogueModel]) -> None:
    owners: dict[str, str] = {}
    for model in models:
        for name in model.all_names:
            owner = owners.setdefault(name.lower(), model.id)
            if owner != model.id:
                raise replace(place, entry=model.id, field="names").wrong(f"{name!r} is a name of {owner} already")


def _exactly(kind: type[Any], noun: str) -> Reader:
    """Reads values of one type of TOML as they are."""

    def read(place: Place, value: Any, before: Any) -> Any:  # noqa: ARG001 - a reader's signature
        if type(value) is not kind:
            raise place.wrong(f"this must be {noun}")
        return value

    return read


_text = _exactly(str, "a string")
_switch = _exactly(bool, "true or false")
_whole = _exactly(int, "a whole number")
_day = _exactly(date, "a day, such as 2024-07-23, without quotes")
_list = _exactly(list, "a list")
_table = _exactly(dict, "a table")


def _count(place: Place, value: Any, before: Any) -> int:
    if _whole(place, value, before) < 0:
        raise place.wrong("this must be 0 or more")
    return int(value)


def _url(place: Place, value: Any, before: Any) -> str:
    if not re.match("https?://", _text(place, value, before)):
        raise place.wrong("this must be an address that begins with https://")
    return str(value)


def _money(place: Place, value: Any, before: Any) -> int:  # noqa: ARG001
    try:
        return _pico_per_token(value)
    except (TypeError, ValueError):
        form = 'dollars per million tokens in quotes, with up to six decimals, such as "0.02"'
        raise place.wrong(f"a price is {form}, not {value!r}") from None


def _name(place: Place, value: Any) -> str:
    if type(value) is not str or not re.fullmatch(rf"[!-~]{{1,{MAX_NAME}}}", value):
        raise place.wrong(f"a name has 1 to {MAX_NAME} letters, digits and signs without blanks")
    return value


def _capabilities(place: Place, value: Any, before: Any) -> tuple[str, ...]:
    found = tuple(_text(place, item, before) for item in _list(place, value, before))
    check_keys(place, dict.fromkeys(found), CAPABILITIES)
    return found


def _names(place: Place, value: Any, before: Any) -> tuple[str, ...]:
    names = tuple(_name(place, item) for item in _list(place, value, before))
    if twice := [name for index, name in enumerate(names) if name in names[:index]]:
        raise place.wrong(f"{twice[0]!r} stands there twice")
    return names


def _part(readers: Mapping[str, Reader]) -> Reader:
    """Reads a table within an entry, field by field."""
    return lambda place, value, before: _merged(place, before, _table(place, value, before), readers)


def _names_by_dialect(base: Catalogue) -> Reader:
    """Reads lists of names; the dialects are those that the base has names in, any where it has none."""
    dialects = sorted({dialect for model in base for dialect in model.names})

    def read(place: Place, value: Any, before: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        check_keys(place, _table(place, value, before), dialects or value)
        return {**before, **{key: _names(place.at(key), names, before) for key, names in value.items()}}

    return read


def _model_readers(base: Catalogue) -> Mapping[str, Reader]:
    """A reader for every field of an entry."""
    return {
        **dict.fromkeys(("id", "title", "description", "repository"), _text),
        **dict.fromkeys(("parameters", "context"), _count),
        **dict.fromkeys(("released", "knowledge_cutoff"), _day),
        "price": _part({"prompt": _money, "completion": _money}),
        "licence": _part({"name": _text, "url": _url, "notice": _text, "distillable": _switch}),
        "capabilities": _capabilities,
        "names": _names_by_dialect(base),
    }


CATALOGUE = read_catalogue(files("tampu").joinpath("catalogue.toml").read_text(encoding="utf-8"))
