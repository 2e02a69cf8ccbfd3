"""Streams: what is sent when, and what happens when the other side leaves, stalls or breaks."""

import asyncio
import json
import os
import socket
import time
from typing import Any

import httpx2
import pytest

from tampu.errors import EngineFailure, NotReady, Overloaded
from tampu.server.streaming import Outbox
from tampu.settings import ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import eventually, live

CHAT = {"model": "cria", "messages": [{"role": "user", "content": "hi"}]}
STREAM = {**CHAT, "stream": True}


def post(url: str, body: dict[str, Any]) -> httpx2.Response:
    return httpx2.post(f"{url}/v1/chat/completions", json=body)


def events(text: str) -> list[Any]:
    """The payloads of a stream."""
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def test_a_stream_has_the_headers_that_keep_it_one() -> None:
    with live(FakeUpstream()) as server:
        answer = post(server.url, STREAM)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in answer.headers
    assert events(answer.text)[-1] == "[DONE]"


def test_the_same_text_comes_whole_and_in_pieces() -> None:
    with live(FakeUpstream("Hel", "lo ", "wörld")) as server:
        whole = post(server.url, CHAT).json()["choices"][0]["message"]["content"]
        pieces = events(post(server.url, STREAM).text)[1:-2]
    assert "".join(piece["choices"][0]["delta"]["content"] for piece in pieces) == whole == "Hello wörld"


def test_the_answer_tells_the_seed_that_replays_it() -> None:
    upstream = FakeUpstream()
    with live(upstream) as server:
        drawn = post(server.url, CHAT).json()["seed"]
        given = events(post(server.url, {**STREAM, "seed": 7}).text)[0]["seed"]
    assert [request.sampling.seed for request in upstream.requests] == [drawn, 7]
    assert given == 7 and 0 <= drawn < 2**53


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_before_the_first_chunk_is_a_plain_answer(stream: bool) -> None:
    with live(FakeUpstream(Overloaded("The queue is full.", retry_after=3))) as server:
        answer = post(server.url, {**CHAT, "stream": stream})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert answer.json()["error"]["message"] == "The queue is full."


def test_an_error_after_the_first_chunk_is_the_last_one() -> None:
    with live(FakeUpstream("Hel", EngineFailure("broken"), delay=0.01)) as server:
        answer = post(server.url, STREAM)
    *_, last, done = events(answer.text)
    assert (answer.status_code, done) == (200, "[DONE]")
    assert (last["error"]["message"], last["choices"][0]["finish_reason"]) == ("broken", "error")


@pytest.mark.parametrize("stream", [False, True])
def test_a_bug_in_the_engine_is_told_without_its_details(stream: bool) -> None:
    with live(FakeUpstream(ZeroDivisionError("secret detail"))) as server:
        answer = post(server.url, {**CHAT, "stream": stream})
    assert answer.status_code == 500
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert answer.json()["error"]["type"] == "server_error"


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_of_many_prompts_does_not_fill_the_queue_by_itself(stream: bool) -> None:
    class Crowded(FakeUpstream):
        most_open = 0

        async def generate(self, request: Any) -> Any:
            async for chunk in super().generate(request):
                self.most_open = max(self.most_open, self.num_open * request.sampling.n)
                yield chunk

    upstream = Crowded(delay=0.001)
    body = {"model": "cria", "prompt": ["hi"] * 300, "n": 2, "stream": stream}
    with live(upstream) as server:
        answer = httpx2.post(f"{server.url}/v1/completions", json=body)
    assert (answer.status_code, answer.text.count('"finish_reason":"stop"')) == (200, 600)
    assert upstream.most_open == 64


def test_one_broken_prompt_ends_the_whole_call_and_aborts_the_others() -> None:
    class Picky(FakeUpstream):
        async def generate(self, request: Any) -> Any:
            if request.prompt == "bad":
                raise EngineFailure("bad")
            async for chunk in super().generate(request):
                yield chunk

    upstream = Picky(*["a"] * 1000, delay=0.01)
    with live(upstream) as server:
        body = {"model": "cria", "prompt": ["good", "bad"], "max_tokens": 1000 - 600}
        answer = httpx2.post(f"{server.url}/v1/completions", json=body)
        assert answer.status_code == 500
        assert eventually(lambda: upstream.num_open == 0)
    assert upstream.num_aborted == 1


def test_a_piece_without_text_is_no_reason_for_a_comment() -> None:
    with live(FakeUpstream("Hel", "", "", "lo", delay=0.01)) as server:
        answer = httpx2.post(f"{server.url}/v1/completions", json={"model": "cria", "prompt": "hi", "stream": True})
    assert [line for line in answer.text.split("\n\n") if line.startswith(":")] == []
    assert [event["choices"][0]["text"] for event in events(answer.text)[:-1]] == ["Hel", "lo", ""]


@pytest.mark.parametrize("body", [CHAT, STREAM, {**STREAM, "n": 4}], ids=["whole", "stream", "four choices"])
def test_a_client_that_leaves_aborts_what_it_asked_for(body: dict[str, Any]) -> None:
    upstream = FakeUpstream(*["word "] * 1000, delay=0.005)
    with live(upstream) as server:
        raw = json.dumps(body).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(raw)}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head + raw)
            assert eventually(lambda: upstream.num_open == 1)
        assert eventually(lambda: upstream.num_open == 0, 1.0)
        assert eventually(lambda: server.lifecycle.num_open == 0)
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
    assert upstream.num_aborted == 1


def test_many_clients_that_leave_at_any_moment_leave_nothing_behind() -> None:
    upstream = FakeUpstream(*["word "] * 30, delay=0.003)
    bodies = [{**CHAT, "n": 1 + index % 4, "stream": index % 2 == 0} for index in range(12)]
    with live(upstream) as server:
        assert post(server.url, CHAT).status_code == 200
        before = len(os.listdir("/proc/self/fd"))
        for index in range(120):
            raw = json.dumps(bodies[index % 12]).encode()
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(raw)}\r\n\r\n"
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall((head.encode() + raw)[: 1 + 31 * index % 500])
                time.sleep(0.0007 * (index % 11))
        assert eventually(lambda: upstream.num_open == 0)
        assert eventually(lambda: not server.server.server_state.tasks)
        assert eventually(lambda: len(os.listdir("/proc/self/fd")) <= before)
        assert post(server.url, CHAT).status_code == 200
    assert server.lifecycle.num_open == 0 and upstream.num_aborted > 0


def test_a_client_that_leaves_before_its_body_is_complete_starts_nothing() -> None:
    upstream = FakeUpstream()
    with live(upstream) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
    assert upstream.requests == []


def test_a_client_that_does_not_read_is_dropped_and_its_request_aborted() -> None:
    upstream = FakeUpstream(*["x" * 10_000] * 2000)
    with live(upstream) as server, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        raw = json.dumps(STREAM).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(raw)}\r\n\r\n".encode()
        connection.sendall(head + raw)
        assert eventually(lambda: upstream.num_aborted == 1)
        assert eventually(lambda: not server.server.server_state.connections)


def test_silence_is_filled_with_comments() -> None:
    with live(FakeUpstream("a", "b", delay=0.15), ServerSettings(keep_alive=0.05)) as server:
        answer = post(server.url, STREAM)
    assert answer.text.startswith(": keep-alive\n\n")
    assert events(answer.text)[-1] == "[DONE]"


def test_the_setting_turns_comments_off() -> None:
    with live(FakeUpstream("a", "b", delay=0.15), ServerSettings(keep_alive=0)) as server:
        assert "keep-alive" not in post(server.url, STREAM).text


def test_a_late_error_after_a_comment_comes_inside_the_stream() -> None:
    slow = FakeUpstream(NotReady("no engine"), delay=0.15)
    with live(slow, ServerSettings(keep_alive=0.05)) as server:
        answer = post(server.url, STREAM)
    assert answer.status_code == 200
    assert events(answer.text)[-2]["error"]["message"] == "no engine"


def test_what_came_meanwhile_leaves_in_one_piece() -> None:
    async def scenario() -> list[bytes | None]:
        outbox = Outbox(overflow=lambda: None)
        outbox.put([b"a", b"b"])
        outbox.put([b"c"])
        first = await outbox.take(0)
        outbox.close()
        return [first, await outbox.take(0)]

    assert asyncio.run(scenario()) == [b"abc", None]


def test_the_outbox_is_bounded() -> None:
    async def scenario() -> tuple[int, bytes | None]:
        calls: list[None] = []
        outbox = Outbox(overflow=lambda: calls.append(None), limit=20)
        outbox.put([b"a" * 12])
        assert calls == []
        outbox.put([b"b" * 9])
        outbox.close()
        return len(calls), await outbox.take(0)

    assert asyncio.run(scenario()) == (1, None)


def test_the_outbox_gives_up_waiting_after_its_patience() -> None:
    async def scenario() -> bytes | None:
        return await Outbox(overflow=lambda: None).take(0.01)

    assert asyncio.run(scenario()) == b""


def test_an_error_in_the_outbox_comes_after_the_rest() -> None:
    async def scenario() -> bytes | None:
        outbox = Outbox(overflow=lambda: None)
        outbox.put([b"a"])
        outbox.close(NotReady("gone"))
        first = await outbox.take(0)
        with pytest.raises(NotReady):
            await outbox.take(0)
        return first

    assert asyncio.run(scenario()) == b"a"
