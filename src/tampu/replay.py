"""A request taken apart into parameters, which may always be kept, and text, and put together again; digests of both
sides of an answer, so that a replay can be compared with what was never stored."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from tampu.request import Constraint, GenerateRequest, Message, Prompt, SamplingParams, Tool, ToolCall, ToolChoice

TEXT = ("prompt", "tools", "constraint")
STRUCTURES = ("sampling", "tool_choice")
# The fields of a request that a record goes without, and why each of them changes no token. Every other field is kept.
NOT_KEPT = {
    "id": "a name that the server made",
    "model": "stands in the record itself, with the fingerprint that it had",
    "tenant": "whose blocks of the cache may be shared: time, never tokens",
    "may_wait": "whether it was refused; what was refused has no record",
    "return_token_ids": "what the answer shows beside its text",
    "prompt_param": "which field an error names",
}
FLAGS = tuple(item.name for item in fields(GenerateRequest) if item.name not in {*TEXT, *STRUCTURES, *NOT_KEPT})
TOKEN_ID_BYTES = 4


def parameters_of(request: GenerateRequest) -> dict[str, Any]:
    """Everything that decides the answer besides text, as JSON."""
    flags = {name: getattr(request, name) for name in FLAGS}
    return {"sampling": asdict(request.sampling), "tool_choice": asdict(request.tool_choice), **flags}


def text_of(request: GenerateRequest) -> dict[str, Any]:
    """The text of a request, as JSON: prompt, tools and constraint."""
    constraint = request.constraint
    return {
        "prompt": request.prompt if isinstance(request.prompt, str) else [_part(part) for part in request.prompt],
        "tools": [asdict(tool) for tool in request.tools],
        "constraint": constraint and {"kind": constraint.kind, "source": constraint.source},
    }


def request_of(id_: str, model: str, parameters: Mapping[str, Any], text: Mapping[str, Any]) -> GenerateRequest:
    """The request that `parameters_of` and `text_of` took apart."""
    choice, constraint = parameters["tool_choice"], text["constraint"]
    return GenerateRequest(
        id_,
        model,
        _prompt(text["prompt"]),
        _sampling(parameters["sampling"]),
        tools=tuple(Tool(**tool) for tool in text["tools"]),
        tool_choice=ToolChoice(choice["mode"], tuple(choice["names"])),
        constraint=constraint and Constraint(**constraint),
        **{name: parameters[name] for name in FLAGS if name in parameters},
    )


def digest(text: Mapping[str, Any]) -> str:
    """SHA-256 of what `text_of` gave, in hexadecimal digits: of its JSON, compact and with sorted keys."""
    return hashlib.sha256(json.dumps(text, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class TokenDigest:
    """SHA-256 of token ids, little-endian in four bytes each, as they come."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.num_tokens = 0

    def push(self, token_ids: Iterable[int]) -> None:
        """Take in further ids."""
        for token_id in token_ids:
            self._hash.update(token_id.to_bytes(TOKEN_ID_BYTES, "little"))
            self.num_tokens += 1

    @property
    def hex(self) -> str:
        """Of the ids so far, in hexadecimal digits."""
        return self._hash.hexdigest()


def _part(part: Message | int) -> dict[str, Any] | int:
    return part if isinstance(part, int) else asdict(part)


def _prompt(prompt: Any) -> Prompt:
    if isinstance(prompt, str):
        return prompt
    if prompt and isinstance(prompt[0], int):
        return tuple(prompt)
    return tuple(
        Message(part["role"], part["content"], tuple(ToolCall(**call) for call in part["tool_calls"]))
        for part in prompt
    )


def _sampling(values: Mapping[str, Any]) -> SamplingParams:
    # JSON has neither tuples nor keys that are numbers.
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    bias = {int(token_id): value for token_id, value in values["logit_bias"].items()}
    prompt_logprobs = values["prompt_logprobs"]
    if isinstance(prompt_logprobs, bool):  # in records of version 0.1.0: as many likeliest as `logprobs` asks for
        prompt_logprobs = values["logprobs"] if prompt_logprobs else None
    return SamplingParams(**{**values, **lists, "logit_bias": bias, "prompt_logprobs": prompt_logprobs})
