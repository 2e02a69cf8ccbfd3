"""Functions as the Responses API takes them: flat. Tools of the provider's own are refused by name."""

from typing import Any

import pytest

from tampu.errors import InvalidRequest, Unsupported
from tampu.request import GenerateRequest, Tool, ToolChoice
from tests.dialects.examples import parse

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
ADD = {"type": "function", "name": "add", "description": "Adds.", "parameters": SCHEMA, "strict": True}
NOW = {"type": "function", "name": "now"}


def asked(**changes: Any) -> GenerateRequest:
    (request,) = parse("responses", **{"tools": [ADD, NOW], **changes}).requests
    return request


def test_tools_are_read() -> None:
    request = asked(parallel_tool_calls=False)
    assert request.tools == (Tool("add", "Adds.", SCHEMA, strict=True), Tool("now"))
    assert (request.tool_choice, request.parallel_tool_calls) == (ToolChoice("auto"), False)


@pytest.mark.parametrize("parameters", [{}, {"parameters": None}, {"parameters": {}}])
def test_a_function_may_have_no_schema(parameters: dict[str, Any]) -> None:
    assert asked(tools=[{"type": "function", "name": "now", **parameters}]).tools == (Tool("now"),)


@pytest.mark.parametrize(
    ("value", "choice"),
    [
        ("none", ToolChoice("none")),
        ("auto", ToolChoice("auto")),
        ("required", ToolChoice("required")),
        ({"type": "function", "name": "now"}, ToolChoice("required", ("now",))),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "add"}]},
         ToolChoice("auto", ("add",))),
    ],
)  # fmt: skip
def test_every_choice_is_read(value: Any, choice: ToolChoice) -> None:
    assert asked(tool_choice=value).tool_choice == choice


def test_calls_one_at_a_time_may_be_asked_for_without_tools() -> None:
    assert asked(tools=[], parallel_tool_calls=False).tools == ()


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [NOW, {"type": "mcp", "server_label": "x"}]}, "tools[1].type"),
        ({"tools": [{"type": "custom", "name": "x"}]}, "tools[0].type"),
        ({"tool_choice": {"type": "file_search"}}, "tool_choice.type"),
        (
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp"}]}},
            "tool_choice.tools[0].type",
        ),
    ],
)
def test_tools_of_the_providers_own_are_refused_by_name(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(Unsupported, match="runs no tools of its own") as caught:
        asked(**changes)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("changes", "param", "message"),
    [
        ({"tools": [{"name": "f"}]}, "tools[0].type", "is required"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools[0].name", "is required"),
        ({"tools": [{**NOW, "name": "a b"}]}, "tools[0].name", "letters, digits"),
        ({"tools": [NOW, NOW]}, "tools[1].name", "two functions now"),
        ({"tools": [{**NOW, "parameters": {"type": "array"}}]}, "tools[0].parameters", "type object"),
        ({"tools": "now"}, "tools", "array"),
        ({"tool_choice": "always"}, "tool_choice", "none, auto, required"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name", "is required"),
        ({"tool_choice": {"type": "function", "name": "sub"}}, "tool_choice", "not among the tools"),
        ({"tools": [], "tool_choice": "required"}, "tool_choice", "only allowed with tools"),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls", "must be a boolean"),
    ],
    ids=str,
)
def test_bad_tools_are_refused_with_their_place(changes: dict[str, Any], param: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message) as caught:
        asked(**changes)
    assert caught.value.param == param
