"""Batches: taken in at once, answered when there is room, each element for itself, and never lost."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tampu.engine.front import FrontStats
from tampu.engine.output import EngineStats
from tampu.errors import EngineFailure, Overloaded, StoreUnavailable
from tampu.gateway.batches import MAX_PENDING, Batch, Batches
from tampu.gateway.database import Database
from tampu.gateway.store import Store
from tampu.settings import ServerSettings
from tests.fakes import FAKE_CARD, FakeUpstream
from tests.server.live import Live, eventually, live

MODEL = "@cf/tampu/cria"
HELLO = {"prompt": "hello there"}


class BusyUpstream(FakeUpstream):
    """One in which somebody waits for a place, until nobody does."""

    waiting = 1

    @property
    def stats(self) -> FrontStats:
        return FrontStats(EngineStats(running=self.num_open, waiting=self.waiting, blocks_total=16))


class PickyUpstream(FakeUpstream):
    """One that has no room for the first few requests."""

    refusals = 1

    async def generate(self, request: Any) -> Any:
        if self.refusals:
            self.refusals -= 1
            raise Overloaded("The queue is full.", retry_after=1)
        async for chunk in super().generate(request):
            yield chunk


def url(server: Live, query: str = "?queueRequest=true", model: str = MODEL) -> str:
    return f"{server.url}/client/v4/accounts/me/ai/run/{model}{query}"


def submit(server: Live, *elements: Any, **place: str) -> str:
    answer = httpx2.post(url(server, **place), json={"requests": list(elements)})
    assert answer.status_code == 200, answer.text
    result = answer.json()["result"]
    assert (result["status"], result["model"]) == ("queued", place.get("model", MODEL))
    return str(result["request_id"])


def poll(server: Live, batch_id: str) -> dict[str, Any]:
    answer = httpx2.post(url(server, ""), json={"request_id": batch_id})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["result"])


def done(server: Live, batch_id: str) -> dict[str, Any]:
    results: list[dict[str, Any]] = []

    def is_done() -> bool:
        results.append(poll(server, batch_id))
        return "responses" in results[-1]

    assert eventually(is_done), results[-1]
    return results[-1]


def store(home: Path) -> Store:
    return Store(Database(home / "records.db"), 30)


def refused(answer: httpx2.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["errors"][0]["code"]


@pytest.fixture
def upstream() -> FakeUpstream:
    return FakeUpstream()


@pytest.fixture
def server(upstream: FakeUpstream, tmp_path: Path) -> Iterator[Live]:
    with live(upstream, store=store(tmp_path)) as server:
        yield server


def test_a_batch_is_answered_in_its_own_order_with_its_usage(server: Live) -> None:
    batch = done(
        server, submit(server, {**HELLO, "external_reference": "a"}, {"messages": [{"role": "user", "content": "hi"}]})
    )
    usage = {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}
    result = {"response": "Hello", "tool_calls": [], "usage": usage, "finish_reason": "stop"}
    first, second = batch["responses"]
    assert first == {"id": 0, "result": result, "success": True, "external_reference": "a"}
    assert (second["id"], second["success"], second["external_reference"]) == (1, True, None)
    assert batch["usage"] == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


@pytest.mark.parametrize(
    ("element", "code"),
    [
        ({"prompt": 5}, 5006),
        ({}, 5006),
        ("hello", 5006),
        (None, 5006),
        ({**HELLO, "external_reference": 5}, 5006),
        ({**HELLO, "temperature": 6}, 5006),
        ({**HELLO, "lora": "parrot"}, 5005),
        ({**HELLO, "max_tokens": 100_000}, 5021),
        ({"requests": [HELLO]}, 5006),
    ],
)
def test_an_element_that_is_wrong_fails_alone(server: Live, upstream: FakeUpstream, element: Any, code: int) -> None:
    bad, good = done(server, submit(server, element, HELLO))["responses"]
    assert (bad["id"], bad["success"], bad["result"], bad["errors"][0]["code"]) == (0, False, {}, code)
    assert good["result"]["response"] == "Hello"
    assert {request.prompt[0].content for request in upstream.requests} == {"hello there"}  # type: ignore[union-attr]


def test_an_element_that_breaks_in_the_engine_fails_and_one_without_room_waits(tmp_path: Path) -> None:
    with live(FakeUpstream("Hel", EngineFailure("boom")), store=store(tmp_path / "1")) as server:
        (broken,) = done(server, submit(server, HELLO))["responses"]
        assert (broken["success"], broken["errors"][0]["code"]) == (False, 500)
    with live(PickyUpstream(), store=store(tmp_path / "2")) as server:
        (late,) = done(server, submit(server, HELLO))["responses"]
        assert late["result"]["response"] == "Hello"


def test_nothing_is_streamed_in_a_batch_and_json_mode_is_a_value(tmp_path: Path) -> None:
    with live(FakeUpstream('{"a":', "1}"), store=store(tmp_path)) as server:
        element = {**HELLO, "stream": True, "response_format": {"type": "json_object"}}
        (answer,) = done(server, submit(server, element))["responses"]
    assert answer["result"]["response"] == {"a": 1}


def test_seeds_differ_between_elements_and_are_those_that_were_sent(server: Live, upstream: FakeUpstream) -> None:
    done(server, submit(server, HELLO, HELLO, {**HELLO, "seed": 7}))
    seeds = [request.sampling.seed for request in upstream.requests]
    assert len(set(seeds)) == 3 and seeds[2] == 7


def test_an_unfinished_batch_goes_on_where_it_stopped_after_a_restart(tmp_path: Path) -> None:
    slow, elements = FakeUpstream(delay=0.2), [{"prompt": f"p{index}"} for index in range(6)]
    with live(slow, store=store(tmp_path)) as server:
        batch_id = submit(server, *elements)
        assert eventually(lambda: len(slow.requests) > 4)
        assert poll(server, batch_id)["status"] == "running"
    quick = FakeUpstream()
    with live(quick, store=store(tmp_path)) as server:
        answers = done(server, batch_id)["responses"]
        again = poll(server, batch_id)["responses"]
    assert [answer["id"] for answer in answers] == list(range(6)) and again == answers
    assert 0 < len(quick.requests) < 6
    first = {request.prompt: request.sampling.seed for request in slow.requests}
    assert all(first.get(request.prompt, request.sampling.seed) == request.sampling.seed for request in quick.requests)


def test_batches_wait_for_a_server_of_their_model(tmp_path: Path) -> None:
    with live(FakeUpstream(delay=60), store=store(tmp_path)) as server:
        batch_id = submit(server, HELLO)
    other = FakeUpstream(card=replace(FAKE_CARD, id="llama3.1:8b"))
    with live(other, store=store(tmp_path)) as server:
        httpx2.post(url(server, model="@cf/meta/llama-3.1-8b-instruct"), json={"requests": [HELLO]})
        assert eventually(lambda: len(other.requests) == 1)
        answer = httpx2.post(url(server, "", "@cf/meta/llama-3.1-8b-instruct"), json={"request_id": batch_id})
    assert answer.json()["result"]["status"] == "queued"


@contextmanager
def somebody_asks(server: Live) -> Iterator[None]:
    """One long answer is under way to somebody while the block runs; it goes when the block ends."""
    with httpx2.stream("POST", url(server, ""), json={**HELLO, "stream": True}) as answer:
        pieces = answer.iter_bytes()
        next(pieces)
        yield


def test_those_who_wait_come_first_and_beside_others_one_element_runs(tmp_path: Path) -> None:
    busy = BusyUpstream(*["word"] * 100, delay=0.05)
    with live(busy, store=store(tmp_path)) as server:
        with somebody_asks(server):
            batch_id = submit(server, *[{**HELLO, "max_tokens": 1}] * 5)
            time.sleep(0.3)
            assert len(busy.requests) == 1 and poll(server, batch_id)["status"] == "running"
            busy.waiting = 0
            assert most_open(busy, until=4) == 2
        assert len(done(server, batch_id)["responses"]) == 5


def test_a_few_run_at_a_time_when_nobody_else_asks(tmp_path: Path) -> None:
    slow = FakeUpstream(delay=0.05)
    with live(slow, store=store(tmp_path)) as server:
        batch_id = submit(server, *[HELLO] * 9)
        assert most_open(slow, until=9) == 4
        assert len(done(server, batch_id)["responses"]) == 9


def most_open(upstream: FakeUpstream, until: int) -> int:
    """The most requests that were open at a time until so many had come."""
    seen = set()

    def has_come() -> bool:
        seen.add(upstream.num_open)
        return len(upstream.requests) >= until

    assert eventually(has_come)
    return max(seen)


def test_an_unknown_batch_is_5099(server: Live) -> None:
    answer = httpx2.post(url(server, ""), json={"request_id": "5e40df80-28a3-4ec9-91fa-cfebef4a2623"})
    assert refused(answer) == (404, 5099)
    assert refused(httpx2.post(url(server, ""), json={"request_id": 5})) == (400, 5006)


@pytest.mark.parametrize("requests", [[], {}, "hello", [HELLO] * 1001])
def test_what_is_no_list_of_bodies_is_refused(server: Live, requests: Any) -> None:
    assert refused(httpx2.post(url(server), json={"requests": requests})) == (400, 5006)


def test_the_model_is_looked_for_at_once(server: Live) -> None:
    body = {"requests": [HELLO]}
    assert refused(httpx2.post(url(server, model="@cf/meta/llama-9"), json=body)) == (400, 5007)
    assert refused(httpx2.post(url(server, model="nothing"), json=body)) == (400, 7000)


def test_a_batch_may_be_larger_than_other_bodies(server: Live) -> None:
    def answer(size: int, query: str) -> httpx2.Response:
        return httpx2.post(url(server, query), json={"requests": [{"prompt": "x " * (size // 2)}]})

    assert answer(5_000_000, "?queueRequest=true").status_code == 200
    assert refused(answer(5_000_000, "")) == (413, 3006)
    assert refused(answer(10_000_001, "?queueRequest=true")) == (413, 3006)


def test_no_more_batches_wait_than_there_is_room_for(tmp_path: Path) -> None:
    with live(FakeUpstream(delay=60), store=store(tmp_path)) as server, httpx2.Client() as client:
        answers = [client.post(url(server), json={"requests": [HELLO]}) for _ in range(MAX_PENDING + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {200}
    assert refused(answers[-1]) == (429, 3040)
    assert answers[-1].headers["retry-after"] == "60"


def test_every_element_leaves_a_record(tmp_path: Path) -> None:
    kept = store(tmp_path)
    with live(FakeUpstream(), store=kept) as server:
        done(server, submit(server, HELLO, HELLO))
        assert eventually(lambda: kept.stats.written == 2)
        metrics = httpx2.get(f"{server.url}/metrics").text
    assert 'tampu_http_requests_total{operation="batch",status="200"}' in metrics


def test_without_a_store_there_are_no_batches() -> None:
    with live(FakeUpstream(), ServerSettings(store="off")) as server:
        answer = httpx2.post(url(server), json={"requests": [HELLO]})
        assert refused(answer) == (400, 5006) and "--store off" in answer.text
        assert httpx2.post(url(server), json=HELLO).json()["result"]["response"] == "Hello"


def damage(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "change",
    ["elements = '[{'", "elements = '{}'", "elements = CAST(X'5BFF5D' AS TEXT)", "seed = 'x'", "model = X'00'"],
)
def test_a_batch_that_cannot_be_read_ends_alone_and_the_others_are_answered(tmp_path: Path, change: str) -> None:
    async def fill() -> list[str]:
        database = Database(tmp_path / "records.db")
        ids = [await Batches(database).add("", MODEL, FAKE_CARD.id, 1, [HELLO]) for _ in range(2)]
        await database.close()
        return ids

    bad, good = asyncio.run(fill())
    damage(tmp_path / "records.db", f"UPDATE batches SET {change}, claimed_until = 0 WHERE id = '{bad}'")
    with live(FakeUpstream(), store=store(tmp_path)) as server:
        (answer,) = done(server, good)["responses"]
        assert answer["success"] is True, answer
        answer = httpx2.post(url(server, ""), json={"request_id": bad})
    assert "is damaged in the store" in answer.text and answer.status_code in (200, 503)


def test_an_answer_that_cannot_be_read_is_said_and_nothing_breaks(tmp_path: Path) -> None:
    with live(FakeUpstream(), store=store(tmp_path)) as server:
        batch_id = submit(server, HELLO)
        done(server, batch_id)
        damage(tmp_path / "records.db", "UPDATE batch_answers SET answer = '{'")
        answer = httpx2.post(url(server, ""), json={"request_id": batch_id})
        assert answer.status_code in (500, 503) and "damaged in the store" in answer.text
        assert httpx2.get(f"{server.url}/readyz").status_code == 200


class FullStore(Batches):
    """A queue whose answers cannot be written for the first few times."""

    refusals = 2

    async def put(self, batch: Batch, position: int, answer: Mapping[str, Any]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreUnavailable("database or disk is full.")
        await super().put(batch, position, answer)


def test_an_answer_is_kept_until_the_store_can_be_written_and_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tampu.server.batches.BREATH", 0.01)
    upstream, kept = FakeUpstream(), store(tmp_path)
    kept.batches = FullStore(kept._database)
    with live(upstream, store=kept) as server:
        done(server, submit(server, HELLO))
    assert len(upstream.requests) == 1
    assert [line.message for line in caplog.records if line.name == "tampu.batches"] == [
        "Batches wait: database or disk is full."
    ]
