"""Numbers of a schema are those of the answer, to the last digit, or refused."""

import json
from typing import Any

import pytest

from tampu.errors import InvalidRequest, UnsupportedSchema
from tests.grammar.walks import Walker, accepts, schema_grammar

LARGE: list[float] = [2**53 + 1, -(2**53) - 1, 1234567890123456789, -1234567890123456789, 2**64, 10**23 + 1, 10**300]
LONG = [123456789012345.67, 0.30000000000000004, 1e23, 5e-324, 1.7976931348623157e308]
HELD = [
    2**53,
    -(2**53),
    2**60,
    -(2**62),
    10**18,
    10**20,
    1e20,
    1e22,
    1.0,
    0.1,
    -2.5,
    1e-7,
    123456.789,
    10000000000000002.0,
]


def answers(schema: Any) -> list[str]:
    found = (Walker().text(schema_grammar(schema), seed) for seed in range(6))
    return [text for text in found if text is not None]


@pytest.mark.parametrize("value", LARGE + LONG)
def test_a_schema_of_values_alone_gives_them_to_the_last_digit(value: float) -> None:
    assert set(answers({"const": value})) == {json.dumps(value)}
    assert {*answers({"enum": [value, "other"], "title": "one of two"})} <= {json.dumps(value), '"other"'}


@pytest.mark.parametrize("value", LARGE + LONG)
def test_elsewhere_a_number_that_would_be_another_one_is_refused(value: float) -> None:
    for literal in ({"const": value}, {"enum": ["a", value]}, {"enum": [{"a": [value]}]}):
        with pytest.raises(UnsupportedSchema, match=r"see /items/(const|enum)") as caught:
            schema_grammar({"type": "array", "items": literal})
        assert "beyond 2^53 or 15 digits" in caught.value.message


@pytest.mark.parametrize("value", HELD)
def test_a_number_that_is_held_comes_as_it_is(value: float) -> None:
    for literal in ({"const": value}, {"enum": [value]}, {"type": "number", "const": value}):
        (text,) = set(answers({"type": "array", "items": literal, "minItems": 1, "maxItems": 1}))
        assert json.loads(text) == [value]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "maximum": 2**63 - 1, "minimum": -(2**63)}, 1234567890123456789),
        ({"type": "integer", "maximum": 2**63 - 1, "minimum": 0}, 2**63 - 1025),
        ({"type": "integer", "maximum": 2**53 - 1, "minimum": 1 - 2**53}, 1 - 2**53),
        ({"type": "integer", "minimum": 2**53}, 2**53 + 1),
        ({"type": "number", "maximum": 10**17}, 10**17),
        ({"type": "number", "exclusiveMinimum": 0.1, "maximum": 0.25}, 0.125),
        ({"type": "number", "minimum": 3, "exclusiveMinimum": True}, 3.5),
    ],
)
def test_a_bound_that_is_held_is_exact(schema: Any, value: float) -> None:
    assert accepts(schema, value)
    for bound, step in (("maximum", 1), ("minimum", -1)):
        if bound in schema:
            assert not accepts(schema, schema[bound] + step)


@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize(
    "bounds",
    [
        {"maximum": 1e308},
        {"minimum": -1.7976931348623157e308},
        {"minimum": 1e21},
        {"minimum": 10**18},
        {"maximum": 10**400},
        {"maximum": 2**60},
        {"maximum": 2**53 + 1},
        {"exclusiveMaximum": 2**64},
        {"maximum": -(10**19)},
        {"minimum": 0.30000000000000004},
    ],
)
def test_a_bound_that_would_be_another_one_is_refused_in_plain_words(kind: str, bounds: dict[str, float]) -> None:
    (keyword,) = bounds
    with pytest.raises(UnsupportedSchema, match="cannot be enforced exactly") as caught:
        schema_grammar({"items": {"type": kind, **bounds}})
    assert caught.value.message.startswith(f"response_format/items/{keyword}: ")


@pytest.mark.parametrize("value", [2**33, 10**400, 0.1234567891, 0.07, 0, -1, True])
def test_a_factor_beyond_what_is_enforced_is_refused(value: float) -> None:
    with pytest.raises(UnsupportedSchema, match=r"response_format/multipleOf (must be|is at most)"):
        schema_grammar({"multipleOf": value})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "[1, -Infinity]"])
def test_what_json_has_no_number_for_is_no_json(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is not JSON"):
        schema_grammar(f'{{"const": {text}}}')
