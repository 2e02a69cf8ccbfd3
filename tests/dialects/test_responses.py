"""What a body of the Responses API asks for, and what the response gives back of it."""

from typing import Any

import pytest

from tampu.errors import InvalidRequest, Unsupported
from tampu.request import Completion, Constraint, GenerateRequest, Message
from tests.dialects.examples import chunks_from, parse

PERSON = {"type": "object", "properties": {"name": {"type": "string"}}}
SCRIPT: list[dict[str, Any]] = [
    {"text": "Hi", "opening": {"seed": 7, "fingerprint": "1", "prompt_tokens": 3, "cached_tokens": 2}},
    {"finish_reason": "stop", "usage": [3, 1, 2]},
]


def asked(**changes: Any) -> GenerateRequest:
    (request,) = parse("responses", **changes).requests
    return request


def answered(**changes: Any) -> dict[str, Any]:
    """The whole response to a body with these changes."""
    chunks = (chunk for _, chunk in chunks_from(SCRIPT))
    whole: dict[str, Any] = parse("responses", **changes).answer.render([Completion.fold(chunks)])
    return whole


def test_instructions_stand_before_the_input() -> None:
    assert asked(instructions="Be kind.").prompt == (Message("system", "Be kind."), Message("user", "hello"))
    assert asked(instructions="").prompt == (Message("user", "hello"),)


def test_errors_about_the_prompt_are_about_the_input() -> None:
    assert asked().prompt_param == "input"


def test_a_last_message_of_the_assistant_is_continued() -> None:
    assert asked(input=[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Once"}]).continue_last
    assert not asked().continue_last


def test_an_adapter_is_passed_on() -> None:
    assert asked(lora="pirate").adapter == "pirate"


def test_an_input_that_does_not_fit_may_lose_its_middle() -> None:
    assert asked(truncation="auto").middle_out
    assert not asked(truncation="disabled").middle_out and not asked().middle_out


def test_there_is_always_one_choice() -> None:
    assert asked().sampling.n == 1


TEXT = '{"type": "object", "properties": {"name": {"type": "string"}}}'


@pytest.mark.parametrize(
    ("form", "constraint", "param"),
    [
        ({"type": "json_object"}, Constraint("json_object"), "text.format"),
        ({"type": "json_schema", "name": "p", "schema": PERSON}, Constraint("json_schema", TEXT), "text.format.schema"),
        ({"type": "json_schema", "schema": PERSON}, Constraint("json_schema", TEXT), "text.format.schema"),
        ({"type": "regex", "regex": "a+"}, Constraint("regex", "a+"), "text.format.regex"),
        ({"type": "grammar", "grammar": 'start: "a"'}, Constraint("grammar", 'start: "a"'), "text.format.grammar"),
    ],
)
def test_a_format_holds_the_answer(form: dict[str, Any], constraint: Constraint, param: str) -> None:
    found = asked(text={"format": form}).constraint
    assert found == constraint and found is not None and found.param == param


@pytest.mark.parametrize("text", [None, {}, {"format": None}, {"format": {"type": "text"}}, {"verbosity": "low"}])
def test_text_is_held_to_nothing(text: Any) -> None:
    assert asked(text=text).constraint is None


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"text": {"format": {"type": "json_schema", "name": "p"}}}, "text.format.schema"),
        ({"text": {"format": {"type": "json_schema", "name": "two words", "schema": {}}}}, "text.format.name"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"text": {"format": {}}}, "text.format.type"),
        ({"stream_options": {"include_obfuscation": False}}, "stream_options"),
        ({"include": ["everything"]}, "include[0]"),
        ({"metadata": {str(index): "" for index in range(17)}}, "metadata"),
        ({"metadata": {"a" * 65: ""}}, "metadata"),
        ({"metadata": {"a": "b" * 513}}, "metadata.a"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"truncation": "middle"}, "truncation"),
        ({"stop_token_ids": [1000]}, "stop_token_ids"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        asked(**changes)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"conversation": "conv_1"}, "use previous_response_id"),
        ({"prompt": {"id": "pmpt_1"}}, "send instructions and input"),
        ({"background": True}, "comes at once"),
        ({"messages": []}, "use input"),
        ({"max_tokens": 3}, "use max_output_tokens"),
        ({"response_format": {"type": "text"}}, "use text.format"),
    ],
)
def test_what_is_not_offered_is_refused_with_what_to_do(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unsupported, match=reason) as caught:
        asked(**changes)
    assert caught.value.param == next(iter(changes))


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({}, "tool_choice", "auto"),
        ({}, "text", {"format": {"type": "text"}, "verbosity": "medium"}),
        ({}, "metadata", {}),
        ({"store": True}, "store", False),
        ({"instructions": "Be kind."}, "instructions", "Be kind."),
        ({"max_output_tokens": 9}, "max_output_tokens", 9),
        ({"max_tool_calls": 2}, "max_tool_calls", 2),
        ({"metadata": {"a": "b"}}, "metadata", {"a": "b"}),
        ({"truncation": "auto"}, "truncation", "auto"),
        ({"user": "ann"}, "user", "ann"),
        ({"safety_identifier": "ann"}, "safety_identifier", "ann"),
        ({"prompt_cache_key": "k"}, "prompt_cache_key", "k"),
        ({"temperature": 0}, "temperature", 0),
        ({"top_p": 0.5}, "top_p", 0.5),
        ({"top_logprobs": 3}, "top_logprobs", 3),
        ({"tools": [{"type": "function", "name": "f"}], "parallel_tool_calls": False}, "parallel_tool_calls", False),
        (
            {"tools": [{"type": "function", "name": "f"}]},
            "tools",
            [{"type": "function", "name": "f", "description": None, "parameters": {}, "strict": False}],
        ),
        (
            {"tools": [{"type": "function", "name": "f"}], "tool_choice": {"type": "function", "name": "f"}},
            "tool_choice",
            {"type": "function", "name": "f"},
        ),
        (
            {"text": {"format": {"type": "json_schema", "name": "p", "schema": PERSON, "strict": True}}},
            "text",
            {"format": {"type": "json_schema", "name": "p", "schema": PERSON, "strict": True}, "verbosity": "medium"},
        ),
    ],
    ids=str,
)
def test_a_response_says_what_it_was_asked_for(changes: dict[str, Any], key: str, value: Any) -> None:
    assert answered(**changes)[key] == value


def test_a_response_can_be_replayed() -> None:
    whole = answered()
    assert (whole["seed"], whole["system_fingerprint"], whole["id"]) == (7, "fp_1", "resp_" + "0" * 32)
