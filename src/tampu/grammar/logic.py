"""Keywords of logic in words that llguidance has: what is absent, or one of several."""

from collections.abc import Sequence
from typing import Any

from tampu.grammar.keywords import ANNOTATIONS, TYPES

MAX_CASES = 32


def without(name: str) -> dict[str, Any]:
    """Everything but objects that have this name."""
    return {"properties": {name: False}}


def unless_without(name: str, needed: Any) -> dict[str, Any]:
    """What is needed where an object has this name."""
    return {"anyOf": [without(name), needed]}


def negated(schema: Any) -> Any:
    """Everything that a schema does not match; None where that cannot be said."""
    if not isinstance(schema, dict):
        return None
    keywords = schema.keys() - ANNOTATIONS
    if keywords == {"anyOf"} and isinstance(schema["anyOf"], list):
        parts = list(map(negated, schema["anyOf"]))
        return None if None in parts else {"allOf": parts}
    if keywords == {"type"}:
        return _other_types(schema["type"])
    if keywords == {"required"} or (keywords == {"required", "type"} and schema["type"] == "object"):
        absent = [without(name) for name in schema["required"]]
        return {"anyOf": absent} if "type" in keywords else {"type": "object", "anyOf": absent}
    return None


def at_least_one(names: Sequence[str]) -> dict[str, Any]:
    """Objects that have at least one name, one of these or another; and all that is no object."""
    others = {"properties": dict.fromkeys(names, False), "minProperties": 1}
    return {"anyOf": [*({"required": [name]} for name in names), others]}


def _other_types(types: Any) -> Any:
    excluded = {types} if isinstance(types, str) else set(types)
    if "integer" in excluded and "number" not in excluded:
        return None
    return {"type": [name for name in TYPES if name not in excluded | {"integer"}]}
