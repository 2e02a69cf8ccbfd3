"""Schemas that only endless values match are refused; where they are one choice of several, it is left out."""

from typing import Any

import pytest

from tampu.errors import UnsupportedSchema
from tests.grammar.walks import Walker, accepts, schema_grammar

NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}
ENDLESS: list[Any] = [
    {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
    {"type": "array", "prefixItems": [{"$ref": "#"}], "minItems": 1},
    {"type": "object", "additionalProperties": {"$ref": "#"}, "required": ["a"]},
    {"type": "object", "required": ["a"], "properties": {"a": {"anyOf": [{"$ref": "#"}, {"allOf": [{"$ref": "#"}]}]}}},
    {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
    {
        "$ref": "#/$defs/a",
        "$defs": {
            "a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/b"}}, "required": ["b"]},
            "b": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"]},
        },
    },
]


@pytest.mark.parametrize("schema", ENDLESS)
def test_what_has_no_finite_value_is_refused(schema: Any) -> None:
    with pytest.raises(UnsupportedSchema, match="nothing matches it"):
        schema_grammar(schema)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"anyOf": [{"$ref": "#/$defs/node"}, {"const": 1}], "$defs": {"node": NODE}}, [1], [{}]),
        ({"properties": {"a": {"$ref": "#/$defs/node"}}, "type": "object", "$defs": {"node": NODE}}, [{}], []),
        ({"type": "array", "items": {"$ref": "#/$defs/node"}, "$defs": {"node": NODE}}, [[]], [[1]]),
    ],
)
def test_an_endless_part_is_never_begun(schema: Any, good: list[Any], bad: list[Any]) -> None:
    assert all(accepts(schema, value) for value in good) and not any(accepts(schema, value) for value in bad)
    assert all(Walker().text(schema_grammar(schema), seed) is not None for seed in range(20))


def test_trees_and_lists_that_may_end_are_taken() -> None:
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#"}}},
        "required": ["children"],
    }
    chain = {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
        "required": ["next"],
    }
    assert accepts(tree, {"children": [{"children": []}]})
    assert accepts(chain, {"next": {"next": None}})
