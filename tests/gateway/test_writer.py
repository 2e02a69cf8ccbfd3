"""Rows are gathered and written together; while they cannot be written nobody waits, and memory is bounded."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import pytest

from tampu.errors import StoreUnavailable
from tampu.gateway.tables import Row, row_of, size_of
from tampu.gateway.writer import Pace, Writer
from tests.gateway.records import record

QUICK = Pace(gather=0.001, batch=4, first_retry=0.001, last_retry=0.002)
ROWS = [row_of(record(number)) for number in range(10)]


class FullDisk:
    """Takes rows in, but for the first `failures` times."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or StoreUnavailable("database or disk is full.")
        self.batches: list[list[Row]] = []

    async def write(self, rows: Sequence[Row]) -> None:
        """Keep them, or fail."""
        if self.failures:
            self.failures -= 1
            raise self.error
        self.batches.append(list(rows))


def running(disk: FullDisk, work: Callable[[Writer], Awaitable[None]], pace: Pace = QUICK) -> Writer:
    """Do `work` with a writer to this disk, then let it finish for at most a fifth of a second."""

    async def run() -> Writer:
        writer = Writer(disk.write, pace)
        task = asyncio.create_task(writer.run())
        await work(writer)
        await writer.close()
        await asyncio.wait([task], timeout=0.2)
        task.cancel()
        return writer

    return asyncio.run(run())


async def put_all(writer: Writer) -> None:
    for row in ROWS:
        writer.put(row)


def test_what_comes_together_is_written_together_in_order() -> None:
    disk = FullDisk()
    writer = running(disk, put_all)
    assert [len(batch) for batch in disk.batches] == [4, 4, 2]
    assert [row for batch in disk.batches for row in batch] == ROWS
    assert (writer.stats.written, writer.stats.lost, writer.stats.waiting) == (10, 0, 0)


def test_a_row_is_written_within_the_time_to_gather() -> None:
    disk = FullDisk()

    async def work(writer: Writer) -> None:
        writer.put(ROWS[0])
        await asyncio.sleep(0.05)
        assert disk.batches == [[ROWS[0]]]
        writer.put(ROWS[1])
        await asyncio.sleep(0.05)
        assert disk.batches == [[ROWS[0]], [ROWS[1]]]

    running(disk, work)


def test_a_full_disk_is_told_of_once_and_nothing_is_lost_when_it_has_room_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = FullDisk(failures=5)
    with caplog.at_level(logging.WARNING, "tampu.store"):
        writer = running(disk, put_all)
    assert [row for batch in disk.batches for row in batch] == ROWS
    assert (writer.stats.failures, writer.stats.written, writer.stats.lost) == (5, 10, 0)
    assert [line.message for line in caplog.records] == [
        "database or disk is full. Records wait in memory until they can be written; the rest goes on.",
        "Records are stored again; 0 were lost.",
    ]


def test_what_waits_is_bounded_and_the_oldest_are_kept() -> None:
    disk = FullDisk(failures=1_000_000)
    pace = Pace(gather=0.001, first_retry=0.001, last_retry=0.002, max_bytes=3 * size_of(ROWS[0]))
    writer = running(disk, put_all, pace)
    assert list(writer.waiting()) == ROWS[:3]
    assert (writer.stats.waiting, writer.stats.lost, writer.stats.written) == (3, 7, 0)


class Narrow(FullDisk):
    """Has room for so many rows at a time."""

    room = 1

    async def write(self, rows: Sequence[Row]) -> None:
        if len(rows) > self.room:
            raise self.error
        await super().write(rows)


def test_fewer_rows_are_tried_where_all_do_not_fit_and_that_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    disk = Narrow()
    with caplog.at_level(logging.WARNING, "tampu.store"):
        writer = running(disk, put_all)
    assert [row for batch in disk.batches for row in batch] == ROWS
    assert writer.stats.failures > 2 and writer.stats.writable
    assert len(caplog.records) == 2


def test_whether_the_store_can_be_written_is_known_until_all_is_written() -> None:
    assert not running(FullDisk(failures=1_000_000), put_all).stats.writable
    assert running(FullDisk(), put_all).stats.writable


class Picky(FullDisk):
    """Takes no batch with the fourth row, which is wrong."""

    async def write(self, rows: Sequence[Row]) -> None:
        if ROWS[3] in rows:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        await super().write(rows)


def test_a_row_that_breaks_the_database_library_is_lost_alone_and_named(caplog: pytest.LogCaptureFixture) -> None:
    disk = Picky()
    writer = running(disk, put_all)
    assert [row for batch in disk.batches for row in batch] == ROWS[:3] + ROWS[4:]
    assert (writer.stats.lost, writer.stats.written, writer.stats.waiting) == (1, 9, 0)
    assert [line.message for line in caplog.records] == [f"{ROWS[3]['id']} cannot be stored"]
