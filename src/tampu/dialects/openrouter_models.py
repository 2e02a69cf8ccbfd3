"""OpenRouter's lists of models, with their filters, and what is said of the one endpoint that each has."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from tampu.catalogue import PER_MILLION, decimal_dollars
from tampu.dialects.base import ModelEntry, Page, Question, Reading, View
from tampu.dialects.fields import NUMBERS, Field, Table, read_query
from tampu.dialects.kinds import JSON, Integer, Number, OneOf, Text
from tampu.dialects.openrouter_routing import BASE, NAME, PROVIDER, quantization, tag
from tampu.dialects.rows import refused
from tampu.errors import ModelNotFound, RouteNotFound
from tampu.request import Range

TEXT_ONLY = ["text"]
LLAMA = "Llama3"
PAGE = 500  # models, where a page is asked for without its length
DAY = 86_400  # seconds
SUPPORTED = (
    *("tools", "tool_choice", "parallel_tool_calls", "max_tokens", "max_completion_tokens"),
    *NUMBERS,
    *("stop", "logit_bias", "logprobs", "top_logprobs", "response_format", "structured_outputs"),
)
DEFAULTS = ("temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty", "repetition_penalty")
# What there are scores for here; by others nothing is sorted.
SORTS: Mapping[str, Callable[[ModelEntry], float]] = {
    "newest": lambda model: -created(model),
    "pricing-low-to-high": lambda model: total_price(model),
    "pricing-high-to-low": lambda model: -total_price(model),
    "context-high-to-low": lambda model: -model.context,
}
UNSCORED = (
    *("most-popular", "top-weekly", "throughput-high-to-low", "latency-low-to-high", "intelligence-high-to-low"),
    *("coding-high-to-low", "agentic-high-to-low", "design-arena-elo-high-to-low"),
)
DOLLARS = Number(Range(0, 1e12))
DAYS = Integer(Range(0, 1_000_000))
WORDS = Text(1024)
QUERY: Table = (
    Field("offset", Integer(Range(0, 1_000_000)), "How many models to leave out at the beginning."),
    Field("limit", Integer(Range(1, 1000)), f"How many to show; all, or {PAGE} with an offset."),
    Field("q", WORDS, "Part of a name."),
    Field("supported_parameters", WORDS, "Names of parameters; with commas, all of them."),
    Field("output_modalities", WORDS, "text, or all; with commas, any of them."),
    Field("input_modalities", WORDS, "text; with commas, any of them."),
    Field("context", Integer(Range(0, 10**12)), "The least length of the context in tokens."),
    Field("min_price", DOLLARS, "The least price of a million tokens of the prompt in dollars."),
    Field("max_price", DOLLARS, "The highest price of a million tokens of the prompt in dollars."),
    Field("min_output_price", DOLLARS, "The least price of a million tokens of the completion in dollars."),
    Field("max_output_price", DOLLARS, "The highest price of a million tokens of the completion in dollars."),
    Field("min_age_days", DAYS, "Models that have been out for as many days."),
    Field("max_age_days", DAYS, "Models that have been out for no more days."),
    Field("arch", WORDS, "A family of models, such as Llama."),
    Field("model_authors", WORDS, "Who made it, the part of a name before its slash; with commas, any of them."),
    Field("providers", WORDS, f"{PROVIDER}; with commas, any of them."),
    Field("distillable", OneOf(("true", "false")), "Whether the licence lets one train other models on the answers."),
    Field("sort", OneOf((*SORTS, *UNSCORED)), f"{', '.join(SORTS)}; by others, which nobody scored, nothing moves."),
    *refused("nobody has sorted the models here so", "category", "region", "zdr"),
    *refused("nobody has scored the models here so", "min_intelligence_index", "max_intelligence_index"),
    *refused("nobody has scored the models here so", "min_coding_index", "max_coding_index"),
    *refused("nobody has scored the models here so", "min_agentic_index", "max_agentic_index"),
    *refused("nobody has scored the models here so", "min_tool_success_rate", "max_tool_success_rate"),
)


def created(model: ModelEntry) -> int:
    """When the model came out, else since when it is here: Unix time in seconds."""
    released = model.known.released
    return int(datetime.combine(released, time(), UTC).timestamp()) if released else model.created


def per_million(pico: int) -> Decimal:
    """A price in dollars per million tokens."""
    return Decimal(pico) / PER_MILLION


def total_price(model: ModelEntry) -> int:
    """The price of a token in and one out."""
    return model.known.price.prompt + model.known.price.completion


def parts(text: str) -> list[str]:
    """What stands between commas, in lower case."""
    return [part.strip().lower() for part in text.split(",") if part.strip()]


def _named(model: ModelEntry, text: str, now: int) -> bool:  # noqa: ARG001 - a filter's signature
    return text.lower() in f"{slug(model)} {title(model)}".lower()


def _age(model: ModelEntry, now: int) -> float:
    return (now - created(model)) / DAY


# Parameter of the query -> whether a model stays, by its value and the time.
FILTERS: Mapping[str, Callable[[ModelEntry, Any, int], bool]] = {
    "q": _named,
    "supported_parameters": lambda _, text, __: set(parts(text)) <= set(SUPPORTED),
    "output_modalities": lambda _, text, __: bool({"text", "all"} & set(parts(text))),
    "input_modalities": lambda _, text, __: "text" in parts(text),
    "context": lambda model, least, _: model.context >= least,
    "min_price": lambda model, least, _: per_million(model.known.price.prompt) >= Decimal(str(least)),
    "max_price": lambda model, most, _: per_million(model.known.price.prompt) <= Decimal(str(most)),
    "min_output_price": lambda model, least, _: per_million(model.known.price.completion) >= Decimal(str(least)),
    "max_output_price": lambda model, most, _: per_million(model.known.price.completion) <= Decimal(str(most)),
    "min_age_days": lambda model, least, now: _age(model, now) >= least,
    "max_age_days": lambda model, most, now: _age(model, now) <= most,
    "arch": lambda _, text, __: text.lower() in LLAMA.lower(),
    "model_authors": lambda model, text, _: slug(model).partition("/")[0].lower() in parts(text),
    "providers": lambda _, text, __: PROVIDER in parts(text),
    "distillable": lambda model, text, _: model.known.licence.distillable == (text == "true"),
}


def matching(values: Mapping[str, Any], models: Iterable[ModelEntry], now: int) -> list[ModelEntry]:
    """The models that all filters leave, sorted."""
    asked = [(FILTERS[name], value) for name, value in values.items() if name in FILTERS]
    found = [model for model in models if all(keeps(model, value, now) for keeps, value in asked)]
    score = SORTS.get(values.get("sort", ""))
    return sorted(found, key=score) if score else found


def list_models(question: Question, view: View) -> JSON:
    """The models that the query leaves, all of them or a page."""
    values = read_query(QUERY, question.query)
    found = matching(values, view.models, question.created)
    paged = "offset" in values or "limit" in values
    first, count = values.get("offset", 0), values.get("limit", PAGE if paged else len(found))
    more = {**question.query, "offset": first + count, "limit": count}
    return {
        "data": [render_model(model) for model in found[first : first + count]],
        "total_count": len(found),
        "links": {"next": f"{BASE}/models?{urlencode(more)}" if first + count < len(found) else None},
    }


def count_models(question: Question, view: View) -> JSON:
    """How many the query leaves."""
    return {"data": {"count": len(matching(read_query(QUERY, question.query), view.models, question.created))}}


def show_model(question: Question, view: View) -> JSON:
    """One model, under the name it was asked for."""
    return {"data": {**render_model(_find(question, view)), "id": question.path_args["model"]}}


def list_endpoints(question: Question, view: View) -> JSON:
    """One model, under the name it was asked for, and its one endpoint."""
    model = _find(question, view)
    shown = {key: value for key, value in render_model(model).items() if key in ENDPOINTS_KEYS}
    return {"data": {**shown, "id": question.path_args["model"], "endpoints": [render_endpoint(model)]}}


ENDPOINTS_KEYS = ("id", "name", "created", "description", "architecture")


def _find(question: Question, view: View) -> ModelEntry:
    """Raises RouteNotFound: what is not there is the address."""
    name = question.path_args["model"]
    try:
        return view.find(name)
    except ModelNotFound as error:
        raise RouteNotFound(error.message) from error


def slug(model: ModelEntry) -> str:
    """Its name here."""
    return model.name_in(NAME)


def title(model: ModelEntry) -> str:
    """Its name for people."""
    base = model.known.title or model.known.id
    return f"{base} ({model.adapter})" if model.adapter else base


def render_pricing(model: ModelEntry) -> dict[str, JSON]:
    """Prices as decimal strings in dollars per token."""
    price = model.known.price
    tokens = {"prompt": decimal_dollars(price.prompt), "completion": decimal_dollars(price.completion)}
    return {**tokens, "request": "0", "image": "0"}


def render_model(model: ModelEntry) -> dict[str, JSON]:
    """A model, with every key."""
    name, known = slug(model), model.known
    recommended = {key: model.recommended[key] for key in DEFAULTS if key in model.recommended}
    return {
        "id": name,
        "canonical_slug": name,
        "hugging_face_id": known.repository or None,
        "name": title(model),
        "created": created(model),
        "description": known.description,
        "context_length": model.context,
        "architecture": {
            "modality": "text->text",
            "input_modalities": TEXT_ONLY,
            "output_modalities": TEXT_ONLY,
            "tokenizer": LLAMA,
            "instruct_type": LLAMA.lower(),
        },
        "pricing": render_pricing(model),
        "top_provider": {
            "context_length": model.context,
            "max_completion_tokens": model.context,
            "is_moderated": False,
        },
        "per_request_limits": None,
        "supported_parameters": list(SUPPORTED),
        "default_parameters": recommended or None,
        "supported_voices": None,
        "expiration_date": None,
        "knowledge_cutoff": known.knowledge_cutoff.isoformat() if known.knowledge_cutoff else None,
        "links": {"details": f"{BASE}/models/{name}/endpoints"},
    }


def render_endpoint(model: ModelEntry) -> dict[str, JSON]:
    """What this server is as an endpoint. How long it has been up is for others to say."""
    name = slug(model)
    return {
        "name": f"{PROVIDER} | {name}",
        "model_id": name,
        "model_name": title(model),
        "context_length": model.context,
        "pricing": {**render_pricing(model), "discount": 0},
        "provider_name": PROVIDER,
        "tag": tag(model),
        "quantization": quantization(model),
        "max_completion_tokens": model.context,
        "max_prompt_tokens": None,
        "supported_parameters": list(SUPPORTED),
        "status": 0,
        "uptime_last_30m": None,
        "uptime_last_5m": None,
        "uptime_last_1d": None,
        "supports_implicit_caching": "prefix_cache" in model.known.capabilities,
        "latency_last_30m": None,
        "throughput_last_30m": None,
        "native_tools": {},
        "service_tier": None,
        "supports_diarization": False,
        "supports_tool_choice": {"auto": True, "function": True, "none": True, "required": True},
    }


MODEL_READINGS: tuple[Reading, ...] = (
    Page("models", (f"{BASE}/models", f"{BASE}/models/user"), list_models, query=QUERY),
    Page("models_count", (f"{BASE}/models/count",), count_models, query=QUERY),
    Page("model", (f"{BASE}/model/{{model:path}}",), show_model),
    Page("endpoints", (f"{BASE}/models/{{model:path}}/endpoints",), list_endpoints),
)
