"""References lead to any place in the schema, by pointer, anchor or identifier; no other place is followed."""

from typing import Any

import pytest

from tampu.errors import UnsupportedSchema
from tests.grammar.walks import accepts, schema_grammar

INTEGER = {"type": "integer"}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a", "$defs": {"a": INTEGER}},
        {"$ref": "#/definitions/a~1b%20c~0", "definitions": {"a/b c~": INTEGER}},
        {"$ref": "#/components/schemas/Id", "components": {"schemas": {"Id": INTEGER}}},
        {"$ref": "#/$defs/a/oneOf/1", "$defs": {"a": {"oneOf": [{"type": "null"}, INTEGER]}}},
        {"$ref": "#id", "$defs": {"a": {"$anchor": "id", **INTEGER}}},
        {"$ref": "#id", "definitions": {"a": {"$id": "#id", **INTEGER}}},
        {"$id": "https://example.com/root.json", "$ref": "root.json#/$defs/a", "$defs": {"a": INTEGER}},
        {
            "$id": "https://example.com/a/root.json",
            "$ref": "../id",
            "$defs": {"a": {"$id": "https://example.com/id", **INTEGER}},
        },
        {"$ref": "urn:x:id", "$defs": {"a": {"$id": "urn:x:id", "$ref": "#/$defs/b", "$defs": {"b": INTEGER}}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a%25"}, "a%": INTEGER}},
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$ref": "b#/definitions/c",
            "$id": "http://a/",
            "definitions": {"d": {"$id": "b", "definitions": {"c": {"$ref": "#/definitions/e"}, "e": INTEGER}}},
        },
        {"$id": "https://example.com/schema#", "$ref": "#/$defs/a", "$defs": {"a": INTEGER}},
    ],
)
def test_a_reference_is_followed(schema: Any) -> None:
    assert accepts(schema, 7) and not accepts(schema, "7")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#/$defs/b", "there is no #/$defs/b."),
        ("#/$defs/a/0", "there is no #/$defs/a/0."),
        ("#nowhere", "there is no #nowhere."),
        ("other.json", "only references within the schema are followed, not other.json."),
        ("https://example.com/a#/b", "only references within the schema are followed, not https://example.com/a#/b."),
    ],
)
def test_a_reference_to_nothing_here_is_refused_with_its_place(reference: str, message: str) -> None:
    with pytest.raises(UnsupportedSchema) as caught:
        schema_grammar({"properties": {"a": {"$ref": reference}}, "$defs": {"a": {}}})
    assert caught.value.message == f"response_format/properties/a/$ref: {message}"


def test_what_stands_beside_a_reference_counts_as_its_draft_says() -> None:
    beside = {"$ref": "#/definitions/a", "maximum": 5, "definitions": {"a": INTEGER}}
    assert accepts(beside, 5) and not accepts(beside, 7)
    assert accepts({"$schema": "http://json-schema.org/draft-07/schema#", **beside}, 7)
    with pytest.raises(UnsupportedSchema, match="a reference to a schema around it cannot be enforced with other"):
        schema_grammar({"type": "object", "properties": {"a": {"$ref": "#", "type": "object"}}})


def test_definitions_that_nothing_refers_to_are_not_judged() -> None:
    assert accepts({"type": "integer", "$defs": {"a": {"not": {"type": "null"}}, "b": {"$ref": "#/nowhere"}}}, 7)
