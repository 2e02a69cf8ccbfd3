"""Long work has a thread of its own, and only so much of it may wait."""

import asyncio
import threading
from functools import partial

import pytest

from tampu.errors import Overloaded
from tampu.lane import Lane


def test_work_is_done_in_its_order_one_piece_at_a_time() -> None:
    async def run() -> list[int]:
        lane, done, together = Lane("tests", 100), list[int](), threading.Lock()

        def work(number: int) -> None:
            assert together.acquire(blocking=False)
            done.append(number)
            together.release()

        await asyncio.gather(*(lane.run(1, partial(work, number)) for number in range(20)))
        return done

    assert asyncio.run(run()) == list(range(20))


def test_more_than_may_wait_is_refused_and_one_piece_never_is() -> None:
    async def run() -> None:
        lane, go = Lane("tests", 100), threading.Event()
        first = asyncio.create_task(lane.run(1000, go.wait))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="Too many tests at once") as caught:
            await lane.run(1, go.wait)
        assert caught.value.retry_after
        go.set()
        await first
        assert await lane.run(100, lambda: 5) == 5

    asyncio.run(run())


def test_work_that_nobody_waits_for_any_more_is_not_done() -> None:
    async def run() -> list[str]:
        lane, go, done = Lane("tests", 100), threading.Event(), list[str]()
        first = asyncio.create_task(lane.run(1, go.wait))
        second = asyncio.create_task(lane.run(99, lambda: done.append("second")))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        third = asyncio.create_task(lane.run(99, lambda: done.append("third")))
        go.set()
        await asyncio.gather(first, third)
        return done

    assert asyncio.run(run()) == ["third"]
