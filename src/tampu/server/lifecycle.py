"""Whether the server takes requests, and the way out: drain, then cut."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tampu.errors import NotReady
from tampu.gateway.background import Background


class Lifecycle:
    """Knows the tasks that talk to the engine for somebody, so that shutting down can wait for them, and end them."""

    def __init__(self) -> None:
        self.draining = False
        self.cutting = False
        self._open: set[asyncio.Task[Any]] = set()
        self._work: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}
        self._background = Background()
        self._working: list[asyncio.Task[None]] = []

    def add_background(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do this work, of nobody's request, from `start` until `stop`; where it breaks, it begins again."""
        self._work[name] = work

    @property
    def num_restarts(self) -> int:
        """How often the background's work had to begin again."""
        return self._background.restarts

    async def start(self) -> None:
        """Begin with the background's work."""
        keep = self._background.keep_running
        self._working = [asyncio.create_task(keep(name, work)) for name, work in self._work.items()]

    async def stop(self) -> None:
        """End it."""
        self.draining = True
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    def admit(self) -> None:
        """Raise NotReady once the server is on its way out."""
        if self.draining:
            raise NotReady("The server is shutting down; another one may take this.", retry_after=1)

    def track(self, task: asyncio.Task[Any]) -> None:
        """Wait for this task when draining, and cancel it when cutting."""
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    @property
    def num_open(self) -> int:
        """Tasks under way."""
        return len(self._open)

    async def drain(self, seconds: float) -> None:
        """Take nothing new; return when the open tasks are done, or after `seconds`, having cut the rest."""
        self.draining = True
        if self._open:
            await asyncio.wait(set(self._open), timeout=seconds)
        self.cut()

    def cut(self) -> None:
        """End the open tasks now; each tells its client."""
        self.draining = self.cutting = True
        for task in set(self._open):
            task.cancel()


def cut_off() -> NotReady:
    """What a client hears whose answer was cut."""
    return NotReady("The server shut down before this answer was complete.", retry_after=1)
