"""Which model answers, and what rules its provider out."""

from dataclasses import replace
from typing import Any

import pytest

from tampu.catalogue import CATALOGUE, Price
from tampu.dialects.base import Call, Context, ModelEntry, Policy
from tampu.dialects.openrouter import OpenRouter
from tampu.errors import InvalidRequest, ModelNotFound, RuledOut
from tests.dialects.examples import CONTEXT, MODEL

HELLO = [{"role": "user", "content": "hello"}]
CHASQUI = replace(MODEL, ids=("cria:chasqui", "chasqui"), parent="cria", adapter="chasqui")
DEAR = replace(MODEL, ids=("dear",), known=replace(MODEL.known, price=Price(2_000_000, 3_000_000)))
SERVED: dict[str, ModelEntry] = {"cria": MODEL, "tampu/cria": MODEL, "cria:chasqui": CHASQUI, "dear": DEAR}
PRIVATE = OpenRouter.build(Policy()).operations[0]
KEEPING = OpenRouter.build(Policy(keeps_text=True)).operations[0]


def find(name: str) -> ModelEntry:
    if name not in SERVED:
        raise ModelNotFound(name, SERVED)
    return SERVED[name]


ROUTED: Context = replace(CONTEXT, find=find, default_model="cria")


def parse(**changes: Any) -> Call:
    return PRIVATE.parse({}, {"messages": HELLO, **changes}, ROUTED)


def with_provider(**demands: Any) -> Call:
    return parse(model="cria", provider=demands)


@pytest.mark.parametrize(
    ("body", "model"),
    [
        ({}, "tampu/cria"),
        ({"model": "cria"}, "cria"),
        ({"models": ["cria"]}, "cria"),
        ({"model": "cria", "models": ["dear"]}, "cria"),
        ({"model": "nobody/x", "models": ["nobody/y", "dear", "cria"]}, "dear"),
        ({"model": "cria:nitro"}, "cria"),
        ({"model": "cria:floor"}, "cria"),
        ({"model": "cria:exacto"}, "cria"),
        ({"model": "tampu/cria:free"}, "tampu/cria"),
        ({"model": "cria:chasqui"}, "cria:chasqui"),
        ({"model": "cria:chasqui:nitro"}, "cria:chasqui"),
    ],
    ids=str,
)
def test_the_first_model_that_is_served_answers(body: dict[str, Any], model: str) -> None:
    assert parse(**body).model == model


@pytest.mark.parametrize(
    ("body", "requested"),
    [
        ({"model": "nobody/x"}, ("nobody/x",)),
        ({"model": "nobody/x", "models": ["nobody/y"]}, ("nobody/x", "nobody/y")),
        ({"model": "cria:online"}, ("cria:online",)),
        ({"model": "nobody/x:nitro"}, ("nobody/x:nitro",)),
        ({"model": ":nitro"}, (":nitro",)),
    ],
    ids=str,
)
def test_where_none_is_served_all_names_are_said(body: dict[str, Any], requested: tuple[str, ...]) -> None:
    with pytest.raises(ModelNotFound) as caught:
        parse(**body)
    assert caught.value.requested == requested


@pytest.mark.parametrize(
    "demands",
    [
        {"only": ["tampu"]},
        {"only": ["deepinfra", "TAMPU"]},
        {"only": ["tampu/int8"]},
        {"only": []},
        {"ignore": ["deepinfra", "tampu/bf16"]},
        {"order": ["deepinfra"]},
        {"order": ["deepinfra", "tampu"], "allow_fallbacks": False},
        {"order": [], "allow_fallbacks": False},
        {"allow_fallbacks": False},
        {"quantizations": ["bf16", "int8"]},
        {"quantizations": []},
        {"max_price": {"prompt": 0.01, "completion": "0.02"}},
        {"max_price": {"request": 0, "image": "0", "audio": 0.0}},
        {"require_parameters": True},
        {"data_collection": "deny"},
        {"data_collection": "allow"},
        {"zdr": True},
        {"enforce_distillable_text": True},
        {"sort": "price"},
        {"sort": {"by": "throughput", "partition": "none"}},
        {"preferred_min_throughput": 50, "preferred_max_latency": {"p50": 1, "p75": 2, "p90": 3, "p99": 4}},
        {"options": {"deepinfra": {"any": "thing"}}},
    ],
    ids=str,
)
def test_demands_that_are_met_change_nothing(demands: dict[str, Any]) -> None:
    assert with_provider(**demands).requests == parse(model="cria").requests


@pytest.mark.parametrize(
    ("demands", "reason", "excluded_by"),
    [
        ({"only": ["deepinfra"]}, "no_endpoints", "allowed_providers"),
        ({"only": ["tampu/bf16"]}, "no_endpoints", "allowed_providers"),
        ({"ignore": ["tampu"]}, "no_endpoints", "allowed_providers"),
        ({"ignore": ["Tampu/INT8"]}, "no_endpoints", "allowed_providers"),
        ({"order": ["deepinfra"], "allow_fallbacks": False}, "no_endpoints", "allowed_providers"),
        ({"quantizations": ["bf16"]}, "constraint_filtered", "quantization"),
        ({"max_price": {"prompt": "0.009999"}}, "constraint_filtered", "max_price"),
        ({"max_price": {"completion": 0.0199}}, "constraint_filtered", "max_price"),
    ],
    ids=str,
)
def test_demands_that_are_not_met_rule_us_out(demands: dict[str, Any], reason: str, excluded_by: str) -> None:
    with pytest.raises(RuledOut) as caught:
        with_provider(**demands)
    error = caught.value
    assert (error.model, error.reason, error.excluded_by) == ("cria", reason, excluded_by)
    assert (error.param or "").startswith("provider.")


@pytest.mark.parametrize("field", ["reasoning", "reasoning_effort", "include_reasoning", "prediction", "verbosity"])
def test_all_parameters_are_required_only_on_demand(field: str) -> None:
    parse(model="cria", **{field: "high"}, provider={"require_parameters": False})
    with pytest.raises(RuledOut, match=f"there is no {field}") as caught:
        parse(model="cria", **{field: "high"}, provider={"require_parameters": True})
    assert caught.value.excluded_by == "require_parameters"


def test_a_server_that_keeps_text_cannot_promise_to_keep_none() -> None:
    body = {"model": "cria", "messages": HELLO, "provider": {"zdr": True}}
    with pytest.raises(RuledOut, match="keeps the text") as caught:
        KEEPING.parse({}, body, ROUTED)
    assert caught.value.reason == "privacy_restricted"
    KEEPING.parse({}, {**body, "provider": {"zdr": False}}, ROUTED)


def test_a_licence_that_forbids_to_distil_rules_a_model_out() -> None:
    llama = replace(MODEL, known=CATALOGUE.describe("meta-llama/Meta-Llama-3-8B-Instruct"))
    context = replace(CONTEXT, find=lambda name: llama)  # noqa: ARG005
    body = {"model": "cria", "messages": HELLO, "provider": {"enforce_distillable_text": True}}
    with pytest.raises(RuledOut, match="licence"):
        PRIVATE.parse({}, body, context)


def test_a_model_that_is_ruled_out_is_passed_over_for_the_next_one() -> None:
    assert parse(model="dear", models=["cria"], provider={"max_price": {"prompt": 1}}).model == "cria"
    with pytest.raises(RuledOut, match=r"a million tokens of the prompt cost \$2, more than \$1"):
        parse(model="dear", models=["nobody/x"], provider={"max_price": {"prompt": 1}})


@pytest.mark.parametrize(
    ("provider", "param"),
    [
        ({"onyl": ["tampu"]}, "provider"),
        ({"only": "tampu"}, "provider.only"),
        ({"only": [""]}, "provider.only[0]"),
        ({"only": ["tampu"] * 65}, "provider.only"),
        ({"allow_fallbacks": 1}, "provider.allow_fallbacks"),
        ({"data_collection": "maybe"}, "provider.data_collection"),
        ({"quantizations": ["int9"]}, "provider.quantizations[0]"),
        ({"sort": "name"}, "provider.sort"),
        ({"sort": {"by": "name"}}, "provider.sort.by"),
        ({"sort": {"direction": "up"}}, "provider.sort"),
        ({"preferred_max_latency": -1}, "provider.preferred_max_latency"),
        ({"preferred_max_latency": {"p95": 1}}, "provider.preferred_max_latency"),
        ({"max_price": {"prompt": -1}}, "provider.max_price.prompt"),
        ({"max_price": {"prompt": "cheap"}}, "provider.max_price.prompt"),
        ({"max_price": {"prompt": "-1"}}, "provider.max_price.prompt"),
        ({"max_price": {"prompt": True}}, "provider.max_price.prompt"),
        ({"max_price": {"video": 1}}, "provider.max_price"),
        ([], "provider"),
    ],
    ids=str,
)
def test_a_wrong_provider_object_is_refused_by_name(provider: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(model="cria", provider=provider)
    assert caught.value.param == param


def test_a_misspelt_demand_gets_the_nearest_one() -> None:
    with pytest.raises(InvalidRequest, match="provider has no field 'onyl'; it has only"):
        with_provider(onyl=["tampu"])
