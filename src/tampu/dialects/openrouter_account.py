"""What OpenRouter tells of generations, keys and providers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tampu.catalogue import dollars
from tampu.dialects.base import Asks, Page, Question, Reading, View, no_headers
from tampu.dialects.fields import Field, Table, read_query
from tampu.dialects.kinds import JSON, Text
from tampu.dialects.openrouter_routing import BASE, PROVIDER
from tampu.errors import RecordNotFound
from tampu.generation import GenerationRecord

MILLISECONDS = 1000
GENERATION_QUERY: Table = (Field("id", Text(256), "Of the answer, or of the request that it answers.", required=True),)
# Keys of a generation about things that do not happen here.
NEVER = (
    *("cache_discount", "app_id", "moderation_latency", "service_tier", "native_tokens_completion_images"),
    *("num_media_prompt", "num_input_audio_prompt", "num_media_completion", "num_search_results", "num_fetches"),
    *("web_search_engine", "preset_id", "router", "provider_responses", "workspace_id"),
)
# Keys about a key: no limit, no other account, no organization.
UNLIMITED = {"limit": None, "limit_remaining": None, "limit_reset": None, "include_byok_in_limit": False}
ELSEWHERE = dict.fromkeys(("byok_usage", "byok_usage_daily", "byok_usage_weekly", "byok_usage_monthly"), 0.0)
NOBODY = dict.fromkeys(("creator_user_id", "organization_id", "workspace_id", "effective_budget", "expires_at"))
RATE_LIMIT = {"requests": -1, "interval": "10s", "note": "This field is deprecated and safe to ignore."}


@dataclass(frozen=True, slots=True)
class Generations:
    """A reading about one generation, which the query names."""

    name: str
    paths: tuple[str, ...]
    with_text: bool
    method: str = "GET"
    query: Table = GENERATION_QUERY

    def asks(self, question: Question) -> Asks:
        """Its record. Raises Missing."""
        return Asks(record_ids=(read_query(self.query, question.query)["id"],))

    def render(self, question: Question, view: View) -> JSON:
        """What is known of it. Raises RecordNotFound."""
        record = next(iter(view.records), None)
        if record is None:
            raise RecordNotFound(question.query["id"])
        return {"data": render_content(record) if self.with_text else render_generation(record)}

    def headers(self, request_id: str) -> Mapping[str, str]:
        """None of its own."""
        return no_headers(request_id)


def render_generation(record: GenerationRecord) -> dict[str, JSON]:
    """Counts, costs and times; times in milliseconds."""
    usage, client = record.usage, record.client
    reason = record.finish_reasons[0] if record.finish_reasons else None
    cost, first = dollars(usage.cost), record.seconds_to_first_chunk or 0.0
    return {
        "id": record.answer_id,
        "upstream_id": record.id,
        "request_id": record.id,
        "total_cost": cost,
        "usage": cost,
        "upstream_inference_cost": cost,
        "is_byok": False,
        "created_at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "model": record.model,
        "provider_name": PROVIDER,
        "streamed": record.streamed,
        "cancelled": record.cancelled,
        "latency": round(MILLISECONDS * record.seconds),
        "generation_time": round(MILLISECONDS * (record.seconds - first)),
        "finish_reason": None if record.cancelled else reason,
        "native_finish_reason": reason,
        **render_counts(record),
        "origin": client.get("http-referer", ""),
        "http_referer": client.get("http-referer"),
        "user_agent": client.get("user-agent"),
        "external_user": client.get("user"),
        "session_id": client.get("session_id", client.get("x-session-id")),
        "api_type": "completions",
        "data_region": "global",
        **dict.fromkeys(NEVER),
    }


def render_counts(record: GenerationRecord) -> dict[str, JSON]:
    """Tokens; ours are the model's own."""
    usage = record.usage
    return {
        "tokens_prompt": usage.prompt_tokens,
        "tokens_completion": usage.completion_tokens,
        "native_tokens_prompt": usage.prompt_tokens,
        "native_tokens_completion": usage.completion_tokens,
        "native_tokens_cached": usage.cached_tokens,
        "native_tokens_reasoning": 0,
    }


def render_content(record: GenerationRecord) -> dict[str, JSON]:
    """What was asked and answered. Raises RecordNotFound where no text was kept."""
    if record.text is None:
        raise RecordNotFound(record.answer_id, "with its text: the server keeps text only with --log-text")
    prompts = [request["prompt"] for request in record.text["requests"]]
    answers = [choice["text"] for choices in record.text["choices"] for choice in choices]
    output = {"completion": "".join(answers), "reasoning": None}
    return {"input": render_input(prompts[0]), "output": output, "error": None}


def render_input(prompt: Any) -> Mapping[str, JSON]:
    """A raw prompt, or messages."""
    return {"prompt": prompt} if isinstance(prompt, str) else {"messages": prompt}


@dataclass(frozen=True, slots=True)
class Account:
    """A reading about what the asking key has spent."""

    name: str
    paths: tuple[str, ...]
    method: str = "GET"
    query: Table = ()

    def asks(self, question: Question) -> Asks:  # noqa: ARG002 - a reading's signature
        """What was spent."""
        return Asks(spending=True)

    def render(self, question: Question, view: View) -> JSON:
        """Of a key its label and its limits, of credits that what was spent was there."""
        spent = view.spending
        total = dollars(spent.total)
        if self.name == "credits":
            return {"data": {"total_credits": total, "total_usage": total}}
        days, weeks, months = (dollars(pico) for pico in (spent.day, spent.week, spent.month))
        usage = {"usage": total, "usage_daily": days, "usage_weekly": weeks, "usage_monthly": months}
        return {"data": {"label": question.tenant or "no key", **UNLIMITED, **usage, **ELSEWHERE, **CONSTANTS}}

    def headers(self, request_id: str) -> Mapping[str, str]:
        """None of its own."""
        return no_headers(request_id)


CONSTANTS: Mapping[str, JSON] = {
    "is_free_tier": False,
    "is_management_key": False,
    "is_provisioning_key": False,
    **NOBODY,
    "rate_limit": RATE_LIMIT,
    "allowed_data_regions": ["global"],
    "budgets": [],
    "free_model_daily_requests": {"limit": 0, "remaining": 0, "used": 0},
}


def list_providers(question: Question, view: View) -> JSON:  # noqa: ARG001 - a page's signature
    """The one provider."""
    urls = dict.fromkeys(("privacy_policy_url", "terms_of_service_url", "status_page_url"))
    return {"data": [{"name": PROVIDER, "slug": PROVIDER, **urls}]}


ACCOUNT_READINGS: tuple[Reading, ...] = (
    Generations("generation", (f"{BASE}/generation",), with_text=False),
    Generations("generation_content", (f"{BASE}/generation/content",), with_text=True),
    Account("key", (f"{BASE}/key", f"{BASE}/auth/key")),
    Account("credits", (f"{BASE}/credits",)),
    Page("providers", (f"{BASE}/providers",), list_providers),
)
