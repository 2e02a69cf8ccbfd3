"""How OpenAI words an answer."""

from tampu.dialects.answers import Manner, Stamp, render_call
from tampu.dialects.kinds import JSON
from tampu.errors import ServiceError
from tampu.request import Choice, Opening, Usage


def render_usage(usage: Usage) -> dict[str, JSON]:
    """Token counts; in the details those taken from the prefix cache, and the guesses that came or did not."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {
            "accepted_prediction_tokens": usage.right_guesses,
            "rejected_prediction_tokens": usage.guessed_tokens - usage.right_guesses,
        },
    }


def render_error_object(error: ServiceError, request_id: str) -> dict[str, JSON]:
    """The object under `error`: OpenAI's four keys, and metadata of ours."""
    kind = "server_error" if error.status >= 500 else "requests" if error.status == 429 else "invalid_request_error"
    metadata = {"error_type": error.error_type, "request_id": request_id}
    return {"message": error.message, "type": kind, "param": error.param, "code": error.code, "metadata": metadata}


def wire_fingerprint(fingerprint: str) -> str:
    """A fingerprint as OpenAI writes them: `fp_` and its first 16 digits."""
    return f"fp_{fingerprint[:16]}"


def render_head(stamp: Stamp, kind: str, opening: Opening | None) -> dict[str, JSON]:
    """The keys before `choices`; with the seed and the fingerprint an answer can be replayed."""
    head = {"id": stamp.id, "object": kind, "created": stamp.created, "model": stamp.model}
    if opening is None:
        return head
    return {**head, "system_fingerprint": wire_fingerprint(opening.fingerprint), "seed": opening.seed}


def render_choice(choice: Choice, logprobs: JSON) -> dict[str, JSON]:
    """A choice of a whole chat; its content is null where there are only calls."""
    calls = [render_call(call) for call in choice.tool_calls]
    content = choice.text or None if calls else choice.text
    message = {"role": "assistant", "content": content, "refusal": None}
    return {
        "index": choice.index,
        "message": {**message, "tool_calls": calls} if calls else message,
        "logprobs": logprobs,
        "finish_reason": choice.finish_reason,
    }


OPENAI = Manner(
    head=render_head,
    usage=render_usage,
    choice=render_choice,
    error=render_error_object,
    usage_place="asked",
    opening_delta=b'{"role":"assistant","content":"","refusal":null}',
)
