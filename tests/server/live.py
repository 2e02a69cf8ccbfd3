"""A real server on a real socket in a thread, for tests that need the wire."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from uvicorn.loops.auto import auto_loop_factory

from tampu.gateway.store import NoStore, Store
from tampu.server.lifecycle import Lifecycle
from tampu.server.ports import bind, url
from tampu.server.protocol import BoundedProtocol
from tampu.server.serve import Server, build_server
from tampu.server.service import ServedEngine
from tampu.settings import ServerSettings


@dataclass(frozen=True, slots=True)
class Live:
    """A running server and where it is."""

    url: str
    port: int
    server: Server
    lifecycle: Lifecycle
    loop: asyncio.AbstractEventLoop


@contextmanager
def live(
    upstream: ServedEngine,
    settings: ServerSettings | None = None,
    http: type[BoundedProtocol] = BoundedProtocol,
    store: Store | NoStore | None = None,
) -> Iterator[Live]:
    """Serve `upstream` at a free port of loopback while the block runs."""
    store = store or NoStore()
    listener = bind("127.0.0.1", 0)
    lifecycle = Lifecycle()
    server = build_server(upstream, settings or ServerSettings(), lifecycle, http, store)
    loop = auto_loop_factory()()
    thread = threading.Thread(target=_run, args=(loop, serving(server, listener, lifecycle, store)), daemon=True)
    thread.start()
    try:
        yield Live(url(listener), listener.getsockname()[1], server, lifecycle, loop)
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
        loop.close()


def _run(loop: asyncio.AbstractEventLoop, work: Coroutine[object, object, None]) -> None:
    asyncio.set_event_loop(loop)
    loop.run_until_complete(work)


async def serving(server: Server, listener: socket.socket, lifecycle: Lifecycle, store: Store | NoStore) -> None:
    """Serve with this store until the server is told to stop."""
    await store.start()
    await lifecycle.start()
    await server.serve([listener])
    await lifecycle.stop()
    await store.close()


def exchange(port: int, request: bytes, timeout: float = 5.0) -> tuple[bytes, bytes]:
    """Head and body of what comes back for these bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.sendall(request)
        head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
    return head, body


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether the condition came true within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
