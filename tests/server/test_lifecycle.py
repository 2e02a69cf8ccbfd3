"""Draining waits for what is open, cutting does not."""

import asyncio

import pytest

from tampu.errors import NotReady
from tampu.server.lifecycle import Lifecycle


def test_draining_waits_for_open_tasks_and_admits_no_new_ones() -> None:
    async def scenario() -> bool:
        lifecycle = Lifecycle()
        lifecycle.admit()
        task = asyncio.create_task(asyncio.sleep(0.02, True))
        lifecycle.track(task)
        draining = asyncio.create_task(lifecycle.drain(5))
        await asyncio.sleep(0)
        with pytest.raises(NotReady):
            lifecycle.admit()
        await draining
        return task.result()

    assert asyncio.run(scenario())


def test_past_its_time_draining_cuts() -> None:
    async def scenario() -> tuple[bool, int]:
        lifecycle = Lifecycle()
        task = asyncio.create_task(asyncio.sleep(60))
        lifecycle.track(task)
        await lifecycle.drain(0.01)
        await asyncio.wait([task])
        return task.cancelled(), lifecycle.num_open

    assert asyncio.run(scenario()) == (True, 0)


def test_draining_nothing_takes_no_time() -> None:
    asyncio.run(asyncio.wait_for(Lifecycle().drain(60), 1))


def test_work_in_the_background_goes_on_until_the_end_and_holds_up_no_drain() -> None:
    async def run() -> list[str]:
        lifecycle, said = Lifecycle(), []

        async def work() -> None:
            said.append("begun")
            try:
                await asyncio.Event().wait()
            finally:
                said.append("ended")

        lifecycle.add_background("waiting", work)
        await lifecycle.start()
        await asyncio.sleep(0)
        assert lifecycle.num_open == 0
        await lifecycle.drain(5.0)
        said.append("drained")
        await lifecycle.stop()
        return said

    assert asyncio.run(run()) == ["begun", "drained", "ended"]
