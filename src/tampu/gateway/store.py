"""Records of generations: taken at once, written behind, found by either id, summed by tenant, kept for a while."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tampu.errors import StoreUnavailable
from tampu.gateway.background import Background
from tampu.gateway.batches import Batches
from tampu.gateway.database import Database
from tampu.gateway.inspection import inspect_store, set_aside
from tampu.gateway.tables import GENERATIONS, SPENDING, Row, record_of, row_of
from tampu.gateway.writer import Pace, StoreStats, Writer
from tampu.generation import GenerationRecord, Spending
from tampu.settings import Paths, ServerSettings

OFF = "off"
DAY = 86_400  # seconds
MAX_RECORDS = 1_000_000
SWEEP_EVERY = 3600.0  # seconds
SWEEP_AT_ONCE = 1000  # rows per transaction, so that nobody waits long for it
FAREWELL = 5.0  # seconds to write what is left
log = logging.getLogger("tampu.store")


class NoStore:
    """Keeps nothing."""

    stats = StoreStats()
    batches: Batches | None = None

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to write."""

    def add(self, record: GenerationRecord) -> None:
        """Forget it."""

    async def find(self, ids: Sequence[str], tenant: str | None = None) -> tuple[GenerationRecord, ...]:  # noqa: ARG002
        """None of them."""
        return ()

    async def spending(self, tenant: str) -> Spending:  # noqa: ARG002 - as a Store's
        """Nothing that is known of."""
        return Spending()


class Store:
    """Records in a file. `start` and `close` it in the event loop that it lives in."""

    def __init__(
        self,
        database: Database,
        keep_days: int,
        *,
        max_records: int = MAX_RECORDS,
        pace: Pace | None = None,
        farewell: float = FAREWELL,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._keep_days = keep_days
        self._max_records = max_records
        self._farewell = farewell
        self._clock = clock
        self.batches: Batches | None = Batches(database, clock)
        self._writer = Writer(self._write, pace)
        # A row is either waiting or written to whoever holds this.
        self._moving = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._background = Background()

    @property
    def stats(self) -> StoreStats:
        """What operators watch."""
        self._writer.stats.restarts = self._background.restarts
        return self._writer.stats

    async def start(self) -> None:
        """Begin to write and to sweep behind everybody's back."""
        work = {"writing records": self._writer.run, "sweeping records": self._keep_swept}
        keep = self._background.keep_running
        self._tasks = [asyncio.create_task(keep(name, each)) for name, each in work.items()]

    async def close(self) -> None:
        """Write what is left, if that can be done within a few seconds."""
        if self._tasks:
            writing, sweeping = self._tasks
            sweeping.cancel()
            await self._writer.close()
            await asyncio.wait([writing], timeout=self._farewell)
            writing.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.stats.waiting:
            log.error("Records that could not be stored: %d.", self.stats.waiting)
        await self._database.close()

    def add(self, record: GenerationRecord) -> None:
        """Keep a record. It is found from now on and written within a moment; nothing that fails is raised."""
        try:
            self._writer.put(row_of(record))
        except Exception:
            self.stats.lost += 1
            log.exception("%s cannot be recorded", record.id)

    async def find(self, ids: Sequence[str], tenant: str | None = None) -> tuple[GenerationRecord, ...]:
        """The records that these ids name, by request or by answer, in their order; with a tenant, only its own.

        Raises StoreUnavailable.
        """
        wanted = set(ids)
        rows = [row for row in self._writer.waiting() if wanted & {row["id"], row["answer_id"]}]
        known = {name for row in rows for name in (row["id"], row["answer_id"])}
        if wanted - known:
            named = or_(GENERATIONS.c.id.in_(wanted - known), GENERATIONS.c.answer_id.in_(wanted - known))
            async with self._database.reading() as connection:
                found = await connection.execute(select(GENERATIONS).where(named))
                rows += [dict(row) for row in found.mappings()]
        records = {row["id"]: read_record(row) for row in rows if tenant in (None, row["tenant"])}
        return tuple(sorted(records.values(), key=lambda record: _place(ids, record)))

    async def spending(self, tenant: str) -> Spending:
        """What this tenant has spent, records that are not yet written included. Raises StoreUnavailable."""
        days = select(SPENDING.c.day, SPENDING.c.cost).where(SPENDING.c.tenant == tenant)
        async with self._moving, self._database.reading() as connection:
            waiting = [_day_and_cost(row) for row in self._writer.waiting() if row["tenant"] == tenant]
            written = [(day, cost) for day, cost in await connection.execute(days)]
        try:
            return sum_up([*written, *waiting], self._clock())
        except TypeError as error:
            raise StoreUnavailable("What was spent is damaged in the store and cannot be read.") from error

    async def sweep(self) -> int:
        """Delete what is older than is kept, or beyond the count that is kept; how many. Raises StoreUnavailable."""
        num_deleted = 0
        while count := await self._sweep_some():
            num_deleted += count
        return num_deleted

    async def _sweep_some(self) -> int:
        number, created = GENERATIONS.c.number, GENERATIONS.c.created
        newest = select(func.max(number)).scalar_subquery()
        is_old = or_(created < self._clock() - self._keep_days * DAY, number <= newest - self._max_records)
        old = select(number).where(is_old).order_by(number).limit(SWEEP_AT_ONCE)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(GENERATIONS).where(number.in_(old)))).rowcount

    async def _keep_swept(self) -> None:
        while True:
            try:
                await self.sweep()
                await self._database.shorten_log()
            except StoreUnavailable as error:
                self._writer.tell(error)  # so that an operator hears of a bad path at the start
            await asyncio.sleep(SWEEP_EVERY)

    async def _write(self, rows: Sequence[Row]) -> None:
        """All of them or none. Where the disk is full, what the log beside the file holds twice makes room."""
        try:
            await self._insert(rows)
        except StoreUnavailable:
            with contextlib.suppress(StoreUnavailable):
                await self._database.shorten_log()
            raise

    async def _insert(self, rows: Sequence[Row]) -> None:
        """Add rows; one that is there already, from an attempt that looked as if it failed, is left."""
        async with self._moving, self._database.writing() as connection:
            ids = select(GENERATIONS.c.id).where(GENERATIONS.c.id.in_([row["id"] for row in rows]))
            there = {id_ for (id_,) in await connection.execute(ids)}
            await _insert(connection, [row for row in rows if row["id"] not in there])


def open_store(settings: ServerSettings, paths: Paths) -> Store | NoStore:
    """The store that the settings name. DamagedStore where a file is there that must not be written to."""
    path = store_path(settings, paths)
    if path is None:
        return NoStore()
    if settings.store_reset and (kept := set_aside(path, datetime.now())):
        log.warning("A new file of records begins; the old one is now %s.", kept)
    inspect_store(path)
    return Store(Database(path), settings.keep_records)


def store_path(settings: ServerSettings, paths: Paths) -> Path | None:
    """The file that the settings name; None where nothing is kept."""
    if settings.store == OFF:
        return None
    return Path(settings.store).expanduser().absolute() if settings.store else paths.records


def read_record(row: Mapping[str, Any]) -> GenerationRecord:
    """The record of a row. StoreUnavailable where the row is damaged."""
    try:
        return record_of(row)
    except (ValueError, TypeError, KeyError) as error:
        log.error("The record %r cannot be read: %r.", row["id"], error)
        raise StoreUnavailable("This record is damaged in the store and cannot be read.") from error


def sum_up(costs: Sequence[tuple[int, int]], now: float) -> Spending:
    """Spending from (day since 1970, cost) pairs. Weeks begin on Monday; all is UTC."""
    today = datetime.fromtimestamp(now, UTC).date()
    starts = (today, today - timedelta(days=today.weekday()), today.replace(day=1))
    firsts = (0, *(int(datetime(*start.timetuple()[:3], tzinfo=UTC).timestamp()) // DAY for start in starts))
    return Spending(*(sum(cost for day, cost in costs if day >= first) for first in firsts))


async def _insert(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    if not rows:
        return
    await connection.execute(insert(GENERATIONS), rows)
    for (tenant, day), group in groupby(sorted(rows, key=_account), key=_account):
        costs = [_day_and_cost(row)[1] for row in group]
        entry = insert(SPENDING).values(tenant=tenant, day=day, generations=len(costs), cost=sum(costs))
        added = {name: SPENDING.c[name] + entry.excluded[name] for name in ("generations", "cost")}
        await connection.execute(entry.on_conflict_do_update(index_elements=["tenant", "day"], set_=added))


def _account(row: Row) -> tuple[str, int]:
    return row["tenant"], _day_and_cost(row)[0]


def _day_and_cost(row: Row) -> tuple[int, int]:
    return int(row["created"] // DAY), row["prompt_cost"] + row["completion_cost"]


def _place(ids: Sequence[str], record: GenerationRecord) -> int:
    return min(ids.index(name) for name in (record.id, record.answer_id) if name in ids)
