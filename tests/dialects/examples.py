"""Bodies, contexts and scripted chunks that several dialect tests share."""

from collections.abc import Iterator, Mapping
from typing import Any

from tampu.catalogue import CATALOGUE
from tampu.dialects.base import Call, Context, ModelEntry, Operation, Policy
from tampu.dialects.openai import OpenAI
from tampu.request import Chunk, Opening, TokenLogprob, ToolCallDelta, Usage

MODEL = ModelEntry(
    ("cria",),
    CATALOGUE.describe("cria"),
    1790000000,
    context=512,
    quantization="int8",
    fingerprint="f",
    vocab_size=1000,
)
CONTEXT = Context("req_" + "0" * 32, created=1790000000, seed=42, find=lambda name: MODEL)  # noqa: ARG005
CHAT_BODY = {"model": "cria", "messages": [{"role": "user", "content": "hello"}]}
TEXT_BODY = {"model": "cria", "prompt": "hello"}
RESPONSE_BODY = {"model": "cria", "input": "hello"}
BODIES: Mapping[str, dict[str, Any]] = {"chat": CHAT_BODY, "completions": TEXT_BODY, "responses": RESPONSE_BODY}
OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in OpenAI.build(Policy()).operations}


def parse(operation: str, **changes: Any) -> Call:
    """The call of a small valid body with these changes."""
    return OPERATIONS[operation].parse({}, {**BODIES[operation], **changes}, CONTEXT)


def chunks_from(script: list[dict[str, Any]]) -> Iterator[tuple[int, Chunk]]:
    """Position and chunk for each line of a golden file's script."""
    for line in script:
        values = dict(line)
        position = values.pop("position", 0)
        if "opening" in values:
            opening = dict(values["opening"])
            opening["prompt_logprobs"] = logprobs_from(opening.get("prompt_logprobs", []))
            values["opening"] = Opening(**opening)
        values["tool_calls"] = tuple(ToolCallDelta(**delta) for delta in values.get("tool_calls", ()))
        if "usage" in values:
            values["usage"] = MODEL.known.price.charge(Usage(*values["usage"]))
        yield position, Chunk(**values | {"logprobs": logprobs_from(values.get("logprobs", []))})


def logprobs_from(rows: list[Any]) -> tuple[TokenLogprob, ...]:
    """Tokens from [bytes as latin-1 text, logprob, alternatives of the same form]."""
    return tuple(
        TokenLogprob(index, text.encode("latin-1"), logprob, logprobs_from(top[0] if top else []))
        for index, (text, logprob, *top) in enumerate(rows)
    )
