"""Looking at a store's file before a server writes to it: a damaged one is never made anew in silence."""

import contextlib
import os
import sqlite3
from datetime import datetime
from pathlib import Path

from tampu.errors import DamagedStore
from tampu.gateway.database import KNOWN_REVISIONS

# A file up to this size is read whole at the start, at some 500 MB/s; of a larger one only what SQLite opens it by.
READ_WHOLE = 64_000_000
HEAD, MAGIC = 100, b"SQLite format 3\0"  # bytes that a file begins with
BESIDE = ("", "-wal", "-shm")  # the file, and those that SQLite keeps beside it
WAY_OUT = "Put back a copy, or start with --store-reset: the file is kept beside the new one, under another name."


def inspect_store(path: Path) -> None:
    """Raise DamagedStore where a file is there that is no store, is damaged, cannot be written, or is a newer tampu's.

    A file that another process has locked is taken as it is: whoever writes to it has opened it.
    """
    if not path.exists():
        return
    if not path.is_file():
        raise DamagedStore(f"{path} is no file.")
    if path.stat().st_size == 0:
        raise DamagedStore(f"{path} is empty: what was recorded is gone. {WAY_OUT}")
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.startswith(MAGIC[: len(head)]):
        raise DamagedStore(f"{path} is no database. Put back a copy, or name another file with --store.")
    if _is_cut(path, head):
        raise DamagedStore(f"{path} is damaged: a part of it is gone. {WAY_OUT}")
    if not os.access(path, os.W_OK):
        raise DamagedStore(f"{path} cannot be written. Give this user the right to, or name another file with --store.")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=0)) as connection:
            _inspect(path, connection)
    except sqlite3.DatabaseError as error:
        if not _is_locked(error):
            raise DamagedStore(f"{path} is damaged: {error}. {WAY_OUT}") from error


def set_aside(path: Path, now: datetime) -> Path | None:
    """Where the file went, with what SQLite keeps beside it; None where there is none. Nothing is overwritten."""
    if not path.exists():
        return None
    kept = path.with_name(f"{path.name}.kept-{now:%Y%m%d-%H%M%S}")
    number = 1
    while kept.exists():
        number += 1
        kept = kept.with_name(f"{path.name}.kept-{now:%Y%m%d-%H%M%S}-{number}")
    for end in BESIDE:
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{path}{end}", f"{kept}{end}")
    return kept


def _inspect(path: Path, connection: sqlite3.Connection) -> None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and "alembic_version" not in tables:
        raise DamagedStore(f"{path} is a database of another program. Name another file with --store.")
    if "alembic_version" in tables:
        revisions = {revision for (revision,) in connection.execute("SELECT version_num FROM alembic_version")}
        if not revisions or not revisions <= set(KNOWN_REVISIONS):
            raise DamagedStore(f"{path} was written by a newer tampu. Use that, or name another file with --store.")
    if path.stat().st_size <= READ_WHOLE:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise DamagedStore(f"{path} is damaged: {' '.join(found.split())}. {WAY_OUT}")


def _is_cut(path: Path, head: bytes) -> bool:
    """Whether the file is shorter than its own head says. While SQLite has a log beside it, it may be.

    At 16 the head has the size of a page, at 28 how many there are (https://www.sqlite.org/fileformat.html).
    """
    log = Path(f"{path}-wal")
    if log.exists() and log.stat().st_size:
        return False
    if len(head) < HEAD:
        return True
    page = int.from_bytes(head[16:18], "big")
    return path.stat().st_size < int.from_bytes(head[28:32], "big") * (65_536 if page == 1 else page)


def _is_locked(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
