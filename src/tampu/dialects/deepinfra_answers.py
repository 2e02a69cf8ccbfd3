"""How DeepInfra words an answer: OpenAI's form with null keys and a cost, and the form of its own inference route."""

from collections.abc import Iterator, Mapping, Sequence

from tampu.catalogue import dollars
from tampu.dialects.answers import DONE, Manner, Stamp, render_call
from tampu.dialects.base import dumps, sse
from tampu.dialects.kinds import JSON
from tampu.dialects.openai_answers import render_error_object
from tampu.dialects.pydantic_words import dotted, words
from tampu.errors import (
    ContextTooLong,
    EngineFailure,
    InvalidRequest,
    Overloaded,
    ServiceError,
    Unauthorized,
)
from tampu.request import Choice, Chunk, Completion, Opening, Usage

BUSY = "Model busy, retry later"


def render_usage(usage: Usage) -> dict[str, JSON]:
    """Token counts and what they cost."""
    cached = {"cached_tokens": usage.cached_tokens} if usage.cached_tokens else None
    return {
        "prompt_tokens": usage.prompt_tokens,
        "total_tokens": usage.total_tokens,
        "completion_tokens": usage.completion_tokens,
        "estimated_cost": dollars(usage.cost),
        "prompt_tokens_details": cached,
    }


def render_head(stamp: Stamp, kind: str, opening: Opening | None) -> dict[str, JSON]:  # noqa: ARG001 - a manner's
    """The keys before `choices`."""
    return {"id": stamp.id, "object": kind, "created": stamp.created, "model": stamp.model, **stamp.further}


def render_choice(choice: Choice, logprobs: JSON) -> dict[str, JSON]:
    """A choice of a whole chat, with every key there."""
    calls = [render_call(call) for call in choice.tool_calls]
    return {
        "index": choice.index,
        "message": {
            "role": "assistant",
            "content": choice.text or None if calls else choice.text,
            "reasoning_content": None,
            "name": None,
            "tool_calls": calls or None,
            "refusal": None,
        },
        "finish_reason": choice.finish_reason,
        "logprobs": logprobs,
    }


def status_of(error: ServiceError) -> int:
    """What is wrong with a body is 422, but for its length; a full queue is 429."""
    if isinstance(error, InvalidRequest) and not isinstance(error, ContextTooLong):
        return 422
    return 429 if isinstance(error, Overloaded) else int(error.status)


def message_of(error: ServiceError) -> str:
    """DeepInfra's sentence, where it has one."""
    if isinstance(error, Unauthorized):
        return "Not authenticated"
    if isinstance(error, Overloaded):
        return BUSY
    return words(error)[1] if isinstance(error, InvalidRequest) and status_of(error) == 422 else error.message


def render_error(error: ServiceError, request_id: str) -> dict[str, JSON]:
    """The object under `error`."""
    envelope = render_error_object(error, request_id)
    code = error.code if error.code in ("context_length_exceeded", "model_not_found") else None
    return {**envelope, "message": message_of(error), "param": dotted(error.param), "code": code}


def render_native_error(error: ServiceError) -> JSON:
    """An error of the inference route: FastAPI's list of what is wrong, or one sentence."""
    if isinstance(error, InvalidRequest) and status_of(error) == 422:
        name, message = words(error)
        place = (dotted(error.param) or "").split(".") if error.param else []
        path = ["body", *(int(part) if part.isdigit() else part for part in place)]
        return {"detail": [{"type": name, "loc": path, "msg": message}]}
    return {"error": "Model not found" if error.code == "model_not_found" else message_of(error)}


DEEPINFRA = Manner(
    head=render_head,
    usage=render_usage,
    choice=render_choice,
    error=render_error,
    usage_place="finish",
    opening_delta=b'{"role":"assistant","content":""}',
)


class InferenceAnswer:
    """Words one call of the inference route: one object, or events in the style of text-generation-inference."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._texts: dict[int, list[str]] = {}

    def headers(self, completions: Sequence[Completion]) -> Mapping[str, str]:  # noqa: ARG002
        """None of its own."""
        return {}

    def render(self, completions: Sequence[Completion]) -> JSON:
        """The whole answer."""
        (completion,) = completions
        usage = completion.usage
        return {
            "request_id": self._request_id,
            "inference_status": {
                "status": "succeeded",
                "runtime_ms": round(1000 * completion.seconds),
                "cost": dollars(usage.cost),
                "tokens_generated": usage.completion_tokens,
                "tokens_input": usage.prompt_tokens,
            },
            "results": [{"generated_text": choice.text} for choice in completion.choices],
            "num_tokens": usage.completion_tokens,
            "num_input_tokens": usage.prompt_tokens,
        }

    def render_chunk(self, position: int, chunk: Chunk) -> Iterator[bytes]:  # noqa: ARG002 - there is one request
        """An event per token, the text with the last of them; at the end of a choice its whole text."""
        texts = self._texts.setdefault(chunk.index, [])
        texts.append(chunk.text)
        for place, (token_id, scored) in enumerate(zip(chunk.token_ids, chunk.logprobs, strict=False), 1):
            text = chunk.text if place == len(chunk.token_ids) else ""
            token = {"id": token_id, "text": text, "logprob": scored.logprob, "special": False}
            yield self._event(chunk.index, token)
        if chunk.text and not chunk.token_ids:
            yield self._event(chunk.index, {"id": None, "text": chunk.text, "logprob": None, "special": False})
        if chunk.finish_reason is not None:
            details = {"finish_reason": chunk.finish_reason}
            yield self._event(chunk.index, None, "".join(texts), details)

    @staticmethod
    def _event(index: int, token: JSON, text: str | None = None, details: JSON = None) -> bytes:
        choice = {"index": index} if index else {}
        return sse(dumps({"token": token, "generated_text": text, "details": details, **choice}))

    def render_end(self) -> Iterator[bytes]:
        """The end mark."""
        yield DONE

    def render_failure(self, error: ServiceError, request_id: str) -> Iterator[bytes]:  # noqa: ARG002
        """An event that says what broke, and the end mark."""
        kind = "generation_error" if isinstance(error, EngineFailure) else error.error_type
        yield sse(dumps({"error_type": kind, "error_message": error.message}))
        yield DONE
