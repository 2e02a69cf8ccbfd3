"""OpenRouter's answers and errors; golden files have them byte for byte."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tampu.dialects.base import Answer, Policy, dumps
from tampu.dialects.openrouter import OpenRouter
from tampu.dialects.openrouter_answers import render_usage
from tampu.dialects.openrouter_errors import ERROR_TYPES
from tampu.errors import (
    AdapterNotFound,
    ContextTooLong,
    EngineFailure,
    Forbidden,
    InvalidPrompt,
    MethodNotAllowed,
    Missing,
    ModelNotFound,
    NotReady,
    OutOfRange,
    Overloaded,
    PayloadTooLarge,
    RateLimited,
    RecordNotFound,
    RequestTimeout,
    RouteNotFound,
    RuledOut,
    ServiceError,
    StoreUnavailable,
    Unauthorized,
    UnsupportedMedia,
    WrongLength,
)
from tampu.request import Chunk, Completion, Opening, Usage
from tests.dialects.examples import CONTEXT, MODEL

DIALECT = OpenRouter.build(Policy())
CHAT, TEXT = DIALECT.operations
BODY = {"messages": [{"role": "user", "content": "hello"}]}
CHUNKS = (
    Chunk(text="Hi", opening=Opening(42, "f" * 64, 3, 0)),
    Chunk(finish_reason="stop", usage=Usage(3, 1, 0, prompt_cost=30_000, completion_cost=20_000)),
)
# What the recordings of OpenRouter have where ours has a place for it.
APIERROR_TYPES = {
    *("context_length_exceeded", "string_too_long", "authentication", "permission_denied", "rate_limit_exceeded"),
    *("provider_unavailable", "invalid_request", "invalid_prompt", "not_found", "payload_too_large", "server"),
    "timeout",
}


def answer(body: dict[str, Any] | None = None, **headers: str) -> Answer:
    context = replace(CONTEXT, headers=headers)
    return CHAT.parse({}, {"model": "cria", **BODY, **(body or {})}, context).answer


def whole(shown: Answer) -> Any:
    return json.loads(dumps(shown.render([Completion.fold(CHUNKS)])))


def stream(shown: Answer) -> list[Any]:
    events = [event for chunk in CHUNKS for event in shown.render_chunk(0, chunk)] + list(shown.render_end())
    return [json.loads(event.removeprefix(b"data: ")) for event in events if b"[DONE]" not in event]


def test_an_answers_id_follows_from_the_request_and_stands_in_a_header() -> None:
    shown = answer()
    assert whole(shown)["id"] == "gen-1790000000-HlJVK8V8Y9YdC3cyYeRd"
    assert shown.headers([]) == {"x-generation-id": "gen-1790000000-HlJVK8V8Y9YdC3cyYeRd"}


@pytest.mark.parametrize(
    ("pico", "digits"),
    [(0, "0.0"), (1, "1e-12"), (300_000, "3e-07"), (123_456_789_012, "0.123456789012"), (10**12, "1.0")],
)
def test_a_cost_is_right_to_its_last_digit(pico: int, digits: str) -> None:
    usage = render_usage(Usage(1, 1, 0, prompt_cost=pico, completion_cost=0))
    assert dumps(usage["cost"]) == digits.encode()
    assert usage["cost_details"]["upstream_inference_prompt_cost"] == usage["cost"]


def test_the_usage_comes_after_everything_else_with_or_without_asking() -> None:
    *others, last = stream(answer({"stream": True, "stream_options": {"include_usage": False}}))
    assert last["choices"] == []
    assert last["usage"]["cost"] == 5e-08
    assert not any("usage" in chunk for chunk in others)


def test_every_delta_has_the_role() -> None:
    deltas = [chunk["choices"][0]["delta"] for chunk in stream(answer({"stream": True}))[:-1]]
    assert deltas == [{"content": "Hi", "role": "assistant"}, {"content": "", "role": "assistant"}]


@pytest.mark.parametrize("header", ["x-openrouter-metadata", "x-openrouter-experimental-metadata"])
def test_a_header_asks_how_the_request_was_routed(header: str) -> None:
    metadata = whole(answer(None, **{header: "enabled"}))["openrouter_metadata"]
    assert metadata == {
        "requested": "cria",
        "strategy": "direct",
        "region": None,
        "summary": "available=1, selected=tampu",
        "attempt": 1,
        "is_byok": False,
        "endpoints": {
            "total": 1,
            "available": [{"provider": "tampu", "model": "tampu/cria", "selected": True}],
        },
    }
    *others, last = stream(answer({"stream": True}, **{header: "enabled"}))
    assert last["openrouter_metadata"] == metadata
    assert not any("openrouter_metadata" in chunk for chunk in others)


@pytest.mark.parametrize("value", ["disabled", ""])
def test_otherwise_nothing_is_said_of_it(value: str) -> None:
    assert "openrouter_metadata" not in whole(answer(None, **{"x-openrouter-metadata": value}))


def test_a_fallback_is_told() -> None:
    def find(name: str) -> Any:
        if name != "cria":
            raise ModelNotFound(name, ["cria"])
        return MODEL

    context = replace(CONTEXT, find=find, headers={"x-openrouter-metadata": "enabled"})
    body = {**BODY, "model": "cria:unknown", "models": ["nobody/x", "cria:nitro"]}
    metadata = whole(CHAT.parse({}, body, context).answer)["openrouter_metadata"]
    assert (metadata["requested"], metadata["strategy"], metadata["attempt"]) == ("cria:unknown", "fallback", 3)


def test_a_debugger_sees_first_what_the_engine_is_asked() -> None:
    body = {"stream": True, "debug": {"echo_upstream_body": True}, "top_k": 7}
    first, second, *_ = stream(answer(body))
    assert first["choices"] == []
    echoed = first["debug"]["echo_upstream_body"]
    assert (echoed["model"], echoed["sampling"]["top_k"], echoed["sampling"]["seed"]) == ("cria", 7, 42)
    assert echoed["prompt"] == [{"role": "user", "content": "hello", "tool_calls": []}]
    assert "debug" not in second
    assert "debug" not in whole(answer({**body, "stream": False}))


def test_a_text_stream_shows_it_once_for_all_prompts() -> None:
    body = {"model": "cria", "prompt": ["a", "b"], "stream": True, "debug": {"echo_upstream_body": True}}
    shown = TEXT.parse({}, body, CONTEXT).answer
    events = [event for position in (1, 0) for event in shown.render_chunk(position, CHUNKS[0])]
    assert sum(b"echo_upstream_body" in event for event in events) == 1


def test_a_stream_that_breaks_before_its_first_token_still_says_so() -> None:
    event, end = answer({"stream": True}).render_failure(NotReady("Gone.", retry_after=1), "req_1")
    chunk = json.loads(event.removeprefix(b"data: "))
    assert chunk["error"] == {"code": 503, "message": "Gone.", "metadata": {"error_type": "provider_unavailable"}}
    assert chunk["choices"] == [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]
    assert (chunk["provider"], end) == ("tampu", b"data: [DONE]\n\n")


UNSERVED = ModelNotFound("acme/x", ["cria"])
NOWHERE = ModelNotFound("a", ["cria"], ["a", "b", "c"])
DEAR = RuledOut(
    "No.",
    model="cria",
    reason="constraint_filtered",
    excluded_by="max_price",
    field="provider.max_price",
    detail="too dear",
)
UNWANTED = RuledOut("No.", model="cria", reason="no_endpoints", excluded_by="allowed_providers", field="provider.only")
ERRORS: list[tuple[ServiceError, int, str, str]] = [
    (Missing("messages"), 400, "invalid_request", "messages is required."),
    (OutOfRange("top_p", value=2, low=0, high=1), 400, "invalid_request", "top_p must be between 0 and 1, got 2."),
    (InvalidPrompt("Empty."), 400, "invalid_prompt", "Empty."),
    (WrongLength("user", count=9, low=0, high=8, unit="characters"), 400, "string_too_long", "user takes 0 to 8"),
    (WrongLength("stop", count=9, low=0, high=8, unit="items"), 400, "invalid_request", "stop takes 0 to 8 items"),
    (ContextTooLong(context=8, prompt=9, completion=1), 400, "context_length_exceeded", "maximum context length is 8"),
    (Unauthorized("No key."), 401, "authentication", "No key."),
    (Forbidden("No."), 403, "permission_denied", "No."),
    (UNSERVED, 400, "invalid_request", "acme/x is not a valid model ID"),
    (NOWHERE, 400, "invalid_request", "a, b and c are not valid model IDs"),
    (UNWANTED, 404, "not_found", "No."),
    (DEAR, 404, "not_found", "No."),
    (AdapterNotFound("a", []), 404, "not_found", "There is no adapter"),
    (RecordNotFound("gen-1"), 404, "not_found", "There is no record"),
    (RouteNotFound("No path."), 404, "not_found", "No path."),
    (MethodNotAllowed("No."), 405, "invalid_request", "No."),
    (RequestTimeout("Slow."), 408, "timeout", "Slow."),
    (PayloadTooLarge("Big."), 413, "payload_too_large", "Big."),
    (UnsupportedMedia("What?"), 415, "invalid_request", "What?"),
    (RateLimited("Wait."), 429, "rate_limit_exceeded", "Wait."),
    (Overloaded("Full."), 429, "rate_limit_exceeded", "Full."),
    (EngineFailure("Broken."), 500, "server", "Broken."),
    (StoreUnavailable("Locked."), 503, "server", "Locked."),
    (NotReady("Loading."), 503, "provider_unavailable", "Loading."),
]


@pytest.mark.parametrize(("error", "status", "kind", "message"), ERRORS, ids=lambda value: type(value).__name__)
def test_an_error_has_its_status_as_a_number_and_its_word_where_each_client_looks(
    error: ServiceError, status: int, kind: str, message: str
) -> None:
    shown, body = DIALECT.render_error(error, "req_1")
    found = body["error"]
    assert (shown, found["code"], found["http_status"]) == (status, status, status)
    assert (found["error_type"], found["metadata"]["error_type"]) == (kind, kind)
    assert message in found["message"]


def service_errors(kind: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from service_errors(child)


def test_every_class_of_error_has_a_word_that_clients_know() -> None:
    assert {kind for _, _, kind, _ in ERRORS} == APIERROR_TYPES
    assert set(ERROR_TYPES.values()) <= APIERROR_TYPES
    for kind in service_errors():
        error = kind.__new__(kind)
        assert any(parent in ERROR_TYPES for parent in kind.__mro__), error


AVAILABILITIES: list[tuple[ServiceError, dict[str, Any]]] = [
    (UNSERVED, {"code": "model_not_found", "retryable": False, "requested_models": ["acme/x"]}),
    (NOWHERE, {"code": "model_not_found", "retryable": False, "requested_models": ["a", "b", "c"]}),
    (
        UNWANTED,
        {
            "code": "no_endpoints",
            "retryable": False,
            "requested_models": ["cria"],
            "affected_providers": ["tampu"],
            "excluded_by": ["allowed_providers"],
        },
    ),
    (
        DEAR,
        {
            "code": "constraint_filtered",
            "retryable": False,
            "requested_models": ["cria"],
            "affected_providers": ["tampu"],
            "excluded_by": ["max_price"],
            "constraint": {"field": "provider.max_price", "detail": "too dear"},
        },
    ),
    (
        Overloaded("Full.", retry_after=2.4),
        {"code": "capacity_exhausted", "retryable": True, "requested_models": [], "retry_after": 2},
    ),
    (
        NotReady("Loading.", retry_after=0.1),
        {"code": "temporarily_unavailable", "retryable": True, "requested_models": [], "retry_after": 1},
    ),
    (NotReady("Failed."), {"code": "temporarily_unavailable", "retryable": True, "requested_models": []}),
]


@pytest.mark.parametrize(("error", "expected"), AVAILABILITIES, ids=lambda value: type(value).__name__)
def test_an_error_about_a_model_says_what_became_of_it(error: ServiceError, expected: dict[str, Any]) -> None:
    _, body = DIALECT.render_error(error, "req_1")
    documents = f"https://openrouter.ai/docs/errors#{expected['code']}"
    assert body["error"]["availability"] == {**expected, "docs_url": documents}


def test_other_errors_say_nothing_of_models() -> None:
    _, body = DIALECT.render_error(Missing("messages"), "req_1")
    assert "availability" not in body["error"]


def test_a_full_queue_says_the_same_time_in_body_and_header() -> None:
    error = Overloaded("Full.")
    metadata = DIALECT.render_error(error, "req_1")[1]["error"]["metadata"]
    assert metadata == {
        "error_type": "rate_limit_exceeded",
        "provider_name": "tampu",
        "raw": "Full.",
        "is_byok": False,
        "retry_after_seconds": 1,
    }
    assert DIALECT.error_headers(error, "req_1") == {"retry-after": "1"}
    assert DIALECT.error_headers(Missing("x"), "req_1") == {}
