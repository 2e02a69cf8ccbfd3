"""What a Python program may write, as the nouns of a request: strings, dicts and keyword arguments, strictly read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from tampu.dialects.constraints import CONSTRAINT_FIELDS, read_constraint
from tampu.dialects.fields import PARAMETERS, read_table, sampling_fields
from tampu.dialects.kinds import Boolean, json_type, shown
from tampu.dialects.messages import ROLES, Messages, check_conversation, read_message
from tampu.dialects.operations import chat_logprobs
from tampu.dialects.tools import TOOL_FIELDS, read_tools
from tampu.engine.python_schema import describe_answer, describe_tool
from tampu.errors import InvalidRequest, did_you_mean
from tampu.request import Constraint, Message, SamplingParams, Tool, ToolChoice


class Dumping(Protocol):
    """An object that gives itself as a dict, as the messages of the `openai` package do."""

    def model_dump(self) -> dict[str, Any]:
        """The dict."""
        ...


Conversation = str | Sequence[Message | Mapping[str, Any] | Dumping]
# Tools of ours, dicts in OpenAI's shape, functions, and types such as pydantic models.
Offer = Tool | Mapping[str, Any] | Callable[..., Any]
Choice = ToolChoice | str | Mapping[str, Any]
BOUNDED = tuple(sampling_fields((name for name, item in PARAMETERS.items() if "range" in item.metadata), {}))
KNOWN = tuple(PARAMETERS)
SWITCHES = tuple(name for name, item in PARAMETERS.items() if item.type is bool)


def read_messages(conversation: Conversation) -> tuple[Message, ...]:
    """A string as one user message, dicts in OpenAI's shape, Messages as they are."""
    if isinstance(conversation, str):
        return (Message("user", conversation),)
    if not _is_list(conversation):
        raise InvalidRequest(
            f"messages must be a string or a list of messages, got {json_type(conversation)}.", param="messages"
        )
    if not conversation:
        return Messages().read("messages", [])
    messages = tuple(_message(f"messages[{index}]", part) for index, part in enumerate(conversation))
    if not all(isinstance(part, Message) for part in conversation):
        check_conversation("messages", messages, system_alone=False)
    return messages


def _message(param: str, part: Message | Mapping[str, Any] | Dumping) -> Message:
    if isinstance(part, Message):
        return part
    if hasattr(part, "model_dump"):
        part = part.model_dump()
    return read_message(param, part, ROLES)


def read_offers(tools: Iterable[Offer], choice: Choice, parallel: bool) -> dict[str, Any]:
    """The fields of a GenerateRequest for these tools, a choice among them, and whether several may be called at once.

    InvalidRequest has the words of the HTTP API.
    """
    if isinstance(tools, Mapping | str) or not isinstance(tools, Iterable):
        raise InvalidRequest(f"tools must be a list of tools, got {json_type(tools)}.", param="tools")
    described = [_tool(f"tools[{index}]", tool) for index, tool in enumerate(tools)]
    values = {"tools": described, "tool_choice": _choice(choice), "parallel_tool_calls": parallel}
    return read_tools(read_table(TOOL_FIELDS, values))


def _tool(place: str, tool: Offer) -> Any:
    if isinstance(tool, Tool):
        function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
        return {"type": "function", "function": {**function, "strict": tool.strict}}
    return describe_tool(tool, place) if callable(tool) else tool


def _choice(choice: Choice) -> Any:
    if not isinstance(choice, ToolChoice):
        return choice
    if not choice.names:
        return choice.mode
    names = [{"type": "function", "function": {"name": name}} for name in choice.names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": names}}


def split_constraint(arguments: Mapping[str, Any]) -> tuple[Constraint | None, dict[str, Any]]:
    """What an answer must match by those of the arguments that ask for it, and the others.

    They are the fields of the HTTP API: response_format, which may be a type such as a pydantic model, and its kin.
    """
    names = {field.name for field in CONSTRAINT_FIELDS}
    asked = {name: value for name, value in arguments.items() if name in names}
    form = asked.get("response_format")
    if form is not None and not isinstance(form, str) and (isinstance(form, type) or hasattr(form, "__origin__")):
        asked["response_format"] = describe_answer(form, "response_format")
    others = {name: value for name, value in arguments.items() if name not in names}
    return read_constraint(read_table(CONSTRAINT_FIELDS, asked)), others


def read_prompt(prompt: str | Sequence[int], param: str = "prompt") -> str | tuple[int, ...]:
    """Text as it is, token ids as a tuple."""
    if isinstance(prompt, str):
        return prompt
    if not _is_list(prompt) or not all(type(token_id) is int for token_id in prompt):
        raise InvalidRequest(f"{param} must be a string or a list of token ids, got {shown(prompt)}.", param=param)
    return tuple(prompt)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence)


def read_sampling(arguments: Mapping[str, Any]) -> SamplingParams:
    """SamplingParams of these fields; InvalidRequest names one that is unknown or of a wrong type."""
    arguments = _as_ours(arguments)
    for name in arguments:
        if name not in KNOWN:
            hint = did_you_mean(name, KNOWN, f" There are {', '.join(KNOWN)}.")
            raise InvalidRequest(f"There is no sampling parameter {name}.{hint}", param=name)
    values: dict[str, Any] = dict(arguments) | read_table(BOUNDED, dict(arguments))
    values = {name: value for name, value in values.items() if value is not None}
    for name, kind in {"stop": str, "stop_token_ids": int, "allowed_token_ids": int}.items():
        values[name] = _several(name, values.get(name, ()), kind)
    values["logit_bias"] = _biases(values.get("logit_bias", {}))
    for name in SWITCHES:
        if name in values:
            values[name] = Boolean().read(name, values[name])
    return SamplingParams(**values)


def _as_ours(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The same with OpenAI's names for them made ours: max_completion_tokens, and logprobs as a switch."""
    ours = dict(arguments)
    if (limit := ours.pop("max_completion_tokens", None)) is not None:
        ours["max_tokens"] = limit
    if isinstance(ours.get("logprobs"), bool) or ours.get("top_logprobs") is not None:
        ours |= chat_logprobs({name: value for name, value in ours.items() if value is not None})
    ours.pop("top_logprobs", None)
    return ours


def _biases(value: Any) -> dict[int, float]:
    if not isinstance(value, Mapping) or not all(
        type(token_id) is int and type(bias) in (int, float) for token_id, bias in value.items()
    ):
        raise InvalidRequest(f"logit_bias must map token ids to numbers, got {shown(value)}.", param="logit_bias")
    return dict(value)


def _several(name: str, value: Any, kind: type) -> tuple[Any, ...]:
    """One value, or several in a list, as a tuple."""
    several = (value,) if isinstance(value, kind) else value
    if not isinstance(several, (list, tuple)) or not all(type(item) is kind for item in several):
        raise InvalidRequest(f"{name} must be {kind.__name__} values in a list, got {shown(value)}.", param=name)
    return tuple(several)
