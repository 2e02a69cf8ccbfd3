"""Constraints compiled in processes of their own: real ones, and some that never answer."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tampu.engine.compile_pool import CompilePool
from tampu.errors import EngineFailure, Overloaded, SchemaTooComplex, UnsupportedSchema
from tampu.grammar.compile import compile_constraint
from tampu.request import Constraint

CHOICE = Constraint("choice", '["yes", "no"]', param="guided_choice")
SILENT = (sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)")
DYING = (sys.executable, "-c", "print('ready', flush=True); input()")


def with_pool(use: Callable[[CompilePool], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        pool = CompilePool(**settings)
        try:
            await use(pool)
        finally:
            await pool.close()

    asyncio.run(run())


def test_a_pool_compiles_what_the_compiler_does_and_refuses_in_its_words() -> None:
    async def use(pool: CompilePool) -> None:
        assert await pool.compile(CHOICE) == compile_constraint(CHOICE)
        with pytest.raises(UnsupportedSchema, match="regex parse error") as caught:
            await pool.compile(Constraint("regex", "[", param="guided_regex"))
        assert caught.value.param == "guided_regex"
        with pytest.raises(SchemaTooComplex, match="got 2000"):
            await pool.compile(Constraint("regex", "a" * 2000))
        assert pool.num_idle == 1

    with_pool(use, size=1)


def test_what_takes_too_long_is_killed_and_refused() -> None:
    async def use(pool: CompilePool) -> None:
        for _ in range(2):
            with pytest.raises(SchemaTooComplex, match=r"guided_choice takes more than 0.1 s or 512 MB") as caught:
                await pool.compile(CHOICE)
        assert caught.value.param == "guided_choice"
        assert pool.num_idle == 0

    with_pool(use, size=1, seconds=0.1, command=SILENT)


def test_what_is_too_long_is_refused_without_a_process() -> None:
    async def use(pool: CompilePool) -> None:
        with pytest.raises(SchemaTooComplex, match="at most 524288 bytes, got 600000"):
            await pool.compile(Constraint("json_schema", "x" * 600_000))
        assert pool.num_idle == 0

    with_pool(use)


def test_a_process_that_dies_of_its_limit_refuses_what_it_was_given() -> None:
    async def use(pool: CompilePool) -> None:
        with pytest.raises(SchemaTooComplex):
            await pool.compile(CHOICE)
        assert pool.num_idle == 0

    with_pool(use, command=DYING)


def test_a_process_that_does_not_start_is_our_failure() -> None:
    async def use(pool: CompilePool) -> None:
        with pytest.raises(EngineFailure, match="does not start"):
            await pool.compile(CHOICE)

    with_pool(use, command=(sys.executable, "-c", "pass"))


def test_more_than_the_pool_can_take_are_refused_early() -> None:
    async def use(pool: CompilePool) -> None:
        results = await asyncio.gather(*(pool.compile(CHOICE) for _ in range(10)), return_exceptions=True)
        kinds = [type(result) for result in results]
        assert kinds.count(Overloaded) >= 6 and SchemaTooComplex in kinds

    with_pool(use, size=2, seconds=0.2, command=SILENT)


def test_grammars_are_kept_up_to_so_many_bytes() -> None:
    async def use(pool: CompilePool) -> None:
        for number in range(20):
            await pool.compile(Constraint("choice", f'["{"x" * 100}{number}"]'))
        assert pool.num_cached == 4
        assert await pool.compile(Constraint("choice", f'["{"x" * 100}19"]', param="elsewhere"))

    with_pool(use, size=1, cache_bytes=1000)


def test_a_client_that_leaves_takes_its_process_along() -> None:
    async def use(pool: CompilePool) -> None:
        task = asyncio.create_task(pool.compile(CHOICE))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert pool.num_idle == 0

    with_pool(use, size=1, seconds=60, command=SILENT)
