"""`tampu serve`: one process that listens at once, loads the model behind it, and leaves politely."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Protocol

import uvicorn
from uvicorn.loops.auto import auto_loop_factory

from tampu import __version__
from tampu.engine.card import ModelCard
from tampu.engine.front import LocalEngine
from tampu.gateway.store import NoStore, Store, open_store
from tampu.server.app import create_app
from tampu.server.auth import with_key
from tampu.server.lifecycle import Lifecycle
from tampu.server.logs import configure
from tampu.server.origins import Origins
from tampu.server.ports import bind, check_bind, url
from tampu.server.protocol import BoundedProtocol
from tampu.server.service import ServedEngine
from tampu.settings import EngineSettings, Paths, ServerSettings

IDLE_CONNECTION = 60  # seconds that a connection is kept for a next request
FAREWELL = 2.0  # seconds for clients to read their last bytes once everything was cut
Announce = Callable[[str], None]


class StartedEngine(ServedEngine, Protocol):
    """An engine with a beginning and an end."""

    async def start(self) -> None:
        """Begin to load."""
        ...

    async def ready(self) -> ModelCard:
        """Wait for the model. Raises TampuError when there will be none."""
        ...

    async def stop(self) -> None:
        """Let go of everything."""
        ...


class Server(uvicorn.Server):
    """uvicorn without its own signal handling: the first SIGTERM drains, and the exit code is 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to us."""
        yield


def build_server(
    upstream: ServedEngine,
    settings: ServerSettings,
    lifecycle: Lifecycle,
    http: type[BoundedProtocol] = BoundedProtocol,
    store: Store | NoStore | None = None,
) -> Server:
    """A server that is not yet running."""
    config = uvicorn.Config(
        create_app(upstream, settings, lifecycle, store),
        http=http,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_CONNECTION,
        timeout_graceful_shutdown=int(FAREWELL),
    )
    return Server(config)


class Goodbye:
    """What the first and the second SIGTERM (or Ctrl-C) do."""

    def __init__(self, server: Server, lifecycle: Lifecycle, drain: float) -> None:
        self._server = server
        self._lifecycle = lifecycle
        self._drain = drain
        self._leaving: asyncio.Task[None] | None = None

    def signal(self) -> None:
        """The first drains, the second ends everything now."""
        if self._leaving is None:
            self._leaving = asyncio.ensure_future(self._leave())
        else:
            self._lifecycle.cut()
            self._server.should_exit = self._server.force_exit = True

    async def _leave(self) -> None:
        await self._lifecycle.drain(self._drain)
        self._server.should_exit = True


async def run(
    upstream: StartedEngine,
    settings: ServerSettings,
    listener: socket.socket,
    announce: Announce,
    store: Store | NoStore | None = None,
) -> None:
    """Serve until told to stop. Raises what `upstream.start` raises."""
    lifecycle, store = Lifecycle(), store or NoStore()
    server = build_server(upstream, settings, lifecycle, store=store)
    goodbye = Goodbye(server, lifecycle, settings.drain)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, goodbye.signal)
    announce(f"tampu {__version__} listens at {url(listener)} (API: {url(listener)}/v1, docs: {url(listener)}/docs)")
    await store.start()
    await lifecycle.start()
    starting = asyncio.ensure_future(start(upstream, announce))
    starting.add_done_callback(lambda task: stop_if_failed(task, server))
    try:
        await server.serve([listener])
        if starting.done():
            starting.result()
    finally:
        starting.cancel()
        await lifecycle.stop()
        await upstream.stop()
        await store.close()


def stop_if_failed(starting: "asyncio.Task[None]", server: Server) -> None:
    """Nothing will ever be served when the engine cannot start."""
    if not starting.cancelled() and starting.exception() is not None:
        server.should_exit = True


async def start(upstream: StartedEngine, announce: Announce) -> None:
    """Load the model and say so."""
    began = asyncio.get_running_loop().time()
    await upstream.start()
    card = await upstream.ready()
    seconds = asyncio.get_running_loop().time() - began
    kind = f"{card.kind} ({card.choice})"
    announce(f"{card.id} is ready after {seconds:.1f} s: {kind}, context {card.context}, {card.isa}")


def serve(engine: EngineSettings, server: ServerSettings, announce: Announce | None = None) -> None:
    """Serve a model until SIGTERM. Raises BadSetting, PortTaken, ModelMissing, and what loading raises."""
    server = with_key(server)
    check_bind(server)
    Origins.of(server)
    paths = Paths.find()
    local, store = LocalEngine(engine, paths), open_store(server, paths)
    listener = bind(server.host, server.port)
    say = announce or (lambda line: print(line, file=sys.stderr, flush=True))
    configure(server.log_format)
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(run(local, server, listener, say, store))
