"""Every generation leaves one record: whole, streamed, broken or left; its text only when that is asked for."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tampu.cli.verify import find_record
from tampu.dialects.base import Policy
from tampu.dialects.table import build_dialects
from tampu.errors import EngineFailure, Overloaded
from tampu.gateway.database import Database
from tampu.gateway.store import NoStore, Store
from tampu.gateway.tables import GENERATIONS
from tampu.generation import ChoiceDigest, GenerationRecord
from tampu.replay import request_of
from tampu.settings import ServerSettings
from tests.fakes import FAKE_CARD, FakeUpstream
from tests.gateway.records import record as kept_record
from tests.server.live import eventually, live

CHAT = {"model": "cria", "messages": [{"role": "user", "content": "hi there"}], "seed": 7}
CARD = replace(FAKE_CARD, packed="/models/cria.tampu")  # a token costs 10,000 and 20,000 pico-dollars


class KeptRecords(NoStore):
    """A store that is a list."""

    def __init__(self) -> None:
        self.records: list[GenerationRecord] = []

    def add(self, record: GenerationRecord) -> None:
        """Append it."""
        self.records.append(record)


def ids_digest(*token_ids: int) -> str:
    return sha256(b"".join(token_id.to_bytes(4, "little") for token_id in token_ids)).hexdigest()


def record_after(
    upstream: FakeUpstream, body: dict[str, Any], path: str = "/v1/chat/completions", **settings: Any
) -> GenerationRecord:
    """The one record that this request leaves."""
    store = KeptRecords()
    with live(upstream, ServerSettings(**settings), store=store) as server:
        httpx2.post(server.url + path, json=body, headers={"X-Title": "Test", "User-Agent": "x" * 300})
        (record,) = store.records
    return record


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_leaves_counts_costs_and_digests(stream: bool) -> None:
    upstream = FakeUpstream("Hel", "lo", card=CARD)
    record = record_after(upstream, {**CHAT, "stream": stream, "n": 2, "user": "ann"})
    assert (record.dialect, record.operation, record.model) == ("openai", "chat", "cria")
    assert record.answer_id == "chatcmpl-" + record.id.removeprefix("req_")
    assert (record.served_by, record.seed, record.fingerprint) == ("cria", 7, "fake")
    assert (record.usage.prompt_tokens, record.usage.completion_tokens) == (2, 4)
    assert (record.usage.prompt_cost, record.usage.completion_cost) == (2 * 10_000, 4 * 20_000)
    assert (record.streamed, record.cancelled, record.finish_reasons) == (stream, False, ("stop", "stop"))
    assert record.choice_digests == ((ChoiceDigest(ids_digest(0, 1), 2, "stop"),) * 2,)
    assert record.client == {"user-agent": "x" * 256, "x-title": "Test", "user": "ann"}
    assert record.seconds_to_first_chunk is not None and 0 < record.seconds_to_first_chunk <= record.seconds < 5
    assert record.replay["engine"] == {"model": "/models/cria.tampu", "kv_dtype": "bf16", "context": 512}


def test_the_record_names_the_answer_that_the_client_got() -> None:
    store = KeptRecords()
    with live(FakeUpstream(), store=store) as server:
        answer = httpx2.post(f"{server.url}/v1/chat/completions", json=CHAT)
    assert [record.id for record in store.records] == [answer.headers["x-request-id"]]
    assert [record.answer_id for record in store.records] == [answer.json()["id"]]


def test_parameters_and_text_make_the_request_again_and_text_is_kept_only_when_asked_for() -> None:
    body = {**CHAT, "temperature": 0.5, "tools": [{"type": "function", "function": {"name": "look"}}]}
    upstream = FakeUpstream("Hel", "lo")
    without, with_text = record_after(upstream, body), record_after(upstream, body, log_text=True)
    assert without.text is None and "hi there" not in json.dumps(without.replay)
    assert without.prompt_digests == with_text.prompt_digests
    assert with_text.text is not None
    assert with_text.text["choices"] == [[{"text": "Hello", "token_ids": [0, 1], "tool_calls": []}]]
    asked = upstream.requests[-1]
    (parameters,), (text,) = with_text.replay["requests"], with_text.text["requests"]
    assert request_of(asked.id, asked.model, json.loads(json.dumps(parameters)), text) == asked


def test_a_call_with_several_prompts_leaves_one_record_with_all_of_them() -> None:
    body = {"model": "cria", "prompt": ["a b c", "d"], "max_tokens": 1}
    record = record_after(FakeUpstream("Hel", "lo"), body, "/v1/completions")
    assert (record.usage.prompt_tokens, record.usage.completion_tokens) == (4, 2)
    assert len(set(record.prompt_digests)) == 2
    assert record.choice_digests == ((ChoiceDigest(ids_digest(0), 1, "length"),),) * 2
    assert len(record.replay["requests"]) == 1  # the parameters are those of both


@pytest.mark.parametrize("stream", [False, True])
def test_who_leaves_pays_for_what_was_delivered(stream: bool) -> None:
    store = KeptRecords()
    upstream = FakeUpstream(*["ha"] * 1000, delay=0.01, card=CARD)
    with live(upstream, store=store) as server:
        url, body = f"{server.url}/v1/chat/completions", {**CHAT, "stream": stream}
        with contextlib.suppress(httpx2.ReadTimeout), httpx2.stream("POST", url, json=body, timeout=0.3) as answer:
            next(answer.iter_bytes())
        assert eventually(lambda: len(store.records) == 1)
    (record,) = store.records
    (choice,) = record.choice_digests[0]
    assert (record.cancelled, record.finish_reasons) == (True, ("abort",))
    assert 0 < choice.num_tokens < 1000
    assert choice == ChoiceDigest(ids_digest(*range(choice.num_tokens)), choice.num_tokens, None)
    assert record.usage.completion_tokens == choice.num_tokens
    assert record.usage.cost == 2 * 10_000 + choice.num_tokens * 20_000


def test_nobody_pays_for_what_broke() -> None:
    upstream = FakeUpstream("Hel", EngineFailure("broken"), delay=0.01, card=CARD)
    record = record_after(upstream, {**CHAT, "stream": True})
    assert (record.cancelled, record.finish_reasons) == (False, ("error",))
    assert (record.usage.completion_tokens, record.usage.cost) == (1, 0)
    assert record.choice_digests == ((ChoiceDigest(ids_digest(0), 1),),)


def test_nobody_pays_for_an_answer_that_became_an_error() -> None:
    path = "/client/v4/accounts/me/ai/run/@cf/tampu/cria"
    body = {"prompt": "hi there", "response_format": {"type": "json_object"}, "max_tokens": 1}
    upstream = FakeUpstream('{"a": ', "1}", card=CARD)
    cut = record_after(upstream, body, path)
    assert (cut.finish_reasons, cut.usage.completion_tokens, cut.usage.cost) == (("length", "error"), 1, 0)
    assert record_after(upstream, {**body, "max_tokens": 2}, path).usage.cost == 2 * 10_000 + 2 * 20_000


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_cut_when_the_server_leaves_is_recorded_and_costs_nothing(stream: bool) -> None:
    store = KeptRecords()
    with live(FakeUpstream(*["ha"] * 1000, delay=0.01, card=CARD), store=store) as server:
        server.loop.call_soon_threadsafe(server.loop.call_later, 0.2, server.lifecycle.cut)
        httpx2.post(f"{server.url}/v1/chat/completions", json={**CHAT, "stream": stream})
    (record,) = store.records
    assert (record.cancelled, record.finish_reasons, record.usage.cost) == (False, ("error",), 0)
    assert 0 < record.usage.completion_tokens < 1000


@pytest.mark.parametrize("stream", [False, True])
def test_a_generation_can_be_looked_up_as_soon_as_its_answer_has_ended(stream: bool, tmp_path: Path) -> None:
    store, headers = Store(Database(tmp_path / "records.db"), 30), []
    with live(FakeUpstream(card=CARD), store=store) as server, httpx2.Client(base_url=server.url) as client:
        for _ in range(20):
            headers.append(client.post("/v1/chat/completions", json={**CHAT, "stream": stream}).headers)
            found = client.get("/api/v1/generation", params={"id": headers[-1]["x-request-id"]})
            assert (found.status_code, found.json()["data"]["total_cost"]) == (200, 6e-8)
        assert client.get("/api/v1/credits").json()["data"]["total_usage"] == pytest.approx(20 * 6e-8)
        # Without the store's memory of what it has not written yet, too.
        assert eventually(lambda: store.stats.waiting == 0)
        names = [head["x-request-id"] for head in headers]
        answers = [client.get("/api/v1/generation", params={"id": name}) for name in names]
    assert [answer.json()["data"]["request_id"] for answer in answers] == names


def test_what_was_refused_leaves_nothing() -> None:
    store = KeptRecords()
    with live(FakeUpstream(Overloaded("The queue is full.")), store=store) as server:
        httpx2.post(f"{server.url}/v1/chat/completions", json=CHAT)
        httpx2.post(f"{server.url}/v1/chat/completions", json={**CHAT, "n": 99})
        httpx2.get(f"{server.url}/v1/models")
    assert store.records == []


def test_a_store_that_cannot_be_written_stops_no_answer_and_is_counted(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = Store(Database(tmp_path / "file" / "records.db"), 30, farewell=0.1)
    with live(FakeUpstream(), store=store) as server:
        answers = [httpx2.post(f"{server.url}/v1/chat/completions", json=CHAT).status_code for _ in range(5)]
        assert eventually(lambda: store.stats.failures > 0)
        metrics = httpx2.get(f"{server.url}/metrics").text
        looked_up = httpx2.get(f"{server.url}/api/v1/generation?id=gen-1")
    assert (answers, looked_up.status_code) == ([200] * 5, 503)
    assert "tampu_records_waiting 5.0" in metrics and "tampu_records_written_total 0.0" in metrics
    assert "tampu_store_failures_total 0.0" not in metrics


def test_records_are_in_the_file_when_the_server_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    with live(FakeUpstream(), store=Store(Database(path), 30)) as server:
        id_ = httpx2.post(f"{server.url}/v1/chat/completions", json=CHAT).json()["id"]
    assert id_.encode() in b"".join(file.read_bytes() for file in tmp_path.iterdir())


SENT: dict[str, dict[str, Any]] = {
    "chat": CHAT,
    "completions": {"model": "cria", "prompt": "hi"},
    "responses": {"model": "cria", "input": "hi"},
    "inference": {"input": "hi"},
    "run": {"prompt": "hi"},
    "generate": {"model": "cria", "data": {"prompt": "hi"}},
}
ASKED = [
    (operation.paths[0], operation.name, stream)
    for dialect in build_dialects(Policy())
    for operation in dialect.operations
    for stream in (False, True)
]


def ids_in(value: Any) -> Iterator[str]:
    """What stands under a name that ends in id, at any depth."""
    if isinstance(value, list):
        for each in value:
            yield from ids_in(each)
    if isinstance(value, dict):
        for name, each in value.items():
            if name.lower().endswith("id") and isinstance(each, str) and len(each) > 8:
                yield each
            yield from ids_in(each)


def payloads(answer: httpx2.Response) -> Iterator[Any]:
    """The JSON of an answer, or of its events."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        yield answer.json()
        return
    for line in answer.text.splitlines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


def test_every_id_that_a_client_sees_leads_to_the_record(tmp_path: Path) -> None:
    settings, seen = ServerSettings(store=str(tmp_path / "records.db")), []
    with live(FakeUpstream(), store=Store(Database(Path(settings.store)), 30)) as server:
        for path, operation, stream in ASKED:
            where = server.url + path.replace("{account_id}", "me").replace("{model:path}", "cria")
            answer = httpx2.post(where, json={**SENT[operation], "stream": stream})
            assert answer.status_code == 200, answer.text
            in_headers = {value for name, value in answer.headers.items() if name.endswith("id")}
            seen.append(in_headers | {id_ for payload in payloads(answer) for id_ in ids_in(payload)})
    found = [{find_record(id_, settings).id for id_ in ids} for ids in seen]
    assert [len(ids) for ids in found] == [1] * len(ASKED)
    assert len(set.union(*found)) == len(ASKED)


DAMAGE = ("X'00ff'", "CAST(X'ff' AS TEXT)", "'{'", "'[7]'", "'null'", "'{}'", "-1", "1e300", "9e999")


def test_a_row_that_is_damaged_anywhere_is_answered_in_words_and_breaks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    columns = [column.name for column in GENERATIONS.columns if column.name not in ("number", "id")]
    changes = [f"{column} = {value}" for column in columns for value in DAMAGE]
    text = {"requests": [{"prompt": "hi"}], "choices": [[{"text": "hello"}]]}
    asyncio.run(fill(path, [kept_record(number, tenant="", text=text) for number in range(len(changes))]))
    with sqlite3.connect(path) as connection:
        for number, change in enumerate(changes):
            connection.execute(f"UPDATE generations SET {change} WHERE id = '{kept_record(number).id}'")
        connection.execute("UPDATE spending SET cost = 'x'")
    said = set()
    with live(FakeUpstream(), store=Store(Database(path), 36_500)) as server, httpx2.Client() as client:
        for number, change in enumerate(changes):
            for place in ("generation", "generation/content"):
                answer = client.get(f"{server.url}/api/v1/{place}", params={"id": kept_record(number).id})
                assert answer.status_code in (200, 404, 503), (change, answer.text)
                said.add(answer.status_code)
        assert client.get(f"{server.url}/api/v1/credits").status_code == 503
        assert client.post(f"{server.url}/v1/chat/completions", json=CHAT).status_code == 200
    assert said == {200, 404, 503}


async def fill(path: Path, records: Iterable[GenerationRecord]) -> None:
    """Records in a new file."""
    store = Store(Database(path), 36_500)
    await store.start()
    for record in records:
        store.add(record)
    await store.close()
