"""The catalogue for people: what this server offers, a page for each model, and how to ask it in every dialect.

Nothing of it is written by hand for one dialect: names, fields, samples and errors follow from the dialects' tables.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response

from tampu.catalogue import CAPABILITIES, decimal_dollars
from tampu.dialects.base import Dialect, ModelEntry, Operation, Provider, dumps
from tampu.dialects.openai_answers import wire_fingerprint
from tampu.server.catalogue_facts import (
    A_MILLION,
    WORKLOADS,
    Shown,
    cost,
    details,
    errors,
    per_million,
    sampling_of,
    summary,
)
from tampu.server.example_answers import streamed_answer, whole_answer
from tampu.server.html import Html, code, document, fold, join, listing, pairs, prefers_html, table, tag
from tampu.server.operation_pages import operation_part
from tampu.server.routes import READ, AddRoute, Dress, Endpoint, as_json
from tampu.server.service import Service

PATH = "/models"
PAGE = f"{PATH}/{{model:path}}"


def add_catalogue(add: AddRoute, service: Service) -> dict[str, Dress]:
    """The routes of the catalogue; and how to dress the reading that shares a path with its pages.

    A page takes some 30 ms to write: a thread does it, so that no stream waits.
    """

    async def models(request: Request) -> Response:
        if request.url.path.endswith(".json") or not prefers_html(request.headers.get("accept", "")):
            return as_json({"object": "list", "data": [summary(each) for each in all_shown(service, request)]})
        return list_page(all_shown(service, request))

    async def model_json(request: Request) -> Response:
        return as_json(await asyncio.to_thread(details, one_shown(service, request)))

    async def model_page(request: Request) -> Response:
        return await asyncio.to_thread(page_of, one_shown(service, request))

    def or_page(endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            if prefers_html(request.headers.get("accept", "")):
                return await model_page(request)
            return await endpoint(request)

        return varied(answer)

    add(PATH, varied(models), READ)
    add(f"{PATH}.json", models, READ)
    add(f"{PAGE}.json", model_json, READ)
    return {PAGE: or_page}


def varied(endpoint: Endpoint) -> Endpoint:
    """The endpoint, for caches: another Accept header gets another answer."""

    async def answer(request: Request) -> Response:
        response = await endpoint(request)
        response.headers["vary"] = "accept"
        return response

    return answer


def all_shown(service: Service, request: Request) -> list[Shown]:
    """What the list shows: the model, alone and with each of its adapters."""
    return [shown(service, request, entry) for entry in service.entries()]


def one_shown(service: Service, request: Request) -> Shown:
    """The model that the path names. Raises ModelNotFound."""
    return shown(service, request, service.find(request.path_params["model"]))


def shown(service: Service, request: Request, entry: ModelEntry) -> Shown:
    """The model as this reader sees it now."""
    adapters = () if entry.adapter else tuple(each.name for each in service.adapters())
    speed, status = service.metrics.speed(), service.upstream.status
    return Shown(entry, service.dialects, service.reader(request, entry), status, speed, adapters)


def list_page(models: Sequence[Shown]) -> Response:
    """Every model in short."""
    cards = [tag("li", card(model), class_="card") for model in models]
    intro = tag("p", "Each answers in every dialect here. For programs: ", link(f"{PATH}.json"), class_="soft")
    return document("Models", tag("h1", "Models"), intro, tag("ul", *cards, class_="plain"), here=PATH)


def card(model: Shown) -> Html:
    """A model in short."""
    price = model.model.known.price
    facts = [
        code(model.model.ids[0]),
        status_line(model),
        f"{model.model.context:,} tokens of context",
        model.model.quantization,
        f"${per_million(price.prompt)} in, ${per_million(price.completion)} out per million tokens",
    ]
    heading = tag("h2", tag("a", model.title, href=quote(model.address)))
    return join((heading, tag("p", model.model.known.description), tag("p", dotted(facts)), *notice(model)))


def dotted(pieces: Iterable[str]) -> Html:
    """The pieces that are not empty, with dots between them."""
    first, *others = (piece for piece in pieces if piece)
    return join((first, *(part for piece in others for part in (" · ", piece))))


def page_of(model: Shown) -> Response:
    """The page of one model."""
    providers = model.providers()
    links = [link(f"#{provider.key}", provider.title) for provider in providers]
    return document(
        model.title,
        tag("h1", model.title),
        tag("p", model.model.known.description),
        tag("p", status_line(model, long=True)),
        *notice(model),
        tag("p", *badges(model)),
        tag("p", "For programs: ", link(f"{quote(model.address)}.json"), class_="soft"),
        facts(model),
        names(model, providers),
        prices(model),
        *adapters(model),
        tag("h2", "How to ask"),
        tag("p", "The same model answers in each of these. Samples run as they stand here."),
        tag("nav", *links),
        *(section(model, provider, dialects) for provider, dialects in providers.items()),
    )


def link(address: str, words: str = "") -> Html:
    """A link, by default with its address for words."""
    return tag("a", words or address, href=address)


def status_line(model: Shown, long: bool = False) -> Html:
    """What the engine is doing, and how fast it was."""
    status, speed = model.status, model.speed
    word = status.phase if status.healthy else "stuck"
    rate, wait = speed.tokens_per_second, speed.seconds_to_first_token
    pieces = [tag("span", word, class_=f"dot {word}"), f"{rate:,.0f} tokens/s" if rate else ""]
    if long and wait is not None:
        pieces += [f"first token after {wait:.2f} s", "mean since the start"]
    return dotted(pieces)


def notice(model: Shown) -> Iterator[Html]:
    """What its licence asks to be shown where everybody sees it."""
    if model.model.known.licence.notice:
        yield tag("p", tag("strong", model.model.known.licence.notice))


def badges(model: Shown) -> Iterator[Html]:
    """What it can do."""
    for name in model.model.known.capabilities:
        yield tag("span", name.replace("_", " "), class_="badge", title=CAPABILITIES[name])


def facts(model: Shown) -> Html:
    """What there is to know of it."""
    entry, known = model.model, model.model.known
    terms = tag("a", known.licence.name, href=known.licence.url) if known.licence.url else known.licence.name
    hub = f"https://huggingface.co/{known.repository}"
    rows = {
        "Context": f"{entry.context:,} tokens, prompt and completion together",
        "Weights": entry.quantization,
        "Fingerprint": code(wire_fingerprint(entry.fingerprint)),
        "Parameters": f"{known.parameters:,}" if known.parameters else "",
        "Reads and writes": "text",
        "Released": known.released.isoformat() if known.released else "",
        "Knows of the world until": known.knowledge_cutoff.isoformat() if known.knowledge_cutoff else "",
        "Weights from": tag("a", known.repository, href=hub) if known.repository else "",
        "Licence": terms,
    }
    return pairs((name, value) for name, value in rows.items() if value)


def names(model: Shown, providers: dict[Provider, list[Dialect]]) -> Html:
    """What it is called in each dialect."""
    rows = [(provider.title, code(model.model.name_in(provider.key))) for provider in providers]
    note = tag("p", "Every name is understood in every dialect. A click selects one.", class_="soft")
    return join((tag("h2", "Names"), note, table(("dialect", "model"), rows)))


def prices(model: Shown) -> Html:
    """What tokens cost, with examples."""
    price = model.model.known.price
    if not price.prompt and not price.completion:
        return join((tag("h2", "Price"), tag("p", "Its tokens cost nothing.")))
    words = f"${per_million(price.prompt)} for a million tokens of the prompt, "
    words += f"${per_million(price.completion)} for a million of the completion."
    rows = [
        (what, f"{prompt:,}", f"{completion:,}", f"${decimal_dollars(cost(price, prompt, completion))}")
        for what, prompt, completion in WORKLOADS
        if prompt + completion <= model.model.context or prompt == A_MILLION
    ]
    head = ("for example", "tokens in", "out", "cost")
    return join((tag("h2", "Price"), tag("p", words), table(head, rows)))


def adapters(model: Shown) -> Iterator[Html]:
    """Its adapters, where there are any."""
    if model.adapters:
        asked = {name: f"{model.model.ids[0]}:{name}" for name in model.adapters}
        rows = [(link(quote(f"{PATH}/{asked[name]}"), name), code(asked[name])) for name in asked]
        yield join((tag("h2", "Adapters"), table(("adapter", "model"), rows)))


def section(model: Shown, provider: Provider, dialects: Sequence[Dialect]) -> Html:
    """How to ask in one provider's words."""
    parts = [part for dialect in dialects for part in parts_of(model, dialect)]
    return tag("section", tag("h2", provider.title), *parts, id=provider.key)


def answers(model: Shown, dialect: Dialect, operation: Operation) -> Iterator[Html]:
    """What comes back."""
    whole = json.dumps(whole_answer(dialect, operation, model.model), indent=2, ensure_ascii=False)
    yield fold("Answer", listing(whole, "json"))
    yield fold("Answer, streaming", listing(streamed_answer(dialect, operation, model.model).rstrip(), "events"))


def parts_of(model: Shown, dialect: Dialect) -> Iterator[Html]:
    """Its operations, then its errors."""
    for operation in dialect.operations:
        sampling, shown_answers = sampling_of(model, dialect, operation), answers(model, dialect, operation)
        yield from operation_part(dialect, operation, model.reader, sampling, shown_answers)
    rows = ((what, str(status), code(dumps(body).decode())) for what, status, body in errors(model, dialect))
    yield fold("Errors", table(("what went wrong", "status", "body"), rows))
