"""`tampu serve`: one process that listens at once, loads the model behind it, and leaves politely."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from functools import partial
from typing import Protocol

import uvicorn
from uvicorn.loops.auto import auto_loop_factory

from tampu import __version__
from tampu.catalogue import load_catalogue
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
from tampu.settings import EngineSettings, LogFormat, Paths, ServerSettings

log = logging.getLogger("tampu.serve")
IDLE_CONNECTION = 60  # seconds that a connection is kept for a next request
FAREWELL = 2.0  # seconds for clients to read their last bytes once everything was cut


class Announce(Protocol):
    """Tells whoever started the server."""

    def __call__(self, line: str, **facts: object) -> None:
        """A line for people, and what programs want of it."""
        ...


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
    """What the first and the second signal to stop do: SIGTERM, Ctrl-C, or a terminal that closes."""

    def __init__(self, server: Server, lifecycle: Lifecycle, drain: float, announce: Announce) -> None:
        self._server = server
        self._lifecycle = lifecycle
        self._drain = drain
        self._announce = announce
        self._leaving: asyncio.Task[None] | None = None
        self.interrupted = False  # by Ctrl-C

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the signals from now on. A hangup that nohup has ruled out stays ruled out."""
        numbers = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        for number in numbers:
            loop.add_signal_handler(number, self.signal, number)

    def signal(self, number: signal.Signals) -> None:
        """The first drains, the second ends everything now."""
        self.interrupted |= number is signal.SIGINT
        if self._leaving is None:
            self._leaving = asyncio.ensure_future(self._leave())
        else:
            self._lifecycle.cut()
            self._server.should_exit = self._server.force_exit = True

    async def _leave(self) -> None:
        if count := self._lifecycle.num_open:
            answers = "1 answer" if count == 1 else f"{count} answers"
            self._announce(f"Waiting up to {self._drain:g} s for {answers} under way; Ctrl-C again ends them now.")
        await self._lifecycle.drain(self._drain)
        self._server.should_exit = True


async def run(
    upstream: StartedEngine,
    settings: ServerSettings,
    listener: socket.socket,
    announce: Announce,
    store: Store | NoStore | None = None,
) -> bool:
    """Serve until told to stop; whether it was Ctrl-C that told. Raises what `upstream.start` raises."""
    lifecycle, store = Lifecycle(), store or NoStore()
    server = build_server(upstream, settings, lifecycle, store=store)
    goodbye = Goodbye(server, lifecycle, settings.drain, announce)
    goodbye.listen(asyncio.get_running_loop())
    base = url(listener)
    place = {"url": base, "port": listener.getsockname()[1]}
    announce(f"tampu {__version__} listens at {base} (API: {base}/v1, docs: {base}/docs)", **place)
    await store.start()
    await lifecycle.start()
    starting = asyncio.ensure_future(start(upstream, partial(announce, **place)))
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
    announce("stopped")
    return goodbye.interrupted


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
    announce(f"{card.id} is ready after {seconds:.1f} s: {kind}, context {card.context}, {card.isa}", model=card.id)


def serve(engine: EngineSettings, server: ServerSettings, announce: Announce | None = None) -> None:
    """Serve a model until told to stop. Raises BadSetting, PortTaken, ModelMissing, what loading raises, and
    KeyboardInterrupt once all is put away when it was Ctrl-C that stopped it.
    """
    server = with_key(server)
    check_bind(server)
    Origins.of(server)
    load_catalogue(server.catalogue)  # a wrong one is told before the port is taken
    paths = Paths.find()
    local, store = LocalEngine(engine, paths), open_store(server, paths)
    listener = bind(server.host, server.port)
    configure(server.log_format)
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        interrupted = runner.run(run(local, server, listener, announce or speaker(server.log_format), store))
    if interrupted:
        raise KeyboardInterrupt


def speaker(log_format: LogFormat) -> Announce:
    """Lines on standard error for as long as somebody reads them; where the log is JSON, objects with their facts."""

    def say(line: str, **facts: object) -> None:
        if log_format == "json":
            log.info(line, extra={"fields": facts})
            return
        over = "\r" if sys.stderr.isatty() else ""  # the ^C that the terminal wrote
        with contextlib.suppress(OSError):
            print(f"{over}{line}", file=sys.stderr, flush=True)

    return say
