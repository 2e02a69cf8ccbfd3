"""The catalogue of Workers AI: rows for every name, filters, pages that end, and schemas that say what is taken."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from tampu.catalogue import CATALOGUE
from tampu.dialects.base import ModelEntry, Policy, Question, View
from tampu.dialects.workers_ai import WorkersAI, parse_run
from tampu.dialects.workers_ai_batches import read_batch, read_poll
from tampu.dialects.workers_ai_fields import form_of
from tampu.errors import InvalidRequest, Missing, ModelNotFound, NotOneOf, OutOfRange, ServiceError, WrongType
from tampu.model.names import all_names
from tests.dialects.examples import CONTEXT, MODEL

# As Cloudflare names them; it retired all but -fast and -fp8 on 2026-05-30.
IDS_3_1 = [
    "@cf/meta/llama-3.1-8b-instruct",
    "@cf/meta/llama-3.1-8b-instruct-awq",
    "@cf/meta/llama-3.1-8b-instruct-fast",
    "@cf/meta/llama-3.1-8b-instruct-fp8",
    "@cf/meta/llama-3.1-8b-instruct-fp8-fast",
    "llama-3.1-8b-instruct",
]
IDS_3 = [
    "@cf/meta/llama-3-8b-instruct",
    "@cf/meta/llama-3-8b-instruct-awq",
    "@hf/meta-llama/meta-llama-3-8b-instruct",
]
LLAMA_31 = "meta-llama/Llama-3.1-8B-Instruct"
LLAMA_3 = "meta-llama/Meta-Llama-3-8B-Instruct"


def entry(model: str, **changes: Any) -> ModelEntry:
    known = CATALOGUE.describe(model)
    return replace(MODEL, ids=all_names(model), known=known, context=known.context, **changes)


def find(name: str) -> ModelEntry:
    for each in SERVED:
        if name in each.ids:
            return each
    raise ModelNotFound(name, ())


SERVED = (entry(LLAMA_31), entry(LLAMA_3), entry("cria"), replace(entry(LLAMA_31), parent=LLAMA_31, adapter="pirate"))
VIEW = View(SERVED, find)


def read(name: str, view: View = VIEW, strict: bool = False, **query: Any) -> Any:
    reading = next(each for each in WorkersAI.build(Policy(strict=strict)).readings if each.name == name)
    question = Question({"account_id": "me"}, query, 1790000000)
    assert not reading.asks(question).record_ids
    return reading.render(question, view)


def names(**query: Any) -> list[str]:
    return [row["name"] for row in read("models_search", **query)["result"]]


def row(name: str, **query: Any) -> dict[str, Any]:
    (found,) = (row for row in read("models_search", **query)["result"] if row["name"] == name)
    return dict(found)


def values(row: dict[str, Any]) -> dict[str, Any]:
    return {item["property_id"]: item["value"] for item in row["properties"]}


@pytest.mark.parametrize(("ids", "model"), [(IDS_3_1, LLAMA_31), (IDS_3, LLAMA_3)])
def test_ids_that_cloudflare_retired_and_those_it_kept_are_names_of_the_model(ids: list[str], model: str) -> None:
    assert [CATALOGUE.describe(name).id for name in ids] == [model] * len(ids)
    assert set(ids) <= set(find(model).ids)


def test_a_served_model_has_a_row_for_each_of_its_names_and_none_for_adapters() -> None:
    assert sorted(names()) == sorted([*IDS_3_1[:-1], *IDS_3, "@cf/tampu/cria"])


def test_an_alias_of_cloudflares_form_has_a_row_too() -> None:
    alias = replace(MODEL, ids=("cria", "@cf/meta/llama-3.1-8b-instruct", "gpt-4"))
    rows = read("models_search", View((alias,), find))["result"]
    assert [row["name"] for row in rows] == ["@cf/tampu/cria", "@cf/meta/llama-3.1-8b-instruct"]


def test_a_row_is_as_cloudflare_words_it() -> None:
    assert row("@cf/meta/llama-3.1-8b-instruct") == {
        "id": "41975cc2-c82e-4e98-b7b8-88ffb186a545",
        "source": 1,
        "name": "@cf/meta/llama-3.1-8b-instruct",
        "description": "Meta's multilingual 8B model, tuned for dialogue, with a long context and tool calls.",
        "task": {
            "id": "c329a1f9-323d-4e91-b2aa-582dd4188d34",
            "name": "Text Generation",
            "description": "Models that answer in text: conversations, completions, calls of tools and JSON.",
        },
        "created_at": "2024-07-23 00:00:00.000",
        "tags": [],
        "properties": [
            {"property_id": "async_queue", "value": "true"},
            {"property_id": "function_calling", "value": "true"},
            {"property_id": "lora", "value": "true"},
            {"property_id": "context_window", "value": "131072"},
            {"property_id": "info", "value": "https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct"},
            {"property_id": "terms", "value": "https://www.llama.com/llama3_1/license/"},
            {
                "property_id": "price",
                "value": [
                    {"unit": "per M input tokens", "price": 0.02, "currency": "USD"},
                    {"unit": "per M output tokens", "price": 0.05, "currency": "USD"},
                ],
            },
        ],
    }


def test_ids_are_uuids_that_stay_and_differ() -> None:
    ids = {name: row(name)["id"] for name in names()}
    assert len(set(ids.values())) == len(ids)
    assert ids["@cf/meta/llama-3-8b-instruct"] == "e11d8f45-7b08-499a-9eeb-71d4d3c8cbf9"
    assert str(UUID(ids["@cf/tampu/cria"])) == ids["@cf/tampu/cria"] == row("@cf/tampu/cria")["id"]


def test_a_model_that_the_catalogue_does_not_know_has_its_own_name() -> None:
    unknown = replace(MODEL, ids=("mine/own", "alias"), known=CATALOGUE.describe("mine/own"))
    (found,) = read("models_search", View((unknown,), find))["result"]
    assert (found["name"], found["created_at"]) == ("mine/own", "2026-09-21 14:13:20.000")
    assert values(found)["context_window"] == "512"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"search": "LLAMA-3-8B"}, sorted(IDS_3)),
        ({"search": "young llama"}, ["@cf/tampu/cria"]),
        ({"search": "mistral"}, []),
        ({"author": "tampu"}, ["@cf/tampu/cria"]),
        ({"author": "Meta-Llama"}, IDS_3[2:]),
        ({"source": "2"}, IDS_3[2:]),
        ({"source": "2.0"}, IDS_3[2:]),
        ({"source": "3"}, []),
        ({"task": "text generation", "search": "cria"}, ["@cf/tampu/cria"]),
        ({"task": "Translation"}, []),
        ({"search": "cria", "author": "meta"}, []),
        ({"search": "cria", "include_deprecated": "true", "unknown": "x"}, ["@cf/tampu/cria"]),
    ],
)
def test_filters_narrow_the_list(query: dict[str, str], expected: list[str]) -> None:
    assert sorted(names(**query)) == expected


def test_what_is_in_beta_says_so_and_can_be_hidden() -> None:
    known = replace(CATALOGUE.describe("cria"), capabilities=("beta",))
    view = View((replace(MODEL, known=known),), find)
    (found,) = read("models_search", view)["result"]
    assert values(found)["beta"] == "true" and "lora" not in values(found)
    assert read("models_search", view, hide_experimental="true")["result"] == []
    assert len(read("models_search", view, hide_experimental="false")["result"]) == 1


def test_pages_have_every_row_once_and_end_with_an_empty_one() -> None:
    pages = [read("models_search", page=str(page), per_page="4") for page in (1, 2, 3, 4)]
    assert [len(page["result"]) for page in pages] == [4, 4, 1, 0]
    assert [row["name"] for page in pages for row in page["result"]] == names()
    assert pages[2]["result_info"] == {"page": 3, "per_page": 4, "count": 1, "total_count": 9}
    assert pages[3]["success"] is True
    assert read("models_search")["result_info"]["per_page"] == 50


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"page": "0"}, OutOfRange),
        ({"per_page": "1001"}, OutOfRange),
        ({"page": "first"}, WrongType),
        ({"source": "cf"}, WrongType),
        ({"hide_experimental": "maybe"}, WrongType),
        ({"format": "csv"}, NotOneOf),
        ({"search": "x" * 257}, InvalidRequest),
    ],
)
def test_a_query_that_is_none_is_refused(query: dict[str, Any], error: type[ServiceError]) -> None:
    with pytest.raises(error) as caught:
        read("models_search", **query)
    assert caught.value.param in query


def test_the_marketplace_gets_openrouters_form() -> None:
    (found,) = read("models_search", format="openrouter", search="cria")["data"]
    assert found["pricing"] == {"prompt": "0.00000001", "completion": "0.00000002", "image": "0", "request": "0"}
    assert (found["id"], found["context_length"], found["quantization"]) == ("@cf/tampu/cria", 2048, "int8")
    assert found["supported_features"] == ["json_mode", "structured_outputs", "tools"]
    assert set(found["supported_sampling_parameters"]) >= {"temperature", "top_p", "top_k", "seed", "stop"}


def test_where_we_are_strict_the_windows_are_cloudflares() -> None:
    shown = {name: values(row(name, strict=True))["context_window"] for name in names()}
    assert shown["@cf/meta/llama-3.1-8b-instruct"] == "7968"
    assert shown["@cf/meta/llama-3.1-8b-instruct-fp8-fast"] == "131072"


def test_authors_and_tasks_are_listed_in_pages() -> None:
    authors = read("authors_search")["result"]
    assert [author["name"] for author in authors] == ["meta", "meta-llama", "tampu"]
    assert [author["name"] for author in read("authors_search", search="LLAMA")["result"]] == ["meta-llama"]
    assert read("authors_search", page="2")["result"] == []
    (task,) = read("tasks_search")["result"]
    assert task["name"] == "Text Generation"
    assert read("tasks_search", search="translat")["result"] == read("tasks_search", page="2")["result"] == []


USER = {"role": "user", "content": "hello"}
BODIES: list[dict[str, Any]] = [
    {"prompt": "hello"},
    {"prompt": ""},
    {"prompt": 5},
    {"messages": [USER]},
    {"messages": []},
    {"messages": ["hello"]},
    {"messages": [{"role": "wizard", "content": "hello"}]},
    {"messages": [USER], "tools": [{"name": "f"}, {"type": "function", "function": {"name": "g"}}]},
    {"messages": [USER], "tools": [{"description": "nameless"}]},
    {},
    {"something": "else", "prompt": "hello", "max_tokens": None},
    *({"prompt": "hello", "temperature": value} for value in (-0.1, 0, 5, 5.1, "hot")),
    *({"prompt": "hello", "top_k": value} for value in (0, 1, 50, 51, 1.5)),
    *({"prompt": "hello", "seed": value} for value in (0, 1, 9_999_999_999, 10_000_000_000)),
    *({"prompt": "hello", "top_p": value} for value in (-1, 0, 2, 2.1)),
    *({"prompt": "hello", "max_tokens": value} for value in (0, 1)),
    *({"prompt": "hello", "raw": value} for value in (True, "true", "yes", 1.5)),
    *({"prompt": "hello", "lora": value} for value in ("pirate", "", 3)),
    *({"prompt": "hello", "response_format": {"type": value}} for value in ("json_object", "xml", None)),
    {"requests": [{"prompt": "hello", "external_reference": "a"}, {"messages": [USER]}]},
    {"requests": []},
    {"requests": [{"prompt": "hello"}] * 1001},
    {"request_id": "0af2b5a7-6a72-4b8e-9f6e-0f5e7d1c3b1a"},
    {"request_id": ""},
]  # fmt: skip


def is_taken(body: dict[str, Any]) -> bool:
    reads = {"poll": read_poll, "batch": read_batch}
    try:
        if (form := form_of(body)) in reads:
            reads[form](body)
        else:
            parse_run("cria", MODEL, body, CONTEXT, strict=False)
    except ServiceError:
        return False
    return True


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body)[:60])
def test_the_schema_says_what_is_taken(body: dict[str, Any]) -> None:
    schema = read("models_schema", model="@cf/meta/llama-3-8b-instruct")["result"]["input"]
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(body) == is_taken(body)


def test_the_schemas_have_the_published_forms() -> None:
    shown = read("models_schema", model=LLAMA_3)["result"]
    forms = ["Prompt", "Messages", "Async Batch", "Async Poll"]
    assert [form["title"] for form in shown["input"]["oneOf"]] == forms
    whole, stream = shown["output"]["oneOf"]
    assert (whole["contentType"], stream["contentType"]) == ("application/json", "text/event-stream")
    assert Draft202012Validator(whole).is_valid(
        {"response": "a", "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    )
    assert not Draft202012Validator(whole).is_valid({"usage": {}})


def test_a_schema_is_of_a_model() -> None:
    with pytest.raises(Missing):
        read("models_schema")
    with pytest.raises(ModelNotFound):
        read("models_schema", model="@cf/meta/llama-9")
