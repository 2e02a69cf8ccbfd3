"""What Workers AI takes: its fields as a table, and the kinds that are looser or narrower than OpenAI's.

The published tool schema is stricter than real traffic: below the name of a tool nothing is insisted on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tampu.dialects.constraints import ANY_SCHEMA, WrappedSchema, constraint_fields
from tampu.dialects.fields import Field, Nested, Table, table_schema
from tampu.dialects.kinds import (
    JSON,
    Boolean,
    Either,
    Integer,
    Listing,
    NoEffect,
    Number,
    OneOf,
    Refused,
    Text,
    check_count,
    json_type,
    require,
    shown,
)
from tampu.dialects.messages import MAX_CHARACTERS, MAX_MESSAGES, MAX_TOOL_CALLS, ROLES, read_content
from tampu.dialects.rows import QUESTION
from tampu.dialects.tools import MAX_DESCRIPTION, MAX_TOOLS, Choosing, FunctionName
from tampu.errors import InvalidRequest, Missing, WrongType
from tampu.request import MAX_STOP_CHARACTERS, MAX_STOP_STRINGS, Message, Range, Tool, ToolCall, ToolChoice
from tampu.strict_json import loads

NAME = FunctionName()
STRING = {"type": "string"}
OBJECT = {"type": "object"}


@dataclass(frozen=True, slots=True)
class LooseBoolean:
    """A boolean, or one of the strings "true" and "false"."""

    noun = "a boolean"

    def matches(self, value: JSON) -> bool:
        """Whether it is either."""
        return type(value) is bool or value in ("true", "false")

    def read(self, param: str, value: JSON) -> bool:
        """The boolean that is meant."""
        require(self, param, value)
        return value in (True, "true")

    def schema(self) -> dict[str, JSON]:
        """A boolean or one of two strings."""
        return {"enum": [True, False, "true", "false"]}


@dataclass(frozen=True, slots=True)
class RunMessages:
    """An array of messages; given back as a tuple of ours."""

    noun = "an array"

    def matches(self, value: JSON) -> bool:
        """Whether it is an array."""
        return type(value) is list

    def read(self, param: str, value: JSON) -> tuple[Message, ...]:
        """The conversation."""
        require(self, param, value)
        check_count(param, len(value), 1, MAX_MESSAGES, "messages")
        return tuple(_message(f"{param}[{index}]", item) for index, item in enumerate(value))

    def schema(self) -> dict[str, JSON]:
        """An array of objects with a role."""
        content = {"anyOf": [STRING, {"type": "array", "items": OBJECT}, {"type": "null"}]}
        role = {"type": "string", "enum": list(ROLES)}
        item = {"type": "object", "required": ["role"], "properties": {"role": role, "content": content}}
        return {"type": "array", "items": item, "minItems": 1, "maxItems": MAX_MESSAGES}


def _message(param: str, value: JSON) -> Message:
    if not isinstance(value, dict):
        raise WrongType(param, expected="an object", got=json_type(value))
    if value.get("role") is None:
        raise Missing(f"{param}.role")
    role = ROLES[OneOf(tuple(ROLES)).read(f"{param}.role", value["role"])]
    calls = _calls(f"{param}.tool_calls", value.get("tool_calls")) if role == "assistant" else ()
    if (content := value.get("content")) is None:
        if not calls:
            raise Missing(f"{param}.content")
        content = ""
    return Message(role, read_content(f"{param}.content", content), calls)


def _calls(param: str, value: JSON) -> tuple[ToolCall, ...]:
    if value is None:
        return ()
    if type(value) is not list:
        raise WrongType(param, expected="an array", got=json_type(value))
    check_count(param, len(value), 0, MAX_TOOL_CALLS, "calls")
    return tuple(_call(f"{param}[{index}]", call) for index, call in enumerate(value))


def _call(param: str, value: JSON) -> ToolCall:
    """A call in either shape, its arguments an object or the JSON text of one."""
    if not isinstance(value, dict):
        raise WrongType(param, expected="an object", got=json_type(value))
    param, call = _either_shape(param, value)
    if call.get("name") is None:
        raise Missing(f"{param}.name")
    call_id = value.get("id")
    arguments = _arguments(f"{param}.arguments", call.get("arguments"))
    return ToolCall(call_id if type(call_id) is str else "", NAME.read(f"{param}.name", call["name"]), arguments)


def _arguments(param: str, value: JSON) -> str:
    if isinstance(value, str):
        try:
            value = loads(value or "{}")
        except (ValueError, RecursionError):
            raise InvalidRequest(
                f"{param} must be the JSON text of an object, got {shown(value)}.", param=param
            ) from None
    if value is None:
        return "{}"
    if not isinstance(value, dict):
        raise WrongType(param, expected="an object or a string", got=json_type(value))
    return json.dumps(value, ensure_ascii=False)


def _either_shape(param: str, value: dict[str, JSON]) -> tuple[str, dict[str, JSON]]:
    """The object with the name, and where it is: flat, or under `function` as OpenAI has it."""
    function = value.get("function")
    return (f"{param}.function", function) if isinstance(function, dict) else (param, value)


@dataclass(frozen=True, slots=True)
class RunTools:
    """An array of functions in either shape; given back as a tuple of tools."""

    noun = "an array"

    def matches(self, value: JSON) -> bool:
        """Whether it is an array."""
        return type(value) is list

    def read(self, param: str, value: JSON) -> tuple[Tool, ...]:
        """The functions; names are needed, and no two may be equal."""
        require(self, param, value)
        check_count(param, len(value), 0, MAX_TOOLS, "tools")
        tools = tuple(_tool(f"{param}[{index}]", item) for index, item in enumerate(value))
        names = [tool.name for tool in tools]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise InvalidRequest(f"{param}[{index}]: there are two functions {name}.", param=f"{param}[{index}]")
        return tools

    def schema(self) -> dict[str, JSON]:
        """An array of objects that have a name, or one under `function`."""
        named = {"type": "object", "required": ["name"], "properties": {"name": NAME.schema()}}
        wrapped = {"type": "object", "required": ["function"], "properties": {"function": named}}
        return {"type": "array", "items": {"anyOf": [named, wrapped]}, "maxItems": MAX_TOOLS}


def _tool(param: str, value: JSON) -> Tool:
    if not isinstance(value, dict):
        raise WrongType(param, expected="an object", got=json_type(value))
    param, tool = _either_shape(param, value)
    if tool.get("name") is None:
        raise Missing(f"{param}.name")
    description, parameters = tool.get("description"), tool.get("parameters")
    return Tool(
        NAME.read(f"{param}.name", tool["name"]),
        description[:MAX_DESCRIPTION] if isinstance(description, str) else "",
        parameters if isinstance(parameters, dict) else {},
        tool.get("strict") is True,
    )


class RunChoice(Choosing):
    """The value of tool_choice: OpenAI's, and `any`, which is `required`."""

    noun = "none, auto, required, any, or an object that names a function"

    def matches(self, value: JSON) -> bool:
        """Whether it is one of the words, or an object."""
        return value == "any" or super().matches(value)

    def read(self, param: str, value: JSON) -> ToolChoice:
        """The choice; whether its functions are on offer is the caller's to find."""
        return ToolChoice("required") if value == "any" else super().read(param, value)

    def schema(self) -> dict[str, JSON]:
        """OpenAI's values, or `any`."""
        return {"anyOf": [{"const": "any"}, *super().schema()["anyOf"]]}


RESPONSE_FORMAT = (
    Field("type", OneOf(("json_object", "json_schema")), "The form of the answer.", required=True),
    Field("json_schema", WrappedSchema(), "With type json_schema: the schema, bare or as OpenAI wraps it."),
)
OPTIONS = (
    Field("rejectIfBusy", Boolean(), "Refuse at once, with 3040, instead of waiting for a place."),
    Field("neurons", Boolean(), "Give the cost in neurons in the usage, too."),
    Field("toolCalls", OneOf(("flat", "openai")), "The shape of calls in a native answer; flat unless asked."),
)
STOP = Text(MAX_STOP_CHARACTERS, min_length=1)
PENALTY = Number(Range(0, 2))
SEED = Range(1, 9_999_999_999)


def _no_effect(reason: str, *names: str) -> Table:
    return tuple(Field(name, NoEffect(), f"Accepted, has no effect: {reason}.") for name in names)


FIELDS: Table = (
    Field("prompt", Text(MAX_CHARACTERS, min_length=1), "A question; or with `raw` the text to go on from."),
    Field(
        "messages",
        RunMessages(),
        "The conversation. This or `prompt` is needed; this wins.",
        example=QUESTION,
    ),
    Field("raw", LooseBoolean(), "No chat format: control tokens in the text are read; messages are joined by lines."),
    Field("stream", LooseBoolean(), "Send the answer in pieces, as server-sent events."),
    Field("max_tokens", Integer(Range(1, 1_000_000)), "Cap on generated tokens.", "max_tokens", 256),
    Field("temperature", Number(Range(0, 5)), "Flattens (> 1) or sharpens (< 1); 0 is greedy.", "temperature", 0.6),
    Field("top_p", Number(Range(0, 2)), "Keep the fewest likeliest tokens that reach this sum; all from 1 on."),
    Field("top_k", Integer(Range(1, 50)), "Keep this many likeliest tokens; all where it is left out.", "top_k"),
    Field("seed", Integer(SEED), "Same seed, prompt and parameters give the same bytes."),
    Field("random_seed", Integer(Range(0, SEED.high)), "The same by another name; `seed` wins."),
    Field("repetition_penalty", PENALTY, "Divides (multiplies) positive (negative) logits seen; 0 is off."),
    Field("frequency_penalty", PENALTY, "Subtracted for each time a token was generated.", "frequency_penalty"),
    Field("presence_penalty", PENALTY, "Subtracted once a token was generated.", "presence_penalty"),
    Field("stop", Either((STOP, Listing(STOP, MAX_STOP_STRINGS))), "Strings that end the text; not part of it."),
    Field("lora", Text(256, min_length=1), "Name or id of an adapter of the model."),
    Field("response_format", Nested(RESPONSE_FORMAT), "JSON mode: `response` is the value, not its text."),
    Field("guided_json", ANY_SCHEMA, "The schema of JSON mode, by another name."),
    *(row for row in constraint_fields("response_format", "guided_json") if isinstance(row.kind, Refused)),
    Field("tools", RunTools(), "Functions that the answer may call; flat, or as OpenAI has them."),
    Field("tool_choice", RunChoice(), "none, auto, required or its synonym any, or a function; enforced."),
    Field("options", Nested(OPTIONS), "How to be served."),
    *_no_effect("deprecated, use tools", "functions"),
    *_no_effect("the model reads text only", "image"),
    *_no_effect("it is another model's", "safe_prompt"),
    *_no_effect("there is one answer", "n"),
)
# The published forms: names of their fields, as Cloudflare has them.
COMMON = (
    "raw", "stream", "max_tokens", "temperature", "top_p", "top_k", "seed", "repetition_penalty",
    "frequency_penalty", "presence_penalty", "lora", "response_format",
)  # fmt: skip
FORMS: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt", *COMMON),
    "messages": ("messages", "functions", "tools", *COMMON),
}
CHOSEN_BY = {"request_id": "poll", "requests": "batch", "messages": "messages", "prompt": "prompt"}


def form_of(body: JSON) -> str:
    """What a body is by what it has: poll, batch, messages or prompt. WrongType unless an object; "" for none."""
    if not isinstance(body, dict):
        raise WrongType("", expected="an object", got=json_type(body))
    return next((form for name, form in CHOSEN_BY.items() if body.get(name) is not None), "")


def form_schema(form: str) -> dict[str, Any]:
    """The JSON schema of a published form, from the table that checks it."""
    rows = tuple(field for name in FORMS[form] for field in FIELDS if field.name == name)
    return {**table_schema(rows), "required": [form]}
