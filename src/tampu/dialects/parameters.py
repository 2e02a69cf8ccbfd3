"""The fields of a body in words: what documents and pages say of them, from the table that reads them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tampu.dialects.fields import Field, Nested
from tampu.dialects.kinds import (
    JSON,
    Either,
    Integer,
    Kind,
    Listing,
    Number,
    OrNone,
    Refused,
    Text,
    TokenBias,
    TokenIds,
)
from tampu.errors import TampuError
from tampu.request import Range, SamplingParams

BOUNDLESS = 2**31  # characters: what only the cap on bodies bounds


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of a body, or of an object in it: `response_format.type`, `tools[].name`."""

    name: str
    takes: str
    default: JSON
    doc: str
    required: bool


def parameters(table: Iterable[Field], sampling: SamplingParams | None = None, prefix: str = "") -> Iterator[Parameter]:
    """Every field. With the parameters of a body that leaves all open, numbers have the defaults that hold there."""
    for field in table:
        name, kind = prefix + field.name, field.kind
        yield Parameter(name, takes(field), default_of(field, sampling), field.doc, field.required)
        if isinstance(kind, Nested):
            yield from parameters(kind.table, sampling, f"{name}.")
        elif isinstance(kind, Listing) and isinstance(kind.item, Nested):
            yield from parameters(kind.item.table, sampling, f"{name}[].")


def default_of(field: Field, sampling: SamplingParams | None) -> JSON:
    """What a body gets that leaves the field out; None where that is nothing, or drawn for each request."""
    if field.default is not None or sampling is None or field.target in ("", "seed", "max_tokens"):
        return field.default
    value = getattr(sampling, field.target)
    if type(value) not in (int, float):
        return None
    try:
        return field.kind.read(field.name, value)
    except TampuError:
        return None  # such as 0 for "all", where the provider's own range begins at 1


def takes(field: Field) -> str:
    """The kind of a field in words, with its bounds."""
    return in_words(field.kind)


def in_words(kind: Kind) -> str:
    """A kind with its bounds: "a number, 0 to 2"."""
    match kind:
        case Integer() | Number() | TokenBias():
            return f"{kind.noun}, {span(kind.bounds)}"
        case Text() if kind.max_length >= BOUNDLESS:
            return f"{kind.noun} that is not empty" if kind.min_length else kind.noun
        case Text():
            return f"{kind.noun}, {span(Range(kind.min_length, kind.max_length))} characters"
        case Listing():
            return f"an array of {counted(kind.min_items, kind.max_items)} ({in_words(kind.item)} each)"
        case TokenIds():
            return f"an array of {counted(kind.min_items, kind.max_items)} token ids"
        case OrNone():
            return f"{in_words(kind.kind)}, or {' or '.join(map(json.dumps, kind.nones))} for none"
        case Either():
            return " or ".join(map(in_words, kind.kinds))
        case Refused():
            return " or ".join((kind.noun, *(repr(value) for value in kind.harmless)))
    return kind.noun


def span(bounds: Range) -> str:
    """Both ends."""
    low, high = digits(bounds.low), digits(bounds.high)
    return f"above {low} up to {high}" if bounds.above else f"{low} to {high}"


def counted(low: int, high: int) -> str:
    """How many there may be."""
    return f"{low:,} to {high:,}" if low else f"up to {high:,}"


def digits(number: float) -> str:
    """A number without needless decimals."""
    return f"{int(number):,}" if number == int(number) else str(number)
