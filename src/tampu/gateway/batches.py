"""Batches: many bodies that are answered when there is time, kept on disk with their answers until these are old.

Several servers may share the file. Each takes the batches of its own model, one at a time, and has each for itself
as long as it goes on with it.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import ColumnElement, Update, and_, delete, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from tampu.errors import Overloaded, StoreUnavailable
from tampu.gateway.database import Database
from tampu.gateway.tables import BATCH_ANSWERS, BATCHES, check_row

HOUR = 3600.0  # seconds
KEEP = 24 * HOUR  # from the last answer of a batch
PATIENCE = 7 * 24 * HOUR  # for a batch that is not done: its model may be served no more
CLAIM = 30.0  # seconds for which a batch belongs to who goes on with it
MAX_PENDING = 64
RETRY_AFTER = 60.0  # seconds
Status = Literal["queued", "running", "done"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be answered. `model` is as it was asked for; `seed` is what those of its elements follow from."""

    number: int
    tenant: str
    model: str
    seed: int
    elements: tuple[Any, ...]
    is_damaged: bool = False  # what was asked cannot be read any more


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a batch stands; its answers, in order, once it is done."""

    id: str
    model: str
    status: Status
    answers: tuple[Mapping[str, Any], ...] = ()


class Batches:
    """The queue. Every method raises StoreUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def add(self, tenant: str, model: str, served_by: str, seed: int, elements: Sequence[Any]) -> str:
        """The id of a new batch. Raises Overloaded when too many wait already."""
        waiting = select(func.count()).select_from(BATCHES).where(BATCHES.c.finished.is_(None))
        row = {
            "id": str(uuid4()),
            "tenant": tenant,
            "model": model,
            "served_by": served_by,
            "created": self._clock(),
            "seed": seed,
            "elements": _dumps(list(elements)),
            "claimed_until": 0.0,
        }
        async with self._database.writing() as connection:
            if (await connection.execute(waiting)).scalar_one() >= MAX_PENDING:
                raise Overloaded(f"{MAX_PENDING} batches are waiting already.", retry_after=RETRY_AFTER)
            await connection.execute(insert(BATCHES).values(row))
        return str(row["id"])

    async def find(self, batch_id: str, tenant: str) -> Progress | None:
        """Where a batch of this tenant stands; None when there is none."""
        wanted = select(BATCHES).where(BATCHES.c.id == batch_id, BATCHES.c.tenant == tenant)
        answers = select(BATCH_ANSWERS.c.answer).order_by(BATCH_ANSWERS.c.position)
        async with self._database.reading() as connection:
            row = (await connection.execute(wanted)).mappings().one_or_none()
            if row is None:
                return None
            _check(dict(row))
            if row["finished"] is None:
                running = row["claimed_until"] > self._clock()
                return Progress(batch_id, row["model"], "running" if running else "queued")
            found = await connection.execute(answers.where(BATCH_ANSWERS.c.batch == row["number"]))
            return Progress(batch_id, row["model"], "done", tuple(_answer(text) for (text,) in found))

    async def claim(self, served_by: str) -> Batch | None:
        """The oldest batch of this model that nobody goes on with, from now on this server's."""
        free = and_(BATCHES.c.finished.is_(None), BATCHES.c.claimed_until <= self._clock())
        oldest = select(BATCHES).where(BATCHES.c.served_by == served_by, free).order_by(BATCHES.c.number).limit(1)
        async with self._database.writing() as connection:
            row = (await connection.execute(oldest)).mappings().one_or_none()
            if row is None:
                return None
            await connection.execute(claimed(row["number"], self._clock() + CLAIM))
        elements = _elements(dict(row))
        return Batch(row["number"], row["tenant"], row["model"], row["seed"], elements or (), elements is None)

    async def keep(self, batch: Batch) -> None:
        """Go on with a batch."""
        async with self._database.writing() as connection:
            await connection.execute(claimed(batch.number, self._clock() + CLAIM))

    async def release(self, batch: Batch) -> None:
        """Leave a batch to whoever comes next."""
        async with self._database.writing() as connection:
            await connection.execute(claimed(batch.number, until=0.0))

    async def unanswered(self, batch: Batch) -> list[int]:
        """The positions that have no answer yet."""
        answered = select(BATCH_ANSWERS.c.position).where(BATCH_ANSWERS.c.batch == batch.number)
        async with self._database.reading() as connection:
            done = {position for (position,) in await connection.execute(answered)}
        return [position for position in range(len(batch.elements)) if position not in done]

    async def put(self, batch: Batch, position: int, answer: Mapping[str, Any]) -> None:
        """Keep an answer. One that is there already is the same."""
        row = {"batch": batch.number, "position": position, "answer": _dumps(answer)}
        async with self._database.writing() as connection:
            await connection.execute(insert(BATCH_ANSWERS).values(row).on_conflict_do_nothing())

    async def finish(self, batch: Batch) -> None:
        """All is answered; what was asked is forgotten."""
        done = {"finished": self._clock(), "elements": "[]"}
        async with self._database.writing() as connection:
            await connection.execute(update(BATCHES).where(BATCHES.c.number == batch.number).values(done))

    async def sweep(self) -> int:
        """Delete what is too old; how many."""
        now = self._clock()
        is_old: ColumnElement[bool] = or_(BATCHES.c.finished < now - KEEP, BATCHES.c.created < now - PATIENCE)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(BATCHES).where(is_old))).rowcount


def claimed(number: int, until: float) -> Update:
    """The statement that a batch is somebody's until this time."""
    return update(BATCHES).where(BATCHES.c.number == number).values(claimed_until=until)


def _elements(row: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """What was asked; None where it cannot be read."""
    try:
        check_row(BATCHES, row)
        elements = json.loads(row["elements"])
    except (ValueError, TypeError):
        return None
    return tuple(elements) if isinstance(elements, list) else None


def _check(row: Mapping[str, Any]) -> None:
    try:
        check_row(BATCHES, row)
    except ValueError as error:
        raise StoreUnavailable("This batch is damaged in the store and cannot be read.") from error


def _answer(text: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, TypeError):
        answer = None
    if not isinstance(answer, dict):
        raise StoreUnavailable("An answer of this batch is damaged in the store and cannot be read.")
    return answer


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
