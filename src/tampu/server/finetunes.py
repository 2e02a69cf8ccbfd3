"""Workers AI's routes under /ai/finetunes: adapters that come in file by file, over the same shelf as /v1/adapters."""

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from fastapi import Request
from starlette.responses import Response

from tampu.dialects.base import dumps
from tampu.dialects.kinds import JSON
from tampu.dialects.workers_ai import ACCOUNT
from tampu.dialects.workers_ai_answers import answer_headers, envelope
from tampu.dialects.workers_ai_finetunes import (
    Finetune,
    check_file_name,
    finetune_not_found,
    name_taken,
    read_finetune,
    render_asset,
    render_finetune,
    render_public,
)
from tampu.engine.adapter_shelf import AdapterShelf
from tampu.errors import InvalidRequest
from tampu.model.adapter_file import MAX_WEIGHTS
from tampu.model.adapter_store import StoredAdapter, check_name, discard
from tampu.model.finetunes import FILES, About, read_about
from tampu.server.adapters import Intake, shelf_of
from tampu.server.records import record_of
from tampu.server.routes import READ, AddRoute
from tampu.server.service import Service
from tampu.server.uploads import MAX_NAME, Part, Shape, receive_form
from tampu.strict_json import parse_json

PATH = f"{ACCOUNT}/finetunes"
OPERATION = "finetunes"
RECEIVED = "received"
ASSET = Shape(
    {"file_name": Part(MAX_NAME), "file": Part(MAX_WEIGHTS, RECEIVED)},
    f"Send multipart/form-data with the parts file_name ({' or '.join(FILES)}) and file.",
)


def add_finetunes(add: AddRoute, service: Service, intake: Intake) -> None:
    """The routes."""

    async def finetunes(request: Request) -> Response:
        if request.method != "POST":
            return answer(request, [render_finetune(each) for each in listed(service)])
        record_of(request.scope).operation = OPERATION
        service.lifecycle.admit()
        async with service.bodies.reading(request, service.settings.max_body) as sent:
            body = await sent.work(partial(parse_json, sent.data))
        async with intake.changing:
            about = await asyncio.to_thread(begin, service, body)
        return answer(request, render_finetune(find(service, about.name)))

    async def public(request: Request) -> Response:
        return answer(request, render_public(listed(service), request.query_params))

    async def finetune(request: Request) -> Response:
        found = find(service, request.path_params["finetune"])
        if request.method != "DELETE":
            return answer(request, render_finetune(found))
        record_of(request.scope).operation = OPERATION
        async with intake.changing:
            await asyncio.to_thread(remove, shelf_of(service), found)
        return answer(request, {"id": found.id})

    async def assets(request: Request) -> Response:
        record_of(request.scope).operation = OPERATION
        service.lifecycle.admit()
        found = find(service, request.path_params["finetune"])
        async with intake.place():
            file_name = await receive(service, found, request, intake.changing)
        return answer(request, render_asset(find(service, found.name), file_name))

    add(PATH, finetunes, [*READ, "POST"])
    add(f"{PATH}/public", public, READ)
    add(f"{PATH}/{{finetune}}", finetune, [*READ, "DELETE"])
    add(f"{PATH}/{{finetune}}/finetune-assets", assets, ["POST"])


def answer(request: Request, result: JSON) -> Response:
    """The envelope of a success."""
    headers: Mapping[str, str] = answer_headers(record_of(request.scope).id)
    return Response(dumps(envelope(result)), headers=headers, media_type="application/json")


def listed(service: Service) -> list[Finetune]:
    """All of them by name: adapters, however they came, and finetunes that wait for their files."""
    shelf = service.upstream.adapters
    if shelf is None:
        return []
    base = service.entry().name_in("workers_ai")
    whole = {each.name: from_adapter(shelf, each, base) for each in shelf.list()}
    waiting = {each.name: from_about(shelf, each) for each in shelf.finetunes.waiting()}
    return [each for _, each in sorted((waiting | whole).items())]


def from_adapter(shelf: AdapterShelf, adapter: StoredAdapter, base: str) -> Finetune:
    """An adapter, with what was said of it when it began as a finetune."""
    said = read_about(Path(adapter.directory)) or About(adapter.name, base, "", False, adapter.created)
    return Finetune(
        shelf.finetunes.uuid(adapter.name),
        adapter.name,
        said.model,
        said.description,
        said.public,
        said.created,
        max(said.created, adapter.created),
        ready=True,
    )


def from_about(shelf: AdapterShelf, about: About) -> Finetune:
    """A finetune that waits for files."""
    finetune_id = shelf.finetunes.uuid(about.name)
    said = (about.model, about.description, about.public, about.created)
    return Finetune(finetune_id, about.name, *said, modified=about.created, ready=False)


def find(service: Service, name_or_id: str) -> Finetune:
    """The one of this name or id; 3039 when there is none."""
    found = listed(service)
    by_name = {each.name: each for each in found}
    by_id = {each.id: each for each in found}
    one = by_name.get(name_or_id) or by_id.get(name_or_id.lower())
    if one is None:
        raise finetune_not_found(name_or_id)
    return one


def begin(service: Service, body: JSON) -> About:
    """Wait for the files of a new finetune. Raises InvalidRequest, or ModelNotFound for its base."""
    values, shelf = read_finetune(body), shelf_of(service)
    name = values["name"]
    check_name(name)
    if service.find(values["model"]).adapter:
        raise InvalidRequest("model must be a model without an adapter.", param="model")
    known = {each.name: each for each in listed(service)}
    if name in known and known[name].ready:
        raise name_taken(name, known[name].id)
    check_room(service, {*known, name})
    about = About(name, values["model"], values["description"], values["public"], time.time())
    shelf.finetunes.begin(about)
    return about


def check_room(service: Service, names: set[str]) -> None:
    """Raise InvalidRequest when these are more than are stored."""
    most = service.settings.max_adapters
    if len(names) > most:
        raise InvalidRequest(f"At most {most} adapters are stored here (max_adapters): delete one first.", param="name")


def remove(shelf: AdapterShelf, finetune: Finetune) -> None:
    """Take a finetune out, with files that came to replace its own."""
    shelf.finetunes.drop(finetune.name)
    if finetune.ready:
        shelf.remove(finetune.name)
        shelf.sweep()


async def receive(service: Service, finetune: Finetune, request: Request, changing: asyncio.Lock) -> str:
    """Take a file in, and give its name; with the second one the adapter is checked and answers. Nothing is left of
    what is refused."""
    shelf = shelf_of(service)
    staged = await asyncio.to_thread(shelf.stage)
    try:
        form = await receive_form(request.receive, request.headers, staged, ASSET)
        check_file_name(form["file_name"], FILES)
        async with changing:
            await asyncio.to_thread(take, service, finetune, form["file_name"], staged / RECEIVED)
        return form["file_name"]
    finally:
        await asyncio.to_thread(discard, staged)


def take(service: Service, finetune: Finetune, file: str, received: Path) -> None:
    """Put a file to those of its finetune, and all of them on the shelf when none is missing any more."""
    shelf = shelf_of(service)
    finetunes = shelf.finetunes
    name = find(service, finetune.name).name  # unless it was deleted meanwhile
    if name not in {each.name for each in finetunes.waiting()}:
        said = (finetune.name, finetune.model, finetune.description, finetune.public, finetune.created)
        finetunes.begin(About(*said))
    finetunes.put(name, file, received)
    if not finetunes.missing(name):
        shelf.add(name, finetunes.stage(name))
        finetunes.drop(name)
        shelf.sweep()
