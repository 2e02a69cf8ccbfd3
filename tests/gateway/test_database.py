"""A file that cannot be written, is locked, damaged, older or newer; a process that is killed while it writes."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from tampu.errors import StoreUnavailable
from tampu.gateway.database import MIGRATIONS, NEWEST, PRAGMAS, Database, upgrade
from tampu.gateway.store import Store
from tampu.gateway.tables import METADATA
from tampu.gateway.writer import Pace
from tests.gateway.records import NOON, record

QUICK = Pace(gather=0.001, first_retry=0.001, last_retry=0.002)
IMPATIENT = ("PRAGMA busy_timeout = 10", *PRAGMAS[1:])
SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("*.sql"))


class SmallDisk(Database):
    """A database whose file SQLite takes for full beyond 100 pages of 4 KiB, until it gets room."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, pragmas=(*IMPATIENT, "PRAGMA max_page_count = 100"))

    async def make_room(self) -> None:
        self._pragmas = PRAGMAS
        await self.close()


WRITES_FOR_EVER = """
import asyncio, sys
from pathlib import Path
from tampu.gateway.database import Database
from tampu.gateway.store import Store
from tampu.gateway.writer import Pace
from tests.gateway.records import NOON, record

async def run():
    store = Store(Database(Path(sys.argv[1])), 30, pace=Pace(gather=0), clock=lambda: NOON)
    await store.start()
    number = 0
    while True:
        store.add(record(number))
        number += 1
        await asyncio.sleep(0.0005)
        if store.stats.written > 50:
            print(store.stats.written, flush=True)

asyncio.run(run())
"""


def using(database: Database, work: Callable[[Store], Awaitable[object]]) -> Store:
    """Do `work` with a store over this database at noon."""

    async def run() -> Store:
        store = Store(database, 30, pace=QUICK, clock=lambda: NOON, farewell=0.2)
        await store.start()
        try:
            await work(store)
        finally:
            await store.close()
        return store

    return asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it comes true."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


def integrity(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    return str(verdict)


def test_a_file_that_may_not_grow_stops_nobody_and_goes_on_when_it_may(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = SmallDisk(tmp_path / "records.db")
    large = [record(number, text={"requests": [{"prompt": "x" * 100_000}], "choices": []}) for number in range(20)]

    async def fill(store: Store) -> None:
        for each in large:
            store.add(each)
        await until(lambda: store.stats.failures > 8)
        assert 0 < store.stats.written < 20 and store.stats.lost == 0
        assert not store.stats.writable
        assert await store.find([large[-1].id]) == (large[-1],)
        assert await store.find([large[0].id]) == (large[0],)
        await disk.make_room()
        await until(lambda: store.stats.waiting == 0)

    store = using(disk, fill)
    assert (store.stats.written, store.stats.lost, store.stats.writable) == (20, 0, True)
    assert [line.message[:24] for line in caplog.records if line.name == "tampu.store"] == [
        f"{disk.path} cannot"[:24],
        "Records are stored again",
    ]
    assert integrity(disk.path) == "ok"


def test_a_lock_that_another_process_holds_is_waited_for_in_the_background(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    using(Database(path), lambda store: store.spending("abc"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def work(store: Store) -> None:
        store.add(record())
        await until(lambda: store.stats.failures > 2)
        assert await store.find([record().id]) == (record(),)
        other.execute("COMMIT")
        await until(lambda: store.stats.written == 1)

    using(Database(path, pragmas=IMPATIENT), work)
    other.close()


@pytest.mark.parametrize("kind", ["a directory", "a file of something else", "nowhere"])
def test_a_file_that_is_no_database_fails_reads_with_its_name_and_no_write(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "records.db"
    if kind == "a directory":
        path.mkdir()
    elif kind == "a file of something else":
        path.write_text("Dear diary, " * 1000)
    else:
        (tmp_path / "file").touch()
        path = tmp_path / "file" / "records.db"

    async def work(store: Store) -> None:
        store.add(record())
        await until(lambda: store.stats.failures > 0)
        with pytest.raises(StoreUnavailable, match=r"records\.db cannot be used"):
            await store.find(["req_unknown"])
        with pytest.raises(StoreUnavailable):
            await store.spending("abc")

    using(Database(path, pragmas=IMPATIENT), work)


def test_a_file_that_cannot_be_used_is_told_of_at_the_start_and_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "records.db"

    async def work(store: Store) -> None:
        await until(lambda: len(caplog.records) == 1)
        store.add(record())
        await until(lambda: store.stats.failures > 2)

    using(Database(path), work)
    first, last = (line.message for line in caplog.records)
    assert first.startswith(f"{path} cannot be used: File exists: {path.parent}. Records wait in memory")
    assert last == "Records that could not be stored: 1."


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    using(Database(path), lambda store: store.spending("abc"))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    async def work(store: Store) -> None:
        with pytest.raises(StoreUnavailable, match="written by another version of tampu"):
            await store.spending("abc")

    using(Database(path), work)


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.stem)
def test_a_file_of_each_older_schema_is_brought_up_with_what_it_holds(tmp_path: Path, schema: Path) -> None:
    path = tmp_path / "records.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(schema.read_text())

    async def work(store: Store) -> None:
        assert await store.find([record(1).answer_id]) == (record(1),)
        assert (await store.spending("abc")).total == 330
        store.add(record(2))

    assert using(Database(path), work).stats.written == 1


def test_every_schema_is_among_the_files_of_the_tests() -> None:
    assert [path.stem for path in SCHEMAS] == sorted(path.stem for path in (MIGRATIONS / "versions").glob("v*.py"))


def test_the_migrations_lead_to_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    def columns(path: Path, make: Callable[..., object]) -> dict[str, object]:
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            make(connection)
        tables = inspect(engine)
        shapes: dict[str, object] = {
            name: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in tables.get_columns(name)],
                tables.get_pk_constraint(name)["constrained_columns"],
                sorted(str(index["column_names"]) for index in tables.get_indexes(name)),
                sorted(str(unique["column_names"]) for unique in tables.get_unique_constraints(name)),
            )
            for name in METADATA.tables
        }
        engine.dispose()
        return shapes

    assert columns(tmp_path / "a.db", upgrade) == columns(tmp_path / "b.db", METADATA.create_all)


def test_a_process_killed_while_it_writes_leaves_whole_records(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    command = [sys.executable, "-c", WRITES_FOR_EVER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
    assert integrity(path) == "ok"

    with sqlite3.connect(path) as connection:
        (count,) = connection.execute("SELECT count(*) FROM generations").fetchone()

    async def work(store: Store) -> None:
        assert len(await store.find([record(number).id for number in range(said)])) == said
        assert (await store.spending("abc")).total == 330 * count

    using(Database(path), work)


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        database = Database(tmp_path / "records.db")
        with pytest.raises(ZeroDivisionError):
            await insert_and_fail(database)
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM spending"))).scalar_one() == 0
        await database.close()

    async def insert_and_fail(database: Database) -> None:
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO spending VALUES ('abc', 1, 1, 1)"))
            raise ZeroDivisionError

    asyncio.run(run())


def test_the_newest_schema_is_the_last_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == NEWEST


def test_a_file_of_the_newest_schema_is_opened_without_loading_migrations(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from tampu.gateway.database import Database\n"
        "async def use() -> None:\n"
        "    database = Database(Path(sys.argv[1]))\n"
        "    async with database.reading():\n"
        "        pass\n"
        "    await database.close()\n"
        "asyncio.run(use())\n"
        "print('alembic' in sys.modules)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "records.db")]
    loads = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)]
    assert loads == ["True", "False"]


def test_the_log_beside_the_file_gives_its_room_back(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    log = Path(f"{path}-wal")

    async def work(store: Store) -> None:
        for number in range(200):
            store.add(record(number, text={"requests": [{"prompt": "x" * 5_000}], "choices": []}))
        await until(lambda: store.stats.waiting == 0)
        long = log.stat().st_size
        await store._database.shorten_log()
        assert long > 100_000 and log.stat().st_size == 0

    using(Database(path), work)


def test_the_log_beside_the_file_stays_short_while_records_come(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    longest: list[int] = []

    async def work(store: Store) -> None:
        for number in range(400):
            store.add(record(number, text={"requests": [{"prompt": "x" * 10_000}], "choices": []}))
            if number % 20 == 0:
                await until(lambda: store.stats.waiting == 0)
                longest.append(Path(f"{path}-wal").stat().st_size)

    using(Database(path), work)
    assert path.stat().st_size > 4_000_000 and 0 < max(longest) < 2_500_000


def test_a_row_that_breaks_a_rule_of_the_tables_is_lost_alone(tmp_path: Path) -> None:
    wrong = record(2, fingerprint=None)

    async def work(store: Store) -> None:
        for each in (record(1), wrong, record(3)):
            store.add(each)
        await until(lambda: store.stats.waiting == 0)
        assert await store.find([record(1).id, wrong.id, record(3).id]) == (record(1), record(3))

    store = using(Database(tmp_path / "records.db"), work)
    assert (store.stats.written, store.stats.lost) == (2, 1)
