"""What DeepInfra shows: models in three forms, who one is, and what requests cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tampu.catalogue import PER_MILLION, decimal_dollars
from tampu.dialects.base import Asks, ModelEntry, Page, Question, Reading, View, no_headers
from tampu.dialects.fields import Field, Table, read_table
from tampu.dialects.kinds import JSON, Listing, Text

NAME = "deepinfra"
IN_FLIGHT = 200  # requests per model and account at a time
MAX_IDS = 1000
NANO = 1000  # pico-dollars
CENTS = 10**10  # pico-dollars
PARAMETERS = ["temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty"]
PARAMETERS += ["max_tokens", "stop", "seed", "n", "logprobs", "top_logprobs", "response_format", "tools", "tool_choice"]


def per_million(pico: int) -> float:
    """A price in dollars per million tokens."""
    return float(Decimal(pico) / PER_MILLION)


def list_models(question: Question, view: View) -> JSON:  # noqa: ARG001 - a page's signature
    """As OpenAI lists models, with DeepInfra's metadata."""
    return {"object": "list", "data": [openai_model(model) for model in view.models]}


def openai_model(model: ModelEntry) -> JSON:
    """One model of that list."""
    name, known = model.name_in(NAME), model.known
    return {
        "id": name,
        "object": "model",
        "created": model.created,
        "owned_by": NAME,
        "root": model.parent or name,
        "parent": None,
        "metadata": {
            "description": known.description,
            "context_length": model.context,
            "max_tokens": model.context,
            "pricing": {
                "input_tokens": per_million(known.price.prompt),
                "output_tokens": per_million(known.price.completion),
            },
            "tags": list(known.capabilities),
        },
    }


def list_native(question: Question, view: View) -> JSON:  # noqa: ARG001
    """The catalogue: a bare list."""
    return [native_model(model.name_in(NAME), model) for model in view.models]


def show_native(question: Question, view: View) -> JSON:
    """One model of the catalogue, under the name it was asked for. Raises ModelNotFound."""
    name = question.path_args["model"]
    return native_model(name, view.find(name))


def native_model(name: str, model: ModelEntry) -> JSON:
    """A model of the catalogue; prices in cents per token."""
    price = model.known.price
    return {
        "model_name": name,
        "type": "text-generation",
        "reported_type": "text-generation",
        "description": model.known.description,
        "tags": list(model.known.capabilities),
        "quantization": model.quantization,
        "max_tokens": model.context,
        "pricing": {
            "type": "tokens",
            "cents_per_input_token": float(Decimal(price.prompt) / CENTS),
            "cents_per_output_token": float(Decimal(price.completion) / CENTS),
        },
        "license": {"name": model.known.licence.name, "url": model.known.licence.url},
        "deprecated": None,
        "replaced_by": None,
        "featured": True,
        "public": 1,
    }


def list_for_aggregators(question: Question, view: View) -> JSON:  # noqa: ARG001
    """What an aggregator polls."""
    return {"data": [aggregator_model(model) for model in view.models]}


def aggregator_model(model: ModelEntry) -> JSON:
    """One model of that feed; prices are decimal strings in dollars per token."""
    price = model.known.price
    return {
        "id": model.name_in(NAME),
        "name": model.known.title or model.ids[0],
        "input_modalities": ["text"],
        "output_modalities": ["text"],
        "quantization": model.quantization,
        "context_length": model.context,
        "max_output_length": model.context,
        "pricing": {"prompt": decimal_dollars(price.prompt), "completion": decimal_dollars(price.completion)},
        "supported_sampling_parameters": PARAMETERS,
        "supported_features": ["tools", "json_mode", "structured_outputs"],
        "description": model.known.description,
        "openrouter": {"slug": model.name_in("openrouter")},
        "datacenters": [],
    }


def show_me(question: Question, view: View) -> JSON:  # noqa: ARG001
    """Who asks: what this server knows of a key."""
    return {"uid": question.tenant or "local", "display_name": question.tenant or "local", "is_admin": False}


def show_rate_limit(question: Question, view: View) -> JSON:  # noqa: ARG001
    """Outstanding requests per model; there is no limit of tokens per minute."""
    return {"rate_limit": IN_FLIGHT, "tpm_rate_limit": None}


REQUEST_COSTS = (Field("requestIds", Listing(Text(256, min_length=1), MAX_IDS), "Ids of answers.", required=True),)


@dataclass(frozen=True, slots=True)
class RequestCosts:
    """What requests cost, in nano-dollars; those of others, and unknown ones, are left out."""

    name: str = "request_costs"
    paths: tuple[str, ...] = ("/v1/request-costs",)
    method: str = "POST"
    query: Table = ()

    def asks(self, question: Question) -> Asks:
        """The records of these ids. Raises InvalidRequest."""
        return Asks(record_ids=read_table(REQUEST_COSTS, question.body)["requestIds"])

    def render(self, question: Question, view: View) -> JSON:  # noqa: ARG002
        """A list in the order of the records."""
        costs = [{"requestId": each.answer_id, "costNanoUsd": round(each.usage.cost / NANO)} for each in view.records]
        return {"requests": costs}

    def headers(self, request_id: str) -> Mapping[str, str]:
        """None of its own."""
        return no_headers(request_id)


ACCOUNT_READINGS: tuple[Reading, ...] = (
    Page("me", ("/v1/me",), show_me),
    Page("rate_limit", ("/v1/me/rate_limit",), show_rate_limit),
    RequestCosts(),
)
CATALOGUE_READINGS: tuple[Reading, ...] = (
    Page("list", ("/models/list", "/models/featured"), list_native),
    Page("aggregators", ("/openrouter/models",), list_for_aggregators),
    Page("model", ("/models/{model:path}",), show_native),
)
