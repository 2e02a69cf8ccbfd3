"""Messages as OpenAI-shaped dialects send them: strings or text parts, six spellings of four roles, past tool calls."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tampu.dialects.kinds import JSON, OneOf, Text, check_count, json_type, require, shown
from tampu.errors import InvalidPrompt, InvalidRequest, Missing, WrongType
from tampu.request import Message, Role, ToolCall
from tampu.strict_json import loads

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
MAX_MESSAGES = 4096
MAX_PARTS = 1024
MAX_TOOL_CALLS = 128
MAX_CHARACTERS = 2**31  # the body's own cap comes first
PART_TEXT = {"text": "text", "refusal": "refusal"}  # type of a part -> the key of its text
NAME = Text(256, min_length=1)
CONTENT = Text(MAX_CHARACTERS)


@dataclass(frozen=True, slots=True)
class Messages:
    """An array of messages; given back as a tuple of ours. `roles` are the spellings that it takes.

    With `prepend_names` a message's name stands before its text, but for a tool's: `Ana: hello`.
    """

    roles: Mapping[str, Role] = field(default_factory=lambda: ROLES)
    prepend_names: bool = False
    system_alone: bool = False  # whether instructions with nothing to answer are answered
    noun = "an array of messages"

    def matches(self, value: JSON) -> bool:
        """Whether it is an array."""
        return type(value) is list

    def read(self, param: str, value: JSON) -> tuple[Message, ...]:
        """The conversation. Raises InvalidPrompt where there is nothing to answer."""
        require(self, param, value)
        if not value:
            raise InvalidPrompt(f"{param} must hold at least one message.", param=param)
        check_count(param, len(value), 1, MAX_MESSAGES, "messages")
        messages = tuple(read_message(f"{param}[{index}]", item, self.roles) for index, item in enumerate(value))
        if self.prepend_names:
            messages = tuple(map(_named, messages, value))
        check_conversation(param, messages, self.system_alone)
        return messages

    def schema(self) -> dict[str, JSON]:
        """Arrays of objects with a role; what else a role needs is said in words."""
        return {"type": "array", "items": message_schema(self.roles), "minItems": 1, "maxItems": MAX_MESSAGES}


def _named(message: Message, value: dict[str, JSON]) -> Message:
    name = value.get("name") if message.role != "tool" else None
    return replace(message, content=f"{name}: {message.content}") if name else message


def check_conversation(param: str, messages: Sequence[Message], system_alone: bool) -> None:
    """Raise InvalidPrompt where there is nothing to answer."""
    if not system_alone and all(message.role == "system" for message in messages):
        raise InvalidPrompt(f"{param} must hold a message that is not a system message.", param=param)
    if messages[-1].tool_calls:
        raise InvalidPrompt(f"{param} must not end with tool calls: their results are missing.", param=param)


def object_schema(required: dict[str, JSON], optional: dict[str, JSON] | None = None) -> dict[str, JSON]:
    """An object with these keys; unknown ones are allowed."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def _message_schema(roles: list[str], required: dict[str, JSON], optional: dict[str, JSON]) -> dict[str, JSON]:
    return object_schema({"role": {"type": "string", "enum": roles}, **required}, optional)


STRING = {"type": "string"}
NULL = {"type": "null"}
PARTS = {
    "type": "array",
    "items": {"anyOf": [object_schema({"type": {"const": kind}, key: STRING}) for kind, key in PART_TEXT.items()]},
    "maxItems": MAX_PARTS,
}
CONTENT_SCHEMA = {"anyOf": [STRING, PARTS]}
NAMED = {"name": {"type": ["string", "null"]}}
CALL_SCHEMA = object_schema(
    {"name": NAME.schema(), "arguments": {**STRING, "description": "The JSON text of an object."}}
)
TOOL_CALL_SCHEMA = object_schema({"id": NAME.schema(), "function": CALL_SCHEMA}, {"type": {"const": "function"}})
TOOL_CALLS = {"type": "array", "items": TOOL_CALL_SCHEMA, "maxItems": MAX_TOOL_CALLS}
ASSISTANT = {
    "content": {"anyOf": [STRING, PARTS, NULL]},
    "tool_calls": {"anyOf": [TOOL_CALLS, NULL]},
    "function_call": {"anyOf": [CALL_SCHEMA, NULL]},
}


def message_schema(roles: Iterable[str]) -> dict[str, JSON]:
    """One message in one of these roles."""
    plain = [role for role in roles if role not in ("assistant", "tool")]
    return {
        "anyOf": [
            _message_schema(plain, {"content": CONTENT_SCHEMA}, NAMED),
            _message_schema(["assistant"], {}, ASSISTANT | NAMED),
            _message_schema(["tool"], {"content": CONTENT_SCHEMA, "tool_call_id": NAME.schema()}, NAMED),
        ]
    }


def read_message(param: str, value: JSON, roles: Mapping[str, Role] = ROLES) -> Message:
    """One message of ours, in one of these roles. Raises InvalidRequest naming the path of what is wrong."""
    if not isinstance(value, dict):
        raise WrongType(param, expected="an object", got=json_type(value))
    wire_role = OneOf(tuple(roles)).read(f"{param}.role", needed(param, value, "role"))
    role = roles[wire_role]
    if wire_role == "tool":
        NAME.read(f"{param}.tool_call_id", needed(param, value, "tool_call_id"))
    if (name := value.get("name")) is not None:
        CONTENT.read(f"{param}.name", name)
    if role != "assistant":
        return Message(role, read_content(f"{param}.content", needed(param, value, "content")))
    content = value.get("content", "")
    return Message(
        role, read_content(f"{param}.content", "" if content is None else content), _tool_calls(param, value)
    )


def read_content(param: str, value: JSON, parts: Mapping[str, str] = PART_TEXT) -> str:
    """The text of a string, or of parts joined by newlines; `parts` gives the key of the text by type of part."""
    if type(value) is str:
        return value
    if type(value) is not list:
        raise WrongType(param, expected="a string or an array of text parts", got=json_type(value))
    check_count(param, len(value), 0, MAX_PARTS, "parts")
    return "\n".join(_part(f"{param}[{index}]", part, parts) for index, part in enumerate(value))


def _part(param: str, part: JSON, parts: Mapping[str, str]) -> str:
    if not isinstance(part, dict):
        raise WrongType(param, expected="an object", got=json_type(part))
    kind = CONTENT.read(f"{param}.type", needed(param, part, "type"))
    if kind not in parts:
        raise InvalidPrompt(
            f"{param}.type must be {next(iter(parts))}, got {shown(kind)}: this model reads text only.",
            param=f"{param}.type",
        )
    key = parts[kind]
    return CONTENT.read(f"{param}.{key}", needed(param, part, key))


def _tool_calls(param: str, value: dict[str, JSON]) -> tuple[ToolCall, ...]:
    if (legacy := value.get("function_call")) is not None:
        return (read_call(f"{param}.function_call", "", legacy),)
    calls = value.get("tool_calls")
    if calls is None:
        return ()
    if type(calls) is not list:
        raise WrongType(f"{param}.tool_calls", expected="an array", got=json_type(calls))
    check_count(f"{param}.tool_calls", len(calls), 0, MAX_TOOL_CALLS, "calls")
    return tuple(_tool_call(f"{param}.tool_calls[{index}]", call) for index, call in enumerate(calls))


def _tool_call(param: str, call: JSON) -> ToolCall:
    if not isinstance(call, dict):
        raise WrongType(param, expected="an object", got=json_type(call))
    call_id = NAME.read(f"{param}.id", needed(param, call, "id"))
    OneOf(("function",)).read(f"{param}.type", call.get("type", "function"))
    return read_call(f"{param}.function", call_id, needed(param, call, "function"))


def read_call(param: str, call_id: str, function: JSON) -> ToolCall:
    """A call from an object with its name and the JSON text of its arguments."""
    if not isinstance(function, dict):
        raise WrongType(param, expected="an object", got=json_type(function))
    name = NAME.read(f"{param}.name", needed(param, function, "name"))
    arguments = CONTENT.read(f"{param}.arguments", needed(param, function, "arguments"))
    return ToolCall(call_id, name, _arguments(f"{param}.arguments", arguments))


def _arguments(param: str, text: str) -> str:
    try:
        value = loads(text or "{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidRequest(f"{param} must be the JSON text of an object, got {shown(text)}.", param=param)
    return text or "{}"


def needed(param: str, value: dict[str, Any], key: str) -> Any:
    """The value of a key. Raises Missing where it is absent or null."""
    if value.get(key) is None:
        raise Missing(f"{param}.{key}")
    return value[key]
