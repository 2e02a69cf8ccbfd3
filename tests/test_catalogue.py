"""Prices are exact; the catalogue knows every name once; an operator's own wins field by field."""

import re
from datetime import date
from pathlib import Path

import pytest

from tampu.catalogue import (
    CATALOGUE,
    Catalogue,
    CatalogueModel,
    Price,
    decimal_dollars,
    dollars,
    load_catalogue,
    read_catalogue,
)
from tampu.errors import BadSetting
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


@pytest.mark.parametrize(
    ("pico", "digits"), [(0, "0.0"), (1, "1e-12"), (300_000, "3e-07"), (123_456_789_012, "0.123456789012")]
)
def test_dollars_as_a_number_show_all_their_digits(pico: int, digits: str) -> None:
    assert repr(dollars(pico)) == digits


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


def over(text: str) -> Catalogue:
    """The built-in catalogue with an operator's text over it."""
    return read_catalogue(text, "mine.toml", CATALOGUE)


def test_an_operators_entry_changes_only_the_fields_that_it_gives() -> None:
    llama = over('[[models]]\nid = "llama3.1:8b"\nprice.prompt = "0"\ncontext = 7968').describe("llama3.1:8b")
    before = CATALOGUE.describe("llama3.1:8b")
    assert (llama.price, llama.context) == (Price(0, 50_000), 7968)
    assert (llama.id, llama.title, llama.names) == (before.id, before.title, before.names)


def test_an_operator_may_give_tokens_away() -> None:
    free = over('[[models]]\nid = "cria"\nprice = { prompt = "0", completion = "0" }').describe("cria")
    assert free.price.charge(Usage(prompt_tokens=1000, completion_tokens=1000)).cost == 0


def test_names_change_dialect_by_dialect() -> None:
    entry = '[[models]]\nid = "cria"\nnames.openrouter = ["zoo/cria"]\nnames.deepinfra = []'
    cria = over(entry).describe("cria")
    assert cria.all_names == ("cria", "zoo/cria", "@cf/tampu/cria")
    assert cria.name_in("deepinfra") == "cria"


def test_an_operator_adds_models() -> None:
    catalogue = over('[[models]]\nid = "zoo/alpaca"\nreleased = 2026-01-02\nnames.short = ["alpaca"]')
    assert catalogue.describe("ALPACA").released == date(2026, 1, 2)
    assert len(list(catalogue)) == len(list(CATALOGUE)) + 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models = [", "mine.toml: this is not TOML: "),
        ("[[model]]\nid = 'a'", "mine.toml, model: did you mean models?"),
        ("[models]\nid = 'a'", "mine.toml, models: this must be a list"),
        ("models = [1]", "mine.toml, models: this must be a table"),
        ("[[models]]\ntitle = 'a'", "mine.toml, models.id: a name has 1 to 256 "),
        ("[[models]]\nid = 'a b'", "mine.toml, models.id: a name has 1 to 256 "),
        ("[[models]]\nid = 'cria'\nprise = 1", "mine.toml, model cria, prise: did you mean price?"),
        ("[[models]]\nid = 'cria'\nxyzzy = 1", "mine.toml, model cria, xyzzy: there are id, title, "),
        ("[[models]]\nid = 'cria'\ntitle = 1", "mine.toml, model cria, title: this must be a string"),
        ("[[models]]\nid = 'cria'\ncontext = '8k'", "mine.toml, model cria, context: this must be a whole number"),
        ("[[models]]\nid = 'cria'\ncontext = true", "mine.toml, model cria, context: this must be a whole number"),
        ("[[models]]\nid = 'cria'\ncontext = -1", "mine.toml, model cria, context: this must be 0 or more"),
        ("[[models]]\nid = 'cria'\nreleased = '2024'", "mine.toml, model cria, released: this must be a day"),
        ("[[models]]\nid = 'cria'\nprice = '1'", "mine.toml, model cria, price: this must be a table"),
        ("[[models]]\nid = 'cria'\nprice.input = '1'", "mine.toml, model cria, price.input: "),
        ("[[models]]\nid = 'cria'\nprice.prompt = 0.1", "mine.toml, model cria, price.prompt: a price is dollars "),
        ("[[models]]\nid = 'cria'\nprice.prompt = '0.0000001'", "model cria, price.prompt: a price is dollars "),
        ("[[models]]\nid = 'cria'\nprice.prompt = 'NaN'", "model cria, price.prompt: a price is dollars "),
        ("[[models]]\nid = 'cria'\nprice.prompt = '1e9'", "model cria, price.prompt: a price is dollars "),
        ("[[models]]\nid = 'cria'\nlicence.link = ''", "mine.toml, model cria, licence.link: "),
        (
            "[[models]]\nid = 'cria'\nlicence.url = 'javascript:1'",
            "mine.toml, model cria, licence.url: this must be ",
        ),
        ("[[models]]\nid = 'cria'\nlicence.distillable = 1", "licence.distillable: this must be true or false"),
        ("[[models]]\nid = 'cria'\ncapabilities = ['tool']", "model cria, capabilities.tool: did you mean tools?"),
        ("[[models]]\nid = 'cria'\nnames.opnrouter = ['a']", "model cria, names.opnrouter: did you mean openrouter?"),
        ("[[models]]\nid = 'cria'\nnames.short = ['a', 'a']", "model cria, names.short: 'a' stands there twice"),
        ("[[models]]\nid = 'cria'\nnames.short = ['']", "model cria, names.short: a name has 1 to 256 "),
        ("[[models]]\nid = 'cria'\n[[models]]\nid = 'tampu/cria'", "model tampu/cria: there are two entries of "),
        ("[[models]]\nid = 'a'\nnames.short = ['LLAMA3:8b']", "model a, names: 'LLAMA3:8b' is a name of meta-llama/"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(BadSetting, match=re.escape(message)):
        over(text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=re.escape(f"The catalogue {tmp_path}/none.toml cannot be read: ")):
        load_catalogue(f"{tmp_path}/none.toml")
    assert load_catalogue("") is CATALOGUE
