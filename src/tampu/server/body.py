"""Reading a request's body: bounded before it is buffered, and away from the event loop where it is long."""

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any, TypeVar

from python_multipart import create_form_parser
from python_multipart.exceptions import FormParserError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Message, Receive

from tampu.errors import InvalidRequest, PayloadTooLarge, RequestTimeout, UnsupportedMedia
from tampu.lane import Lane
from tampu.strict_json import parse_json

T = TypeVar("T")
BODY_IDLE = 30.0  # seconds without a byte before the client is given up
REFUSED_BYTES = 16_000_000  # read past before a refusal, so that the client hears it; and for how many seconds
REFUSED_SECONDS = 1.0
LARGE = 64 * 1024  # bytes of a body that are understood on the event loop, within a few milliseconds
MAX_HELD = 64_000_000  # bytes of larger bodies, of all requests together
GZIP = 31  # zlib's window bits for a gzip header


class ClientGone(Exception):
    """The client closed the connection before its body was complete; nobody is left to answer."""


class Incoming:
    """`receive` that knows whether the body is complete, and can read past the rest of it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._complete = False

    async def __call__(self) -> Message:
        """The next message."""
        message = await self._receive()
        self._complete = self._complete or not message.get("more_body", False)
        return message

    async def discard(self) -> None:
        """Read past a body that is refused: to close with bytes unread resets a connection, and the refusal is lost."""
        left = REFUSED_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REFUSED_SECONDS):
                while not self._complete and left > 0:
                    left -= len((await self()).get("body", b""))


class BodyReader:
    """Reads the bodies of a server's requests. Of large ones it holds so many bytes at a time, and one is understood at
    a time, in a thread, so that nobody's stream and nobody's small body waits for them."""

    def __init__(self, max_bytes: int = MAX_HELD) -> None:
        self._lane = Lane("large bodies", max_bytes)

    @contextlib.asynccontextmanager
    async def reading(self, request: Request, cap: int, form: bool = False) -> AsyncIterator["Body"]:
        """The body while it is being understood. Raises what `read_body` raises, and Overloaded."""
        held = Held(request.receive, self._lane)
        try:
            data = await read_body(held.receive, request.headers, cap, form=form)
            held.charge(len(data))  # which gzip makes many of
            yield Body(data, request.receive, self._lane)
        finally:
            held.let_go()


class Held:
    """Counts the bytes of one body while they come; those beyond LARGE are charged to a lane."""

    def __init__(self, receive: Receive, lane: Lane) -> None:
        self._receive = receive
        self._lane = lane
        self._num_bytes = self._charged = 0

    async def receive(self) -> Message:
        """The next message."""
        message = await self._receive()
        self._num_bytes += len(message.get("body", b""))
        self.charge(self._num_bytes)
        return message

    def charge(self, num_bytes: int) -> None:
        """Charge a body of so many bytes. Raises Overloaded."""
        if (uncharged := num_bytes - LARGE - self._charged) > 0:
            self._lane.take(uncharged)
            self._charged += uncharged

    def let_go(self) -> None:
        """The body is held no more."""
        self._lane.give_back(self._charged)
        self._charged = 0


class Body:
    """The bytes of a body, and where to work on them."""

    def __init__(self, data: bytes, receive: Receive, lane: Lane) -> None:
        self.data = data
        self._receive = receive
        self._lane = lane

    async def work(self, work: Callable[[], T]) -> T:
        """What `work` gives: at once for a small body, and else in its turn. Raises ClientGone, too."""
        if len(self.data) <= LARGE:
            return work()
        return await unless_left(self._receive, self._lane.run(0, work))


async def unless_left(receive: Receive, work: Awaitable[T]) -> T:
    """What the work gives. Raises ClientGone, and cancels it, when the client leaves before."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(client_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
        return working.result()
    finally:
        await cancel(working, leaving)


async def client_left(receive: Receive) -> None:
    """Returns when the client closes its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def cancel(*tasks: asyncio.Future[Any]) -> None:
    """Cancel these tasks and wait until they are over."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def is_form(headers: Headers) -> bool:
    """Whether the body calls itself a form of several parts."""
    return headers.get("content-type", "").strip().lower().startswith("multipart/")


async def read_body(receive: Receive, headers: Headers, cap: int, idle: float = BODY_IDLE, form: bool = False) -> bytes:
    """The decoded body, at most `cap` bytes of it. Raises PayloadTooLarge, UnsupportedMedia (for a form, too, unless
    it may be one), RequestTimeout."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise UnsupportedMedia(f"Content-Encoding {encoding[:40]} is not read here; send gzip or none.")
    if is_form(headers) and not form:
        raise UnsupportedMedia("multipart bodies are not read here; send application/json.")
    if int(headers.get("content-length") or 0) > cap:
        raise too_large(cap)
    parts = pieces(receive, idle)
    return b"".join([part async for part in bounded(_gunzip(parts, cap) if encoding == "gzip" else parts, cap)])


def too_large(cap: int) -> PayloadTooLarge:
    """The refusal of a body beyond the cap."""
    return PayloadTooLarge(f"The body may have at most {cap} bytes.")


async def pieces(receive: Receive, idle: float = BODY_IDLE) -> AsyncIterator[bytes]:
    """The body as it comes. Raises RequestTimeout after `idle` seconds without a byte, ClientGone at its end."""
    more = True
    while more:
        try:
            message = await asyncio.wait_for(receive(), idle)
        except TimeoutError:
            raise RequestTimeout(f"No byte of the body came for {idle:g} seconds.") from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        more = message.get("more_body", False)
        yield message.get("body", b"")


async def bounded(parts: AsyncIterator[bytes], cap: int) -> AsyncIterator[bytes]:
    """The same parts. Raises PayloadTooLarge once they are more than `cap` bytes together."""
    left = cap
    async for part in parts:
        left -= len(part)
        if left < 0:
            raise too_large(cap)
        yield part


async def _gunzip(parts: AsyncIterator[bytes], cap: int) -> AsyncIterator[bytes]:
    inflate = zlib.decompressobj(GZIP)
    try:
        async for part in bounded(parts, cap):
            # One byte past the cap is enough for `bounded` to refuse: a bomb is never unpacked.
            yield inflate.decompress(part, cap + 1)
    except zlib.error:
        raise InvalidRequest("The body is not gzip, though Content-Encoding says so.") from None
    if not inflate.eof or inflate.unused_data:
        raise InvalidRequest("The gzip body is cut off, or something follows it.")


def parse_form(body: bytes, headers: Headers, texts: Collection[str] = ()) -> dict[str, Any]:
    """The fields of a form, as if they were an object's: JSON where they are, and text else, as those named in `texts`.

    A field that comes several times is a list. Raises InvalidRequest, also for a file.
    """
    fields: dict[str, list[Any]] = {}

    def on_field(field: Any) -> None:
        name, text = _form_text(field.field_name), _form_text(field.value)
        fields.setdefault(name, []).append(text if name in texts else _form_value(text))

    def on_file(file: Any) -> None:
        raise InvalidRequest("Files are not read here.", param=_form_text(file.field_name)[:256])

    try:
        parts = create_form_parser({"Content-Type": headers["content-type"].encode()}, on_field, on_file)
        parts.write(body)
        parts.finalize()
    except FormParserError:
        raise InvalidRequest("The body is not a form, though its type says so.") from None
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


def _form_text(data: bytes | None) -> str:
    try:
        return (data or b"").decode()
    except UnicodeDecodeError:
        raise InvalidRequest("The form is not UTF-8.") from None


def _form_value(text: str) -> Any:
    try:
        return parse_json(text.encode())
    except InvalidRequest:
        return text
