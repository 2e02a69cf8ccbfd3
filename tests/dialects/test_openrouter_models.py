"""OpenRouter's lists of models."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tampu.catalogue import CATALOGUE
from tampu.dialects.base import ModelEntry, Question, View
from tampu.dialects.openrouter_models import QUERY, UNSCORED, count_models, list_endpoints, list_models, show_model
from tampu.errors import InvalidRequest, ModelNotFound, RouteNotFound, Unsupported
from tests.dialects.examples import MODEL

NOW = 1790000000  # in September 2026
CHASQUI = replace(MODEL, ids=("cria:chasqui",), parent="cria", adapter="chasqui", created=NOW - 86_400)
LLAMA = replace(
    MODEL,
    ids=("meta-llama/Llama-3.1-8B-Instruct",),
    known=CATALOGUE.describe("meta-llama/Llama-3.1-8B-Instruct"),
    context=131_072,
    recommended={"temperature": 0.6, "top_p": 0.9, "min_p": 0.1},
)
OLD = replace(MODEL, ids=("old",), known=CATALOGUE.describe("meta-llama/Meta-Llama-3-8B-Instruct"), context=8192)
MODELS = (MODEL, CHASQUI, LLAMA, OLD)
CRIA, WITH_CHASQUI, LLAMA_8B, LLAMA_OLD = (
    *("tampu/cria", "tampu/cria:chasqui"),
    *("meta-llama/llama-3.1-8b-instruct", "meta-llama/llama-3-8b-instruct"),
)
ALL = [CRIA, WITH_CHASQUI, LLAMA_8B, LLAMA_OLD]


def find(name: str) -> ModelEntry:
    found = next((model for model in MODELS if name in (*model.ids, model.name_in("openrouter"))), None)
    if found is None:
        raise ModelNotFound(name, ALL)
    return found


VIEW = View(MODELS, find)


def listed(**query: str) -> Any:
    return list_models(Question({}, query, NOW), VIEW)


def names(**query: str) -> list[str]:
    return [model["id"] for model in listed(**query)["data"]]


def test_the_whole_list_has_all_three_keys() -> None:
    answer = listed()
    assert (answer["total_count"], answer["links"], names()) == (4, {"next": None}, ALL)


def test_a_model_has_every_key_that_clients_require() -> None:
    shown = show_model(Question({"model": LLAMA_8B}, {}, NOW), VIEW)["data"]
    supported = shown.pop("supported_parameters")
    assert {"tools", "temperature", "seed", "structured_outputs"} <= set(supported)
    assert shown == {
        "id": "meta-llama/llama-3.1-8b-instruct",
        "canonical_slug": "meta-llama/llama-3.1-8b-instruct",
        "hugging_face_id": "meta-llama/Llama-3.1-8B-Instruct",
        "name": "Meta: Llama 3.1 8B Instruct",
        "created": 1721692800,
        "description": "Meta's multilingual 8B model, tuned for dialogue, with a long context and tool calls.",
        "context_length": 131072,
        "architecture": {
            "modality": "text->text",
            "input_modalities": ["text"],
            "output_modalities": ["text"],
            "tokenizer": "Llama3",
            "instruct_type": "llama3",
        },
        "pricing": {"prompt": "0.00000002", "completion": "0.00000005", "request": "0", "image": "0"},
        "top_provider": {"context_length": 131072, "max_completion_tokens": 131072, "is_moderated": False},
        "per_request_limits": None,
        "default_parameters": {"temperature": 0.6, "top_p": 0.9},
        "supported_voices": None,
        "expiration_date": None,
        "knowledge_cutoff": "2023-12-31",
        "links": {"details": "/api/v1/models/meta-llama/llama-3.1-8b-instruct/endpoints"},
    }


def test_a_model_with_an_adapter_has_its_own_name() -> None:
    shown = show_model(Question({"model": "cria:chasqui"}, {}, NOW), VIEW)["data"]
    assert (shown["id"], shown["canonical_slug"]) == ("cria:chasqui", "tampu/cria:chasqui")
    assert shown["name"] == "tampu: cria (chasqui)"
    assert (shown["hugging_face_id"], shown["default_parameters"], shown["knowledge_cutoff"]) == (None, None, None)


def test_the_one_endpoint_is_this_server() -> None:
    shown = list_endpoints(Question({"model": CRIA}, {}, NOW), VIEW)["data"]
    (endpoint,) = shown.pop("endpoints")
    assert list(shown) == ["id", "name", "created", "description", "architecture"]
    endpoint.pop("supported_parameters")
    assert endpoint == {
        "name": "tampu | tampu/cria",
        "model_id": "tampu/cria",
        "model_name": "tampu: cria",
        "context_length": 512,
        "pricing": {
            "prompt": "0.00000001",
            "completion": "0.00000002",
            "request": "0",
            "image": "0",
            "discount": 0,
        },
        "provider_name": "tampu",
        "tag": "tampu/int8",
        "quantization": "int8",
        "max_completion_tokens": 512,
        "max_prompt_tokens": None,
        "status": 0,
        "uptime_last_30m": None,
        "uptime_last_5m": None,
        "uptime_last_1d": None,
        "supports_implicit_caching": True,
        "latency_last_30m": None,
        "throughput_last_30m": None,
        "native_tools": {},
        "service_tier": None,
        "supports_diarization": False,
        "supports_tool_choice": {"auto": True, "function": True, "none": True, "required": True},
    }


@pytest.mark.parametrize("kind", [("f32", "fp32"), ("bf16", "bf16"), ("int4", "int4"), ("q9", "unknown")], ids=str)
def test_kinds_of_weights_are_said_in_openrouters_words(kind: tuple[str, str]) -> None:
    view = replace(VIEW, find=lambda name: replace(MODEL, quantization=kind[0]))  # noqa: ARG005
    (endpoint,) = list_endpoints(Question({"model": "cria"}, {}, NOW), view)["data"]["endpoints"]
    assert (endpoint["quantization"], endpoint["tag"]) == (kind[1], f"tampu/{kind[1]}")


def test_a_model_that_is_not_here_has_no_address() -> None:
    for show in (show_model, list_endpoints):
        with pytest.raises(RouteNotFound, match="nobody/x"):
            show(Question({"model": "nobody/x"}, {}, NOW), VIEW)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "LLAMA-3.1"}, [LLAMA_8B]),
        ({"q": "meta:"}, [LLAMA_8B, LLAMA_OLD]),
        ({"q": "31"}, []),
        ({"supported_parameters": "tools,seed"}, ALL),
        ({"supported_parameters": "tools, reasoning"}, []),
        ({"output_modalities": "text,image"}, ALL),
        ({"output_modalities": "all"}, ALL),
        ({"output_modalities": "image"}, []),
        ({"input_modalities": "text"}, ALL),
        ({"input_modalities": "audio"}, []),
        ({"context": "8192"}, [LLAMA_8B, LLAMA_OLD]),
        ({"context": "8193"}, [LLAMA_8B]),
        ({"min_price": "0.03"}, [LLAMA_OLD]),
        ({"max_price": "0.01"}, [CRIA, WITH_CHASQUI]),
        ({"max_price": "0"}, []),
        ({"min_output_price": "0.05", "max_output_price": "0.05"}, [LLAMA_8B]),
        ({"min_age_days": "790"}, [LLAMA_8B, LLAMA_OLD]),
        ({"max_age_days": "1"}, [CRIA, WITH_CHASQUI]),
        ({"max_age_days": "0"}, [CRIA]),
        ({"arch": "llama"}, ALL),
        ({"arch": "GPT"}, []),
        ({"model_authors": "meta-llama,openai"}, [LLAMA_8B, LLAMA_OLD]),
        ({"providers": "DeepInfra,tampu"}, ALL),
        ({"providers": "deepinfra"}, []),
        ({"distillable": "true"}, [CRIA, WITH_CHASQUI, LLAMA_8B]),
        ({"distillable": "false"}, [LLAMA_OLD]),
        ({"q": ""}, ALL),
        ({"sort": "newest"}, [CRIA, WITH_CHASQUI, LLAMA_8B, LLAMA_OLD]),
        ({"sort": "pricing-high-to-low"}, [LLAMA_OLD, LLAMA_8B, CRIA, WITH_CHASQUI]),
        ({"sort": "pricing-low-to-high"}, [CRIA, WITH_CHASQUI, LLAMA_8B, LLAMA_OLD]),
        ({"sort": "context-high-to-low"}, [LLAMA_8B, LLAMA_OLD, CRIA, WITH_CHASQUI]),
        *(({"sort": unscored}, ALL) for unscored in UNSCORED),
        ({"novelty": "2031"}, ALL),
    ],
    ids=str,
)
def test_a_query_leaves_what_it_asks_for(query: dict[str, str], expected: list[str]) -> None:
    assert names(**query) == expected
    assert count_models(Question({}, query, NOW), VIEW) == {"data": {"count": len(expected)}}


def test_pages_lead_to_the_next_one() -> None:
    first = listed(limit="3", context="1")
    assert [model["id"] for model in first["data"]] == ALL[:3]
    assert first["links"]["next"] == "/api/v1/models?limit=3&context=1&offset=3"
    assert first["total_count"] == 4
    assert names(offset="3", limit="3") == ALL[3:]
    assert listed(offset="3")["links"]["next"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "many"),
        ("limit", "1.5"),
        ("offset", "-1"),
        ("context", "[" * 9999),
        ("max_price", "NaN"),
        ("max_price", "-0.1"),
        ("max_price", "true"),
        ("sort", "size"),
        ("distillable", "yes"),
    ],
    ids=lambda value: value[:9],
)
def test_a_wrong_value_in_a_query_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        listed(**{name: value})
    assert caught.value.param == name


@pytest.mark.parametrize("name", ["category", "region", "zdr", "min_coding_index", "max_tool_success_rate"])
def test_filters_by_what_nobody_knows_are_refused(name: str) -> None:
    with pytest.raises(Unsupported, match=f"{name} is not supported"):
        listed(**{name: "0.5"})


def test_every_parameter_of_the_query_is_described() -> None:
    assert all(row.doc for row in QUERY)
    assert json.dumps([row.schema() for row in QUERY])


def test_a_model_without_a_date_is_as_old_as_its_service() -> None:
    assert MODEL.known.released is None
    shown = show_model(Question({"model": "cria"}, {}, NOW), VIEW)["data"]
    assert shown["created"] == MODEL.created
    dated = replace(MODEL, known=replace(MODEL.known, released=date(2024, 7, 23)))
    view = replace(VIEW, find=lambda name: dated)  # noqa: ARG005
    assert show_model(Question({"model": "cria"}, {}, NOW), view)["data"]["created"] == 1721692800
