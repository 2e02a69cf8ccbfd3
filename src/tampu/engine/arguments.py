"""What a Python program may write, as the nouns of a request: strings, dicts and keyword arguments, strictly read."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from tampu.dialects.fields import read_table, sampling_fields
from tampu.dialects.kinds import Boolean, json_type, shown
from tampu.dialects.messages import Messages
from tampu.errors import InvalidRequest, did_you_mean
from tampu.request import Message, SamplingParams

Conversation = str | Sequence[Message | Mapping[str, Any]]
NUMBERS = tuple(sampling_fields({}))
KNOWN = tuple(item.name for item in dataclasses.fields(SamplingParams))


def read_messages(conversation: Conversation) -> tuple[Message, ...]:
    """A string as one user message, dicts in OpenAI's shape, Messages as they are."""
    if isinstance(conversation, str):
        return (Message("user", conversation),)
    if not _is_list(conversation):
        raise InvalidRequest(
            f"messages must be a string or a list of messages, got {json_type(conversation)}.", param="messages"
        )
    messages = [part for part in conversation if isinstance(part, Message)]
    if len(messages) == len(conversation):
        return tuple(messages)
    return Messages().read("messages", [_as_json(part) for part in conversation])


def read_prompt(prompt: str | Sequence[int]) -> str | tuple[int, ...]:
    """Text as it is, token ids as a tuple."""
    if isinstance(prompt, str):
        return prompt
    if not _is_list(prompt) or not all(type(token_id) is int for token_id in prompt):
        raise InvalidRequest(f"prompt must be a string or a list of token ids, got {shown(prompt)}.", param="prompt")
    return tuple(prompt)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence)


def _as_json(part: Message | Mapping[str, Any]) -> Any:
    if not isinstance(part, Message):
        return part
    calls = [{"id": call.id, "function": {"name": call.name, "arguments": call.arguments}} for call in part.tool_calls]
    return {"role": part.role, "content": part.content} | ({"tool_calls": calls} if calls else {})


def read_sampling(arguments: Mapping[str, Any]) -> SamplingParams:
    """SamplingParams of these fields; InvalidRequest names one that is unknown or of a wrong type."""
    for name in arguments:
        if name not in KNOWN:
            hint = did_you_mean(name, KNOWN, f" There are {', '.join(KNOWN)}.")
            raise InvalidRequest(f"There is no sampling parameter {name}.{hint}", param=name)
    values: dict[str, Any] = dict(arguments) | read_table(NUMBERS, dict(arguments))
    absent = {"stop": (), "stop_token_ids": (), "logit_bias": {}, "prompt_logprobs": False, "masked_logprobs": False}
    values |= {name: default for name, default in absent.items() if values.get(name) is None}
    values["stop"] = _several("stop", values["stop"], str)
    values["stop_token_ids"] = _several("stop_token_ids", values["stop_token_ids"], int)
    values["logit_bias"] = _biases(values["logit_bias"])
    for name in ("prompt_logprobs", "masked_logprobs"):
        values[name] = Boolean().read(name, values[name])
    return SamplingParams(**{name: value for name, value in values.items() if value is not None})


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
