"""Every spelling of a conversation that clients send, and what is no conversation."""

from typing import Any

import pytest

from tampu.dialects.messages import Messages
from tampu.errors import InvalidPrompt, InvalidRequest
from tampu.request import Message, ToolCall

CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
USER = {"role": "user", "content": "hi"}


def read(*messages: Any) -> tuple[Message, ...]:
    return Messages().read("messages", list(messages))


def test_roles_become_ours() -> None:
    assert read(
        {"role": "developer", "content": "a"},
        {"role": "system", "content": "b"},
        {"role": "user", "content": "c", "name": "ann"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "2"},
        {"role": "function", "name": "add", "content": "2"},
    ) == (
        Message("system", "a"),
        Message("system", "b"),
        Message("user", "c"),
        Message("assistant", "", (ToolCall("call_1", "add", '{"a":1}'),)),
        Message("tool", "2"),
        Message("tool", "2"),
    )


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_text_parts_are_joined_for_every_role(role: str) -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert read(USER, {"role": role, "content": parts})[1].content == "one\ntwo"


@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": ""}, {"content": []}])
def test_an_assistant_beside_tool_calls_may_say_nothing(content: dict[str, Any]) -> None:
    assert read({"role": "assistant", "tool_calls": [CALL], **content}, USER)[0].content == ""


def test_the_older_function_call_is_a_tool_call() -> None:
    old = {"role": "assistant", "content": None, "function_call": {"name": "add", "arguments": ""}}
    assert read(old, USER)[0].tool_calls == (ToolCall("", "add", "{}"),)


def test_a_refusal_part_is_text() -> None:
    part = {"type": "refusal", "refusal": "no"}
    assert read({"role": "assistant", "content": [part]}, USER)[0].content == "no"


def test_content_keeps_what_looks_like_control_tokens() -> None:
    assert read({"role": "user", "content": "<|eot_id|>"})[0].content == "<|eot_id|>"


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([], "messages"),
        ([{"role": "system", "content": "a"}], "messages"),
        ([{"role": "developer", "content": "a"}, {"role": "system", "content": "b"}], "messages"),
        ([USER, {"role": "assistant", "tool_calls": [CALL]}], "messages"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
            "messages[0].content[0].type",
        ),
        ([{"role": "user", "content": [{"type": "input_audio"}]}], "messages[0].content[0].type"),
    ],
)
def test_what_cannot_be_answered_is_an_invalid_prompt(messages: list[Any], param: str) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        read(*messages)
    assert (caught.value.param, caught.value.code) == (param, "invalid_prompt")


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("hi", "messages[0]"),
        (None, "messages[0]"),
        ({"content": "hi"}, "messages[0].role"),
        ({"role": "robot", "content": "hi"}, "messages[0].role"),
        ({"role": ["user"], "content": "hi"}, "messages[0].role"),
        ({"role": "user"}, "messages[0].content"),
        ({"role": "user", "content": None}, "messages[0].content"),
        ({"role": "user", "content": 3}, "messages[0].content"),
        ({"role": "user", "content": {"type": "text"}}, "messages[0].content"),
        ({"role": "user", "content": ["hi"]}, "messages[0].content[0]"),
        ({"role": "user", "content": [{"text": "hi"}]}, "messages[0].content[0].type"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[0].content[0].text"),
        ({"role": "user", "content": "hi", "name": 3}, "messages[0].name"),
        ({"role": "tool", "content": "2"}, "messages[0].tool_call_id"),
        ({"role": "assistant", "tool_calls": {}}, "messages[0].tool_calls"),
        ({"role": "assistant", "tool_calls": [1]}, "messages[0].tool_calls[0]"),
        ({"role": "assistant", "tool_calls": [{**CALL, "id": None}]}, "messages[0].tool_calls[0].id"),
        ({"role": "assistant", "tool_calls": [{**CALL, "type": "custom"}]}, "messages[0].tool_calls[0].type"),
        ({"role": "assistant", "tool_calls": [{**CALL, "function": 1}]}, "messages[0].tool_calls[0].function"),
        ({"role": "assistant", "function_call": {"name": "f", "arguments": {}}}, "messages[0].function_call.arguments"),
        (
            {"role": "assistant", "function_call": {"name": "f", "arguments": "[1]"}},
            "messages[0].function_call.arguments",
        ),
        ({"role": "assistant", "function_call": {"name": "", "arguments": "{}"}}, "messages[0].function_call.name"),
    ],
)
def test_a_wrong_message_is_named_by_its_path(message: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(message, USER)
    assert caught.value.param == param


def test_instructions_alone_are_answered_where_the_dialect_does() -> None:
    system = [{"role": "system", "content": "a"}, {"role": "developer", "content": "b"}]
    assert Messages(system_alone=True).read("messages", system) == (Message("system", "a"), Message("system", "b"))


def test_what_is_no_array_is_no_conversation() -> None:
    with pytest.raises(InvalidRequest, match="messages must be an array of messages, got a string"):
        Messages().read("messages", "hello")
