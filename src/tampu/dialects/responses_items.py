"""The `input` of the Responses API: text, or items that are messages, calls of functions and what came of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tampu.dialects.kinds import JSON, OneOf, check_count, json_type, require, shown
from tampu.dialects.messages import (
    CALL_SCHEMA,
    CONTENT,
    MAX_MESSAGES,
    MAX_PARTS,
    NAME,
    STRING,
    check_conversation,
    needed,
    object_schema,
    read_call,
    read_content,
)
from tampu.errors import InvalidPrompt, InvalidRequest, WrongType
from tampu.request import Message, Role

ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
# Type of a part -> the key of its text.
PARTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal"}
Reader = Callable[[str, dict[str, Any]], Message | None]


@dataclass(frozen=True, slots=True)
class Input:
    """A string or an array of items; given back as the conversation."""

    noun = "a string or an array of items"

    def matches(self, value: JSON) -> bool:
        """Whether it is a string or an array."""
        return type(value) in (str, list)

    def read(self, param: str, value: JSON) -> tuple[Message, ...]:
        """The conversation. Raises InvalidPrompt where there is nothing to answer."""
        require(self, param, value)
        if isinstance(value, str):
            return (Message("user", value),)
        check_count(param, len(value), 0, MAX_MESSAGES, "items")
        messages = join_calls(read_item(f"{param}[{index}]", item) for index, item in enumerate(value))
        if not messages:
            raise InvalidPrompt(f"{param} must hold at least one message.", param=param)
        check_conversation(param, messages, system_alone=True)
        return messages

    def schema(self) -> dict[str, JSON]:
        """A string, or items; what else a role needs is said in words."""
        items = {"type": "array", "items": {"anyOf": ITEM_SCHEMAS}, "minItems": 1, "maxItems": MAX_MESSAGES}
        return {"anyOf": [STRING, items]}


def join_calls(items: Iterable[Message | None]) -> tuple[Message, ...]:
    """The messages; calls belong to what the assistant said just before them."""
    messages: list[Message] = []
    for message in items:
        if message is None:
            continue
        if message.tool_calls and messages and messages[-1].role == "assistant":
            before = messages.pop()
            message = replace(before, tool_calls=before.tool_calls + message.tool_calls)
        messages.append(message)
    return tuple(messages)


def read_item(param: str, item: JSON) -> Message | None:
    """The message that an item is, None where it says nothing. Raises InvalidRequest naming the path."""
    if not isinstance(item, dict):
        raise WrongType(param, expected="an object", got=json_type(item))
    kind = CONTENT.read(f"{param}.type", item.get("type") or "message")
    if kind not in READERS:
        raise InvalidPrompt(
            f"{param}.type must be one of {', '.join(READERS)}, got {shown(kind)}: this server runs no tools of its "
            f"own.",
            param=f"{param}.type",
        )
    return READERS[kind](param, item)


def _message(param: str, item: dict[str, Any]) -> Message:
    role = OneOf(tuple(ROLES)).read(f"{param}.role", needed(param, item, "role"))
    return Message(ROLES[role], read_content(f"{param}.content", needed(param, item, "content"), PARTS))


def _call(param: str, item: dict[str, Any]) -> Message:
    call_id = NAME.read(f"{param}.call_id", needed(param, item, "call_id"))
    return Message("assistant", "", (read_call(param, call_id, item),))


def _output(param: str, item: dict[str, Any]) -> Message:
    NAME.read(f"{param}.call_id", needed(param, item, "call_id"))
    return Message("tool", read_content(f"{param}.output", needed(param, item, "output"), PARTS))


def _reasoning(param: str, item: dict[str, Any]) -> None:
    """What can be read of it must be nothing; the encrypted part only its maker can read."""
    for key in ("summary", "content"):
        if item.get(key):
            raise InvalidRequest(f"{param}.{key} must be empty: this model reads no reasoning.", param=f"{param}.{key}")


READERS: Mapping[str, Reader] = {
    "message": _message,
    "function_call": _call,
    "function_call_output": _output,
    "reasoning": _reasoning,
}

_TEXTS = [object_schema({"type": {"const": kind}, key: STRING}) for kind, key in PARTS.items()]
_CONTENT = {"anyOf": [STRING, {"type": "array", "items": {"anyOf": _TEXTS}, "maxItems": MAX_PARTS}]}
_KIND = {"type": ["string", "null"], "enum": ["message", None]}
_EMPTY = {"type": ["array", "null"], "maxItems": 0}
ITEM_SCHEMAS = [
    object_schema({"role": {"type": "string", "enum": list(ROLES)}, "content": _CONTENT}, {"type": _KIND}),
    object_schema({"type": {"const": "function_call"}, "call_id": NAME.schema(), **CALL_SCHEMA["properties"]}),
    object_schema({"type": {"const": "function_call_output"}, "call_id": NAME.schema(), "output": _CONTENT}),
    object_schema({"type": {"const": "reasoning"}}, {"summary": _EMPTY, "content": _EMPTY}),
]
