"""Records are taken at once, written behind, found, summed and forgotten."""

import asyncio
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tampu.errors import StoreUnavailable
from tampu.gateway.database import Database
from tampu.gateway.store import DAY, NoStore, Store, open_store, sum_up
from tampu.gateway.writer import Pace
from tampu.generation import Spending
from tampu.request import Usage
from tampu.settings import Paths, ServerSettings
from tests.gateway.records import NOON, record

QUICK = Pace(gather=0.001, first_retry=0.001, last_retry=0.002)


def using(path: Path, work: Callable[[Store], Awaitable[None]], **options: int) -> None:
    """Do `work` with a store on this file at noon."""

    async def run() -> None:
        store = Store(Database(path), options.pop("keep_days", 30), pace=QUICK, clock=lambda: NOON, **options)
        await store.start()
        try:
            await work(store)
        finally:
            await store.close()

    asyncio.run(run())


def count(path: Path) -> int:
    """How many generations the file holds."""
    with sqlite3.connect(path) as connection:
        (found,) = connection.execute("SELECT count(*) FROM generations").fetchone()
    return int(found)


def test_a_record_comes_back_as_it_was_by_either_id(tmp_path: Path) -> None:
    kept, bare = record(1), record(2, seconds_to_first_chunk=None, text=None, choice_digests=(), client={})

    async def write(store: Store) -> None:
        store.add(kept)
        store.add(bare)
        assert await store.find([kept.id]) == (kept,)  # found before it is written

    async def read(store: Store) -> None:
        assert await store.find([bare.answer_id, kept.id]) == (bare, kept)
        assert await store.find([kept.id, kept.answer_id]) == (kept,)
        assert await store.find(["req_unknown"]) == ()

    using(tmp_path / "records.db", write)
    using(tmp_path / "records.db", read)


def test_a_tenant_finds_its_own_records_only(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        store.add(record(1, tenant="abc"))
        assert await store.find([record(1).id], "abc") == (record(1),)
        assert await store.find([record(1).id], "other") == ()
        assert await store.find([record(1).id], "") == ()

    using(tmp_path / "records.db", work)


def test_spending_is_summed_by_tenant_and_period_and_outlives_the_records(tmp_path: Path) -> None:
    async def spend(store: Store) -> None:
        for number, (days_ago, cost) in enumerate([(0, 1), (1, 10), (3, 100), (20, 1000), (400, 10**15)]):
            usage = Usage(1, 1, 0, prompt_cost=cost, completion_cost=cost)
            store.add(record(number, created=NOON - days_ago * DAY, usage=usage))
        store.add(record(9, tenant="other"))

    async def sum_them(store: Store) -> None:
        await store.sweep()
        expected = Spending(total=2 * (10**15 + 1111), day=2, week=22, month=222)
        assert await store.spending("abc") == expected
        store.add(record(10, usage=Usage(prompt_cost=5)))
        store.add(record(1))  # a second time, as after an attempt that looked as if it had failed
        assert (await store.spending("abc")).day == 7 + 330
        assert await store.spending("nobody") == Spending()

    async def sum_again(store: Store) -> None:
        assert (await store.spending("abc")).day == 7

    using(tmp_path / "records.db", spend)
    using(tmp_path / "records.db", sum_them)
    using(tmp_path / "records.db", sum_again)


@pytest.mark.parametrize(
    ("now", "spending"),
    [
        (NOON, Spending(total=5, day=1, week=2, month=4)),  # Wednesday, the 15th
        (NOON + 4 * DAY, Spending(total=5, day=0, week=2, month=4)),  # Sunday
        (NOON + 5 * DAY, Spending(total=5, day=0, week=0, month=4)),  # Monday
        (NOON + 16 * DAY, Spending(total=5, day=0, week=0, month=0)),  # Friday, the 1st of December
    ],
)
def test_weeks_begin_on_monday_and_months_on_the_first(now: float, spending: Spending) -> None:
    today = int(NOON // DAY)
    monday, first = today - 2, today - 14
    assert sum_up([(day, 1) for day in (first - 1, first, monday - 1, monday, today)], now) == spending
    assert sum_up([], now) == Spending()


def test_old_records_and_those_beyond_the_count_are_swept(tmp_path: Path) -> None:
    path = tmp_path / "records.db"

    async def fill(store: Store) -> None:
        for number in range(2500):
            store.add(record(number, created=NOON - (40 if number < 1200 else 1) * DAY))

    async def sweep(store: Store) -> None:
        await store.sweep()
        assert count(path) == 1300
        assert await store.find([record(1199).id]) == ()
        assert len(await store.find([record(1200).id])) == 1

    async def sweep_more(store: Store) -> None:
        await store.sweep()
        assert count(path) == 100

    using(path, fill)
    using(path, sweep, keep_days=30)
    using(path, sweep_more, max_records=100)


def test_two_servers_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "records.db"

    async def run() -> None:
        stores = [Store(Database(path), 30, pace=QUICK, clock=lambda: NOON) for _ in range(2)]
        await asyncio.gather(*(store.start() for store in stores))
        for number in range(400):
            stores[number % 2].add(record(number))
            await asyncio.sleep(0.0005)
        await asyncio.gather(*(store.close() for store in stores))
        assert sum(store.stats.written for store in stores) == 400

    asyncio.run(run())
    assert count(path) == 400


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        store.add(record())
        await store.spending("abc")
        modes = [stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "new").iterdir()]
        assert set(modes) == {0o600}

    using(tmp_path / "new" / "records.db", work)


def test_the_file_lies_in_the_data_unless_the_settings_name_another_or_none(tmp_path: Path) -> None:
    paths = Paths.find({"TAMPU_HOME": str(tmp_path)})

    async def fill(settings: ServerSettings) -> None:
        store = open_store(settings, paths)
        await store.start()
        store.add(record())
        await store.close()

    asyncio.run(fill(ServerSettings(keep_records=36_500)))
    assert count(tmp_path / "data" / "records.db") == 1
    asyncio.run(fill(ServerSettings(store=str(tmp_path / "100%.db"), keep_records=36_500)))
    assert count(tmp_path / "100%.db") == 1
    assert isinstance(open_store(ServerSettings(store="off"), paths), NoStore)


def test_without_a_store_nothing_is_kept_and_nothing_fails() -> None:
    async def run() -> None:
        store = NoStore()
        await store.start()
        store.add(record())
        assert await store.find([record().id]) == ()
        assert await store.spending("abc") == Spending()
        await store.close()

    asyncio.run(run())


def test_a_record_that_cannot_be_encoded_is_lost_alone(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        store.add(replace(record(1), replay={"bad": object()}))
        store.add(record(2))

    using(tmp_path / "records.db", work)
    assert count(tmp_path / "records.db") == 1


@pytest.mark.parametrize("column", ["replay", "choice_digests", "finish_reasons", "client"])
def test_a_record_that_is_damaged_is_unavailable_and_the_others_are_found(tmp_path: Path, column: str) -> None:
    path = tmp_path / "records.db"

    async def run() -> None:
        store = Store(Database(path), 30, pace=Pace(gather=0), clock=lambda: NOON)
        await store.start()
        store.add(record(1))
        store.add(record(2))
        await store.close()
        with sqlite3.connect(path) as connection:
            connection.execute(f"UPDATE generations SET {column} = '[7' WHERE id = '{record(1).id}'")
        store = Store(Database(path), 30, clock=lambda: NOON)
        with pytest.raises(StoreUnavailable, match="damaged in the store"):
            await store.find([record(1).id])
        assert await store.find([record(2).id]) == (record(2),)
        await store.close()

    asyncio.run(run())
