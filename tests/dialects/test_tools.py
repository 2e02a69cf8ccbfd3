from typing import Any

import pytest

from tampu.dialects.tools import MAX_TOOLS
from tampu.errors import InvalidRequest
from tampu.request import GenerateRequest, Tool, ToolChoice
from tests.dialects.examples import parse

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
ADD = {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": SCHEMA, "strict": True}}
NOW = {"type": "function", "function": {"name": "now"}}


def asked(**changes: Any) -> GenerateRequest:
    (request,) = parse("chat", **{"tools": [ADD, NOW], **changes}).requests
    return request


def test_tools_are_read() -> None:
    request = asked()
    assert request.tools == (Tool("add", "Adds.", SCHEMA, strict=True), Tool("now"))
    assert (request.tool_choice, request.parallel_tool_calls) == (ToolChoice("auto"), True)
    assert asked(parallel_tool_calls=False).parallel_tool_calls is False


@pytest.mark.parametrize("parameters", [{}, {"parameters": None}, {"parameters": {}}])
def test_a_function_may_have_no_schema(parameters: dict[str, Any]) -> None:
    assert asked(tools=[{"type": "function", "function": {"name": "now", **parameters}}]).tools == (Tool("now"),)


@pytest.mark.parametrize(
    ("value", "choice", "offered"),
    [
        ("none", ToolChoice("none"), []),
        ("auto", ToolChoice("auto"), ["add", "now"]),
        ("required", ToolChoice("required"), ["add", "now"]),
        ({"type": "function", "function": {"name": "now"}}, ToolChoice("required", ("now",)), ["now"]),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "add"}}]},
            },
            ToolChoice("auto", ("add",)),
            ["add"],
        ),
    ],
)
def test_every_choice_is_read(value: Any, choice: ToolChoice, offered: list[str]) -> None:
    request = asked(tool_choice=value)
    assert request.tool_choice == choice
    assert [tool.name for tool in request.offered_tools] == offered


@pytest.mark.parametrize(
    ("changes", "param", "message"),
    [
        ({"tools": [{"type": "function"}]}, "tools[0].function", "is required"),
        ({"tools": [{"function": {"name": "f"}}]}, "tools[0].type", "is required"),
        ({"tools": [{"type": "custom", "custom": {}}]}, "tools[0].type", "function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name", "is required"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name", "letters, digits"),
        ({"tools": [{"type": "function", "function": {"name": "x" * 65}}]}, "tools[0].function.name", "1 to 64"),
        ({"tools": [NOW, NOW]}, "tools[1].function.name", "two functions now"),
        ({"tools": [NOW] * (MAX_TOOLS + 1)}, "tools", "128"),
        ({"tools": "now"}, "tools", "array"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "array"}}}]},
            "tools[0].function.parameters",
            "type object",
        ),
        ({"tool_choice": "always"}, "tool_choice", "none, auto, required"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function", "is required"),
        ({"tool_choice": {"type": "function", "function": {"name": "sub"}}}, "tool_choice", "not among the tools"),
        ({"tools": [], "tool_choice": "required"}, "tool_choice", "only allowed with tools"),
        ({"tools": [], "parallel_tool_calls": False}, "parallel_tool_calls", "only allowed with tools"),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls", "must be a boolean"),
    ],
    ids=str,
)
def test_bad_tools_are_refused_with_their_place(changes: dict[str, Any], param: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message) as caught:
        asked(**changes)
    assert caught.value.param == param


def test_no_tools_and_no_choice_are_a_plain_chat() -> None:
    assert asked(tools=[], tool_choice="auto").tools == ()
    assert asked(tools=[], tool_choice="none", parallel_tool_calls=True).tools == ()
