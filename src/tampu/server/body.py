"""Reading a request's body: bounded before it is buffered, and JSON without the holes of `json.loads`."""

import asyncio
import contextlib
import json
import re
import zlib
from collections.abc import AsyncIterator, Collection
from typing import Any

from python_multipart import create_form_parser
from python_multipart.exceptions import FormParserError
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from tampu.errors import InvalidRequest, NotJson, PayloadTooLarge, RequestTimeout, UnsupportedMedia

BODY_IDLE = 30.0  # seconds without a byte before the client is given up
REFUSED_BYTES = 16_000_000  # read past before a refusal, so that the client hears it; and for how many seconds
REFUSED_SECONDS = 1.0
MAX_DEPTH = 100
MAX_KEYS = 4096  # of one object
GZIP = 31  # zlib's window bits for a gzip header
# An escaped NUL: \u0000 after an even number of backslashes.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


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


def parse_json(body: bytes) -> Any:
    """The value. Raises NotJson for whatever is not plain, finite, bounded JSON in UTF-8."""
    try:
        text = body.decode()
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
        if "\\u" in text:
            _check_escapes(text, value)
    except UnicodeDecodeError as error:
        raise NotJson(f"The body is not UTF-8: byte {error.start}.") from None
    except RecursionError:
        raise too_deep() from None
    except json.JSONDecodeError as error:
        raise NotJson(f"The body is not JSON: {error}.") from None
    except ValueError:  # more digits than Python turns into an integer
        raise NotJson("The body has a number with too many digits.") from None
    _check_depth(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_KEYS:
        raise NotJson(f"An object may have at most {MAX_KEYS} keys, got {len(pairs)}.")
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise NotJson(f"The key {twice[:40]!r} is there twice.")
    return value


def _constant(name: str) -> float:
    raise NotJson(f"{name} is not JSON.")


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise NotJson(f"The number {text[:40]} is not finite.")
    return value


def _check_escapes(text: str, value: Any) -> None:
    if NUL.search(text):
        raise NotJson("The body has a NUL character.")
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotJson("The body has half of a surrogate pair, which is no character.") from None


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            if type(node) in (dict, list)
            for child in (node.values() if type(node) is dict else node)
            if type(child) in (dict, list)
        ]
        if not level:
            return
    raise too_deep()


def too_deep() -> NotJson:
    """The refusal of nesting beyond the limit."""
    return NotJson(f"The body is nested deeper than {MAX_DEPTH} levels.")
