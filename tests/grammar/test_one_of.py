"""`oneOf`: enforced where two parts never match together, refused where they may."""

from typing import Any

import pytest

from tampu.errors import UnsupportedSchema
from tests.grammar.walks import accepts, schema_grammar


def tagged(tag: Any, **others: Any) -> dict[str, Any]:
    kind = {"const": tag} if not isinstance(tag, list) else {"enum": tag}
    return {"type": "object", "properties": {"kind": kind, **others}, "required": ["kind"]}


CAT, DOG = tagged("cat", lives={"type": "integer"}), tagged("dog", bark={"type": "string"})
NAMED = {"$defs": {"Cat": CAT, "Dog": DOG}}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (  # pydantic's discriminated unions
            {
                "oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}],
                "discriminator": {"propertyName": "kind"},
                **NAMED,
            },
            [{"kind": "cat", "lives": 9}, {"kind": "dog", "bark": "wau"}],
            [{"kind": "cow"}, {"kind": "cat", "lives": "9"}],
        ),
        (
            {"oneOf": [tagged("a"), {**tagged("b"), "required": []}]},
            [{"kind": "a"}, {"kind": "b"}, {}],
            [{"kind": "c"}],
        ),
        ({"oneOf": [tagged(1), tagged(2), tagged(True)]}, [{"kind": 1}, {"kind": True}], [{"kind": 3}]),
        ({"oneOf": [tagged(["a", "b"]), tagged("c")]}, [{"kind": "b"}, {"kind": "c"}], [{"kind": "d"}]),
        (  # unions within unions
            {"oneOf": [{"anyOf": [tagged("a"), tagged("b")]}, {"oneOf": [tagged("c"), {"type": "null"}]}]},
            [{"kind": "b"}, {"kind": "c"}, None],
            [{"kind": "d"}],
        ),
        (  # the tag stands in a base
            {
                "oneOf": [{"allOf": [{"$ref": "#/$defs/Cat"}, {"required": ["lives"]}]}, {"$ref": "#/$defs/Dog"}],
                **NAMED,
            },
            [{"kind": "cat", "lives": 1}, {"kind": "dog"}],
            [{"kind": "cat"}],
        ),
        (  # what is required around it counts
            {
                "type": "object",
                "required": ["kind"],
                "oneOf": [{"properties": {"kind": {"const": n}}} for n in ("a", "b")],
            },
            [{"kind": "a"}, {"kind": "b"}],
            [{}, {"kind": "c"}],
        ),
        (  # serde's externally tagged enums
            {
                "oneOf": [
                    {"type": "string", "enum": ["Unit"]},
                    *(
                        {"type": "object", "properties": {n: {}}, "required": [n], "additionalProperties": False}
                        for n in "ab"
                    ),
                ]
            },
            ["Unit", {"a": 1}, {"b": None}],
            ["Other", {"a": 1, "b": 1}, {}],
        ),
        ({"oneOf": [{"const": 1, "title": "one"}, {"const": 2}, {"enum": ["a", None]}]}, [1, 2, "a", None], [3, "b"]),
        ({"oneOf": [{"const": number} for number in range(300)]}, [0, 299], [300]),
        (  # exactly one of several names, as Kubernetes and protobuf write it
            {
                "type": "object",
                "properties": {n: {"type": "integer"} for n in "abc"},
                "oneOf": [{"required": [n]} for n in "ab"],
            },
            [{"a": 1}, {"b": 1, "c": 2}],
            [{}, {"c": 1}, {"a": 1, "b": 2}],
        ),
        (
            {
                "anyOf": [{"minLength": 2}, {"minLength": 3}],
                "type": "string",
                "oneOf": [{"const": "a"}, {"const": "bc"}],
            },
            ["bc"],
            ["a", "cd"],
        ),
        (
            {"properties": {"oneOf": {"type": "string"}, "const": {"oneOf": [CAT, DOG]}}},
            [{"oneOf": "a"}],
            [{"oneOf": 1}],
        ),
    ],
)
def test_parts_that_never_match_together_are_enforced(schema: Any, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not accepts(schema, value)] == []
    assert [value for value in bad if accepts(schema, value)] == []


@pytest.mark.parametrize(
    ("parts", "which"),
    [
        ([{"type": "integer"}, {"type": "string"}, {"type": "number"}], "0 and 2"),
        ([{"type": "null"}, tagged("a"), tagged(["a", "b"])], "1 and 2"),
        (
            [
                {"properties": {"a": {"const": 1}}, "required": ["a"]},
                {"properties": {"a": {"const": 2}}, "required": ["a"]},
            ],
            "0 and 1",
        ),
        ([{"type": "string", "pattern": "a"}, {"type": "string", "pattern": "b"}], "0 and 1"),
        ([{"const": 1}, {"const": 1.0}], "0 and 1"),
        ([{"type": "object", "required": [name, "c"]} for name in "ab"], "0 and 1"),
        ([{"$ref": "#"}, {"type": "object"}], "0 and 1"),
    ],
)
def test_parts_that_may_match_together_are_refused_by_number_and_place(parts: list[Any], which: str) -> None:
    with pytest.raises(UnsupportedSchema) as caught:
        schema_grammar({"items": {"$ref": "#/$defs/U"}, "$defs": {"U": {"oneOf": parts}}})
    assert f"parts {which} of oneOf may match together" in caught.value.message
    assert caught.value.message.endswith("see /$defs/U/oneOf.") and "coerce" not in caught.value.message
