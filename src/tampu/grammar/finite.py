"""Parts of a schema that no finite value matches, as an object that requires another of its own kind.

A grammar would let a model begin one and never end it.
"""

from collections.abc import Mapping, Set
from itertools import islice
from typing import Any

from tampu.grammar.places import name_of
from tampu.grammar.walk import with_children

SCALARS = frozenset({"null", "boolean", "integer", "number", "string"})


def without_endless(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The same schemas by name, where references to those that never end allow nothing."""
    finite = set[str]()
    while found := {name for name, schema in schemas.items() if name not in finite and _ends(schema, finite)}:
        finite |= found
    return {name: _pruned(schema, finite) for name, schema in schemas.items()}


def _ends(schema: Any, finite: Set[str]) -> bool:
    """Whether some value matches that holds only definitions of `finite`."""
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema and name_of(schema["$ref"]) not in finite:
        return False
    if not all(_ends(part, finite) for part in schema.get("allOf", ())):
        return False
    if any(not any(_ends(part, finite) for part in schema[key]) for key in ("anyOf", "oneOf") if key in schema):
        return False
    if "const" in schema or "enum" in schema:
        return True
    types = schema.get("type", "null")
    types = {types} if isinstance(types, str) else set(types)
    is_ending_object = "object" in types and all(_ends(_property(schema, name), finite) for name in _required(schema))
    return bool(types & SCALARS) or is_ending_object or ("array" in types and _array_ends(schema, finite))


def _required(schema: Mapping[str, Any]) -> list[str]:
    return list(schema.get("required", ()))


def _property(schema: Mapping[str, Any], name: str) -> Any:
    if name in schema.get("properties", {}):
        return schema["properties"][name]
    return True if schema.get("patternProperties") else schema.get("additionalProperties", True)


def _array_ends(schema: Mapping[str, Any], finite: Set[str]) -> bool:
    items = schema.get("items", True)
    first = items if isinstance(items, list) else schema.get("prefixItems", [])
    others = schema.get("additionalItems", True) if isinstance(items, list) else items
    count = schema.get("minItems", 0)
    enough = all(_ends(each, finite) for each in islice(first, count))
    return enough and (count <= len(first) or _ends(others, finite))


def _pruned(schema: Any, finite: Set[str]) -> Any:
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema and name_of(schema["$ref"]) not in finite:
        return False
    return with_children(schema, lambda child, _: _pruned(child, finite))
