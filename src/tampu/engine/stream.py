"""A request on its way through workers, as its client waits for it."""

import asyncio
import hashlib

from tampu.engine.open_request import OpenRequest
from tampu.engine.prepare import Prepared
from tampu.errors import ServiceError
from tampu.request import Chunk


class Stream:
    """An open request, its reader, and its luck with workers.

    It is aboard while a worker has it. A suspect was aboard two workers that died one after the other, and got no token
    from the second. It is guilty when two in a row had nothing else aboard.
    """

    def __init__(self, request: OpenRequest, now: float, max_unread: int) -> None:
        self.request = request
        self.aboard = False
        self.arrived = now
        self.stranded = now  # since when no worker has had it
        self.interrupted = False  # it lost a worker, and has had no token since
        self._max_unread = max_unread * request.prepared.sampling.n
        self._has_read = False  # since the last tick
        self._idle_ticks = 0
        self._crashes = 0
        self._crashes_alone = 0
        self._news = asyncio.Event()

    @property
    def is_suspect(self) -> bool:
        """Whether it may be what kills the workers."""
        return self._crashes >= 2

    @property
    def is_guilty(self) -> bool:
        """Whether it can be nothing else that kills the workers."""
        return self._crashes_alone >= 2

    def lose_worker(self, now: float, alone: bool) -> None:
        """Its worker has died; `alone` when it had nothing else aboard."""
        self.aboard, self.interrupted, self.stranded = False, True, now
        self._crashes += 1
        self._crashes_alone = self._crashes_alone + 1 if alone else 0

    def progress(self) -> None:
        """It has got a token: what a worker dies of next is something else."""
        self.interrupted = False
        self._crashes = self._crashes_alone = 0

    def fail(self, error: ServiceError) -> None:
        """End with an error, after the chunks already there."""
        self.request.fail(error)
        self.wake()

    def wake(self) -> None:
        """Tell the reader that there is something to read."""
        self._news.set()

    def has_idle_reader(self) -> bool:
        """Asked at every tick: whether nothing of a lot was read for a whole tick, twice in a row.

        Once may be the event loop's own delay, after which readers have not had their turn yet.
        """
        is_idle = not self._has_read and len(self.request.chunks) > self._max_unread
        self._idle_ticks = self._idle_ticks + 1 if is_idle else 0
        self._has_read = False
        return self._idle_ticks >= 2

    async def news(self) -> list[Chunk | ServiceError]:
        """Wait for what comes next: chunks, the last one perhaps an error instead; nothing at the end."""
        while not self.request.has_news and not self.request.finished:
            self._news.clear()
            await self._news.wait()
        self._has_read = True
        return list(self.request.take())


def fingerprint(prepared: Prepared) -> str:
    """Equal for requests that ask for the same; a seed counts only where the client gave one."""
    asked = (prepared.prompt_token_ids, prepared.request.sampling, prepared.grammar, prepared.adapter)
    return hashlib.sha256(repr(asked).encode()).hexdigest()
