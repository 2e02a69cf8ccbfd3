"""What is wrong with a body, in OpenAI's sentences."""

import pytest

from tampu.dialects.openai_words import words_of
from tampu.errors import Missing, NotOneOf, OutOfRange, ServiceError, Unsupported, WrongLength, WrongType

ARRAY, STRING = "Expected an array with", "Expected a string with"
MANY = "Expected an object with at most 16 properties, but got an object with 17 properties instead."


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (Missing("messages"), "Missing required parameter: 'messages'.", "missing_required_parameter"),
        (
            WrongType("temperature", expected="a number", got="a string"),
            "Invalid type for 'temperature': expected a decimal, but got a string instead.",
            "invalid_type",
        ),
        (
            OutOfRange("temperature", value=3, low=0, high=2),
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
            "decimal_above_max_value",
        ),
        (
            OutOfRange("top_p", value=-0.5, low=0, high=1),
            "Invalid 'top_p': decimal below minimum value. Expected a value >= 0, but got -0.5 instead.",
            "decimal_below_min_value",
        ),
        (
            OutOfRange("top_p", value=0, low=0, high=1, above=True),
            "Invalid 'top_p': decimal below minimum value. Expected a value > 0, but got 0 instead.",
            "decimal_below_min_value",
        ),
        (
            OutOfRange("top_logprobs", value=21, low=0, high=20),
            "Invalid 'top_logprobs': integer above maximum value. Expected a value <= 20, but got 21 instead.",
            "integer_above_max_value",
        ),
        (
            WrongLength("stop", count=5, low=0, high=4, unit="items"),
            f"Invalid 'stop': array too long. {ARRAY} maximum length 4, but got an array with length 5 instead.",
            "array_above_max_length",
        ),
        (
            WrongLength("messages", count=0, low=1, high=4096, unit="messages"),
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            "empty_array",
        ),
        (
            WrongLength("user", count=70, low=0, high=64, unit="characters"),
            f"Invalid 'user': string too long. {STRING} maximum length 64, but got a string with length 70 instead.",
            "string_above_max_length",
        ),
        (
            WrongLength("metadata", count=17, low=0, high=16, unit="pairs"),
            f"Invalid 'metadata': too many properties. {MANY}",
            "object_above_max_properties",
        ),
        (
            NotOneOf("role", value="robot", values=["system", "user", "tool"]),
            "Invalid value: 'robot'. Supported values are: 'system', 'user', and 'tool'.",
            "invalid_value",
        ),
        (
            NotOneOf("type", value="xml", values=["text", "json"]),
            "Invalid value: 'xml'. Supported values are: 'text' and 'json'.",
            "invalid_value",
        ),
        (
            NotOneOf("type", value="custom", values=["function"]),
            "Invalid value: 'custom'. Supported values are: 'function'.",
            "invalid_value",
        ),
        (Unsupported("suffix", "not yet"), "suffix is not supported: not yet.", "unsupported_parameter"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_an_error_has_openais_sentence_and_code(error: ServiceError, message: str, code: str) -> None:
    assert words_of(error) == (message, code)


def test_a_huge_number_is_not_repeated_in_full() -> None:
    message, _ = words_of(OutOfRange("seed", value=10**400, low=0, high=9))
    assert len(message) < 200
