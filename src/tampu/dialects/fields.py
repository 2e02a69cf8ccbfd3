"""The table a dialect is: one row per field of a body, from which parsing, documents and tests follow.

`null` is the same as absent. A value that a row has for "none" is, too, but for the row's default. Unknown keys are
ignored. Known ones have their effect, or are refused by name, or stand in the table as having none.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, get_args

from tampu.dialects.kinds import JSON, Integer, Kind, Number, OrNone, json_type, require, shown
from tampu.errors import InvalidRequest, Missing, nearest
from tampu.request import Range, SamplingParams

NUMERAL = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """One row: a key of the body, what it may be, and the SamplingParams field it fills, if it fills one as it is."""

    name: str
    kind: Kind
    doc: str
    target: str = ""
    default: JSON = None
    required: bool = False
    example: JSON = None  # what samples of the operation send in it; None leaves it out

    def schema(self) -> dict[str, JSON]:
        """The kind's schema with the doc line, and null allowed where the field may be absent."""
        schema = self.kind.schema()
        if not self.required and schema and schema != {"type": "null"}:
            schema = {"anyOf": [schema, {"type": "null"}]}
        shown_default = {} if self.default is None else {"default": self.default}
        return {**schema, "description": self.doc, **shown_default}


Table = tuple[Field, ...]


def read_table(table: Iterable[Field], body: JSON, prefix: str = "") -> dict[str, Any]:
    """Wire name to checked value of every field that is present or has a default. Raises InvalidRequest."""
    if not isinstance(body, dict):
        raise InvalidRequest(f"The body must be an object, got {json_type(body)}.")
    values: dict[str, Any] = {}
    for field in table:
        value = body.get(field.name)
        if isinstance(field.kind, OrNone) and field.kind.is_none(value):
            if field.default is not None:
                values[field.name] = None
        elif value is not None:
            values[field.name] = field.kind.read(prefix + field.name, value)
        elif field.required:
            raise Missing(prefix + field.name)
        elif field.default is not None:
            values[field.name] = field.default
    return values


def read_query(table: Iterable[Field], query: Mapping[str, str]) -> dict[str, Any]:
    """The same for a query: numerals are numbers where one is wanted, empty texts are absent. Raises InvalidRequest."""
    rows = tuple(table)
    numbers = {field.name for field in rows if isinstance(field.kind, Integer | Number)}
    values = {name: numeral(text) if name in numbers else text for name, text in query.items() if text}
    return read_table(rows, values)


def numeral(text: str) -> JSON:
    """The number that a text is; any other text as it is."""
    if not NUMERAL.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def sampling_values(table: Iterable[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments of SamplingParams, from the rows that name a target."""
    return {field.target: values[field.name] for field in table if field.target and field.name in values}


def table_schema(table: Iterable[Field]) -> dict[str, JSON]:
    """The JSON schema of an object with these fields; unknown keys are allowed."""
    rows = tuple(table)
    required = [field.name for field in rows if field.required]
    properties = {field.name: field.schema() for field in rows}
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def example_body(table: Iterable[Field], model: str) -> dict[str, JSON]:
    """A small body that an operation with these fields answers: the rows' examples, and the model where it is a row."""
    examples = {field.name: _example(field, model) for field in table}
    named = {"model": model} if "model" in examples else {}
    return {**named, **{name: example for name, example in examples.items() if example is not None}}


def _example(field: Field, model: str) -> JSON:
    """The row's own example, or of an object what its rows have."""
    if field.example is None and isinstance(field.kind, Nested):
        return example_body(field.kind.table, model) or None
    return field.example


PARAMETERS = {item.name: item for item in fields(SamplingParams)}
# The numbers that every dialect takes which takes any control of sampling.
NUMBERS = (
    *("temperature", "top_p", "top_k", "min_p", "top_a"),
    *("repetition_penalty", "presence_penalty", "frequency_penalty", "seed"),
)


def sampling_fields(
    names: Iterable[str], limits: Mapping[str, Range], none: Mapping[str, tuple[JSON, ...]] | None = None
) -> Iterator[Field]:
    """A row for each of these numbers of SamplingParams under its own name, with a dialect's narrower limits; `none`
    has the values of some that mean nothing at all."""
    for name in names:
        item = PARAMETERS[name]
        bounds = limits.get(name) or item.metadata["range"]
        whole = item.type is int or int in get_args(item.type)
        kind: Kind = Integer(bounds) if whole else Number(bounds)
        if none and name in none:
            kind = OrNone(kind, none[name])
        yield Field(name, kind, item.metadata["doc"], target=name)


@dataclass(frozen=True, slots=True)
class Nested:
    """An object with a table of its own; given back as a dict of the fields present. `closed` refuses unknown keys."""

    table: Table
    closed: bool = False
    noun = "an object"

    def matches(self, value: JSON) -> bool:
        """Whether it is an object."""
        return isinstance(value, dict)

    def read(self, param: str, value: JSON) -> dict[str, Any]:
        """The fields present, each checked."""
        require(self, param, value)
        if self.closed:
            self._check_keys(param, value)
        return read_table(self.table, value, f"{param}.")

    def _check_keys(self, param: str, value: dict[str, JSON]) -> None:
        known = [field.name for field in self.table]
        for key in value:
            if key not in known:
                there = ", ".join(nearest(key, known) or known)
                raise InvalidRequest(f"{param} has no field {shown(key)!r}; it has {there}.", param=param)

    def schema(self) -> dict[str, JSON]:
        """The nested table's schema."""
        return {**table_schema(self.table), **({"additionalProperties": False} if self.closed else {})}
