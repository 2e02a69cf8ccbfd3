"""Bodies are bounded before they are buffered, and JSON has no holes."""

import asyncio
import gzip
import json
import time
import zlib
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.types import Message

from tampu.errors import InvalidRequest, PayloadTooLarge, RequestTimeout, ServiceError, UnsupportedMedia
from tampu.server.body import ClientGone, parse_json, read_body

HOLES = {
    "not JSON": b"hello",
    "nothing": b"",
    "two values": b"{} {}",
    "single quotes": b"{'a': 1}",
    "trailing comma": b'{"a": 1,}',
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "not UTF-8": b'{"a": "\xff"}',
    "an overlong character": b'{"a": "\xc0\x80"}',
    "a coded surrogate": b'{"a": "\xed\xa0\x80"}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "minus Infinity": b'{"a": -Infinity}',
    "1e400": b'{"a": 1e400}',
    "-1e400 deep inside": b'{"a": [[{"b": -1e400}]]}',
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice deep inside": b'{"a": [{"b": 1, "b": 1}]}',
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "the other half": b'{"a": "\\udc00x"}',
    "half a pair in a key": b'{"\\ud800": 1}',
    "NUL": b'{"a": "\\u0000"}',
    "NUL after a backslash": b'{"a": "\\\\\\u0000"}',
    "a bare NUL": b'{"a": "\x00"}',
    "a bare line end in a string": b'{"a": "\n"}',
    "5000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "arrays 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "arrays 100,000 deep, open": b"[" * 100_000,
    "objects 100,000 deep": b'{"a":' * 100_000,
    "101 levels": b"[" * 101 + b"]" * 101,
    "100,000 keys": json.dumps({str(i): i for i in range(100_000)}).encode(),
    "many long numbers": b"[" + b",".join([b"9" * 4301] * 800) + b"]",
}


@pytest.mark.parametrize("name", HOLES)
def test_a_hole_of_json_is_refused_quickly(name: str) -> None:
    started = time.perf_counter()
    with pytest.raises(InvalidRequest) as caught:
        parse_json(HOLES[name])
    assert time.perf_counter() - started < 0.5  # 0.05 on a quiet machine
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, true, null, "\xc3\xa9"]}', {"a": [1, 2.5, True, None, "é"]}),
        (b'{"a": "\\ud83d\\ude00 \\u00e9"}', {"a": "😀 é"}),
        (b'{"a": "\\\\u0000 \\\\ud800"}', {"a": "\\u0000 \\ud800"}),
        (b" 3 ", 3),
        (b"[" * 100 + b"]" * 100, json.loads("[" * 100 + "]" * 100)),
        (b'{"a": 1e-400}', {"a": 0.0}),
    ],
    ids=str,
)
def test_plain_json_is_read(body: bytes, value: Any) -> None:
    assert parse_json(body) == value


def read(*parts: bytes, cap: int = 100, headers: dict[str, str] | None = None, gone: bool = False) -> bytes:
    """Read a body that comes in these parts; after them the client leaves, or waits for ever."""
    messages: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if not gone:
        messages[-1]["more_body"] = False

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        return {"type": "http.disconnect"} if gone else await asyncio.Future()

    return asyncio.run(read_body(receive, Headers(headers or {}), cap))


def test_parts_are_joined() -> None:
    assert read(b"ab", b"", b"c") == b"abc"


def test_a_body_of_exactly_the_cap_is_read() -> None:
    assert read(b"a" * 60, b"b" * 40) == b"a" * 60 + b"b" * 40


@pytest.mark.parametrize(
    ("parts", "headers", "kind"),
    [
        ((b"a" * 101,), {}, PayloadTooLarge),
        ((b"a" * 60, b"b" * 41), {}, PayloadTooLarge),
        ((b"a",), {"content-length": "101"}, PayloadTooLarge),
        ((gzip.compress(b"a" * 101),), {"content-encoding": "gzip"}, PayloadTooLarge),
        ((gzip.compress(b"a" * 10**8)[:90],), {"content-encoding": "gzip"}, PayloadTooLarge),
        ((b"{}",), {"content-encoding": "br"}, UnsupportedMedia),
        ((b"{}",), {"content-encoding": "gzip, gzip"}, UnsupportedMedia),
        ((b"{}",), {"content-type": "multipart/form-data; boundary=x"}, UnsupportedMedia),
        ((b"{}",), {"content-encoding": "gzip"}, InvalidRequest),
        ((gzip.compress(b"{}")[:-4],), {"content-encoding": "gzip"}, InvalidRequest),
        ((gzip.compress(b"{}") + b"x",), {"content-encoding": "gzip"}, InvalidRequest),
        ((zlib.compress(b"{}"),), {"content-encoding": "gzip"}, InvalidRequest),
    ],
)
def test_a_body_that_is_too_large_or_strangely_packed_is_refused(
    parts: tuple[bytes, ...], headers: dict[str, str], kind: type[ServiceError]
) -> None:
    with pytest.raises(kind):
        read(*parts, headers=headers)


def test_gzip_is_unpacked() -> None:
    packed = gzip.compress(b'{"a": 1}')
    assert read(packed[:5], packed[5:], headers={"content-encoding": "gzip"}) == b'{"a": 1}'


def test_an_endless_body_ends_at_the_cap() -> None:
    with pytest.raises(PayloadTooLarge):
        read(*[b"a" * 10] * 1000)


def test_a_client_that_leaves_in_the_middle_is_no_error_of_anybody() -> None:
    with pytest.raises(ClientGone):
        read(b"{", gone=True)


def test_a_body_that_stops_coming_is_given_up() -> None:
    async def never() -> Message:
        return await asyncio.Future()

    with pytest.raises(RequestTimeout, match=r"0\.01 seconds"):
        asyncio.run(read_body(never, Headers({}), 100, idle=0.01))
