"""What OpenAI asks of a strict schema, in its words."""

from typing import Any

import pytest

from tampu.dialects.openai_schema_rules import fault_of

TEXT = {"type": "string"}


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    "schema",
    [
        closed(),
        closed(a=TEXT, b=closed(c=TEXT), d={"type": "array", "items": closed(e=TEXT)}),
        {**closed(a={"$ref": "#/$defs/b"}), "$defs": {"b": closed(c=TEXT)}},
        closed(a={"anyOf": [closed(b=TEXT), {"type": "null"}]}),
    ],
)
def test_a_closed_and_complete_schema_has_no_fault(schema: dict[str, Any]) -> None:
    assert fault_of(schema) == ""


@pytest.mark.parametrize(
    ("schema", "context"),
    [
        ({"type": "object"}, "()"),
        (closed(a={"type": "object"}), "('properties', 'a')"),
        (closed(a={"type": "array", "items": {"type": "object"}}), "('properties', 'a', 'items')"),
        (closed(a={"anyOf": [TEXT, {"type": "object"}]}), "('properties', 'a', 'anyOf', '1')"),
        ({**closed(), "$defs": {"b": {"type": "object"}}}, "('$defs', 'b')"),
    ],
)
def test_every_object_has_to_be_closed(schema: dict[str, Any], context: str) -> None:
    assert fault_of(schema) == (
        f"In context={context}, 'additionalProperties' is required to be supplied and to be false."
    )


def test_every_property_has_to_be_required() -> None:
    assert fault_of({**closed(a=TEXT, b=TEXT), "required": ["a"]}) == (
        "In context=(), 'required' is required to be supplied and to be an array including every key in properties. "
        "Missing 'b'."
    )


@pytest.mark.parametrize(
    ("schema", "got"), [({"type": "array"}, '"array"'), ({}, "None"), ({"anyOf": [TEXT]}, "None"), (True, "None")]
)
def test_the_whole_has_to_be_an_object(schema: Any, got: str) -> None:
    assert fault_of(schema) == f"schema must be a JSON Schema of 'type: \"object\"', got 'type: {got}'."
