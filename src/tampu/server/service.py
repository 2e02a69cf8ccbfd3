"""What every route shares: the engine it serves, under which names, and how to refuse."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from tampu.catalogue import CATALOGUE, Catalogue
from tampu.dialects.base import Asks, Call, Context, Dialect, ModelEntry, Policy, View, dumps, longest_prefix
from tampu.engine.adapter_shelf import AdapterShelf
from tampu.engine.card import EngineStatus, ModelCard
from tampu.engine.entry import entry_of
from tampu.engine.front import FrontStats
from tampu.errors import (
    AdaptersUnsupported,
    InvalidRequest,
    ModelNotFound,
    NotReady,
    RateLimited,
    ServiceError,
    Unauthorized,
)
from tampu.gateway.store import OFF, NoStore, Store
from tampu.generation import Spending
from tampu.model.adapter_store import StoredAdapter
from tampu.model.lora import fingerprint_with
from tampu.request import Upstream
from tampu.server.body import BodyReader
from tampu.server.lifecycle import Lifecycle
from tampu.server.memory import Memory
from tampu.server.metrics import Metrics
from tampu.server.records import RequestRecord
from tampu.server.samples import Reader, demo_name
from tampu.settings import ServerSettings

# A seed that a JavaScript client can repeat: its numbers are exact up to 2^53.
SEED_BITS = 53
# After these the client may still be sending; the connection cannot be used again.
CLOSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
WAIT = 2.0  # seconds to suggest while loading


def policy_of(settings: ServerSettings) -> Policy:
    """What the dialects are told of the settings."""
    return Policy(
        max_choices=settings.max_choices,
        strict=settings.strict,
        v1=settings.v1,
        keeps_text=settings.log_text and settings.store != OFF,
        keeps_responses=settings.response_memory > 0,
    )


class ServedEngine(Upstream, Protocol):
    """An upstream that also says how it is, as our engine's front half does."""

    @property
    def status(self) -> EngineStatus:
        """How far it is."""
        ...

    @property
    def card(self) -> ModelCard | None:
        """What it runs; None until loaded."""
        ...

    @property
    def adapters(self) -> AdapterShelf | None:
        """The adapters of its model; None until loaded, and where it takes none."""
        ...

    @property
    def stats(self) -> FrontStats:
        """Its gauges and counters."""
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that one app is wired from."""

    upstream: ServedEngine
    settings: ServerSettings
    dialects: Sequence[Dialect]
    lifecycle: Lifecycle
    metrics: Metrics
    store: Store | NoStore
    memory: Memory
    started_at: int  # Unix time in seconds
    catalogue: Catalogue = CATALOGUE
    bodies: BodyReader = field(default_factory=BodyReader)

    def is_loaded(self) -> bool:
        """Whether there is a model that requests can ask for."""
        return self.upstream.card is not None and self.upstream.status.phase not in ("loading", "failed")

    def card(self) -> ModelCard:
        """The loaded model. Raises NotReady until it is there, with how far it is."""
        card, status = self.upstream.card, self.upstream.status
        if card is not None and self.is_loaded():
            return card
        if status.phase == "failed":
            raise NotReady(f"The model cannot be loaded: {status.detail or 'the log says why'}.")
        detail = f" ({status.detail})" if status.detail else ""
        raise NotReady(f"The model is still loading: {status.progress:.0%}{detail}.", retry_after=WAIT)

    def adapters(self) -> list[StoredAdapter]:
        """The adapters of the model, by name."""
        shelf = self.upstream.adapters
        return [] if shelf is None else shelf.list()

    def entries(self) -> tuple[ModelEntry, ...]:
        """What lists of models show: the model, and the model with each of its adapters."""
        return (self.entry(), *(self.entry(adapter.name) for adapter in self.adapters()))

    def find(self, name: str) -> ModelEntry:
        """The model of this name, with the adapter that the name asks for. Raises ModelNotFound."""
        return self.entry(self.check_model(name))

    def entry(self, adapter: str = "") -> ModelEntry:
        """The model, alone or with one of its adapters."""
        card = self.card()
        aliases = (alias.strip() for alias in self.settings.alias.split(","))
        alone = entry_of(card, self.started_at, (alias for alias in aliases if alias), self.catalogue)
        found = next((each for each in self.adapters() if each.name == adapter), None)
        if found is None:
            return alone
        own_name = () if adapter in alone.ids else (adapter,)
        return replace(
            alone,
            ids=(f"{card.id}:{adapter}", *own_name),
            created=found.created,
            fingerprint=fingerprint_with(card.fingerprint, found.fingerprint),
            parent=card.id,
            adapter=adapter,
        )

    def check_model(self, name: str) -> str:
        """The adapter that a model's name asks for, "" for none: MODEL, MODEL:ADAPTER or ADAPTER.

        Raises ModelNotFound, with the nearest names, unless something here answers to `name`.
        """
        alone = self.entry()
        names = alone.ids
        if name in names:
            return ""
        adapters = [adapter.name for adapter in self.adapters()]
        for adapter in adapters:
            if name == adapter or (name.endswith(f":{adapter}") and name.removesuffix(f":{adapter}") in names):
                return adapter
        raise ModelNotFound(name[:256], (*names, *(f"{alone.ids[0]}:{adapter}" for adapter in adapters)))

    def with_adapter(self, call: Call) -> tuple[Call, ModelEntry]:
        """The call with the adapter that its `model` or its `lora` names, and the model with this adapter.

        Raises ModelNotFound or InvalidRequest.
        """
        adapter, asked = self.check_model(call.model), self.adapter_named(call.requests[0].adapter)
        if adapter and asked not in ("", adapter):
            raise InvalidRequest(f"model names the adapter {adapter}, lora names {asked}: send one.", param="lora")
        adapter = adapter or asked
        requests = tuple(replace(request, adapter=adapter) for request in call.requests)
        return replace(call, requests=requests), self.entry(adapter)

    def adapter_named(self, name_or_id: str) -> str:
        """The name of the adapter that `lora` asks for, "" for none. Raises AdaptersUnsupported, UnknownAdapter,
        or IncompleteAdapter for half a finetune."""
        if not name_or_id:
            return ""
        if self.upstream.adapters is None:
            raise AdaptersUnsupported(self.card().id)
        return self.upstream.adapters.resolve(name_or_id)

    def needs_key(self) -> bool:
        """Whether clients must send one."""
        return bool(self.settings.api_key.reveal())

    def reader(self, request: Request, model: ModelEntry | None = None) -> Reader:
        """Who looks at a page: samples on it ask this model."""
        address = f"{request.url.scheme}://{request.headers['host']}"
        return Reader(address, model.name_in if model else demo_name, self.needs_key())

    def context(self, request: Request, record: RequestRecord) -> Context:
        """What a dialect's parser needs to know of this request."""
        seed, headers = secrets.randbits(SEED_BITS), {name.lower(): value for name, value in request.headers.items()}
        query, model = dict(request.query_params), self.card().id
        recall = partial(self.memory.recall, record.tenant)
        return Context(record.id, int(time.time()), seed, self.find, record.tenant, query, headers, model, recall)

    async def view(self, asks: Asks, tenant: str) -> View:
        """What a reading may show of what it asks for. Raises StoreUnavailable."""
        records = await self.store.find(asks.record_ids, tenant)
        spending = await self.store.spending(tenant) if asks.spending else Spending()
        return View(self.entries(), self.find, records, spending, partial(self.memory.recall, tenant))

    def replay_facts(self, path_args: Mapping[str, str], query: Mapping[str, str]) -> dict[str, Any]:
        """What a replay needs besides the requests themselves: where and under which policy they came in, and what
        they ran on."""
        card, policy = self.card(), asdict(policy_of(self.settings))
        engine = {"model": card.packed, "kv_dtype": card.kv_dtype, "context": card.context}
        return {"engine": engine, "policy": policy, "path_args": dict(path_args), "query": dict(query)}

    def render_error(self, error: ServiceError, record: RequestRecord) -> Response:
        """The error in the words of the dialect that the path belongs to; the record remembers it for the log."""
        record.refuse(error)
        dialect = longest_prefix(self.dialects, record.path)
        error.model = error.model or record.model
        status, body = dialect.render_error(error, record.id)
        headers = dict(dialect.error_headers(error, record.id))
        response = Response(dumps(body), status, headers=headers, media_type="application/json")
        if error.retry_after is not None:
            response.headers["retry-after"] = str(max(1, round(error.retry_after)))
        if isinstance(error, Unauthorized):
            response.headers["www-authenticate"] = "Bearer"
        if error.status in CLOSING or self.lifecycle.draining:
            response.headers["connection"] = "close"
        if isinstance(error, RateLimited) and error.retry_after is None:
            response.headers["x-should-retry"] = "false"  # waiting will not help
        return response
