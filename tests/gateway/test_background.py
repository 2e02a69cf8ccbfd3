"""Work that breaks is logged and begins again."""

import asyncio
import logging

import pytest

from tampu.gateway.background import Background


def test_work_that_breaks_begins_again_until_it_returns(caplog: pytest.LogCaptureFixture) -> None:
    attempts: list[int] = []

    async def work() -> None:
        attempts.append(len(attempts))
        if len(attempts) < 4:
            raise ValueError("a row nobody expected")

    background = Background(first_pause=0.001)
    with caplog.at_level(logging.ERROR, "tampu.background"):
        asyncio.run(background.keep_running("counting", work))
    assert (attempts, background.restarts) == ([0, 1, 2, 3], 3)
    assert caplog.text.count("counting broke; it begins again in") == 3 and "a row nobody expected" in caplog.text


def test_work_that_is_cancelled_ends() -> None:
    async def run() -> int:
        background = Background()
        task = asyncio.create_task(background.keep_running("waiting", lambda: asyncio.sleep(60)))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return background.restarts

    assert asyncio.run(run()) == 0
