"""What OpenRouter tells of generations, keys and providers."""

from dataclasses import replace
from typing import Any

import pytest

from tampu.dialects.base import Asks, Question, Reading, View
from tampu.dialects.openrouter_account import ACCOUNT_READINGS
from tampu.errors import Missing, RecordNotFound
from tampu.generation import GenerationRecord, Spending
from tampu.request import Usage
from tests.dialects.examples import MODEL

READINGS: dict[str, Reading] = {reading.name: reading for reading in ACCOUNT_READINGS}
RECORD = GenerationRecord(
    id="req_1",
    answer_id="gen-1790000000-abc",
    dialect="openrouter",
    operation="chat",
    model="meta-llama/llama-3.1-8b-instruct",
    served_by="cria",
    tenant="t",
    created=1790000000.25,
    seconds=1.5,
    seconds_to_first_chunk=0.5,
    usage=Usage(10, 2, 4, prompt_cost=200_000, completion_cost=100_000),
    finish_reasons=("length",),
    streamed=True,
    cancelled=False,
    seed=42,
    fingerprint="f",
    client={"user-agent": "curl", "http-referer": "https://app", "user": "ana", "session_id": "s"},
)
TEXT = {
    "requests": [{"prompt": [{"role": "user", "content": "hi"}], "tools": [], "constraint": None}],
    "choices": [[{"text": "Hello", "token_ids": [1], "tool_calls": []}]],
}
QUESTION = Question({}, {"id": RECORD.answer_id}, 1790000000, tenant="t")
VIEW = View((MODEL,), lambda name: MODEL, (RECORD,), Spending(4_000_000, 1_000_000, 2_000_000, 3_000_000))  # noqa: ARG005
# Those that openrouter 1.3.84 requires.
KEYS = (
    *("id", "upstream_id", "total_cost", "cache_discount", "upstream_inference_cost", "created_at", "model"),
    *("app_id", "streamed", "cancelled", "provider_name", "latency", "moderation_latency", "generation_time"),
    *("finish_reason", "service_tier", "tokens_prompt", "tokens_completion", "native_tokens_prompt"),
    *("native_tokens_completion", "native_tokens_completion_images", "native_tokens_reasoning"),
    *("native_tokens_cached", "num_media_prompt", "num_input_audio_prompt", "num_media_completion"),
    *("num_search_results", "num_fetches", "web_search_engine", "origin", "usage", "is_byok"),
    *("native_finish_reason", "external_user", "api_type", "preset_id", "router", "provider_responses"),
    *("user_agent", "http_referer", "data_region", "workspace_id"),
)


def shown(name: str, view: View = VIEW) -> Any:
    return READINGS[name].render(QUESTION, view)["data"]


def test_a_generation_has_all_forty_two_keys() -> None:
    assert len(KEYS) == 42
    assert set(KEYS) <= set(shown("generation"))


def test_a_generation_tells_counts_costs_and_times() -> None:
    known = {key: value for key, value in shown("generation").items() if value is not None}
    assert known == {
        "id": "gen-1790000000-abc",
        "upstream_id": "req_1",
        "request_id": "req_1",
        "total_cost": 3e-07,
        "usage": 3e-07,
        "upstream_inference_cost": 3e-07,
        "is_byok": False,
        "created_at": "2026-09-21T14:13:20.250+00:00",
        "model": "meta-llama/llama-3.1-8b-instruct",
        "provider_name": "tampu",
        "streamed": True,
        "cancelled": False,
        "latency": 1500,
        "generation_time": 1000,
        "finish_reason": "length",
        "native_finish_reason": "length",
        "tokens_prompt": 10,
        "tokens_completion": 2,
        "native_tokens_prompt": 10,
        "native_tokens_completion": 2,
        "native_tokens_cached": 4,
        "native_tokens_reasoning": 0,
        "origin": "https://app",
        "http_referer": "https://app",
        "user_agent": "curl",
        "external_user": "ana",
        "session_id": "s",
        "api_type": "completions",
        "data_region": "global",
    }


def test_a_generation_that_was_left_says_so() -> None:
    left = replace(RECORD, cancelled=True, finish_reasons=("abort",), seconds_to_first_chunk=None, client={})
    known = shown("generation", replace(VIEW, records=(left,)))
    assert (known["cancelled"], known["finish_reason"], known["native_finish_reason"]) == (True, None, "abort")
    assert (known["origin"], known["http_referer"], known["generation_time"]) == ("", None, 1500)


@pytest.mark.parametrize("name", ["generation", "generation_content"])
def test_a_generation_is_asked_for_by_its_id(name: str) -> None:
    assert READINGS[name].asks(QUESTION) == Asks(record_ids=("gen-1790000000-abc",))
    nothing: list[dict[str, str]] = [{}, {"id": ""}]
    for query in nothing:
        with pytest.raises(Missing, match="id is required"):
            READINGS[name].asks(Question({}, query, 0))
    with pytest.raises(RecordNotFound, match="gen-1790000000-abc"):
        shown(name, replace(VIEW, records=()))


def test_the_text_is_shown_where_it_was_kept() -> None:
    kept = replace(VIEW, records=(replace(RECORD, text=TEXT),))
    assert shown("generation_content", kept) == {
        "input": {"messages": [{"role": "user", "content": "hi"}]},
        "output": {"completion": "Hello", "reasoning": None},
        "error": None,
    }
    with pytest.raises(RecordNotFound, match="only with --log-text"):
        shown("generation_content")


def test_a_raw_prompt_is_shown_as_it_was() -> None:
    text = {**TEXT, "requests": [{"prompt": "Once"}]}
    kept = replace(VIEW, records=(replace(RECORD, text=text),))
    assert shown("generation_content", kept)["input"] == {"prompt": "Once"}


@pytest.mark.parametrize("name", ["key", "credits"])
def test_an_account_asks_for_what_was_spent(name: str) -> None:
    assert READINGS[name].asks(QUESTION) == Asks(spending=True)


def test_a_key_has_no_limit_and_its_spending_by_day_week_and_month() -> None:
    key = shown("key")
    assert (key["label"], key["limit"], key["limit_remaining"], key["limit_reset"]) == ("t", None, None, None)
    usage = [key[name] for name in ("usage", "usage_daily", "usage_weekly", "usage_monthly")]
    assert usage == [4e-06, 1e-06, 2e-06, 3e-06]
    assert key["rate_limit"] == {
        "requests": -1,
        "interval": "10s",
        "note": "This field is deprecated and safe to ignore.",
    }
    assert (key["budgets"], key["allowed_data_regions"], key["is_free_tier"]) == ([], ["global"], False)
    assert READINGS["key"].paths == ("/api/v1/key", "/api/v1/auth/key")


def test_credits_are_what_was_used() -> None:
    assert shown("credits") == {"total_credits": 4e-06, "total_usage": 4e-06}


def test_there_is_one_provider() -> None:
    (provider,) = shown("providers")
    assert (provider["name"], provider["slug"], provider["privacy_policy_url"]) == ("tampu", "tampu", None)
