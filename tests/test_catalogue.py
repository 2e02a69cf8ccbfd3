"""Prices are exact; the catalogue knows every name once."""

import pytest

from tampu.catalogue import CATALOGUE, CatalogueModel, Price, decimal_dollars, read_catalogue
from tampu.request import Usage


def test_a_price_per_million_tokens_is_whole_pico_dollars_per_token() -> None:
    assert Price.per_million("0.055", "1.000001") == Price(55_000, 1_000_001)


@pytest.mark.parametrize("dollars", ["0.0000001", "-1"])
def test_a_price_that_is_not_exact_or_below_nothing_is_refused(dollars: str) -> None:
    with pytest.raises(ValueError, match="six decimals"):
        Price.per_million(dollars, "0")


def test_costs_are_exact() -> None:
    usage = Price.per_million("0.59", "0.79").charge(Usage(prompt_tokens=1_000_003, completion_tokens=7))
    assert (usage.prompt_cost, usage.completion_cost) == (590_001_770_000, 5_530_000)
    assert usage.cost == 590_007_300_000
    assert (usage + usage).cost == 2 * usage.cost


@pytest.mark.parametrize(("pico", "text"), [(20_000, "0.00000002"), (0, "0"), (10**12, "1"), (1, "0.000000000001")])
def test_dollars_are_written_without_an_exponent(pico: int, text: str) -> None:
    assert decimal_dollars(pico) == text


def test_a_model_is_found_by_every_name_in_any_case() -> None:
    for model in CATALOGUE:
        for name in model.all_names:
            assert CATALOGUE.find(name.upper()) is model


def test_a_model_that_is_not_known_is_described_by_its_name() -> None:
    assert CATALOGUE.describe("mine") == CatalogueModel("mine", title="mine")


def test_every_llama_says_what_its_licence_asks_for() -> None:
    llamas = [model for model in CATALOGUE if "llama" in model.id.lower()]
    assert len(llamas) == 4
    assert all(model.licence.notice.startswith("Built with") and model.licence.url for model in llamas)


def test_a_dialect_has_its_own_name_for_a_model_or_shows_the_models_own() -> None:
    llama = CATALOGUE.describe("llama3.1:8b")
    assert llama.name_in("openrouter") == "meta-llama/llama-3.1-8b-instruct"
    assert llama.name_in("nobody") == "meta-llama/Llama-3.1-8B-Instruct"


def test_a_bare_entry_needs_only_an_id() -> None:
    (model,) = read_catalogue('[[models]]\nid = "mine"')
    assert (model.id, model.price, model.all_names) == ("mine", Price(), ("mine",))
