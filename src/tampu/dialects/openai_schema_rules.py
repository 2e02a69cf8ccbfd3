"""What OpenAI asks of a JSON schema that is marked strict; we enforce others, too, and judge so under --strict only."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tampu.dialects.kinds import shown
from tampu.errors import BrokenRule

Context = tuple[str, ...]  # the keys that lead to a part of a schema
CLOSED = "'additionalProperties' is required to be supplied and to be false."
COMPLETE = "'required' is required to be supplied and to be an array including every key in properties."


def fault_of(schema: Any) -> str:
    """The first thing that breaks the rules, empty where nothing does. What is no schema at all is not judged."""
    found = schema.get("type") if isinstance(schema, Mapping) else None
    if found != "object":
        got = "None" if found is None else f'"{shown(found)}"'
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: {got}'."
    return next((f"In context={context!r}, {fault}" for context, fault in _faults(schema, ())), "")


def _faults(schema: Any, context: Context) -> Iterator[tuple[Context, str]]:
    if not isinstance(schema, Mapping):
        return
    if schema.get("type") == "object":
        required = schema.get("required")
        known = required if isinstance(required, list) else []
        missing = next((key for (_, key), _ in _named(schema, "properties") if key not in known), None)
        if schema.get("additionalProperties") is not False:
            yield context, CLOSED
        if missing is not None:
            yield context, f"{COMPLETE} Missing '{missing}'."
    for further, part in _parts(schema):
        yield from _faults(part, context + further)


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[Context, Any]]:
    """The schemas within a schema, each with the keys that lead to it."""
    for name in ("properties", "$defs", "definitions"):
        yield from _named(schema, name)
    if isinstance(schema.get("anyOf"), list):
        yield from ((("anyOf", str(index)), part) for index, part in enumerate(schema["anyOf"]))
    if "items" in schema:
        yield ("items",), schema["items"]


def _named(schema: Mapping[str, Any], name: str) -> Iterator[tuple[tuple[str, str], Any]]:
    parts = schema.get(name)
    if isinstance(parts, Mapping):
        yield from (((name, key), part) for key, part in parts.items())


def check_functions(functions: Sequence[Mapping[str, Any]], place: str) -> None:
    """Raise BrokenRule for a strict function; `place` is where a tool has its parameters."""
    for index, function in enumerate(functions):
        if function.get("strict") and (fault := fault_of(function.get("parameters") or {})):
            raise BrokenRule(
                f"Invalid schema for function '{function['name']}': {fault}",
                param=f"tools[{index}].{place}",
                code="invalid_function_parameters",
            )
