"""No object has a name twice: which names stand in a JSON text so far, and whether more text would repeat one.

llguidance takes care of the properties that a schema lists; names that it does not list could come again. A parser may
keep either of the two values, or refuse the text, and counts of properties would be wrong.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tampu.grammar.walk import children

# The first line of a grammar of JSON; `scarce` where a rule for names may leave none that is new.
UNIQUE = "names: unique\n"
SCARCE = "names: unique, scarce\n"
# Patterns under which any name can be made longer, so that there is always another.
ENDLESS = re.compile(r"[^$|]*|[^$|]*(\]|\.|\\[wdsWDS])[+*]\$")
QUOTE, ESCAPE, OPENING, CLOSING, COMMA = b'"'[0], b"\\"[0], b"{[", b"}]", b","[0]


class Place(NamedTuple):
    """Where in a JSON text one stands: what is open, and the names of each open object."""

    open: tuple[frozenset[bytes] | None, ...] = ()  # None for an array
    name: bytes | None = None  # as much as there is of the one under way
    is_text: bool = False  # within a name or a string
    is_escaped: bool = False
    awaits_name: bool = False
    is_json: bool | None = None  # whether the text is; unknown before its first byte

    @property
    def repeats_are_near(self) -> bool:
        """Whether the name under way may become one that is there."""
        return self.name is not None and any(name.startswith(self.name) for name in self.open[-1] or ())


START = Place()
ELSEWHERE = Place(is_json=False)


def read(place: Place, text: bytes) -> Place | None:
    """The place after more text; None where a name would come twice."""
    if place.is_json is None and text:
        place = place._replace(is_json=True) if text[0] in OPENING else ELSEWHERE
    if not place.is_json:
        return place
    for byte in text:
        place = _in_text(place, byte) if place.is_text else _between(place, byte)
        if place is REPEATED:
            return None
    return place


REPEATED = Place(is_json=True, is_escaped=True)


def _in_text(place: Place, byte: int) -> Place:
    if byte == QUOTE and not place.is_escaped:
        return _closed(place)
    is_escaped = byte == ESCAPE and not place.is_escaped
    if place.name is None and is_escaped == place.is_escaped:
        return place
    name = None if place.name is None else place.name + bytes((byte,))
    return place._replace(name=name, is_escaped=is_escaped)


def _closed(place: Place) -> Place:
    if place.name is None:
        return place._replace(is_text=False)
    names = place.open[-1] or frozenset()
    if place.name in names:
        return REPEATED
    return place._replace(open=(*place.open[:-1], names | {place.name}), name=None, is_text=False)


def _between(place: Place, byte: int) -> Place:
    if byte == QUOTE:
        return place._replace(is_text=True, name=b"" if place.awaits_name else None, awaits_name=False)
    if byte in OPENING:
        names = frozenset[bytes]() if byte == OPENING[0] else None
        return place._replace(open=(*place.open, names), awaits_name=names is not None)
    if byte in CLOSING:
        return place._replace(open=place.open[:-1], awaits_name=False)
    if byte == COMMA and place.open and place.open[-1] is not None:
        return place._replace(awaits_name=True)
    return place


def marked(grammar: str, scarce: bool) -> str:
    """The grammar of a JSON text, with the rule for its names."""
    return (SCARCE if scarce else UNIQUE) + grammar


def unmarked(grammar: str) -> tuple[str, bool, bool]:
    """A grammar, whether its names are unique, and whether new ones may be scarce."""
    for mark in (UNIQUE, SCARCE):
        if grammar.startswith(mark):
            return grammar.removeprefix(mark), True, mark == SCARCE
    return grammar, False, False


def are_scarce(schemas: Iterable[Any]) -> bool:
    """Whether the rules for names in any of these schemas may run out of new ones."""
    parts = (part for schema in schemas for part in _parts(schema))
    return not all(ENDLESS.fullmatch(pattern) for part in parts for pattern in part.get("patternProperties", ()))


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for _, child in children(schema):
            yield from _parts(child)
        for part in schema.get("$defs", {}).values():
            yield from _parts(part)
