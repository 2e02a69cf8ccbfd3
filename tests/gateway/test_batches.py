"""The queue of batches: one server at a time has each, answers are kept for a day, nobody sees another's."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tampu.errors import Overloaded
from tampu.gateway.batches import CLAIM, KEEP, MAX_PENDING, PATIENCE, Batch, Batches, Progress
from tampu.gateway.database import Database

ELEMENTS = ({"prompt": "\u00fc\u2028"}, 5, None)


@dataclass(slots=True)
class Clock:
    """A time that stands still until it is moved."""

    now: float = 1_700_049_600.0

    def __call__(self) -> float:
        return self.now


def using(path: Path, work: Callable[[Batches, Clock], Awaitable[None]]) -> None:
    """Do `work` with a queue on this file."""

    async def run() -> None:
        database, clock = Database(path / "records.db"), Clock()
        try:
            await work(Batches(database, clock), clock)
        finally:
            await database.close()

    asyncio.run(run())


async def add(batches: Batches, served_by: str = "cria") -> str:
    return await batches.add("abc", "@cf/tampu/cria", served_by, 7, ELEMENTS)


async def claimed(batches: Batches, served_by: str = "cria") -> Batch:
    batch = await batches.claim(served_by)
    assert batch is not None
    return batch


async def status_of(batches: Batches, batch_id: str) -> str:
    progress = await batches.find(batch_id, "abc")
    assert progress is not None
    return progress.status


def test_a_batch_is_queued_runs_and_is_done_with_its_answers_in_order(tmp_path: Path) -> None:
    async def work(batches: Batches, clock: Clock) -> None:  # noqa: ARG001
        batch_id = await add(batches)
        assert await batches.find(batch_id, "abc") == Progress(batch_id, "@cf/tampu/cria", "queued")
        batch = await claimed(batches)
        assert (batch.tenant, batch.model, batch.seed, batch.elements) == ("abc", "@cf/tampu/cria", 7, ELEMENTS)
        await batches.put(batch, 2, {"id": 2})
        await batches.put(batch, 0, {"id": 0, "text": "\u00fc"})
        assert await batches.unanswered(batch) == [1]
        assert await batches.find(batch_id, "abc") == Progress(batch_id, "@cf/tampu/cria", "running")
        await batches.put(batch, 1, {"id": 1})
        await batches.finish(batch)
        answers = ({"id": 0, "text": "\u00fc"}, {"id": 1}, {"id": 2})
        assert await batches.find(batch_id, "abc") == Progress(batch_id, "@cf/tampu/cria", "done", answers)
        assert await batches.claim("cria") is None

    using(tmp_path, work)


def test_what_was_answered_outlives_the_process(tmp_path: Path) -> None:
    async def begin(batches: Batches, clock: Clock) -> None:  # noqa: ARG001
        await add(batches)
        batch = await claimed(batches)
        await batches.put(batch, 1, {"id": 1})
        await batches.release(batch)

    async def go_on(batches: Batches, clock: Clock) -> None:  # noqa: ARG001
        batch = await claimed(batches)
        assert (batch.elements, await batches.unanswered(batch)) == (ELEMENTS, [0, 2])

    using(tmp_path, begin)
    using(tmp_path, go_on)


def test_a_batch_belongs_to_who_goes_on_with_it(tmp_path: Path) -> None:
    async def work(batches: Batches, clock: Clock) -> None:
        batch_id = await add(batches)
        batch = await claimed(batches)
        clock.now += CLAIM - 1
        assert await batches.claim("cria") is None
        await batches.keep(batch)
        clock.now += CLAIM - 1
        assert await batches.claim("cria") is None
        clock.now += 1  # it was killed
        assert await status_of(batches, batch_id) == "queued"
        assert await claimed(batches) == batch
        await batches.release(batch)
        assert await claimed(batches) == batch

    using(tmp_path, work)


def test_an_answer_that_is_there_stays(tmp_path: Path) -> None:
    async def work(batches: Batches, clock: Clock) -> None:  # noqa: ARG001
        batch_id = await add(batches)
        batch = await claimed(batches)
        for text in ("first", "second"):
            await batches.put(batch, 0, {"text": text})
        await batches.finish(batch)
        progress = await batches.find(batch_id, "abc")
        assert progress is not None and progress.answers == ({"text": "first"},)

    using(tmp_path, work)


def test_the_oldest_batch_of_a_servers_own_model_comes_first(tmp_path: Path) -> None:
    async def work(batches: Batches, clock: Clock) -> None:  # noqa: ARG001
        ids = [await add(batches, served_by) for served_by in ("llama", "cria", "cria")]
        await claimed(batches)
        assert [await status_of(batches, batch_id) for batch_id in ids] == ["queued", "running", "queued"]
        assert await batches.claim("another") is None

    using(tmp_path, work)


def test_nobody_sees_another_tenants_batch(tmp_path: Path) -> None:
    async def work(batches: Batches, clock: Clock) -> None:  # noqa: ARG001
        batch_id = await add(batches)
        assert await batches.find(batch_id, "abcd") is None
        assert await batches.find("unknown", "abc") is None

    using(tmp_path, work)


def test_only_so_many_wait(tmp_path: Path) -> None:
    async def work(batches: Batches, clock: Clock) -> None:  # noqa: ARG001
        for _ in range(MAX_PENDING):
            await add(batches)
        with pytest.raises(Overloaded) as caught:
            await add(batches)
        assert caught.value.retry_after == 60
        await batches.finish(await claimed(batches))
        await add(batches)

    using(tmp_path, work)


def test_answers_are_kept_for_a_day_and_what_is_never_done_for_a_week(tmp_path: Path) -> None:
    async def work(batches: Batches, clock: Clock) -> None:
        done, never = await add(batches), await add(batches, "gone")
        batch = await claimed(batches)
        await batches.put(batch, 0, {})
        await batches.finish(batch)
        clock.now += KEEP
        assert await batches.sweep() == 0
        clock.now += 1
        assert await batches.sweep() == 1
        assert await batches.find(done, "abc") is None
        assert await batches.unanswered(batch) == [0, 1, 2]
        clock.now += PATIENCE - KEEP
        assert await status_of(batches, never) == "queued"
        assert await batches.sweep() == 1

    using(tmp_path, work)
