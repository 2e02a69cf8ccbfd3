"""Wires one app from an upstream and settings."""

import socket
import time

from fastapi import Depends, FastAPI

from tampu import __version__
from tampu.catalogue import load_catalogue
from tampu.dialects.table import build_dialects
from tampu.dialects.workers_ai import RUN_PATH
from tampu.gateway.store import NoStore, Store
from tampu.server import routes
from tampu.server.adapters import Intake, add_adapters
from tampu.server.auth import MODEL_LISTS, PUBLIC, Authenticator, OneAccount
from tampu.server.batches import BatchDesk, BatchRunner
from tampu.server.catalogue_pages import add_catalogue
from tampu.server.edge import LOOPBACK_NAMES, Edge
from tampu.server.finetunes import add_finetunes
from tampu.server.lifecycle import Lifecycle
from tampu.server.memory import Memory
from tampu.server.metrics import Metrics
from tampu.server.origins import Origins
from tampu.server.responses import add_responses
from tampu.server.service import ServedEngine, Service, policy_of
from tampu.settings import ServerSettings


def create_app(
    upstream: ServedEngine,
    settings: ServerSettings,
    lifecycle: Lifecycle | None = None,
    store: Store | NoStore | None = None,
) -> FastAPI:
    """The HTTP service over `upstream`. The caller starts and stops `lifecycle`, which lets it drain, and `store`.

    Raises BadSetting for a catalogue that is wrong, and for origins that are.
    """
    lifecycle, store = lifecycle or Lifecycle(), store or NoStore()
    metrics = Metrics(lambda: upstream.stats, lambda: store.stats, lifecycle, settings.vllm_metrics)
    memory = Memory(settings.response_memory)
    dialects = build_dialects(policy_of(settings))
    catalogue, now = load_catalogue(settings.catalogue), int(time.time())
    service = Service(upstream, settings, dialects, lifecycle, metrics, store, memory, now, catalogue)
    app = FastAPI(
        title="tampu", version=__version__, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    guards = [Depends(Authenticator(settings.api_key)), Depends(OneAccount(settings.account))]
    public = PUBLIC | MODEL_LISTS if settings.public_models else PUBLIC

    def add(path: str, endpoint: routes.Endpoint, methods: list[str]) -> None:
        # A route asks for the key unless its path is in the reviewed set; a test walks over all of them.
        dependencies = [] if path in public else guards
        app.add_api_route(path, endpoint, methods=methods, response_model=None, dependencies=dependencies)

    routes.add_public(add, service)
    runner = BatchRunner(service)
    lifecycle.add_background("answering batches", runner.run)
    routes.add_generating(add, service, {RUN_PATH: BatchDesk(service, runner)})
    routes.add_readings(add, service, add_catalogue(add, service))
    add_responses(add, service)
    intake = Intake()
    add_adapters(add, service, intake)
    add_finetunes(add, service, intake)
    routes.add_metrics(add, service)
    routes.add_error_handlers(app, service)
    app.add_middleware(
        Edge,
        allowed_hosts=allowed_hosts(settings),
        origins=Origins.of(settings),
        render_error=service.render_error,
        observe=metrics.observe,
    )
    return app


def allowed_hosts(settings: ServerSettings) -> tuple[str, ...]:
    """The names that the server answers to: loopback's, the machine's, where it listens, and those in the settings."""
    further = (name.strip() for name in settings.allowed_hosts.split(","))
    return (*LOOPBACK_NAMES, settings.host, socket.gethostname(), *(name for name in further if name))
