"""What people's generators write beside the standard's keywords: enforced in other words, or an annotation."""

from typing import Any

import pytest

from tampu.errors import SchemaTooComplex, UnsupportedSchema
from tests.grammar.walks import accepts, schema_grammar


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer", "format": "int32"}, [2**31 - 1, -(2**31)], [2**31, 1.5]),
        ({"type": "integer", "format": "uint8", "minimum": 5}, [5, 255], [4, 256]),
        ({"type": ["integer", "null"], "format": "uint16"}, [None, 65535], [-1]),
        ({"type": "integer", "format": "int64"}, [2**63 - 1, -(2**70)], ["1"]),
        ({"type": "number", "format": "double"}, [1.5, 1e300], ["1"]),
        ({"type": "number", "format": "int32"}, [1.5, 2**40], []),
        *(
            ({"type": "string", "format": name}, ["any text"], [1])
            for name in ("byte", "binary", "password", "uuid4", "path", "uri-template", "int64", "Date")
        ),
        ({"type": "string", "format": "date"}, ["2024-02-29"], ["2024-02-30", "a"]),
        ({"format": "date"}, [1, "2024-02-29"], ["a"]),
        ({"type": "string", "nullable": True}, ["a", None], [1]),
        ({"type": "string", "nullable": True, "enum": ["a"]}, ["a"], [None]),
        ({"type": "string", "nullable": False}, ["a"], [None]),
        ({"anyOf": [{"type": "string"}], "nullable": True}, ["a"], [None]),
        ({"type": "object", "propertyNames": {"type": "string"}}, [{"a": 1}], [1]),
        (
            {"propertyNames": {"enum": ["a", "b"]}, "additionalProperties": {"type": "null"}},
            [{"b": None}],
            [{"c": None}],
        ),
        (
            {"type": "object", "propertyNames": {"$ref": "#/$defs/n"}, "$defs": {"n": {"pattern": "^[a-z]+$"}}},
            [{"ab": 1, "c": 2}],
            [{"A": 1}],
        ),
        (
            {"properties": {"a": {}}, "propertyNames": {"type": "string", "title": "n"}, "type": "object"},
            [{"b": 1}],
            [],
        ),
        ({"type": "object", "unevaluatedProperties": {"not": {}}, "properties": {"a": {}}}, [{"a": 1}], [{"b": 1}]),
        ({"properties": {"a": {"not": {}}}, "type": "object"}, [{}, {"b": 1}], [{"a": 1}]),
        ({"not": {"not": {}}, "type": "null"}, [None], [1]),
        ({"not": {"type": "null"}}, [1, "a", {}], [None]),
        ({"not": {"type": ["number", "string"], "title": "no text"}}, [None, {}, []], [1.5, "a"]),
        ({"not": {"required": ["a"]}}, [{}, {"b": 1}], [{"a": 1}, 1, "a"]),
        ({"not": {"type": "object", "required": ["a", "b"]}}, [{"a": 1}, 1], [{"a": 1, "b": 1}]),
        (
            {"type": "object", "not": {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}},
            [{"c": 1}],
            [{"a": 1}, {"b": 1}],
        ),
        (
            {"type": "object", "properties": {"a": {}, "b": {}}, "dependentRequired": {"a": ["b", "c"]}},
            [{"b": 1}, {"a": 1, "b": 1, "c": 1}],
            [{"a": 1}, {"a": 1, "b": 1}],
        ),
        (
            {"dependencies": {"a": {"properties": {"b": {"type": "null"}}}}},
            [{"b": 1}, {"b": None, "a": 1}, 1],
            [{"a": 1, "b": 1}],
        ),
        ({"properties": {"a": {}, "b": {}}, "minProperties": 1}, [{"a": 1}, {"b": 1}, {"c": 1}, 1], [{}]),
        ({"if": {"type": "null"}, "type": "string"}, ["a"], [None]),
        ({"then": {"type": "null"}, "minContains": 2, "type": ["string", "array"]}, ["a", []], [None]),
        ({"type": "array", "uniqueItems": True, "maxItems": 1}, [[1]], [[1, 1]]),
        ({"dependentRequired": {}, "contains": {"type": "null"}, "minContains": 0}, [[1]], []),
        (
            {
                "properties": {"a": {}, "b": {}},
                "required": ["a"],
                "minProperties": 1,
                "maxProperties": 2,
                "additionalProperties": False,
                "type": "object",
            },
            [{"a": 1}, {"a": 1, "b": 1}],
            [{}, {"b": 1}],
        ),
        (
            {
                "patternProperties": {"^x": {"type": "null"}},
                "allOf": [{"required": ["xa"]}],
                "additionalProperties": False,
                "type": "object",
            },
            [{"xa": None}],
            [{"xa": 1}, {"xa": None, "y": 1}],
        ),
        ({"type": "string", "minLength": 2.0, "self": {"vendor": "me"}, "markdownDescription": 1}, ["ab"], ["a"]),
        (
            {"type": "object", "properties": {"x-a": {"type": "null"}, "$ref": {"type": "null"}}},
            [{"x-a": None}],
            [{"x-a": 1}],
        ),
    ],
)
def test_what_generators_write_is_enforced_or_says_nothing(schema: Any, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not accepts(schema, value)] == []
    assert [value for value in bad if accepts(schema, value)] == []


@pytest.mark.parametrize(
    "schema",
    [
        {"uniqueItems": True},
        {"if": {"const": 1}, "then": False},
        {"if": {}, "else": {"type": "null"}},
        {"contains": {}},
        {"contains": {}, "minContains": 0, "maxContains": 1},
        {"unevaluatedProperties": False, "allOf": [{"properties": {"a": {}}}]},
        {"unevaluatedItems": False},
        {"$dynamicRef": "#a"},
    ],
)
def test_what_cannot_be_enforced_is_refused_by_name(schema: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedSchema, match=r"^response_format: \S+ cannot be enforced; see /properties/a/\S+\.$"):
        schema_grammar({"properties": {"a": schema}})


def test_not_cannot_be_enforced_but_for_types_and_names() -> None:
    with pytest.raises(
        UnsupportedSchema, match="not cannot be enforced but for types and required names; see /items/not"
    ):
        schema_grammar({"items": {"not": {"type": "integer"}}})
    with pytest.raises(UnsupportedSchema, match="nothing matches it"):
        schema_grammar({"not": {"unknown": 1}})


@pytest.mark.parametrize("text", ["\x00", "a\x1b", "\x7f"])
def test_characters_that_answers_do_not_write_are_refused(text: str) -> None:
    for literal in ({"const": text}, {"enum": ["a", {text: 1}]}):
        with pytest.raises(UnsupportedSchema, match="no control characters but"):
            schema_grammar({"items": literal})
    assert accepts({"type": "object", "properties": {"a": {"const": '\b\t\n\f\r"\\/'}}}, {"a": '\b\t\n\f\r"\\/'})


def test_limits_hold_for_what_the_root_leads_to_and_for_one_object() -> None:
    many = {"type": "object", "properties": {f"p{index}": {} for index in range(2001)}}
    with pytest.raises(SchemaTooComplex, match=r"/\$defs/a of response_format has at most 2000 properties that"):
        schema_grammar({"items": {"$ref": "#/$defs/a"}, "$defs": {"a": many}})
    assert schema_grammar({"$defs": {"a": many}})
