"""The schemas within a schema."""

from collections.abc import Callable, Iterator
from typing import Any

from tampu.grammar.keywords import NAMED, ONE, SEVERAL
from tampu.grammar.places import Path


def children(schema: Any) -> Iterator[tuple[Path, Any]]:
    """The schemas directly in this one, each with the steps to it."""
    for keyword, value in schema.items() if isinstance(schema, dict) else ():
        if keyword in NAMED:
            yield from (((keyword, name), child) for name, child in value.items())
        elif isinstance(value, list) and keyword in SEVERAL | ONE:
            yield from (((keyword, index), child) for index, child in enumerate(value))
        elif keyword in ONE:
            yield (keyword,), value


def with_children(schema: dict[str, Any], change: Callable[[Any, Path], Any]) -> dict[str, Any]:
    """The schema with what `change` makes of each schema in it, given the steps there."""
    changed = dict(schema)
    for steps, child in children(schema):
        if len(steps) == 1:
            changed[str(steps[0])] = change(child, steps)
            continue
        keyword, step = str(steps[0]), steps[1]
        if changed[keyword] is schema[keyword]:
            changed[keyword] = schema[keyword].copy()
        changed[keyword][step] = change(child, steps)
    return changed
