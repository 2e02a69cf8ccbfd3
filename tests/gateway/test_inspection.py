"""A store's file is looked at before a server writes to it; what is damaged stays as it is until somebody decides."""

import asyncio
import random
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path

import pytest

from tampu.errors import DamagedStore
from tampu.gateway.database import KNOWN_REVISIONS, MIGRATIONS, PRAGMAS, Database
from tampu.gateway.inspection import inspect_store, set_aside
from tampu.gateway.store import Store, open_store
from tampu.gateway.writer import Pace
from tampu.settings import Paths, ServerSettings
from tests.gateway.records import NOON, record

COUNT = 40


async def fill(path: Path) -> None:
    """Forty records in a new file."""
    store = Store(Database(path), 30, pace=Pace(gather=0), clock=lambda: NOON)
    await store.start()
    for number in range(COUNT):
        store.add(record(number))
    await store.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with records in it, closed."""
    path = tmp_path_factory.mktemp("store") / "records.db"
    asyncio.run(fill(path))
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copy(whole, tmp_path / "records.db"))


def test_a_whole_file_and_none_are_as_they_should_be(path: Path) -> None:
    inspect_store(path)
    inspect_store(path.with_name("other.db"))
    assert not path.with_name("other.db").exists()


def test_an_empty_file_is_refused_with_the_way_out(path: Path) -> None:
    path.write_bytes(b"")
    with pytest.raises(DamagedStore, match=r"records\.db is empty: .* start with --store-reset"):
        inspect_store(path)
    assert path.stat().st_size == 0


def test_a_file_cut_anywhere_is_refused_and_left_alone(path: Path) -> None:
    data = path.read_bytes()
    for place in range(50):
        cut = data[: 1 + place * (len(data) - 2) // 50]
        path.write_bytes(cut)
        with pytest.raises(DamagedStore, match="--store-reset"):
            inspect_store(path)
        assert path.read_bytes() == cut


def test_flipped_bits_are_refused_or_harm_no_table(path: Path) -> None:
    data, generator, refused = path.read_bytes(), random.Random(7), 0
    for _ in range(60):
        flipped = bytearray(data)
        flipped[generator.randrange(len(data) // 4)] ^= 1 << generator.randrange(8)
        path.write_bytes(flipped)
        try:
            inspect_store(path)
        except DamagedStore:
            refused += 1
            continue
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    assert refused > 0


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A file and the log beside it, as a server that was killed leaves them: some records are in the log alone."""
    path = tmp_path_factory.mktemp("killed") / "records.db"

    async def leave() -> tuple[bytes, bytes]:
        database = Database(path, pragmas=(*PRAGMAS, "PRAGMA wal_autocheckpoint = 0"))
        store = Store(database, 30, pace=Pace(gather=0, batch=1), clock=lambda: NOON)
        await store.start()
        await asyncio.sleep(0.2)  # the sweep at the start shortens the log
        for number in range(COUNT):
            store.add(record(number))
        while store.stats.waiting:
            await asyncio.sleep(0.01)
        left = path.read_bytes(), Path(f"{path}-wal").read_bytes()
        await store.close()
        return left

    return asyncio.run(leave())


async def first_found(path: Path) -> int:
    """How many records a store finds in the file; they are the first ones, and spending is of as many."""
    store = Store(Database(path), 30, clock=lambda: NOON)
    found = [bool(await store.find([record(number).id])) for number in range(COUNT)]
    total = (await store.spending("abc")).total
    await store.close()
    assert found == sorted(found, reverse=True) and total == 330 * sum(found)
    return sum(found)


def test_a_log_cut_or_flipped_anywhere_costs_the_last_records_and_no_more(
    unfinished: tuple[bytes, bytes], tmp_path: Path
) -> None:
    data, log = unfinished
    generator, counts = random.Random(3), []
    for number in range(24):
        path = tmp_path / f"{number}.db"
        path.write_bytes(data)
        place = number * len(log) // 23
        flipped = bytearray(log)
        flipped[generator.randrange(len(log))] ^= 1 << generator.randrange(8)
        Path(f"{path}-wal").write_bytes(log[:place] if number % 2 else flipped)
        try:
            inspect_store(path)
        except DamagedStore:
            continue
        counts.append(asyncio.run(first_found(path)))
    assert max(counts) == COUNT and len(set(counts)) > 4


def test_what_another_program_or_a_newer_tampu_wrote_is_named(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(DamagedStore, match="written by a newer tampu"):
        inspect_store(path)
    other = path.with_name("other.db")
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    with pytest.raises(DamagedStore, match="database of another program"):
        inspect_store(other)
    text = path.with_name("notes.db")
    text.write_text("These are notes and no database at all. " * 200)
    with pytest.raises(DamagedStore, match="is no database"):
        inspect_store(text)
    with pytest.raises(DamagedStore, match="is no file"):
        inspect_store(path.parent)


def test_a_file_that_another_process_has_locked_is_taken_as_it_is(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN EXCLUSIVE")
    inspect_store(path)
    other.close()


def test_a_reset_keeps_the_old_file_beside_the_new_one(path: Path) -> None:
    now = datetime(2026, 11, 30, 12, 0, 5)
    Path(f"{path}-wal").write_bytes(b"wal")
    kept = set_aside(path, now)
    assert kept == path.with_name("records.db.kept-20261130-120005") and kept.exists() and not path.exists()
    assert Path(f"{kept}-wal").read_bytes() == b"wal"
    path.write_bytes(b"")
    assert set_aside(path, now) == path.with_name("records.db.kept-20261130-120005-2")
    assert set_aside(path, now) is None


def test_a_server_begins_a_new_file_only_when_told_to(path: Path) -> None:
    path.write_bytes(b"")
    settings = ServerSettings(store=str(path))
    with pytest.raises(DamagedStore):
        open_store(settings, Paths.find())
    open_store(ServerSettings(store=str(path), store_reset=True), Paths.find())
    assert len(list(path.parent.glob("records.db.kept-*"))) == 1


def test_the_known_revisions_are_the_migrations() -> None:
    assert tuple(sorted(file.name[1:5] for file in (MIGRATIONS / "versions").glob("v*.py"))) == KNOWN_REVISIONS
