"""Connections that are slow, huge or no HTTP are closed; others do not notice."""

import itertools
import json
import select
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator

import httpx2
import pytest

from tampu.server.protocol import HEAD_BYTES, BoundedProtocol
from tests.fakes import FakeUpstream
from tests.server.live import Live, eventually, exchange, live

CHAT = b'{"model":"cria","messages":[{"role":"user","content":"hi"}]}'
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
ONE_READ = 256 * 1024  # what a server may read at a time, and count when it is parsed


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    """One server for all that leave nothing behind."""
    with live(FakeUpstream("a", "b")) as running:
        yield running


def answers(port: int, parts: Iterable[bytes], half_close: bool = False) -> list[tuple[int, bytes]]:
    """Status and body of every answer to these bytes, sent part by part."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
            time.sleep(0.0002)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        stream = connection.makefile("rb")
        return list(iter(lambda: read_answer(stream), (0, b"")))


def read_answer(stream: Iterable[bytes]) -> tuple[int, bytes]:
    """The next answer of a connection, interim ones skipped; (0, b"") at its end."""
    head = list(itertools.takewhile(bytes.strip, iter(stream.readline, b"")))  # type: ignore[attr-defined]
    if not head:
        return 0, b""
    status = int(head[0].split()[1])
    if status < 200:
        return read_answer(stream)
    lengths = [int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length:")]
    return status, stream.read(*lengths)  # type: ignore[attr-defined]


def framed(body: bytes, framing: str) -> bytes:
    """The end of a head and the body, in this framing."""
    if framing == "none":
        return b"\r\n"
    if framing == "length":
        return b"Content-Length: %d\r\n\r\n" % len(body) + body
    half = len(body) // 2
    parts = (body[:half], body[half:])
    return CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def cut(sent: bytes, packets: str) -> list[bytes]:
    """The same bytes in one packet, with the head alone, or byte by byte."""
    end = sent.index(b"\r\n\r\n") + 4
    return {"one": [sent], "two": [sent[:end], sent[end:]], "bytes": [sent[i : i + 1] for i in range(len(sent))]}[
        packets
    ]


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


OFFERS = [
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
    b"connection: keep-alive, upgrade\r\nUPGRADE: websocket\r\nSec-WebSocket-Version: 13\r\n",
    b"Upgrade: foo/2\r\nConnection: Upgrade\r\n",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket, foo\r\nConnection: HTTP2-Settings\r\n",
    b"Connection: upgrade, close\r\nUpgrade: h2c\r\n",
]


@pytest.mark.parametrize("packets", ["one", "two", "bytes"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("offer", OFFERS)
def test_an_offer_of_another_protocol_is_declined_and_answered(
    server: Live, offer: bytes, framing: str, packets: str
) -> None:
    ((status, body),) = answers(server.port, cut(POST + offer + framed(CHAT, framing), packets), half_close=True)
    assert status == 200
    assert json.loads(body)["choices"][0]["message"]["content"] == "ab"


@pytest.mark.parametrize("packets", ["one", "two", "bytes"])
@pytest.mark.parametrize("offer", OFFERS)
def test_a_get_with_an_offer_is_answered(server: Live, offer: bytes, packets: str) -> None:
    sent = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + offer + b"\r\n"
    assert answers(server.port, cut(sent, packets), half_close=True) == [(200, b'{"status":"alive"}')]


@pytest.mark.parametrize("method", [b"POST", b"GET"])
@pytest.mark.parametrize("packets", ["one", "two", "bytes"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("offer", OFFERS)
def test_a_body_after_an_offer_is_never_a_second_request(
    server: Live, offer: bytes, framing: str, packets: str, method: bytes
) -> None:
    smuggled = b"GET /version HTTP/1.1\r\nHost: localhost\r\nX-Padding: aaaa\r\n\r\n"
    sent = method + b" /v1/completions HTTP/1.1\r\nHost: localhost\r\n" + offer + framed(smuggled, framing)
    ((status, body),) = answers(server.port, cut(sent, packets), half_close=True)
    assert status == (400 if method == b"POST" else 405)
    assert b"tampu" not in body


def test_curl_that_would_rather_speak_http_2_is_answered(server: Live) -> None:
    command = ["curl", "--silent", "--http2", f"{server.url}/v1/chat/completions", "--data-binary", CHAT.decode()]
    answer = subprocess.run(command, capture_output=True, timeout=20, check=True)
    assert json.loads(answer.stdout)["choices"][0]["message"]["content"] == "ab"


def test_requests_after_one_with_an_offer_are_answered_on_the_same_connection(server: Live) -> None:
    plain = POST + framed(CHAT, "length")
    sent = POST + OFFERS[0] + framed(CHAT, "chunked") + plain + POST + OFFERS[1] + framed(CHAT, "length") + plain
    assert [status for status, _ in answers(server.port, [sent], half_close=True)] == [200] * 4


def test_trailers_are_no_part_of_the_head(server: Live) -> None:
    body = b"%x\r\n%b\r\n0\r\nOrigin: http://evil.example\r\nContent-Type: multipart/x\r\n\r\n" % (len(CHAT), CHAT)
    ((status, _),) = answers(server.port, [POST + CHUNKED + body], half_close=True)
    assert status == 200


SMUGGLED = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
AMBIGUOUS = {
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 50\r\n\r\n",
    "two equal lengths": b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": b"Content-Length: 2, 2\r\n\r\n{}",
    "a signed length": b"Content-Length: +2\r\n\r\n{}",
    "a length with a space": b"Content-Length: 1 0\r\n\r\n{}",
    "a hexadecimal length": b"Content-Length: 0x2\r\n\r\n{}",
    "an empty length": b"Content-Length:\r\n\r\n",
    "a length beyond 64 bits": b"Content-Length: 18446744073709551618\r\n\r\n{}",
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "no coding": b"Transfer-Encoding: identity\r\n\r\n",
    "chunks within gzip": b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunks twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks, then none": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "quoted chunks": b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "chunks with a parameter": b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "chunks after a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a folded line": b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "a line folded by a tab": b"X: a\r\n\tb\r\nContent-Length: 2\r\n\r\n{}",
    "a bare line feed": b"X: a\nContent-Length: 2\r\n\r\n{}",
    "a bare carriage return": b"X: a\rContent-Length: 2\r\n\r\n{}",
    "an end of bare line feeds": b"Content-Length: 2\n\n{}",
    "NUL in a value": b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}",
    "NUL in a name": b"X\0: a\r\nContent-Length: 2\r\n\r\n{}",
    "a line without a colon": b"Content-Length 2\r\n\r\n{}",
    "a chunk beyond 64 bits": CHUNKED + b"10000000000000002\r\n{}\r\n0\r\n\r\n",
    "a chunk below zero": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "a chunk with a sign": CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n",
    "a chunk with 0x": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk and a space": CHUNKED + b"2 \r\n{}\r\n0\r\n\r\n",
    "a chunk ended by a line feed": CHUNKED + b"2\n{}\r\n0\r\n\r\n",
    "a chunk longer than it says": CHUNKED + b"2\r\n{}}\r\n0\r\n\r\n",
    "an extension with a line feed": CHUNKED + b"2;a\nb\r\n{}\r\n0\r\n\r\n",
    "a length in the trailers": CHUNKED + b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n",
}


@pytest.mark.parametrize("packets", ["one", "two"])
@pytest.mark.parametrize("name", AMBIGUOUS)
def test_framing_that_two_readers_read_differently_is_refused_and_closed(server: Live, name: str, packets: str) -> None:
    sent = POST + AMBIGUOUS[name] + SMUGGLED
    ((status, body),) = answers(server.port, cut(sent, packets))
    assert status == 400
    assert b"error" in body and b"tampu" not in body


@pytest.mark.parametrize("packets", ["one", "two"])
@pytest.mark.parametrize(
    ("status", "head"),
    [
        (501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        (501, POST + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (505, b"GET /livez HTTP/2.0\r\nHost: localhost\r\n\r\n"),
        (505, b"GET /livez HTTP/0.9\r\nHost: localhost\r\n\r\n"),
        (505, b"GET /livez\r\n\r\n"),
        (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        (400, b"GET /livez HTTP/1.2\r\nHost: localhost\r\n\r\n"),
        (400, b"POST /livez HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (400, b"CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (400, b"GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (400, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (400, b"GET /livez HTTP/1.1\nHost: localhost\n\n\r\n\r\n"),
        (400, b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ],
)
def test_what_is_not_spoken_here_is_refused_and_closed(server: Live, status: int, head: bytes, packets: str) -> None:
    ((answered, body),) = answers(server.port, cut(head + SMUGGLED, packets))
    assert answered == status
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code", "metadata"}


def flooded(server: Live, start: bytes, part: bytes) -> int:
    """How many bytes the server takes of this part over and over, up to 64 MB, before it answers or closes."""
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.sendall(start)
        for sent in range(0, 64_000_000, len(part)):
            try:
                connection.sendall(part)
            except OSError:
                return sent
            if select.select([connection], [], [], 0)[0]:
                return sent
        pytest.fail("the server took everything")


@pytest.mark.parametrize(
    ("start", "part"),
    [
        (POST + CHUNKED + b"0\r\n", b"X: a\r\n" * 1000),
        (POST + CHUNKED + b"0\r\nX: ", b"a" * 8000),
        (POST + CHUNKED + b"2;", b"a" * 8000),
        (POST + CHUNKED + b"2;a=", b"a" * 8000),
        (POST + CHUNKED, b"1;abcdefgh\r\n \r\n" * 1000),
        (POST + CHUNKED, b"1\r\n \r\n" * 1000),
        (POST + CHUNKED, b"00000001\r\n \r\n" * 1000),
        (b"", b"\r\n" * 4000),
    ],
)
def test_what_never_ends_and_is_no_body_is_cut(server: Live, start: bytes, part: bytes) -> None:
    assert flooded(server, start, part) < 32_000_000  # the cap, and what the kernel holds on both sides


@pytest.mark.parametrize("end", [b"0\r\nX: %b\r\n\r\n", b"0;x=%b\r\n\r\n", b"0\r\n" + b"X: a\r\n%b: a\r\n\r\n"])
@pytest.mark.parametrize(("length", "status"), [(HEAD_BYTES // 2, 200), (HEAD_BYTES + ONE_READ, 400)])
def test_all_of_a_message_but_its_body_has_the_cap_of_a_head(
    server: Live, end: bytes, length: int, status: int
) -> None:
    sent = POST + CHUNKED + b"%x\r\n%b\r\n" % (len(CHAT), CHAT) + end % (b"a" * length)
    parts = [sent[start : start + 8000] for start in range(0, len(sent), 8000)]
    ((answered, _),) = answers(server.port, parts, half_close=True)
    assert answered == status


def test_small_chunks_are_read(server: Live) -> None:
    text = b'{"model":"cria","prompt":"' + b"a " * 50_000 + b'"}'
    chunks = b"".join(b"8\r\n%b\r\n" % text[i : i + 8] for i in range(0, len(text) // 8 * 8, 8))
    rest = b"%x\r\n%b\r\n0\r\n\r\n" % (len(text) % 8, text[len(text) // 8 * 8 :])
    sent = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n" + CHUNKED + chunks + rest
    ((status, body),) = answers(server.port, [sent], half_close=True)
    assert status == 400 and b"context_length_exceeded" in body


@pytest.mark.parametrize("stream", [b"false", b"true"])
def test_a_client_that_closes_its_half_gets_its_whole_answer(stream: bytes) -> None:
    with live(FakeUpstream("a", "b", "c", delay=0.1)) as server:
        sent = POST + framed(CHAT[:-1] + b',"stream":' + stream + b"}", "length")
        ((status, body),) = answers(server.port, [sent], half_close=True)
    assert status == 200
    assert b"[DONE]" in body if stream == b"true" else json.loads(body)["choices"][0]["message"]["content"] == "abc"


@pytest.mark.parametrize("stream", [b"false", b"true"])
def test_a_client_that_leaves_is_noticed(stream: bytes) -> None:
    upstream = FakeUpstream(*["a"] * 100, delay=0.1)
    with live(upstream) as server:
        with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
            connection.sendall(POST + framed(CHAT[:-1] + b',"stream":' + stream + b"}", "length"))
            assert eventually(lambda: upstream.num_open == 1)
        assert eventually(lambda: upstream.num_aborted == 1, 2)


def test_an_answer_under_way_is_whole_whatever_follows_its_request() -> None:
    with live(FakeUpstream("a", "b", "c", delay=0.1)) as server:
        sent = POST + framed(CHAT, "length")
        ((status, body),) = answers(server.port, [sent, b"\x16\x03\x01garbage\r\n\r\n"])
    assert status == 200
    assert json.loads(body)["choices"][0]["message"]["content"] == "abc"
