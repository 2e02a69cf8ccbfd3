"""What a field's value may be: strict readers that give their own JSON schema.

Strict means: a boolean is not a number, a string is not a number, numbers are finite. As in JSON schema, 2 and 2.0 are
the same number: either is an integer, and either stands where a number is wanted.
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol

from tampu.errors import InvalidRequest, NotOneOf, OutOfRange, Unsupported, WrongLength, WrongType
from tampu.request import Range

JSON = Any  # what `json.loads` gives
SHOWN_CHARACTERS = 40


class Kind(Protocol):
    """What a field's value may be."""

    @property
    def noun(self) -> str:
        """The kind in words: "an integer"."""
        ...

    def matches(self, value: JSON) -> bool:
        """Whether `value` has this kind's JSON type; its bounds may still refuse it."""
        ...

    def read(self, param: str, value: JSON) -> Any:
        """The checked value. Raises InvalidRequest naming `param`."""
        ...

    def schema(self) -> dict[str, JSON]:
        """JSON schema of exactly what `read` takes."""
        ...


def shown(value: object) -> str:
    """The value as an error message may repeat it: short, whatever was sent."""
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def json_type(value: JSON) -> str:
    """The JSON type of a value, with its article."""
    if value is None:
        return "null"
    if type(value) is float and not math.isfinite(value):
        return "a number that is not finite"
    names = {bool: "a boolean", int: "an integer", float: "a number", str: "a string", list: "an array"}
    return names.get(type(value), "an object")


def is_whole(value: JSON) -> bool:
    """Whether it is a whole number, written as 2 or as 2.0."""
    return type(value) is int or (type(value) is float and value.is_integer())


def require(kind: Kind, param: str, value: JSON) -> None:
    """Raise WrongType naming `param` unless the value has the kind's JSON type."""
    if not kind.matches(value):
        raise WrongType(param, expected=kind.noun, got=json_type(value))


def check_count(param: str, count: int, low: int, high: int, unit: str) -> None:
    """Raise WrongLength naming `param` unless low <= count <= high."""
    if not low <= count <= high:
        raise WrongLength(param, count=count, low=low, high=high, unit=unit)


@dataclass(frozen=True, slots=True)
class Boolean:
    """true or false."""

    noun = "a boolean"

    def matches(self, value: JSON) -> bool:
        """Whether it is true or false."""
        return type(value) is bool

    def read(self, param: str, value: JSON) -> bool:
        """The value itself."""
        require(self, param, value)
        return bool(value)

    def schema(self) -> dict[str, JSON]:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number in a closed interval."""

    bounds: Range
    noun = "an integer"

    def matches(self, value: JSON) -> bool:
        """Whether it is a whole number; true is not."""
        return is_whole(value)

    def read(self, param: str, value: JSON) -> int:
        """The value within its bounds."""
        require(self, param, value)
        self.bounds.check(param, value)
        return int(value)

    def schema(self) -> dict[str, JSON]:
        """An integer with both ends."""
        return {"type": "integer", "minimum": self.bounds.low, "maximum": self.bounds.high}


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number in an interval; given back as a float."""

    bounds: Range
    noun = "a number"

    def matches(self, value: JSON) -> bool:
        """Whether it is an integer or a finite number."""
        return type(value) is int or (type(value) is float and math.isfinite(value))

    def read(self, param: str, value: JSON) -> float:
        """The value within its bounds."""
        require(self, param, value)
        self.bounds.check(param, value)
        return float(value)

    def schema(self) -> dict[str, JSON]:
        """A number with both ends."""
        lowest = "exclusiveMinimum" if self.bounds.above else "minimum"
        return {"type": "number", lowest: self.bounds.low, "maximum": self.bounds.high}


@dataclass(frozen=True, slots=True)
class Text:
    """A string of [min_length, max_length] characters."""

    max_length: int
    min_length: int = 0
    noun = "a string"

    def matches(self, value: JSON) -> bool:
        """Whether it is a string."""
        return type(value) is str

    def read(self, param: str, value: JSON) -> str:
        """The string, if its length fits."""
        require(self, param, value)
        check_count(param, len(value), self.min_length, self.max_length, "characters")
        return str(value)

    def schema(self) -> dict[str, JSON]:
        """A string with both lengths."""
        return {"type": "string", "minLength": self.min_length, "maxLength": self.max_length}


@dataclass(frozen=True, slots=True)
class Listing:
    """An array of one kind of item; given back as a tuple."""

    item: Kind
    max_items: int
    min_items: int = 0

    @property
    def noun(self) -> str:
        """An array, with what it holds."""
        return f"an array ({self.item.noun} each)"

    def matches(self, value: JSON) -> bool:
        """Whether it is an array that is empty or begins with such an item."""
        return type(value) is list and (not value or self.item.matches(value[0]))

    def read(self, param: str, value: JSON) -> tuple[Any, ...]:
        """Every item read, in order."""
        if type(value) is not list:
            require(self, param, value)
        check_count(param, len(value), self.min_items, self.max_items, "items")
        return tuple(self.item.read(f"{param}[{index}]", item) for index, item in enumerate(value))

    def schema(self) -> dict[str, JSON]:
        """An array with both lengths."""
        bounds = {"minItems": self.min_items, "maxItems": self.max_items}
        return {"type": "array", "items": self.item.schema(), **bounds}


@dataclass(frozen=True, slots=True)
class TokenIds:
    """An array of token ids in [0, vocab); checked without a step per item, since prompts can be long."""

    max_items: int
    min_items: int = 0
    noun = "an array of token ids"

    def matches(self, value: JSON) -> bool:
        """Whether it is an array that is empty or begins with an integer."""
        return type(value) is list and (not value or is_whole(value[0]))

    def read(self, param: str, value: JSON) -> tuple[int, ...]:
        """The ids. Those beyond a model's vocabulary are the caller's to find, who knows the model."""
        require(self, param, value)
        check_count(param, len(value), self.min_items, self.max_items, "token ids")
        if set(map(type, value)) - {int}:
            if not all(map(is_whole, value)):
                raise InvalidRequest(f"{param} must hold token ids only.", param=param)
            value = list(map(int, value))
        if value and not 0 <= min(value) <= max(value) < 2**31:
            worst = min(value) if min(value) < 0 else max(value)
            raise OutOfRange(param, value=worst, low=0, high=2**31 - 1)
        return tuple(value)

    def schema(self) -> dict[str, JSON]:
        """An array of integers that fit a token id."""
        item = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
        return {"type": "array", "items": item, "minItems": self.min_items, "maxItems": self.max_items}


@dataclass(frozen=True, slots=True)
class Either:
    """One of several kinds, told apart by their JSON types."""

    kinds: tuple[Kind, ...]

    @property
    def noun(self) -> str:
        """All kinds in words."""
        return " or ".join(kind.noun for kind in self.kinds)

    def matches(self, value: JSON) -> bool:
        """Whether one of the kinds matches."""
        return any(kind.matches(value) for kind in self.kinds)

    def read(self, param: str, value: JSON) -> Any:
        """What the first matching kind reads."""
        require(self, param, value)
        return next(kind for kind in self.kinds if kind.matches(value)).read(param, value)

    def schema(self) -> dict[str, JSON]:
        """Any of the kinds' schemas."""
        return {"anyOf": [kind.schema() for kind in self.kinds]}


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few strings."""

    values: tuple[str, ...]

    @property
    def noun(self) -> str:
        """The strings, listed."""
        return f"one of {', '.join(self.values)}"

    def matches(self, value: JSON) -> bool:
        """Whether it is a string."""
        return type(value) is str

    def read(self, param: str, value: JSON) -> str:
        """The string, if it is one of them."""
        require(self, param, value)
        if value not in self.values:
            raise NotOneOf(param, value=shown(value), values=self.values)
        return str(value)

    def schema(self) -> dict[str, JSON]:
        """The strings as an enumeration."""
        return {"type": "string", "enum": list(self.values)}


@dataclass(frozen=True, slots=True)
class TokenBias:
    """An object from token id, as a string, to a number added to its logit."""

    max_items: int
    bounds: Range
    noun = "an object of token ids and numbers"

    def matches(self, value: JSON) -> bool:
        """Whether it is an object."""
        return isinstance(value, dict)

    def read(self, param: str, value: JSON) -> dict[int, float]:
        """Token id to bias."""
        require(self, param, value)
        check_count(param, len(value), 0, self.max_items, "entries")
        bias = Number(self.bounds)
        return {self._id(param, key): bias.read(f"{param}.{shown(key)}", number) for key, number in value.items()}

    @staticmethod
    def _id(param: str, key: str) -> int:
        if not (key.isascii() and key.isdigit() and len(key) <= 10):
            raise InvalidRequest(f"{param} keys must be token ids, got {shown(key)!r}.", param=param)
        return int(key)

    def schema(self) -> dict[str, JSON]:
        """An object with digits as keys."""
        names = {"pattern": "^[0-9]{1,10}$"}
        numbers = Number(self.bounds).schema()
        return {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": numbers,
            "maxProperties": self.max_items,
        }


@dataclass(frozen=True, slots=True)
class TextPairs:
    """An object of strings, bounded in their count and their lengths."""

    max_pairs: int
    max_key: int
    max_value: int
    noun = "an object of strings"

    def matches(self, value: JSON) -> bool:
        """Whether it is an object."""
        return isinstance(value, dict)

    def read(self, param: str, value: JSON) -> dict[str, str]:
        """The pairs."""
        require(self, param, value)
        check_count(param, len(value), 0, self.max_pairs, "pairs")
        for key in value:
            check_count(param, len(key), 0, self.max_key, "characters in a key")
        text = Text(self.max_value)
        return {key: text.read(f"{param}.{shown(key)}", item) for key, item in value.items()}

    def schema(self) -> dict[str, JSON]:
        """An object of strings."""
        names, items = {"maxLength": self.max_key}, Text(self.max_value).schema()
        bounds = {"maxProperties": self.max_pairs}
        return {"type": "object", "propertyNames": names, "additionalProperties": items, **bounds}


@dataclass(frozen=True, slots=True)
class Refused:
    """A field that exists and that we do not offer: refused by name, but for values that ask for nothing."""

    reason: str = ""
    harmless: tuple[JSON, ...] = ()
    noun = "left out"

    def matches(self, value: JSON) -> bool:
        """Whether the value asks for nothing."""
        return any(type(value) is type(same) and value == same for same in self.harmless)

    def read(self, param: str, value: JSON) -> None:
        """Nothing. Raises Unsupported unless the value is harmless."""
        if not self.matches(value):
            raise Unsupported(param, self.reason)

    def schema(self) -> dict[str, JSON]:
        """Only the harmless values."""
        return {"enum": list(self.harmless)} if self.harmless else {"type": "null"}


@dataclass(frozen=True, slots=True)
class OrNone:
    """A kind, and values that clients of other servers send where they mean none of it."""

    kind: Kind
    nones: tuple[JSON, ...]

    @property
    def noun(self) -> str:
        """The kind's."""
        return self.kind.noun

    def matches(self, value: JSON) -> bool:
        """Whether it is either."""
        return self.is_none(value) or self.kind.matches(value)

    def read(self, param: str, value: JSON) -> Any:
        """What the kind reads. A table treats the other values as absent."""
        return self.kind.read(param, value)

    def is_none(self, value: JSON) -> bool:
        """Whether it is one of the other values."""
        return any(type(value) is type(none) and value == none for none in self.nones)

    def schema(self) -> dict[str, JSON]:
        """The kind's schema, or one of the others."""
        return {"anyOf": [self.kind.schema(), {"enum": list(self.nones)}]}


@dataclass(frozen=True, slots=True)
class NoEffect:
    """A documented field that changes nothing here; any value is accepted."""

    noun = "anything"

    def matches(self, value: JSON) -> bool:  # noqa: ARG002 - a kind's signature
        """Always."""
        return True

    def read(self, param: str, value: JSON) -> None:
        """Nothing."""

    def schema(self) -> dict[str, JSON]:
        """Anything."""
        return {}
