"""Kinds read strictly, and their schema says what they read."""

from typing import Any

import pytest

from tampu.dialects.kinds import (
    Boolean,
    Either,
    Integer,
    Kind,
    Listing,
    NoEffect,
    Number,
    OneOf,
    Refused,
    Text,
    TextPairs,
    TokenBias,
    TokenIds,
)
from tampu.errors import InvalidRequest, OutOfRange, Unsupported
from tampu.request import Range

UNIT = Range(0, 1)
WORDS = Either((Text(3, min_length=1), Listing(Text(3, min_length=1), 2)))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Boolean(), True, True),
        (Integer(Range(1, 4)), 4, 4),
        (Integer(Range(1, 4)), 4.0, 4),
        (TokenIds(3), [5, 6.0], (5, 6)),
        (TextPairs(1, 2, 3), {"ab": "abc"}, {"ab": "abc"}),
        (Number(UNIT), 1, 1.0),
        (Number(UNIT), 0.5, 0.5),
        (Text(3), "", ""),
        (Listing(Text(3), 2), ["a", "b"], ("a", "b")),
        (TokenIds(3), [0, 2**31 - 1], (0, 2**31 - 1)),
        (TokenIds(3), [], ()),
        (WORDS, "abc", "abc"),
        (WORDS, ["abc"], ("abc",)),
        (WORDS, [], ()),
        (OneOf(("text",)), "text", "text"),
        (TokenBias(2, Range(-100, 100)), {"7": -100, "8": 0.5}, {7: -100.0, 8: 0.5}),
        (Refused(harmless=(1, "none")), 1, None),
        (NoEffect(), {"any": ["thing"]}, None),
    ],
)
def test_a_kind_gives_back_what_it_read(kind: Kind, value: Any, expected: Any) -> None:
    assert kind.read("field", value) == expected


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Boolean(), 1, "field must be a boolean, got an integer."),
        (Boolean(), "true", "field must be a boolean, got a string."),
        (Integer(Range(1, 4)), True, "field must be an integer, got a boolean."),
        (Integer(Range(1, 4)), "3", "field must be an integer, got a string."),
        (Integer(Range(1, 4)), 3.5, "field must be an integer, got a number."),
        (Integer(Range(1, 4)), float("inf"), "field must be an integer, got a number that is not finite."),
        (Integer(Range(1, 4)), 5, "field must be between 1 and 4, got 5."),
        (Number(UNIT), False, "field must be a number, got a boolean."),
        (Number(UNIT), "0.5", "field must be a number, got a string."),
        (Number(UNIT), float("nan"), "field must be a number, got a number that is not finite."),
        (Number(UNIT), -0.001, "field must be between 0 and 1, got -0.001."),
        (Text(3, min_length=1), "", "field takes 1 to 3 characters, got 0."),
        (Text(3, min_length=1), "abcd", "field takes 1 to 3 characters, got 4."),
        (Text(3), ["a"], "field must be a string, got an array."),
        (Listing(Text(3), 2), ["a", "b", "c"], "field takes 0 to 2 items, got 3."),
        (Listing(Text(3), 2), ["a", 1], "field[1] must be a string, got an integer."),
        (TokenIds(3), [1, "a"], "field must hold token ids only."),
        (TokenIds(3), [1, True], "field must hold token ids only."),
        (TokenIds(3), [-1], "field must be between 0 and 2147483647, got -1."),
        (TokenIds(3), [2**31], "field must be between 0 and 2147483647, got 2147483648."),
        (WORDS, 3, "field must be a string or an array (a string each), got an integer."),
        (WORDS, {}, "field must be a string or an array (a string each), got an object."),
        (OneOf(("text",)), "json_object", "field must be one of text, got json_object."),
        (TokenBias(1, Range(-100, 100)), {"1": 0, "2": 0}, "field takes 0 to 1 entries, got 2."),
        (TokenBias(1, Range(-100, 100)), {"abc": 0}, "field keys must be token ids, got 'abc'."),
        (TokenBias(1, Range(-100, 100)), {"-1": 0}, "field keys must be token ids, got '-1'."),
        (TokenBias(1, Range(-100, 100)), {"7": 100.5}, "field.7 must be between -100 and 100, got 100.5."),
        (Refused("no tools here", harmless=(1,)), True, "field is not supported: no tools here."),
        (TextPairs(1, 2, 3), [], "field must be an object of strings, got an array."),
        (TextPairs(1, 2, 3), {"a": "", "b": ""}, "field takes 0 to 1 pairs, got 2."),
        (TextPairs(1, 2, 3), {"abc": ""}, "field takes 0 to 2 characters in a key, got 3."),
        (TextPairs(1, 2, 3), {"ab": "long"}, "field.ab takes 0 to 3 characters, got 4."),
        (TextPairs(1, 2, 3), {"ab": 1}, "field.ab must be a string, got an integer."),
    ],
)
def test_a_kind_names_the_field_and_what_is_wrong(kind: Kind, value: Any, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        kind.read("field", value)
    assert caught.value.message == message
    assert caught.value.param is not None and caught.value.param.startswith("field")


def test_a_huge_integer_is_out_of_range_and_not_repeated_in_full() -> None:
    with pytest.raises(OutOfRange) as caught:
        Number(UNIT).read("field", 10**4000)
    assert len(caught.value.message) < 100


def test_a_refusal_is_told_as_unsupported() -> None:
    with pytest.raises(Unsupported):
        Refused().read("lora", "mine")
