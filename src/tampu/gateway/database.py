"""The SQLite file: opened for several processes at once, brought to the newest schema, its errors made ours."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tampu.errors import StoreUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"
KNOWN_REVISIONS = ("0001", "0002")  # of the schema, oldest first
NEWEST = KNOWN_REVISIONS[-1]  # what this version works with
FOR_OWNER_ONLY = 0o600
# A commit is on the disk when it returns; readers and the writer do not wait for each other.
PRAGMAS = (
    "PRAGMA busy_timeout = 5000",  # milliseconds to wait for another process that writes
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 250",  # pages: the log's room is needed twice, and a disk that fills up has little
    "PRAGMA journal_size_limit = 16000000",  # bytes that the log keeps when it begins anew, however long it was
)


class Database:
    """Transactions on one file. It is made, or its schema renewed, when the first one begins.

    StoreUnavailable for whatever goes wrong.
    """

    def __init__(self, path: Path, *, pragmas: tuple[str, ...] = PRAGMAS) -> None:
        self.path = path
        self._pragmas = pragmas
        self._engine: AsyncEngine | None = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees the file as it is when the first statement runs."""
        async with self._transaction("BEGIN") as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that nobody else writes beside; committed at the end of the block."""
        async with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    async def shorten_log(self) -> None:
        """Move what the log beside the file holds into the file, and give its room back to the disk."""
        async with translated(self.path):
            await self._open()
            await asyncio.to_thread(shorten_log, self.path)

    async def close(self) -> None:
        """Let go of the file."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[AsyncConnection]:
        async with translated(self.path):
            engine = await self._open()
            async with engine.execution_options(begin=begin).begin() as connection:
                yield connection

    async def _open(self) -> AsyncEngine:
        async with self._opening:
            if self._engine is None:
                await asyncio.to_thread(make_file, self.path)
                engine = create_async_engine(f"sqlite+aiosqlite:///{self.path}", pool_size=2)
                event.listen(engine.sync_engine, "connect", self._on_connect)
                event.listen(engine.sync_engine, "begin", on_begin)
                try:
                    async with engine.execution_options(begin="BEGIN IMMEDIATE").begin() as connection:
                        await connection.run_sync(upgrade)
                except BaseException:
                    await engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    def _on_connect(self, connection: Any, record: object) -> None:  # noqa: ARG002 - the event's signature
        connection.isolation_level = None  # the driver begins nothing by itself: `on_begin` does
        connection.driver_connection.text_factory = text_or_bytes
        cursor = connection.cursor()
        for pragma in self._pragmas:
            cursor.execute(pragma)
        cursor.close()


def text_or_bytes(data: bytes) -> str | bytes:
    """A text; what is none comes as it is, so that the row that it damages is told from the others."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def shorten_log(path: Path) -> None:
    """The same, at once; readers and writers that are busy keep their part of it."""
    with contextlib.closing(sqlite3.connect(path, timeout=1)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def on_begin(connection: Connection) -> None:
    """Begin as the transaction's options say."""
    connection.exec_driver_sql(connection.get_execution_options()["begin"])


def make_file(path: Path) -> None:
    """An empty file that only its owner may read, unless there is one; SQLite's own files beside it follow suit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Never opened when it is there: closing it would drop the locks that SQLite has on it in this process.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, FOR_OWNER_ONLY))


def upgrade(connection: Connection, revision: str = NEWEST) -> None:
    """Bring the schema to this revision, in the connection's transaction. StoreUnavailable for one that is unknown."""
    if revision_of(connection) == revision:
        return
    # Here alone: it takes a tenth of a second to load, and a file needs it once per version of tampu.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        path = connection.engine.url.database
        raise StoreUnavailable(f"{path} was written by another version of tampu: {error}.") from error


def revision_of(connection: Connection) -> str | None:
    """The revision of the schema; None of a file that has none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


@asynccontextmanager
async def translated(path: Path) -> AsyncIterator[None]:
    """Errors of the file and of its libraries as StoreUnavailable, with the cause; not those of a row that is wrong."""
    try:
        yield
    except (IntegrityError, DataError):
        raise
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"{path} cannot be used: {reason(error)}.") from error
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path} cannot be used: {error}.") from error
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be used: {error.strerror}: {error.filename}.") from error


def reason(error: SQLAlchemyError) -> str:
    """What the database itself said."""
    return str(getattr(error, "orig", None) or error)
