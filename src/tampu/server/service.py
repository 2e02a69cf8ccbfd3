"""What every route shares: the engine it serves, under which names, and how to refuse."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from starlette.responses import Response

from tampu.dialects.base import Context, Dialect, ModelEntry, dumps, longest_prefix
from tampu.engine.card import EngineStatus, ModelCard
from tampu.engine.front import FrontStats
from tampu.errors import ModelNotFound, NotReady, RateLimited, ServiceError, Unauthorized
from tampu.model.names import all_names
from tampu.request import Upstream
from tampu.server.lifecycle import Lifecycle
from tampu.server.metrics import Metrics
from tampu.server.records import RequestRecord
from tampu.settings import ServerSettings

# A seed that a JavaScript client can repeat: its numbers are exact up to 2^53.
SEED_BITS = 53
# After these the client may still be sending; the connection cannot be used again.
CLOSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
WAIT = 2.0  # seconds to suggest while loading


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
    started_at: int  # Unix time in seconds

    def card(self) -> ModelCard:
        """The loaded model. Raises NotReady until it is there, with how far it is."""
        card, status = self.upstream.card, self.upstream.status
        if card is not None and status.phase not in ("loading", "failed"):
            return card
        if status.phase == "failed":
            raise NotReady(f"The model cannot be loaded: {status.detail or 'the log says why'}.")
        detail = f" ({status.detail})" if status.detail else ""
        raise NotReady(f"The model is still loading: {status.progress:.0%}{detail}.", retry_after=WAIT)

    def names(self, card: ModelCard) -> tuple[str, ...]:
        """All names that the model answers to, its own first."""
        aliases = (alias.strip() for alias in self.settings.alias.split(","))
        return (*all_names(card.id), *(alias for alias in aliases if alias))

    def entry(self) -> ModelEntry:
        """The model as lists of models show it."""
        card = self.card()
        return ModelEntry(self.names(card), self.started_at, card.context, card.kind, card.fingerprint)

    def check_model(self, name: str) -> None:
        """Raise ModelNotFound, with the nearest names, unless the model answers to `name`."""
        names = self.names(self.card())
        if name not in names:
            raise ModelNotFound(name[:256], names)

    def context(self, record: RequestRecord) -> Context:
        """What a dialect's parser needs to know of this request."""
        card, seed = self.card(), secrets.randbits(SEED_BITS)
        return Context(record.id, int(time.time()), seed, card.vocab_size, record.tenant, card.recommended)

    def render_error(self, error: ServiceError, record: RequestRecord) -> Response:
        """The error in the words of the dialect that the path belongs to."""
        status, body = longest_prefix(self.dialects, record.path).render_error(error, record.id)
        response = Response(dumps(body), status, media_type="application/json")
        if error.retry_after is not None:
            response.headers["retry-after"] = str(max(1, round(error.retry_after)))
        if isinstance(error, Unauthorized):
            response.headers["www-authenticate"] = "Bearer"
        if error.status in CLOSING or self.lifecycle.draining:
            response.headers["connection"] = "close"
        if isinstance(error, RateLimited) and error.retry_after is None:
            response.headers["x-should-retry"] = "false"  # waiting will not help
        return response
