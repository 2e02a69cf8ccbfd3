"""Functions on offer and the choice among them as the Responses API sends them: flat, not wrapped in `function`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tampu.dialects.fields import Field, Nested, Table, table_schema
from tampu.dialects.kinds import JSON, Boolean, Listing, OneOf, require, shown
from tampu.dialects.tools import FUNCTION, MAX_TOOLS, MODES, Choosing, FunctionName, read_functions
from tampu.errors import Unsupported
from tampu.request import ToolChoice


@dataclass(frozen=True, slots=True)
class FunctionOnly:
    """The type of a tool: `function`. Tools of the provider's own are refused by name."""

    noun = "function"

    def matches(self, value: JSON) -> bool:
        """Whether it is a string."""
        return type(value) is str

    def read(self, param: str, value: JSON) -> str:
        """The type. Raises Unsupported for another."""
        require(self, param, value)
        if value != "function":
            raise Unsupported(param, f"{shown(value)} is no function, and this server runs no tools of its own")
        return "function"

    def schema(self) -> dict[str, JSON]:
        """The one word."""
        return {"const": "function"}


KIND = Field("type", FunctionOnly(), "The kind of tool.", required=True)
NAMED = (KIND, Field("name", FunctionName(), "The function to call.", required=True))
ALLOWED = (
    Field("type", OneOf(("allowed_tools",)), "The kind of choice.", required=True),
    Field("mode", OneOf(("auto", "required")), "Whether one must be called.", required=True),
    Field("tools", Listing(Nested(NAMED), MAX_TOOLS, min_items=1), "The tools to choose from.", required=True),
)


class FlatChoosing(Choosing):
    """The same with functions and allowed tools named flat."""

    def _named(self, param: str, value: dict[str, JSON]) -> ToolChoice:
        if value.get("type") == "allowed_tools":
            allowed = Nested(ALLOWED).read(param, value)
            return ToolChoice(allowed["mode"], tuple(tool["name"] for tool in allowed["tools"]))
        return ToolChoice("required", (Nested(NAMED).read(param, value)["name"],))

    def schema(self) -> dict[str, JSON]:
        """A word, or one of two objects."""
        return {"anyOf": [{"enum": list(MODES)}, table_schema(NAMED), table_schema(ALLOWED)]}


FLAT_TOOL_FIELDS: Table = (
    Field("tools", Listing(Nested((KIND, *FUNCTION)), MAX_TOOLS), "Functions that the answer may call."),
    Field(
        "tool_choice",
        FlatChoosing(),
        "none, auto, required, a function, or allowed tools. Where a call must come, its arguments match their schema.",
    ),
    Field("parallel_tool_calls", Boolean(), "false: one call at most."),
)


def read_flat_tools(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a GenerateRequest. InvalidRequest for equal names, or a choice of what is not on offer."""
    functions = values.get("tools", ())
    if not functions:  # clients that never call in parallel say so with and without tools
        values = {**values, "parallel_tool_calls": True}
    return read_functions(functions, values, "name")
