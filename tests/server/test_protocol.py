"""Connections that are slow, huge or no HTTP are closed; others do not notice."""

import json
import socket
import time

import httpx2
import pytest

from tampu.server.protocol import HEAD_BYTES, BoundedProtocol
from tests.fakes import FakeUpstream
from tests.server.live import exchange, live


class HurriedProtocol(BoundedProtocol):
    """Gives a head 0.2 s."""

    head_seconds = 0.2


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\n", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_slow_head_is_not_waited_for(sent: bytes) -> None:
    with live(FakeUpstream(), http=HurriedProtocol) as server:
        started = time.monotonic()
        assert exchange(server.port, sent) == (b"", b"")
        assert time.monotonic() - started < 3


def test_a_slow_second_head_is_not_waited_for_either() -> None:
    with live(FakeUpstream(), http=HurriedProtocol) as server:
        first = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
        _, body = exchange(server.port, first + b"GET /livez HTTP/1.1\r\n")
    assert body == b'{"status":"alive"}'


def test_a_slow_answer_is_not_a_slow_head() -> None:
    with live(FakeUpstream("a", "b", "c", delay=0.2), http=HurriedProtocol) as server:
        answer = httpx2.post(f"{server.url}/v1/completions", json={"model": "cria", "prompt": "a"})
    assert answer.json()["choices"][0]["text"] == "abc"


def test_a_head_beyond_the_cap_is_refused() -> None:
    with live(FakeUpstream()) as server:
        head = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * HEAD_BYTES
        status, body = exchange(server.port, head)
    assert status.startswith(b"HTTP/1.1 400 ")
    assert b"at most 65536 bytes" in body


def test_a_head_beyond_the_cap_that_comes_in_one_piece_is_refused_too() -> None:
    with live(FakeUpstream()) as server:
        for line in (b"GET /" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * HEAD_BYTES):
            status, body = exchange(server.port, line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert status.startswith(b"HTTP/1.1 400 ")
            assert b"at most 65536 bytes" in body


def test_a_target_that_names_a_host_is_for_proxies() -> None:
    with live(FakeUpstream()) as server:
        status, body = exchange(server.port, b"GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 400 ")
    assert b"this is no proxy" in body


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 1e3\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_in_json_with_an_id(request_bytes: bytes) -> None:
    with live(FakeUpstream()) as server:
        head, body = exchange(server.port, request_bytes)
    assert head.startswith(b"HTTP/1.1 400 ") and b"x-request-id: req_" in head and b"connection: close" in head
    assert json.loads(body)["error"]["type"] == "invalid_request_error"


def test_an_endless_chunked_body_is_refused_at_the_cap_and_closed() -> None:
    with live(FakeUpstream()) as server, socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        part, answer = b"ffff\r\n" + b"a" * 0xFFFF + b"\r\n", b""
        try:
            for _ in range(1000):
                connection.sendall(part)
        except OSError:
            pass  # the server closed: 65 MB were not taken
        else:
            pytest.fail("the server took everything")
        try:
            answer = connection.recv(65536)
        except ConnectionResetError:
            return  # it closed with our bytes unread
    assert not answer or answer.startswith(b"HTTP/1.1 413 ")


def test_idle_connections_do_not_stop_others() -> None:
    with live(FakeUpstream()) as server:
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
        for connection in idle:
            connection.close()
