"""Workers AI's catalogue: models by name, author and task, in pages, and the JSON schemas of their bodies.

A model that is served has a row for each of its names there, those that Cloudflare retired among them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tampu.catalogue import PICO, Price, decimal_dollars
from tampu.dialects.base import ModelEntry, Page, Question, Reading, View
from tampu.dialects.fields import Field, Table, read_query
from tampu.dialects.kinds import JSON, Integer, OneOf, Text
from tampu.dialects.workers_ai_answers import answer_headers, envelope
from tampu.dialects.workers_ai_batches import input_forms
from tampu.dialects.workers_ai_fields import FIELDS, LooseBoolean
from tampu.dialects.workers_ai_finetunes import timestamp
from tampu.dialects.workers_ai_schemas import RESULT
from tampu.request import Range

PER_MILLION = 10**6
MAX_PAGES = 1_000_000
SOURCES = {"@cf": 1, "@hf": 2}  # beginnings of names
# Cloudflare's own ids; further names get one that follows from the name.
UUIDS: Mapping[str, str] = {
    "@cf/meta/llama-3-8b-instruct": "e11d8f45-7b08-499a-9eeb-71d4d3c8cbf9",
    "@cf/meta/llama-3.1-8b-instruct": "41975cc2-c82e-4e98-b7b8-88ffb186a545",
    "@cf/meta/llama-3.1-8b-instruct-fast": "872d9af1-5ff8-4e84-aed1-ab3caf909436",
    "@cf/meta/llama-3.1-8b-instruct-fp8": "9b9c87c6-d4b7-494c-b177-87feab5904db",
    "@cf/meta/llama-3.1-8b-instruct-awq": "3dcb4f2d-26a8-412b-b6e3-2a368beff66b",
}
TASK: Mapping[str, str] = {
    "id": "c329a1f9-323d-4e91-b2aa-582dd4188d34",
    "name": "Text Generation",
    "description": "Models that answer in text: conversations, completions, calls of tools and JSON.",
}
# What a row says of a model that has a capability of the catalogue.
CAPABILITIES = {"beta": "beta", "tools": "function_calling", "lora": "lora"}
QUERY: Table = (
    Field("search", Text(256), "Text in the name or the description."),
    Field("author", Text(256), "The second part of the name."),
    Field("task", Text(256), "The name of a task."),
    Field("source", Integer(Range(0, 1000)), "1 for names under @cf, 2 for those under @hf."),
    Field("hide_experimental", LooseBoolean(), "Leave out what is in beta."),
    Field("include_deprecated", LooseBoolean(), "Accepted, has no effect: nothing here is on its way out."),
    Field("format", OneOf(("openrouter",)), "The form that OpenRouter takes from providers."),
    Field("page", Integer(Range(1, MAX_PAGES)), "Which page.", default=1),
    Field("per_page", Integer(Range(1, 1000)), "Rows on a page.", default=50),
)
SCHEMA_QUERY: Table = (Field("model", Text(256, min_length=1), "Whose schemas.", required=True),)
NAMED_QUERY: Table = tuple(field for field in QUERY if field.name in ("search", "page", "per_page"))
# OpenRouter's words for what a provider's models can do.
FEATURES: Mapping[str, tuple[str, ...]] = {"tools": ("tools",), "json_schema": ("json_mode", "structured_outputs")}
QUANTIZATIONS = {"f32": "fp32"}
SAMPLING = (
    "temperature", "top_p", "top_k", "repetition_penalty", "frequency_penalty", "presence_penalty", "stop", "seed",
    "max_tokens",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A served model under one of its names. `context` is what it promises under this one."""

    name: str
    entry: ModelEntry
    context: int

    @property
    def id(self) -> str:
        """Cloudflare's, or our own."""
        return UUIDS.get(self.name) or str(uuid5(NAMESPACE_URL, f"tampu:models/{self.name}"))

    @property
    def source(self) -> int:
        """Where its weights are said to come from."""
        return SOURCES.get(self.name.partition("/")[0], 1)

    @property
    def author(self) -> str:
        """The second part of a name of three; the first one of two."""
        return self.name.split("/")[-2] if "/" in self.name else ""


def model_readings(account: str, windows: Mapping[str, int]) -> tuple[Reading, ...]:
    """The routes under an account; `windows` narrows the contexts of names that promise less than the model can."""

    def page(name: str, path: str, query: Table, show: Callable[[Mapping[str, int], Question, View], JSON]) -> Page:
        return Page(name, (f"{account}/{path}",), partial(show, windows), query=query, head=answer_headers)

    return (
        page("models_search", "models/search", QUERY, search_models),
        page("models_schema", "models/schema", SCHEMA_QUERY, show_schema),
        page("authors_search", "authors/search", NAMED_QUERY, search_authors),
        page("tasks_search", "tasks/search", NAMED_QUERY, search_tasks),
    )


def rows_of(view: View, windows: Mapping[str, int]) -> list[Row]:
    """Every name of every model that is served; adapters are finetunes, and are shown as such."""
    return [
        Row(name, entry, min(entry.context, windows.get(name, entry.context)))
        for entry in view.models
        if not entry.adapter
        for name in names_of(entry)
    ]


def names_of(entry: ModelEntry) -> Sequence[str]:
    """Its names here: those of the catalogue, and aliases of this form; its own where it has none."""
    known = entry.known.names.get("workers_ai", ())
    aliases = (name for name in entry.ids if name.startswith(tuple(SOURCES)))
    return tuple(dict.fromkeys((*known, *aliases))) or entry.ids[:1]


def search_models(windows: Mapping[str, int], question: Question, view: View) -> JSON:
    """A page of the models that a query asks for; beyond the last one an empty list. Raises InvalidRequest."""
    values = read_query(QUERY, question.query)
    found = [row for row in rows_of(view, windows) if matches(row, values)]
    if "format" in values:
        return {"data": [render_for_openrouter(row) for row in found]}
    return paged([render_row(row) for row in found], values)


def matches(row: Row, values: Mapping[str, Any]) -> bool:
    """Whether it is what a query asks for."""
    text = f"{row.name} {row.entry.known.description}".lower()
    return (
        values.get("search", "").lower() in text
        and values.get("author", row.author).lower() == row.author.lower()
        and values.get("task", TASK["name"]).lower() == TASK["name"].lower()
        and values.get("source", row.source) == row.source
        and not (values.get("hide_experimental", False) and "beta" in row.entry.known.capabilities)
    )


def paged(rows: Sequence[JSON], values: Mapping[str, Any]) -> JSON:
    """The envelope around one page."""
    page, per_page = values["page"], values["per_page"]
    shown = list(rows[(page - 1) * per_page :][:per_page])
    info = {"page": page, "per_page": per_page, "count": len(shown), "total_count": len(rows)}
    return {**envelope(shown), "result_info": info}


def render_row(row: Row) -> JSON:
    """A model as Cloudflare lists it. Values of properties are strings, the price excepted."""
    known = row.entry.known
    released = datetime(*known.released.timetuple()[:3], tzinfo=UTC).timestamp() if known.released else None
    return {
        "id": row.id,
        "source": row.source,
        "name": row.name,
        "description": known.description,
        "task": dict(TASK),
        "created_at": timestamp(released or row.entry.created),
        "tags": [],
        "properties": [{"property_id": name, "value": value} for name, value in properties(row)],
    }


def properties(row: Row) -> Iterator[tuple[str, JSON]]:
    """What else is known of it, by Cloudflare's names."""
    known = row.entry.known
    yield "async_queue", "true"
    yield from ((name, "true") for capability, name in CAPABILITIES.items() if capability in known.capabilities)
    yield "context_window", str(row.context)
    if known.repository:
        yield "info", f"https://huggingface.co/{known.repository}"
    if known.licence.url:
        yield "terms", known.licence.url
    yield "price", list(prices(known.price))


def prices(price: Price) -> Iterator[JSON]:
    """Dollars per million tokens."""
    for kind, pico in (("input", price.prompt), ("output", price.completion)):
        yield {"unit": f"per M {kind} tokens", "price": pico * PER_MILLION / PICO, "currency": "USD"}


def render_for_openrouter(row: Row) -> JSON:
    """A model in the form that OpenRouter takes from providers."""
    entry, known = row.entry, row.entry.known
    taken = {field.name for field in FIELDS}
    return {
        "id": row.name,
        "hugging_face_id": known.repository,
        "name": known.title,
        "created": entry.created,
        "description": known.description,
        "input_modalities": ["text"],
        "output_modalities": ["text"],
        "quantization": QUANTIZATIONS.get(entry.quantization, entry.quantization),
        "context_length": row.context,
        "max_output_length": row.context,
        "pricing": {
            "prompt": decimal_dollars(known.price.prompt),
            "completion": decimal_dollars(known.price.completion),
            "image": "0",
            "request": "0",
        },
        "supported_sampling_parameters": [name for name in SAMPLING if name in taken],
        "supported_features": [word for name in known.capabilities for word in FEATURES.get(name, ())],
    }


def show_schema(windows: Mapping[str, int], question: Question, view: View) -> JSON:  # noqa: ARG001 - as its neighbours
    """What a model takes and gives, as the validator has it. Raises ModelNotFound."""
    view.find(read_query(SCHEMA_QUERY, question.query)["model"])
    forms = {"type": "object", "description": "A body of /ai/run.", "additionalProperties": True}
    stream = {"type": "string", "contentType": "text/event-stream", "format": "binary"}
    answers = {"description": "An answer, whole or as a stream.", "additionalProperties": True}
    whole = {"type": "object", "contentType": "application/json", **RESULT}
    return envelope({"input": {**forms, "oneOf": input_forms()}, "output": {**answers, "oneOf": [whole, stream]}})


def search_authors(windows: Mapping[str, int], question: Question, view: View) -> JSON:
    """Who made the models that are served."""
    values = read_query(NAMED_QUERY, question.query)
    authors = dict.fromkeys(row.author for row in rows_of(view, windows) if row.author)
    return named([{"id": str(uuid5(NAMESPACE_URL, f"tampu:authors/{name}")), "name": name} for name in authors], values)


def search_tasks(windows: Mapping[str, int], question: Question, view: View) -> JSON:  # noqa: ARG001 - as its neighbours
    """What the models are for."""
    return named([dict(TASK)], read_query(NAMED_QUERY, question.query))


def named(rows: Sequence[Mapping[str, str]], values: Mapping[str, Any]) -> JSON:
    """A page of those whose name has a text in it."""
    return paged([row for row in rows if values.get("search", "").lower() in row["name"].lower()], values)
