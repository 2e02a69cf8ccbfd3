import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tampu.engine.front import MAX_LONG, LocalEngine
from tampu.engine.supervision import Patience
from tampu.errors import EngineFailure, InvalidRequest, ModelError, ModelMissing, NotReady, Overloaded
from tampu.model.load import prepare
from tampu.request import Chunk, Completion, GenerateRequest, Opening, Prompt, SamplingParams, Usage
from tampu.settings import EngineSettings, Paths
from tests.adapters import write_adapter
from tests.checkpoints import random_checkpoint
from tests.engine.fake_worker import COMMAND, DEADLY

QUICK = Patience(first_backoff=0.01, longest_backoff=0.01, tick=0.02)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("front")
    return prepare(random_checkpoint(root / "tiny"), "f32", lambda *_: None, root / "cache")


@asynccontextmanager
async def engine(
    packed: Path, option: str = "0", patience: Patience = QUICK, **settings: Any
) -> AsyncIterator[LocalEngine]:
    """A started engine with a fake worker; `option` is the seconds of a step, or what goes wrong."""
    values: dict[str, Any] = {"model": str(packed), "block_size": 4}
    paths = Paths(*[packed.parent] * 4)
    local = LocalEngine(EngineSettings(**(values | settings)), paths, command=(*COMMAND, option), patience=patience)
    await local.start()
    try:
        yield local
    finally:
        await local.stop()


def ask(name: str = "r", prompt: Prompt = "Hi", **sampling: Any) -> GenerateRequest:
    return GenerateRequest(name, "hash", prompt, SamplingParams(**{"seed": 7, "max_tokens": 40} | sampling))


async def collect(local: LocalEngine, request: GenerateRequest) -> list[Chunk]:
    return [chunk async for chunk in local.generate(request)]


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for a condition; the seconds are a bound for a machine that is very busy."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        await asyncio.sleep(0.005)


def worker_pid(local: LocalEngine) -> int:
    pid = local.worker_pid
    assert pid is not None
    return pid


async def kill_worker(local: LocalEngine) -> None:
    """Kill the worker and return when another one is ready."""
    before = local.stats.restarts
    os.kill(worker_pid(local), signal.SIGKILL)
    await until(lambda: local.stats.restarts > before and local.status.phase == "ready")


def run(work: Awaitable[None]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(work, 120)

    asyncio.run(bounded())


def test_an_answer_comes_in_chunks_from_opening_to_usage(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed) as local:
            assert local.status.phase == "loading"
            card = await local.ready()
            assert (card.id, local.status.phase, local.status.progress) == ("hash", "ready", 1.0)
            assert local.stats.engine.blocks_total == 256
            chunks = await collect(local, ask(max_tokens=5))
            assert [chunk.opening is not None for chunk in chunks] == [True, False, False, False, False]
            assert [chunk.finish_reason for chunk in chunks] == [None, None, None, None, "length"]
            assert chunks[-1].usage == Usage(prompt_tokens=3, completion_tokens=5)
            await until(lambda: local.stats.engine.running == 0)
            assert local.stats.open_requests == 0 and local.stats.engine.blocks_used == 0

    run(work())


def test_a_request_before_the_model_is_there_is_told_so(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed) as local:
            with pytest.raises(NotReady, match="still being loaded"):
                await collect(local, ask())

    run(work())


def test_a_bad_request_is_refused_before_the_first_chunk(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed) as local:
            await local.ready()
            with pytest.raises(InvalidRequest) as caught:
                await collect(local, ask(logit_bias={512: 1.0}))
            assert caught.value.param == "logit_bias" and local.stats.open_requests == 0

    run(work())


# One of each way to generate. All run side by side, so that a worker dies with all of them aboard.
MODES: dict[str, GenerateRequest] = {
    "greedy": ask("greedy", temperature=0.0),
    "sampled": ask("sampled", "How", seed=1, temperature=1.2, top_p=0.9, top_k=50, min_p=0.001),
    "penalties": ask("penalties", seed=2, repetition_penalty=1.3, presence_penalty=0.5, frequency_penalty=0.5),
    "choices": ask("choices", "a long prompt of several blocks", seed=3, n=2),
    "logprobs": replace(ask("logprobs", seed=4, logprobs=3, prompt_logprobs=3), echo=True),
    "stop strings": ask("stop strings", seed=5, stop=("zzz", "\ufffd\ufffd\ufffd\ufffd")),
    "stop token": ask("stop token", seed=6, stop_token_ids=(11, 12, 13, 14, 15)),
}
KILLS = (0, 1, 2, 3, 5, 8, 13, 21, 30, 38)  # after so many tokens of the greedy answer


async def collect_all(local: LocalEngine, kills: tuple[int, ...] = ()) -> dict[str, list[Chunk]]:
    """The chunks of every mode, the worker killed whenever the greedy answer has that many tokens."""
    found: dict[str, list[Chunk]] = {name: [] for name in MODES}

    async def read(name: str) -> None:
        async for chunk in local.generate(MODES[name]):
            found[name].append(chunk)

    async def kill() -> None:
        for count in kills:
            seen = {name: len(chunks) for name, chunks in found.items()}
            await until(lambda: local.stats.open_requests == len(MODES) or count > 0)  # noqa: B023
            await until(lambda: len(found["greedy"]) >= count)  # noqa: B023
            # Two deaths without a token in between would be a poisonous request's.
            await until(lambda: count == 0 or all(map(has_more, found.items(), seen.values())))  # noqa: B023
            restarts = local.stats.restarts
            os.kill(worker_pid(local), signal.SIGKILL)
            await until(lambda: local.stats.restarts > restarts)  # noqa: B023

    def has_more(item: tuple[str, list[Chunk]], before: int) -> bool:
        chunks = item[1]
        return len(chunks) > before or any(chunk.usage for chunk in chunks)

    await asyncio.gather(kill(), *map(read, MODES))
    return found


def test_a_killed_worker_is_a_pause_and_never_a_lost_or_repeated_token(
    packed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with engine(packed, "0.004") as local:
            await local.ready()
            undisturbed = await collect_all(local)
            assert local.stats.restarts == 0
            disturbed = await collect_all(local, KILLS)
            for name, chunks in undisturbed.items():
                assert transcript(disturbed[name]) == transcript(chunks), name
            assert local.stats.restarts == len(KILLS)
            assert local.stats.resumed_requests >= len(KILLS)
            await until(lambda: local.stats.engine.blocks_used == 0)

    with caplog.at_level(logging.INFO, "tampu.engine"):
        run(work())
    assert "request greedy goes on with a new worker after a gap of" in caplog.text


def transcript(chunks: list[Chunk]) -> tuple[dict[int, list[Chunk]], Opening, Usage]:
    """The chunks of each choice, the opening and the usage.

    Left out is how the choices are interleaved, and the state of the prefix cache, which dies with a worker.
    """
    completion = Completion.fold(chunks)
    assert [chunk.opening is not None for chunk in chunks] == [True] + [False] * (len(chunks) - 1)
    assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    bare = [replace(chunk, opening=None, usage=None) for chunk in chunks]
    by_choice = {
        choice.index: [chunk for chunk in bare if chunk.index == choice.index] for choice in completion.choices
    }
    return by_choice, replace(completion.opening, cached_tokens=0), replace(completion.usage, cached_tokens=0)


def test_a_request_that_kills_workers_fails_alone_and_is_refused_afterwards(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, "0.004") as local:
            await local.ready()
            expected = await collect(local, ask("good"))
            good = asyncio.create_task(collect(local, ask("good")))
            await until(lambda: local.stats.open_requests == 1)
            poison = ask("poison", (1, 2, DEADLY))
            with pytest.raises(EngineFailure, match="alone aboard two workers"):
                await collect(local, poison)
            assert transcript(await good) == transcript(expected)
            assert local.stats.poisoned_requests == 1
            restarts = local.stats.restarts
            with pytest.raises(EngineFailure, match="alone aboard two workers"):
                await collect(local, poison)
            assert local.stats.restarts == restarts
            assert transcript(await collect(local, ask("good"))) == transcript(expected)

    run(work())


def test_a_bystander_that_had_no_token_yet_is_not_taken_for_the_poison(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, "0.3", max_num_seqs=1) as local:
            await local.ready()
            poison = asyncio.create_task(collect(local, ask("poison", (1, 2, DEADLY))))
            bystanders = [asyncio.create_task(collect(local, ask(str(seed), max_tokens=1))) for seed in range(2)]
            with pytest.raises(EngineFailure):
                await poison
            assert [len(await bystander) for bystander in bystanders] == [1, 1]
            assert local.stats.poisoned_requests == 1

    run(work())


def test_a_stopped_worker_is_unhealthy_then_killed_and_its_streams_go_on(packed: Path) -> None:
    patience = replace(QUICK, unhealthy_after=0.3, kill_after=1.0)

    async def work() -> None:
        async with engine(packed, "0.004", patience) as local:
            await local.ready()
            expected = await collect(local, ask())
            stream = local.generate(ask())
            chunks = [await anext(stream)]
            os.kill(worker_pid(local), signal.SIGSTOP)
            rest = asyncio.create_task(drain(stream))
            await until(lambda: not local.status.healthy)
            assert local.status.phase == "ready" and local.stats.restarts == 0
            chunks += await rest
            assert transcript(chunks) == transcript(expected)
            assert (local.stats.restarts, local.status.healthy) == (1, True)

    run(work())


async def drain(stream: AsyncIterator[Chunk]) -> list[Chunk]:
    return [chunk async for chunk in stream]


def test_closing_a_stream_frees_its_blocks_while_others_go_on(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, "0.01") as local:
            await local.ready()
            stream, other = local.generate(ask(n=3, max_tokens=400)), local.generate(ask("other", max_tokens=400))
            await anext(stream)
            await anext(other)
            await stream.aclose()  # type: ignore[attr-defined]
            await until(lambda: local.stats.engine.running == 1)
            assert local.stats.open_requests == 1
            await anext(other)
            await other.aclose()  # type: ignore[attr-defined]
            await until(lambda: local.stats.engine.blocks_used == 0)
            assert local.stats.engine.generation_tokens < 4 * 400

    run(work())


def test_a_client_that_never_reads_is_given_up_and_disturbs_nobody(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, "0.002", replace(QUICK, max_unread=50)) as local:
            await local.ready()
            idle = local.generate(ask("idle", n=2, max_tokens=500))
            await anext(idle)
            assert len(await collect(local, ask(max_tokens=30))) == 30
            await until(lambda: local.stats.open_requests == 0 and local.stats.engine.blocks_used == 0)
            unread = [await anext(idle) for _ in range(100)]
            assert all(chunk.finish_reason is None for chunk in unread)
            with pytest.raises(EngineFailure, match="stopped reading"):
                await drain(idle)

    run(work())


def test_a_full_queue_refuses_early_and_says_when_to_come_back(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, "0.05", max_num_seqs=2, max_queue=1) as local:
            await local.ready()
            tasks = [asyncio.create_task(collect(local, ask(str(number), max_tokens=12))) for number in range(3)]
            await until(lambda: local.stats.open_sequences == 3)
            with pytest.raises(Overloaded, match="1 wait already") as caught:
                await collect(local, ask("late"))
            assert caught.value.retry_after is not None and 1 <= caught.value.retry_after <= 60
            assert [len(chunks) for chunks in await asyncio.gather(*tasks)] == [12, 12, 12]
            assert local.stats.refused_requests == 1
            assert len(await collect(local, ask("late", max_tokens=5))) == 5

    run(work())


def test_who_may_not_wait_is_refused_as_soon_as_every_place_is_taken(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, "0.05", max_num_seqs=1, max_queue=9) as local:
            await local.ready()
            hasty = replace(ask("hasty", max_tokens=5), may_wait=False)
            assert len(await collect(local, hasty)) == 5
            task = asyncio.create_task(collect(local, ask("first", max_tokens=12)))
            await until(lambda: local.stats.open_sequences == 1)
            with pytest.raises(Overloaded):
                await collect(local, hasty)
            assert len(await task) == 12

    run(work())


def test_a_model_that_cannot_be_loaded_is_failed_with_the_reason(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, "refuse") as local:
            with pytest.raises(ModelError, match="The tensor norm is missing"):
                await local.ready()
            assert (local.status.phase, local.status.detail) == ("failed", "The tensor norm is missing.")
            with pytest.raises(NotReady, match="The tensor norm is missing"):
                await collect(local, ask())

    run(work())


@pytest.mark.parametrize(("option", "reason"), [("die", "exit code 3"), ("babble", "A frame has at most")])
def test_a_worker_that_ends_again_and_again_while_loading_is_given_up(packed: Path, option: str, reason: str) -> None:
    async def work() -> None:
        async with engine(packed, option) as local:
            with pytest.raises(ModelError, match=f"ended 3 times while loading the model .{reason}"):
                await local.ready()

    run(work())


def test_a_missing_model_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        LocalEngine(EngineSettings(model="no/such/model"), Paths(*[tmp_path] * 4))


def test_streams_are_failed_when_no_worker_comes_back_in_time(packed: Path) -> None:
    patience = replace(QUICK, resume_deadline=0.2, first_backoff=60.0)

    async def work() -> None:
        async with engine(packed, "0.004", patience) as local:
            await local.ready()
            stream = local.generate(ask())
            await anext(stream)
            os.kill(worker_pid(local), signal.SIGKILL)
            await until(lambda: local.status.phase == "restarting")
            waiting = asyncio.create_task(collect(local, ask("new")))
            with pytest.raises(EngineFailure, match="did not recover in time"):
                await drain(stream)
            with pytest.raises(NotReady, match="restarting"):
                await waiting

    run(work())


def test_stopping_lets_open_streams_finish_and_takes_no_new_ones(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, "0.004") as local:
            await local.ready()
            stream = local.generate(ask())
            await anext(stream)
            rest = asyncio.create_task(drain(stream))
            stopping = asyncio.create_task(local.stop(drain=60))
            await until(lambda: local.status.phase == "draining")
            with pytest.raises(NotReady, match="shutting down"):
                await collect(local, ask())
            assert len(await rest) == 39
            await stopping
            assert not is_alive(worker_pid(local))

    run(work())


def test_a_second_stop_cuts_the_first_one_short(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, "0.05") as local:
            await local.ready()
            stream = local.generate(ask(max_tokens=400))
            await anext(stream)
            stopping = asyncio.create_task(local.stop(drain=60))
            await until(lambda: local.status.phase == "draining")
            await local.stop()
            with pytest.raises(NotReady, match="shutting down"):
                await drain(stream)
            await stopping

    run(work())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_process_group_is_not_the_workers_business(packed: Path, number: int) -> None:
    async def work() -> None:
        async with engine(packed, "0.004") as local:
            await local.ready()
            stream = local.generate(ask())
            await anext(stream)
            os.kill(worker_pid(local), number)
            assert len(await drain(stream)) == 39 and local.stats.restarts == 0

    run(work())


def test_a_real_llama_goes_on_with_the_same_tokens_after_kills(packed: Path) -> None:
    settings = EngineSettings(model=str(packed), threads=1, num_blocks=64)
    requests = [ask("greedy", temperature=0.0), ask("sampled", "How", seed=3, logprobs=2), ask("two", seed=4, n=2)]

    async def read(local: LocalEngine, request: GenerateRequest, kills: tuple[int, ...]) -> list[Chunk]:
        chunks: list[Chunk] = []
        async for chunk in local.generate(request):
            chunks.append(chunk)
            if len(chunks) in kills:
                await kill_worker(local)
        return chunks

    async def work() -> None:
        local = LocalEngine(settings, Paths(*[packed.parent] * 4), patience=QUICK)
        await local.start()
        card = await local.ready()
        assert (card.kind, card.context, local.worker_pid) == ("f32", 2048, worker_pid(local))
        undisturbed = await asyncio.gather(*(read(local, request, ()) for request in requests))
        kills: list[tuple[int, ...]] = [(2, 20), (), ()]
        disturbed = await asyncio.gather(*map(read, [local] * 3, requests, kills))
        assert list(map(transcript, disturbed)) == list(map(transcript, undisturbed))
        assert local.stats.restarts == 2
        await local.stop()

    run(work())


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_adapter_is_loaded_again_after_a_crash_even_when_it_was_taken_out(tmp_path: Path) -> None:
    run(crash_with_an_adapter(tmp_path))


async def crash_with_an_adapter(tmp_path: Path) -> None:
    packed = prepare(random_checkpoint(tmp_path / "tiny"), "f32", lambda *_: None, tmp_path / "cache")
    settings = EngineSettings(model=str(packed), threads=1, num_blocks=64)
    local = LocalEngine(settings, Paths(*[tmp_path / "home"] * 4), patience=QUICK)
    await local.start()
    try:
        await local.ready()
        assert local.adapters is not None
        local.adapters.add("pirate", write_adapter(local.adapters.stage(), seed=1))
        request = replace(ask(max_tokens=1500, temperature=0.0), adapter="pirate")
        expected = Completion.fold(await collect(local, request))
        chunks = local.generate(request)
        found = [await anext(chunks)]
        os.kill(worker_pid(local), signal.SIGKILL)
        local.adapters.add("pirate", write_adapter(local.adapters.stage(), seed=2))
        local.adapters.remove("pirate")
        with pytest.raises(InvalidRequest):
            await collect(local, request)
        found += [chunk async for chunk in chunks]
        assert Completion.fold(found) == expected
        assert local.stats.resumed_requests == 1
        assert [path.name for path in (tmp_path / "home" / "adapters").glob("*/*")] == []
    finally:
        await local.stop()


def test_a_short_prompt_never_waits_behind_long_ones_and_who_leaves_frees_his_place(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed) as local:
            await local.ready()
            lane, over = local._long_prompts, threading.Event()
            busy = asyncio.create_task(lane.run(1, over.wait))
            long = asyncio.create_task(collect(local, replace(ask(prompt="x " * 100_000), middle_out=True)))
            await until(lambda: lane._num_bytes > 100_000)
            assert (await collect(local, ask(max_tokens=3)))[-1].finish_reason == "length"
            assert not long.done()
            long.cancel()
            await asyncio.gather(long, return_exceptions=True)
            assert lane._num_bytes == 1
            over.set()
            await busy
            assert local.stats.open_requests == 0

    run(work())


def test_long_prompts_are_bounded_together(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed) as local:
            await local.ready()
            local._long_prompts.take(MAX_LONG)
            with pytest.raises(Overloaded, match="Too many long prompts at once"):
                await collect(local, ask(prompt="x " * 100_000))

    run(work())
