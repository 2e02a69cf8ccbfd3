"""The routes under /v1/adapters: list, add, show and remove the adapters of the served model.

An adapter comes in as bytes, never as a path or a name on a hub: nobody can make the server read its own disk.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.responses import Response

from tampu.engine.adapter_shelf import AdapterShelf
from tampu.errors import AdapterNotFound, AdaptersUnsupported, Overloaded, RateLimited
from tampu.model.adapter_store import StoredAdapter, check_name, discard
from tampu.model.lora import fingerprint_with
from tampu.server.records import record_of
from tampu.server.routes import READ, AddRoute, as_json
from tampu.server.service import WAIT, Service
from tampu.server.uploads import ADAPTER, receive_form

PATH = "/v1/adapters"
MAX_UPLOADS = 4  # at a time


@dataclass(frozen=True, slots=True)
class Intake:
    """What all routes that change the stored adapters share: places for uploads, and one change at a time."""

    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_UPLOADS))

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place for an upload. Raises Overloaded where all are taken."""
        if self.uploads.locked():
            raise Overloaded(f"{MAX_UPLOADS} adapters are on their way in already.", retry_after=WAIT)
        async with self.uploads:
            yield


def add_adapters(add: AddRoute, service: Service, intake: Intake) -> None:
    """The routes."""

    async def adapters(request: Request) -> Response:
        if request.method != "POST":
            return as_json({"object": "list", "data": [shown(service, each) for each in service.adapters()]})
        record_of(request.scope).operation = "adapters"
        service.lifecycle.admit()
        shelf = shelf_of(service)
        async with intake.place():
            return as_json(shown(service, await upload(service, shelf, request, intake.changing)))

    async def adapter(request: Request) -> Response:
        name = request.path_params["adapter"]
        found = next((each for each in service.adapters() if each.name == name), None)
        if found is None:
            raise AdapterNotFound(name[:256], [each.name for each in service.adapters()])
        if request.method != "DELETE":
            return as_json(shown(service, found))
        record_of(request.scope).operation = "adapters"
        async with intake.changing:
            await asyncio.to_thread(shelf_of(service).remove, name)
        shelf_of(service).sweep()
        return as_json({"id": name, "object": "adapter", "deleted": True})

    add(PATH, adapters, [*READ, "POST"])
    add(f"{PATH}/{{adapter}}", adapter, [*READ, "DELETE"])


async def upload(service: Service, shelf: AdapterShelf, request: Request, changing: asyncio.Lock) -> StoredAdapter:
    """Receive, check and store an adapter; nothing is left of one that is refused."""
    staged = await asyncio.to_thread(shelf.stage)
    try:
        name = (await receive_form(request.receive, request.headers, staged, ADAPTER))["name"]
        check_name(name)
        async with changing:
            check_room(service, name)
            added = await asyncio.to_thread(shelf.add, name, staged)
        shelf.sweep()
        return added
    finally:
        await asyncio.to_thread(discard, staged)


def shelf_of(service: Service) -> AdapterShelf:
    """The adapters of the served model. Raises NotReady until it is loaded, AdaptersUnsupported where it takes none."""
    service.card()
    if service.upstream.adapters is None:
        raise AdaptersUnsupported(service.card().id, "adapters")
    return service.upstream.adapters


def check_room(service: Service, name: str) -> None:
    """Raise RateLimited when so many adapters are stored that there is no place for a new name."""
    names, most = {each.name for each in service.adapters()}, service.settings.max_adapters
    if len(names | {name}) > most:
        raise RateLimited(f"At most {most} adapters are stored here (max_adapters): remove one first.", param="name")


def shown(service: Service, adapter: StoredAdapter) -> dict[str, Any]:
    """An adapter as the API shows it. `model` is what to ask for."""
    card, shelf = service.card(), shelf_of(service)
    return {
        "id": adapter.name,
        "object": "adapter",
        "model": f"{card.id}:{adapter.name}",
        "parent": card.id,
        "created": adapter.created,
        "rank": adapter.rank,
        "modules": list(adapter.modules),
        "bytes": adapter.size,
        "memory": shelf.memory(adapter),
        "fingerprint": fingerprint_with(card.fingerprint, adapter.fingerprint),
    }
