"""Bodies are bounded before they are buffered, and large ones are understood beside the event loop."""

import asyncio
import gzip
import threading
import zlib

import httpx2
import pytest
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Message

from tampu.errors import InvalidRequest, Overloaded, PayloadTooLarge, RequestTimeout, ServiceError, UnsupportedMedia
from tampu.lane import Lane
from tampu.server.body import LARGE, Body, BodyReader, ClientGone, read_body
from tests.fakes import FakeUpstream
from tests.server.live import live


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


BIG = b'{"model":"cria","prompt":"' + b"a " * LARGE + b'"}'


def test_a_large_body_is_answered_as_a_small_one_is() -> None:
    with live(FakeUpstream()) as server:
        answer = httpx2.post(f"{server.url}/v1/completions", content=BIG)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded")


@pytest.mark.parametrize("packed", [False, True])
def test_large_bodies_beyond_what_may_be_held_are_refused_and_small_ones_are_not(packed: bool) -> None:
    reader = BodyReader(max_bytes=2 * (len(BIG) - LARGE))

    async def hold(body: bytes, entered: asyncio.Event, leave: asyncio.Event) -> int:
        headers = [(b"content-encoding", b"gzip")] if packed else []
        messages: list[Message] = [{"type": "http.request", "body": gzip.compress(body) if packed else body}]

        async def receive() -> Message:
            return messages.pop()

        request = Request({"type": "http", "headers": headers}, receive)
        async with reader.reading(request, 10**7) as sent:
            entered.set()
            await leave.wait()
            return len(sent.data)

    async def run() -> None:
        entered, leave = [asyncio.Event() for _ in range(2)], asyncio.Event()
        holding = [asyncio.create_task(hold(BIG, event, leave)) for event in entered]
        await asyncio.gather(*(event.wait() for event in entered))
        with pytest.raises(Overloaded, match="large bodies"):
            await hold(BIG, asyncio.Event(), leave)
        leave.set()
        assert await hold(BIG[:100], asyncio.Event(), leave) == 100
        assert await asyncio.gather(*holding) == [len(BIG)] * 2
        assert await hold(BIG, asyncio.Event(), leave) == len(BIG)

    asyncio.run(run())


def test_a_client_that_leaves_ends_the_work_on_its_body() -> None:
    async def run() -> None:
        gone, go, done = asyncio.Event(), threading.Event(), list[int]()

        async def receive() -> Message:
            await gone.wait()
            return {"type": "http.disconnect"}

        lane = Lane("tests", 100)
        blocking = asyncio.create_task(lane.run(0, go.wait))
        work = asyncio.create_task(Body(BIG, receive, lane).work(lambda: done.append(1)))
        await asyncio.sleep(0.01)
        gone.set()
        with pytest.raises(ClientGone):
            await work
        go.set()
        await blocking
        await lane.run(0, lambda: None)
        assert not done

    asyncio.run(run())
