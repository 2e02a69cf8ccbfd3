"""The tables as they are now, and a record as a row of them. How older files become so stands in `migrations`."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from types import UnionType
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Integer, MetaData, Table, Text

from tampu.generation import ChoiceDigest, GenerationRecord
from tampu.request import Usage

Row = dict[str, Any]

METADATA = MetaData()
# Structures are JSON text. Costs are pico-dollars: 64 bits hold nine million dollars.
GENERATIONS = Table(
    "generations",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("answer_id", Text, nullable=False, index=True),
    Column("dialect", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("served_by", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("created", Float, nullable=False, index=True),
    Column("seconds", Float, nullable=False),
    Column("seconds_to_first_chunk", Float),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("prompt_cost", BigInteger, nullable=False),
    Column("completion_cost", BigInteger, nullable=False),
    Column("finish_reasons", Text, nullable=False),
    Column("streamed", Boolean, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("prompt_digests", Text, nullable=False),
    Column("choice_digests", Text, nullable=False),
    Column("replay", Text, nullable=False),
    Column("text", Text),
    sqlite_autoincrement=True,
)
# Kept for ever, one row per tenant and day (since 1970, UTC), so that sums outlive the generations.
SPENDING = Table(
    "spending",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("generations", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
)
# What waits to be answered, as JSON text; who goes on with it has claimed it for a while.
BATCHES = Table(
    "batches",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("tenant", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("served_by", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("elements", Text, nullable=False),
    Column("claimed_until", Float, nullable=False),
    Column("finished", Float, index=True),
    sqlite_autoincrement=True,
)
BATCH_ANSWERS = Table(
    "batch_answers",
    METADATA,
    Column("batch", Integer, ForeignKey("batches.number", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("answer", Text, nullable=False),
)
COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens", "prompt_cost", "completion_cost")
STRUCTURES = ("finish_reasons", "client", "prompt_digests", "choice_digests", "replay", "text")
# Of a structure: a type, [shape] for a list of such, {name: shape} for an object with at least these.
Shape = type | UnionType | list[Any] | dict[str, Any]
SHAPES: Mapping[str, Shape] = {
    "finish_reasons": [str],
    "client": dict,
    "prompt_digests": [str],
    "choice_digests": [[{"sha256": str, "num_tokens": int, "finish_reason": str | None}]],
    "replay": {"requests": [dict]},
    "text": {"requests": [{"prompt": str | list}], "choices": [[{"text": str}]]},
}
MOST = 1e11  # of a number that is not whole, all of them seconds: the year 5138
PLAIN = tuple(column.name for column in GENERATIONS.columns if column.name not in ("number", *COUNTS, *STRUCTURES))


def row_of(record: GenerationRecord) -> Row:
    """The record as a row."""
    choices = [[asdict(choice) for choice in choices] for choices in record.choice_digests]
    structures = {name: getattr(record, name) for name in STRUCTURES} | {"choice_digests": choices}
    return {
        **{name: getattr(record, name) for name in PLAIN},
        **{name: getattr(record.usage, name) for name in COUNTS},
        **{name: None if value is None else _dumps(value) for name, value in structures.items()},
    }


def record_of(row: Mapping[str, Any]) -> GenerationRecord:
    """The record that a row was made of. ValueError for a row that is damaged."""
    check_row(GENERATIONS, row)
    values: dict[str, Any] = {name: row[name] for name in PLAIN}
    values |= {name: None if row[name] is None else json.loads(row[name]) for name in STRUCTURES}
    for name, shape in SHAPES.items():
        if not (has_shape(values[name], shape) or (name == "text" and values[name] is None)):
            raise ValueError(f"{name} is not what it should be")
    values |= {name: tuple(values[name]) for name in ("finish_reasons", "prompt_digests")}
    values["choice_digests"] = tuple(tuple(ChoiceDigest(**each) for each in few) for few in values["choice_digests"])
    return GenerationRecord(usage=Usage(**{name: row[name] for name in COUNTS}), **values)


def check_row(table: Table, row: Mapping[str, Any]) -> None:
    """Raise ValueError where SQLite, which keeps anything anywhere, has kept something else than the table says."""
    for column in table.columns:
        kind, value = column.type.python_type, row.get(column.name)
        is_right = isinstance(value, int | float) and -MOST < value < MOST if kind is float else isinstance(value, kind)
        if not is_right and not (value is None and (column.nullable or column.primary_key)):
            raise ValueError(f"{column.name} is not what it should be")


def has_shape(value: object, shape: Shape) -> bool:
    """Whether a JSON value has this shape."""
    if isinstance(shape, list):
        return isinstance(value, list) and all(has_shape(each, shape[0]) for each in value)
    if isinstance(shape, dict):
        named = isinstance(value, dict) and shape.keys() <= value.keys()
        return named and all(has_shape(value[name], each) for name, each in shape.items())  # type: ignore[index]
    return isinstance(value, shape)


def size_of(row: Row) -> int:
    """About how many bytes the row takes in memory."""
    return 1000 + sum(len(value) for value in row.values() if isinstance(value, str))


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
