"""How OpenRouter words an answer: `gen-` ids, the provider in every object, usage with costs at the end."""

from collections.abc import Mapping
from typing import Any

from tampu.catalogue import dollars
from tampu.dialects.answers import Manner, Stamp, render_call
from tampu.dialects.base import Context, ModelEntry, Waiting, alphanumerics
from tampu.dialects.kinds import JSON
from tampu.dialects.openai_answers import wire_fingerprint
from tampu.dialects.openrouter_errors import render_error_object
from tampu.dialects.openrouter_routing import NAME, PROVIDER, asked_for, means
from tampu.errors import ServiceError
from tampu.replay import parameters_of, text_of
from tampu.request import Choice, GenerateRequest, Opening, Usage

WAITING = Waiting(b": OPENROUTER PROCESSING\n\n", seconds=1.0)
METADATA_HEADERS = ("x-openrouter-metadata", "x-openrouter-experimental-metadata")


def generation_id(context: Context) -> str:
    """`gen-`, the time in seconds, and 20 letters and digits."""
    return f"gen-{context.created}-{alphanumerics(context.request_id, 20)}"


def render_usage(usage: Usage) -> dict[str, JSON]:
    """Token counts and what they cost."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cost": dollars(usage.cost),
        "is_byok": False,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": 0,
            "audio_tokens": 0,
            "video_tokens": 0,
        },
        "cost_details": {
            "upstream_inference_cost": dollars(usage.cost),
            "upstream_inference_prompt_cost": dollars(usage.prompt_cost),
            "upstream_inference_completions_cost": dollars(usage.completion_cost),
        },
        "completion_tokens_details": {"reasoning_tokens": 0, "image_tokens": 0, "audio_tokens": 0},
    }


def render_head(stamp: Stamp, kind: str, opening: Opening | None) -> dict[str, JSON]:
    """The keys before `choices`; whole answers have the fingerprint."""
    head = {"id": stamp.id, "object": kind, "created": stamp.created, "model": stamp.model, "provider": PROVIDER}
    if opening is not None and not kind.endswith(".chunk"):
        head["system_fingerprint"] = wire_fingerprint(opening.fingerprint)
    return {**head, **stamp.further}


def render_choice(choice: Choice, logprobs: JSON) -> dict[str, JSON]:
    """A choice of a whole chat; calls have their index here, too."""
    calls = [{"index": index, **render_call(call)} for index, call in enumerate(choice.tool_calls)]
    content = choice.text or None if calls else choice.text
    message = {"role": "assistant", "content": content, "refusal": None, "reasoning": None}
    return {
        "index": choice.index,
        "logprobs": logprobs,
        "finish_reason": choice.finish_reason,
        "native_finish_reason": choice.finish_reason,
        "message": {**message, "tool_calls": calls} if calls else message,
    }


def render_broken(error: ServiceError, request_id: str) -> dict[str, JSON]:  # noqa: ARG001 - a manner's signature
    """The object under `error` in a stream."""
    return render_error_object(error)


OPENROUTER = Manner(
    head=render_head,
    usage=render_usage,
    choice=render_choice,
    error=render_broken,
    usage_place="always",
    delta_tail=b',"role":"assistant"',
    final_delta=b'{"content":"","role":"assistant"}',
    broken_delta={"content": ""},
    native_reason=True,
    headers=lambda stamp: {"x-generation-id": stamp.id},
)


def extras(
    values: Mapping[str, Any], context: Context, model: ModelEntry, request: GenerateRequest
) -> Mapping[str, Mapping[str, JSON]]:
    """The service tier, which is given back; how the request was routed, if a header asks; the body for a debugger."""
    made: dict[str, Mapping[str, JSON]] = {}
    if "service_tier" in values:
        made["further"] = {"service_tier": values["service_tier"]}
    if any(context.headers.get(name, "").lower() == "enabled" for name in METADATA_HEADERS):
        made["closing"] = {"openrouter_metadata": render_metadata(values, model, request.model)}
    if values.get("debug", {}).get("echo_upstream_body"):
        body = {"model": model.ids[0], **text_of(request), **parameters_of(request)}
        made["preface"] = {"debug": {"echo_upstream_body": body}}
    return made


def render_metadata(values: Mapping[str, Any], model: ModelEntry, name: str) -> JSON:
    """Which model and which provider a request was routed to."""
    wanted = asked_for(values) or (name,)
    attempt = next((place for place, asked in enumerate(wanted, 1) if means(asked, name)), 1)
    return {
        "requested": wanted[0],
        "strategy": "direct" if attempt == 1 else "fallback",
        "region": None,
        "summary": f"available=1, selected={PROVIDER}",
        "attempt": attempt,
        "is_byok": False,
        "endpoints": {
            "total": 1,
            "available": [{"provider": PROVIDER, "model": model.name_in(NAME), "selected": True}],
        },
    }
