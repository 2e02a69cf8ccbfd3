"""Functions on offer and the choice among them, as OpenAI-shaped dialects send them."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from tampu.dialects.constraints import Schema
from tampu.dialects.fields import Field, Nested, Table, table_schema
from tampu.dialects.kinds import JSON, Boolean, Listing, OneOf, Text, require, shown
from tampu.errors import InvalidRequest
from tampu.request import Tool, ToolChoice

MAX_TOOLS = 128
MAX_DESCRIPTION = 65_536
FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
Mode = Literal["none", "auto", "required"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True, slots=True)
class FunctionName:
    """The name of a function."""

    noun = "1 to 64 letters, digits, _ or -"

    def matches(self, value: JSON) -> bool:
        """Whether it is a string."""
        return type(value) is str

    def read(self, param: str, value: JSON) -> str:
        """The name."""
        if not self.matches(value) or not FUNCTION_NAME.fullmatch(value):
            raise InvalidRequest(f"{param} must be {self.noun}, got {shown(value)}.", param=param)
        return str(value)

    def schema(self) -> dict[str, JSON]:
        """A string of this pattern."""
        return {"type": "string", "pattern": f"^{FUNCTION_NAME.pattern}$"}


class Arguments(Schema):
    """A JSON schema that is an object."""

    noun = "a JSON schema of type object"

    def matches(self, value: JSON) -> bool:
        """Whether it is an object that may describe one."""
        return isinstance(value, dict) and value.get("type", "object") == "object"

    def schema(self) -> dict[str, JSON]:
        """An object."""
        return {"type": "object"}


FUNCTION = (
    Field("name", FunctionName(), "What calls name.", required=True),
    Field("description", Text(MAX_DESCRIPTION), "When and how to use it, for the model."),
    Field("parameters", Arguments(), "The JSON schema of its arguments: an object's."),
    Field("strict", Boolean(), "Arguments always match the schema."),
)
TOOL = (
    Field("type", OneOf(("function",)), "The kind of tool.", required=True),
    Field("function", Nested(FUNCTION), "The function.", required=True),
)
NAMED = (Field("name", FunctionName(), "The function to call.", required=True),)
NAMED_TOOL = (
    Field("type", OneOf(("function",)), "The kind of tool.", required=True),
    Field("function", Nested(NAMED), "The function.", required=True),
)
ALLOWED = (
    Field("mode", OneOf(("auto", "required")), "Whether one must be called.", required=True),
    Field("tools", Listing(Nested(NAMED_TOOL), MAX_TOOLS, min_items=1), "The tools to choose from.", required=True),
)
ALLOWED_TOOLS = (
    Field("type", OneOf(("allowed_tools",)), "The kind of choice.", required=True),
    Field("allowed_tools", Nested(ALLOWED), "The tools, and the mode.", required=True),
)


@dataclass(frozen=True, slots=True)
class Choosing:
    """The value of tool_choice; given back as a ToolChoice."""

    noun = "none, auto, required, or an object that names a function or allowed tools"

    def matches(self, value: JSON) -> bool:
        """Whether it is one of the words, or an object."""
        return value in MODES if isinstance(value, str) else isinstance(value, dict)

    def read(self, param: str, value: JSON) -> ToolChoice:
        """The choice; whether its functions are on offer is the caller's to find."""
        require(self, param, value)
        return ToolChoice(cast(Mode, value)) if isinstance(value, str) else self._named(param, value)

    def _named(self, param: str, value: dict[str, JSON]) -> ToolChoice:
        if value.get("type") == "allowed_tools":
            allowed = Nested(ALLOWED_TOOLS).read(param, value)["allowed_tools"]
            return ToolChoice(allowed["mode"], tuple(tool["function"]["name"] for tool in allowed["tools"]))
        return ToolChoice("required", (Nested(NAMED_TOOL).read(param, value)["function"]["name"],))

    def schema(self) -> dict[str, JSON]:
        """A word, or one of two objects."""
        return {"anyOf": [{"enum": list(MODES)}, table_schema(NAMED_TOOL), table_schema(ALLOWED_TOOLS)]}


TOOL_FIELDS: Table = (
    Field("tools", Listing(Nested(TOOL), MAX_TOOLS), "Functions that the answer may call."),
    Field(
        "tool_choice",
        Choosing(),
        "none, auto, required, a function, or allowed tools. Where a call must come, its arguments match their schema.",
    ),
    Field("parallel_tool_calls", Boolean(), "false: one call at most. Only with tools."),
)


def read_tools(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a GenerateRequest. InvalidRequest for equal names, or a choice of what is not on offer."""
    return read_functions([tool["function"] for tool in values.get("tools", ())], values, "function.name")


def read_functions(functions: Iterable[Mapping[str, Any]], values: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The same for functions that were read; `place` is where a tool has its name."""
    tools = tuple(map(_tool, functions))
    names = [tool.name for tool in tools]
    for index, name in enumerate(names):
        if name in names[:index]:
            param = f"tools[{index}].{place}"
            raise InvalidRequest(f"{param}: there are two functions {name}.", param=param)
    choice: ToolChoice = values.get("tool_choice", ToolChoice())
    parallel: bool = values.get("parallel_tool_calls", True)
    if not tools and (choice.mode == "required" or choice.names):
        raise InvalidRequest("tool_choice is only allowed with tools.", param="tool_choice")
    if not tools and not parallel:
        raise InvalidRequest("parallel_tool_calls is only allowed with tools.", param="parallel_tool_calls")
    for name in choice.names:
        if name not in names:
            raise InvalidRequest(
                f"tool_choice names {name}, which is not among the tools: {', '.join(names)}.", param="tool_choice"
            )
    return {"tools": tools, "tool_choice": choice, "parallel_tool_calls": parallel}


def _tool(function: Mapping[str, Any]) -> Tool:
    parameters = json.loads(function.get("parameters", "{}"))
    return Tool(function["name"], function.get("description", ""), parameters, function.get("strict", False))
