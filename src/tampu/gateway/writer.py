"""Rows on their way to the store: gathered, written together, kept within bounds while they cannot be written.

Whoever puts a row in never waits and never fails, whatever the disk does.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tampu.errors import StoreUnavailable
from tampu.gateway.tables import Row, size_of

Write = Callable[[Sequence[Row]], Awaitable[None]]
log = logging.getLogger("tampu.store")


@dataclass(frozen=True, slots=True)
class Pace:
    """How rows are gathered and tried again. Times are seconds."""

    gather: float = 0.05  # from the first row to the transaction that holds it and what came meanwhile
    batch: int = 256  # rows per transaction
    first_retry: float = 0.1  # doubled each time
    last_retry: float = 5.0
    max_bytes: int = 64_000_000  # of rows that wait; what comes beyond them is lost


@dataclass(slots=True)
class StoreStats:
    """What operators watch."""

    written: int = 0
    lost: int = 0  # records that will never be written
    failures: int = 0  # attempts to write
    waiting: int = 0  # records not yet written
    restarts: int = 0  # of the work that writes and sweeps
    writable: bool = True  # false from an attempt to write that failed until all that waited is written


class Writer:
    """Writes what is put in while `run` runs, in order."""

    def __init__(self, write: Write, pace: Pace | None = None) -> None:
        self.stats = StoreStats()
        self._write = write
        self._pace = pace or Pace()
        self._rows: deque[Row] = deque()
        self._num_bytes = 0
        self._retry = 0.0  # seconds until the next attempt; 0 while all is well
        self._at_once = self._pace.batch  # rows of the next transaction: fewer may fit where all do not
        self._news = asyncio.Event()
        self._closing = asyncio.Event()

    def put(self, row: Row) -> None:
        """Take a row; it is lost when too much waits already."""
        if self._num_bytes + size_of(row) > self._pace.max_bytes:
            self.stats.lost += 1
            return
        self._rows.append(row)
        self._num_bytes += size_of(row)
        self.stats.waiting = len(self._rows)
        self._news.set()

    def waiting(self) -> Iterator[Row]:
        """The rows that are not yet written, oldest first."""
        return iter(self._rows)

    async def run(self) -> None:
        """Write until `close` is called and nothing is left."""
        while self._rows or not self._closing.is_set():
            await self._news.wait()
            await self._pause(self._pace.gather)
            await self._attempt()

    async def close(self) -> None:
        """Let `run` return once all is written; the next attempt begins now."""
        self._closing.set()
        self._news.set()

    async def _attempt(self) -> None:
        batch = list(islice(self._rows, self._at_once))
        try:
            if batch:
                await self._write(batch)
        except StoreUnavailable as error:
            self._fail(error)
            await self._pause(self._retry)
        except Exception as error:
            self._lose(batch, error)
        else:
            self._succeed(len(batch))

    def tell(self, error: StoreUnavailable) -> None:
        """Log that the store cannot be written, once until it can."""
        if self.stats.writable:
            log.error("%s Records wait in memory until they can be written; the rest goes on.", error)
        self.stats.writable = False

    def _fail(self, error: StoreUnavailable) -> None:
        self.stats.failures += 1
        self.tell(error)
        self._retry = min(2 * self._retry or self._pace.first_retry, self._pace.last_retry)
        self._at_once = max(1, self._at_once // 2)

    def _lose(self, batch: Sequence[Row], error: Exception) -> None:
        """Let go of a row that is wrong; of several, each is tried alone, so that it takes no other with it."""
        if len(batch) > 1:
            self._at_once = 1
            return
        log.error("%s cannot be stored", batch[0]["id"], exc_info=error)
        self.stats.lost += 1
        self._forget(1)

    def _succeed(self, count: int) -> None:
        self._retry = 0.0
        self._at_once = min(2 * self._at_once, self._pace.batch)
        self.stats.written += count
        self._forget(count)
        if count and not self._rows and not self.stats.writable:
            log.warning("Records are stored again; %d were lost.", self.stats.lost)
            self.stats.writable = True

    def _forget(self, count: int) -> None:
        """Drop the oldest rows."""
        for _ in range(count):
            self._num_bytes -= size_of(self._rows.popleft())
        self.stats.waiting = len(self._rows)
        if not self._rows and not self._closing.is_set():
            self._news.clear()

    async def _pause(self, seconds: float) -> None:
        """Wait; while closing, only as long as it takes to try again."""
        if self._closing.is_set():
            await asyncio.sleep(self._pace.first_retry if self._retry else 0)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
