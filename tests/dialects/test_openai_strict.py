"""OpenAI's operations under --strict: what OpenAI refuses is refused, in its words."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tampu.dialects.base import Call, Policy
from tampu.dialects.openai import OpenAI
from tampu.errors import InvalidRequest
from tests.dialects.examples import BODIES, CONTEXT, OPERATIONS

STRICT = {operation.name: operation for operation in OpenAI.build(Policy(strict=True)).operations}
USER = {"role": "user", "content": "hi"}
CALLS = [{"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}} for name in ("a", "b")]
CALLING = {"role": "assistant", "content": None, "tool_calls": CALLS}
RESULTS = [{"role": "tool", "tool_call_id": name, "content": "1"} for name in ("a", "b")]
JSON_OBJECT = {"type": "json_object"}


def ask(operation: str, **changes: Any) -> Call:
    return STRICT[operation].parse({}, {**BODIES[operation], **changes}, CONTEXT)


def refusal(operation: str, **changes: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        ask(operation, **changes)
    return caught.value


@pytest.mark.parametrize("operation", STRICT)
def test_a_plain_body_is_the_same_request_as_ever(operation: str) -> None:
    lenient = OPERATIONS[operation].parse({}, BODIES[operation], CONTEXT)
    assert ask(operation).requests == lenient.requests


@pytest.mark.parametrize("operation", ["chat", "completions"])
@pytest.mark.parametrize("name", ["top_k", "min_p", "lora", "guided_regex", "stop_token_ids", "models", "novelty"])
def test_fields_that_openai_does_not_have_are_unrecognized(operation: str, name: str) -> None:
    error = refusal(operation, **{name: 1})
    assert (error.message, error.param, error.code) == (f"Unrecognized request argument supplied: {name}", None, None)


def test_several_are_named_together() -> None:
    message = "Unrecognized request arguments supplied: top_k, min_p"
    assert refusal("chat", top_k=1, min_p=0.5).message == message


@pytest.mark.parametrize("name", ["top_k", "messages", "n", "seed", "frequency_penalty", "novelty"])
def test_the_responses_api_has_its_own_words_for_that(name: str) -> None:
    error = refusal("responses", **{name: 1})
    assert (error.message, error.param, error.code) == (f"Unknown parameter: '{name}'.", name, "unknown_parameter")


@pytest.mark.parametrize(
    ("operation", "changes", "path"),
    [
        ("chat", {"stream": True, "stream_options": {"novelty": 1}}, "stream_options.novelty"),
        ("chat", {"response_format": {"type": "regex", "regex": "a"}}, "response_format.regex"),
        ("chat", {"tools": [{"type": "function", "function": {"name": "f"}, "x": 1}]}, "tools[0].x"),
        ("chat", {"tools": [{"type": "function", "function": {"name": "f", "x": 1}}]}, "tools[0].function.x"),
        ("responses", {"text": {"format": {"type": "text"}, "x": 1}}, "text.x"),
        ("responses", {"text": {"format": {"type": "regex", "regex": "a"}}}, "text.format.regex"),
    ],
)
def test_unknown_keys_of_objects_are_named_by_their_path(operation: str, changes: dict[str, Any], path: str) -> None:
    error = refusal(operation, **changes)
    assert (error.param, error.code) == (path, "unknown_parameter")


@pytest.mark.parametrize(
    ("operation", "changes", "param"),
    [
        ("chat", {"stop": list("abcde")}, "stop"),
        ("completions", {"stop": list("abcde")}, "stop"),
        ("chat", {"store": "yes"}, "store"),
        ("chat", {"user": 3}, "user"),
        ("chat", {"service_tier": "best"}, "service_tier"),
        ("chat", {"reasoning_effort": "huge"}, "reasoning_effort"),
        ("chat", {"verbosity": "loud"}, "verbosity"),
        ("chat", {"modalities": ["audio"]}, "modalities[0]"),
        ("chat", {"metadata": {"a": 1}, "store": True}, "metadata.a"),
        ("chat", {"metadata": {"a": "b"}}, "metadata"),
        ("chat", {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
         "response_format.json_schema.name"),
        ("chat", {"response_format": {"type": "grammar"}}, "response_format.type"),
        ("responses", {"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name"),
        ("responses", {"text": {"verbosity": "loud"}}, "text.verbosity"),
        ("responses", {"max_output_tokens": 15}, "max_output_tokens"),
        ("responses", {"safety_identifier": "a" * 129}, "safety_identifier"),
    ],
    ids=str,
)  # fmt: skip
def test_ranges_and_types_are_openais_own(operation: str, changes: dict[str, Any], param: str) -> None:
    assert refusal(operation, **changes).param == param


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        ("chat", {"stop": list("abcd"), "user": "ann", "seed": 3, "store": True, "metadata": {"a": "b"}}),
        ("chat", {"messages": [USER, CALLING, *RESULTS, USER]}),
        ("chat", {"messages": [USER, CALLING, *reversed(RESULTS)]}),
        ("chat", {"messages": [{"role": "developer", "content": "Answer in JSON."}, USER],
                  "response_format": JSON_OBJECT}),
        ("chat", {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}}),
        ("responses", {"input": "Give me json.", "text": {"format": JSON_OBJECT}}),
        ("responses", {"max_output_tokens": 16, "store": True, "service_tier": "auto", "text": {"verbosity": "low"}}),
    ],
    ids=str,
)  # fmt: skip
def test_what_openai_takes_is_taken(operation: str, changes: dict[str, Any]) -> None:
    lenient = OPERATIONS[operation].parse({}, {**BODIES[operation], **changes}, CONTEXT)
    assert ask(operation, **changes).requests == lenient.requests


@pytest.mark.parametrize(
    ("messages", "param", "words"),
    [
        ([USER, RESULTS[0]], "messages.[1].role", "must be a response to a preceeding message with 'tool_calls'"),
        ([USER, CALLING, *RESULTS, {**RESULTS[0], "tool_call_id": "c"}], "messages.[4].tool_call_id", "'c' not found"),
        ([USER, CALLING, RESULTS[0], USER], "messages.[3].role", "did not have response messages: b"),
        ([USER, CALLING, RESULTS[1]], "messages.[2].role", "did not have response messages: a"),
    ],
)
def test_calls_and_results_have_to_meet(messages: list[Any], param: str, words: str) -> None:
    error = refusal("chat", messages=messages)
    assert error.param == param and words in error.message


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (
            [USER, {"type": "function_call_output", "call_id": "a", "output": "1"}],
            "No tool call found for function call output with call_id a.",
        ),
        (
            [USER, {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}, USER],
            "No tool output found for function call a.",
        ),
    ],
)
def test_calls_and_outputs_have_to_meet(items: list[Any], message: str) -> None:
    error = refusal("responses", input=items)
    assert (error.message, error.param) == (message, "input")


def test_json_mode_has_to_be_spoken_of() -> None:
    assert refusal("chat", response_format=JSON_OBJECT).message == (
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
    )
    error = refusal("responses", text={"format": JSON_OBJECT}, instructions="Answer in JSON.")
    assert "Response input messages must contain the word 'json'" in error.message


@pytest.mark.parametrize("operation", STRICT)
def test_a_body_that_is_no_object_is_refused_as_ever(operation: str) -> None:
    with pytest.raises(InvalidRequest, match="must be an object"):
        STRICT[operation].parse({}, [], CONTEXT)


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
CLOSED = {**OPEN, "additionalProperties": False}
OPEN_WORDS = "In context=(), 'additionalProperties' is required to be supplied and to be false."


def test_a_schema_that_is_marked_strict_has_to_be_closed() -> None:
    named = {"name": "n", "schema": OPEN, "strict": True}
    error = refusal("chat", response_format={"type": "json_schema", "json_schema": named})
    assert (error.message, error.param) == (f"Invalid schema for response_format 'n': {OPEN_WORDS}", "response_format")
    error = refusal("responses", text={"format": {"type": "json_schema", **named}})
    assert (error.param, error.code) == ("text.format.schema", "invalid_json_schema")
    closed = {"type": "json_schema", "json_schema": {"name": "n", "schema": CLOSED, "strict": True}}
    assert ask("chat", response_format=closed).requests[0].constraint is not None


@pytest.mark.parametrize(
    ("operation", "wrap", "param"),
    [
        ("chat", lambda function: {"type": "function", "function": function}, "tools[0].function.parameters"),
        ("responses", lambda function: {"type": "function", **function}, "tools[0].parameters"),
    ],
)
def test_a_function_that_is_marked_strict_has_to_be_closed(operation: str, wrap: Any, param: str) -> None:
    function = {"name": "f", "parameters": OPEN, "strict": True}
    error = refusal(operation, tools=[wrap(function)])
    assert error.message == f"Invalid schema for function 'f': {OPEN_WORDS}"
    assert (error.param, error.code) == (param, "invalid_function_parameters")
    for taken in ({**function, "strict": False}, {**function, "parameters": CLOSED}):
        assert ask(operation, tools=[wrap(taken)]).requests[0].tools


NASTY: list[Any] = [
    None, True, 0, -1, 1.5, 10**400, "", "x", [], {}, [[]], [None], [{}], {"a": None}, {"type": "object"},
    {"type": "object", "properties": [1], "required": 3, "items": "x", "anyOf": {}, "$defs": 1},
    {"type": "object", "properties": {"a": 1, "b": None}, "additionalProperties": False},
]  # fmt: skip


def nasty_bodies(operation: str) -> Iterator[dict[str, Any]]:
    """Bodies with every nasty value in every field, and as a strict schema."""
    for row in STRICT[operation].table:
        yield from ({**BODIES[operation], row.name: value} for value in NASTY)
    for schema in NASTY:
        named = {"name": "n", "schema": schema, "strict": True}
        function = {"name": "f", "parameters": schema, "strict": True}
        for kind in ("text", "json_schema"):
            yield {**BODIES[operation], "response_format": {"type": kind, "json_schema": named}}
            yield {**BODIES[operation], "text": {"format": {"type": kind, **named}}}
            yield {**BODIES[operation], "text": {"format": {"type": kind, "strict": True}}}
        yield {**BODIES[operation], "tools": [{"type": "function", "function": function}]}
        yield {**BODIES[operation], "tools": [{"type": "function", **function}]}


@pytest.mark.parametrize("operation", STRICT)
def test_whatever_comes_is_taken_or_refused(operation: str) -> None:
    taken = 0
    for body in nasty_bodies(operation):
        with suppress(InvalidRequest):
            STRICT[operation].parse({}, body, CONTEXT)
            taken += 1
    assert taken > len(STRICT[operation].table)
