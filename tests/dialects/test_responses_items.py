"""Every form of input that clients of the Responses API send, and what is no conversation."""

from typing import Any

import pytest

from tampu.dialects.responses_items import Input
from tampu.errors import InvalidPrompt, InvalidRequest
from tampu.request import Message, ToolCall

USER = {"role": "user", "content": "hi"}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "add", "arguments": '{"a":1}'}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "2"}


def read(*items: Any) -> tuple[Message, ...]:
    return Input().read("input", list(items))


def test_a_string_is_what_the_user_says() -> None:
    assert Input().read("input", "hello") == (Message("user", "hello"),)


def test_messages_are_read_with_and_without_a_type() -> None:
    assert read(
        {"role": "developer", "content": "a"},
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "b"}]},
        {"type": None, "role": "user", "content": [{"type": "text", "text": "c"}, {"type": "input_text", "text": "d"}]},
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": "e", "annotations": [], "logprobs": []},
                {"type": "refusal", "refusal": "f"},
            ],
        },
    ) == (Message("system", "a"), Message("system", "b"), Message("user", "c\nd"), Message("assistant", "e\nf"))


def test_calls_belong_to_the_assistant_and_their_outputs_are_tool_messages() -> None:
    assert read(USER, CALL, {**CALL, "call_id": "call_2", "arguments": ""}, OUTPUT) == (
        Message("user", "hi"),
        Message("assistant", "", (ToolCall("call_1", "add", '{"a":1}'), ToolCall("call_2", "add", "{}"))),
        Message("tool", "2"),
    )


def test_a_call_joins_what_the_assistant_said_before_it() -> None:
    spoken = {"role": "assistant", "content": "I add."}
    assert read(USER, spoken, CALL, OUTPUT)[1] == Message(
        "assistant", "I add.", (ToolCall("call_1", "add", '{"a":1}'),)
    )


def test_what_is_said_after_calls_is_another_message() -> None:
    roles = [message.role for message in read(USER, CALL, OUTPUT, CALL, {"role": "assistant", "content": "So."}, USER)]
    assert roles == ["user", "assistant", "tool", "assistant", "assistant", "user"]


def test_instructions_alone_are_answered() -> None:
    assert read({"role": "developer", "content": "a"}) == (Message("system", "a"),)


def test_an_output_may_come_in_parts() -> None:
    parts = [{"type": "input_text", "text": "2"}, {"type": "input_text", "text": "3"}]
    assert read(USER, CALL, {**OUTPUT, "output": parts})[-1] == Message("tool", "2\n3")


@pytest.mark.parametrize("empty", [{"summary": []}, {"summary": [], "content": None}, {"encrypted_content": "gAAA"}])
def test_reasoning_without_words_is_passed_over(empty: dict[str, Any]) -> None:
    assert read(USER, {"type": "reasoning", "id": "rs_1", **empty}) == (Message("user", "hi"),)


@pytest.mark.parametrize(
    ("items", "param"),
    [
        ([], "input"),
        ([{"type": "reasoning", "summary": []}], "input"),
        ([USER, CALL], "input"),
        ([{"type": "web_search_call", "id": "ws_1"}], "input[0].type"),
        ([{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}], "input[0].content[0].type"),
        ([USER, CALL, {**OUTPUT, "output": [{"type": "input_file", "file_id": "x"}]}], "input[2].output[0].type"),
    ],
)
def test_what_cannot_be_answered_is_an_invalid_prompt(items: list[Any], param: str) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        read(*items)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ("hi", "input[0]"),
        ({}, "input[0].role"),
        ({"type": 3}, "input[0].type"),
        ({"role": "tool", "content": "a"}, "input[0].role"),
        ({"role": "user"}, "input[0].content"),
        ({"role": "user", "content": 3}, "input[0].content"),
        ({**CALL, "call_id": None}, "input[0].call_id"),
        ({**CALL, "name": ""}, "input[0].name"),
        ({**CALL, "arguments": {"a": 1}}, "input[0].arguments"),
        ({**CALL, "arguments": "[1]"}, "input[0].arguments"),
        ({**OUTPUT, "call_id": 3}, "input[0].call_id"),
        ({**OUTPUT, "output": None}, "input[0].output"),
        ({"type": "reasoning", "summary": [{"type": "summary_text", "text": "So."}]}, "input[0].summary"),
        ({"type": "reasoning", "content": [{"type": "reasoning_text", "text": "So."}]}, "input[0].content"),
    ],
)
def test_a_wrong_item_is_named_by_its_path(item: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(item, USER)
    assert caught.value.param == param
