import asyncio
from dataclasses import replace

from tampu.engine.open_request import OpenRequest
from tampu.engine.output import StepOutput
from tampu.engine.prepare import Prepared
from tampu.engine.stream import Stream, fingerprint
from tampu.errors import ServiceError
from tampu.request import Chunk, GenerateRequest, SamplingParams
from tampu.text.tokenizer import Tokenizer
from tests.checkpoints import tokenizer_json

TOKENIZER = Tokenizer.from_json(tokenizer_json())
REQUEST = GenerateRequest("r", "tiny", "Hi", SamplingParams())
PREPARED = Prepared(REQUEST, (72, 105), SamplingParams(seed=7, max_tokens=100))


def stream(max_unread: int = 100) -> Stream:
    return Stream(OpenRequest(PREPARED, 0, "fp", TOKENIZER), now=50.0, max_unread=max_unread)


def token(number: int, last: bool = False) -> StepOutput:
    return StepOutput(0, (97,), "length" if last else None, num_generated=number)


def test_news_are_waited_for_and_end_with_nothing() -> None:
    async def work() -> None:
        target = stream()
        waiting = asyncio.create_task(target.news())
        await asyncio.sleep(0)
        target.request.push(token(1))
        target.request.push(token(2))
        target.wake()
        assert len(await waiting) == 2
        target.request.push(token(3, last=True))
        target.wake()
        assert len(await target.news()) == 1
        assert await target.news() == []

    asyncio.run(work())


def test_an_error_comes_after_the_chunks_before_it() -> None:
    async def work() -> None:
        target = stream()
        target.request.push(token(1))
        target.fail(ServiceError("Enough."))
        chunk, error = await target.news()
        assert isinstance(chunk, Chunk) and str(error) == "Enough."

    asyncio.run(work())


def test_a_reader_that_leaves_too_much_for_two_ticks_is_idle() -> None:
    target = stream(max_unread=3)
    for number in range(1, 4):
        target.request.push(token(number))
    assert [target.has_idle_reader() for _ in range(3)] == [False, False, False]
    target.request.push(token(4))
    assert [target.has_idle_reader() for _ in range(2)] == [False, True]


def test_a_reader_that_reads_between_two_ticks_is_not_idle() -> None:
    async def work() -> None:
        target = stream(max_unread=1)
        for number in range(1, 20, 2):
            target.request.push(token(number))
            target.request.push(token(number + 1))
            assert not target.has_idle_reader()
            await target.news()

    asyncio.run(work())


def test_two_workers_lost_without_a_token_in_between_make_a_suspect() -> None:
    target = stream()
    target.lose_worker(now=60.0, alone=False)
    assert (target.is_suspect, target.interrupted, target.stranded) == (False, True, 60.0)
    target.progress()
    target.lose_worker(now=70.0, alone=False)
    assert not target.is_suspect
    target.lose_worker(now=80.0, alone=True)
    assert target.is_suspect
    target.progress()
    assert not target.is_suspect and not target.interrupted


def test_two_workers_lost_one_after_the_other_with_nothing_else_aboard_make_it_guilty() -> None:
    target = stream()
    for alone in (True, False, True):
        target.lose_worker(now=60.0, alone=alone)
        assert not target.is_guilty
    target.lose_worker(now=60.0, alone=True)
    assert target.is_guilty
    target.progress()
    assert not target.is_guilty


def test_fingerprints_are_equal_for_requests_that_ask_for_the_same() -> None:
    again = replace(PREPARED, request=replace(REQUEST, id="other"), sampling=replace(PREPARED.sampling, seed=8))
    assert fingerprint(again) == fingerprint(PREPARED)
    hotter = replace(PREPARED, request=replace(REQUEST, sampling=SamplingParams(temperature=2.0)))
    longer = replace(PREPARED, prompt_token_ids=(72, 105, 33))
    assert len({fingerprint(prepared) for prepared in (PREPARED, hotter, longer)}) == 3
