"""uvicorn's HTTP protocol, stricter: limits on all that is not a body, no other protocols, whole answers."""

import asyncio
import json
import socket
from http import HTTPStatus
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tampu.server.records import new_request_id
from tampu.server.streaming import ABORT

HEAD_SECONDS = 10.0  # from the first byte of a connection, or of a further request, to the end of its head
HEAD_BYTES = 64 * 1024
HEAD_TOO_LONG = f"The head of the request may have at most {HEAD_BYTES} bytes."
FRAMING_TOO_LONG = "The chunks of the body come with far more framing than content: send larger ones, and no trailers."
NO_PROXY = "The target of a request must be a path: this is no proxy."
SEND_BUFFER = 128 * 1024  # of the kernel: what a client that does not read can make us keep
LINGER_SECONDS = 1.0  # that a refused client may go on speaking, unheard; and for how many bytes
LINGER_BYTES = 1_000_000
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LOOK_SECONDS = 0.05  # after a client stopped sending, until the first look whether it is still there
LONGEST_LOOK = 1.0


class Refusal(Exception):
    """A head that is HTTP, but not for us; raised inside the parser, which stops there."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.message, self.status = message, status


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections whose head is slow or whose framing is too long, and answers garbage in JSON."""

    head_seconds = HEAD_SECONDS
    _head_timer: asyncio.TimerHandle | None = None
    _in_head = True
    _framing_bytes = 0  # of the message that is being read, all that is not its body
    _body_bytes = 0
    _plain_head = b""  # of a request that offers another protocol: its head without the offer
    _deaf = False  # nothing that still comes is read
    _refusal: Refusal | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came: its head is due."""
        super().connection_made(transport)
        if (connection := self._socket()) is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left, or was shown the door."""
        self._stop_timer()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more. An answer that it may still wait for is sent whole before the connection ends."""
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            return False
        self._deaf, self.cycle.keep_alive = True, False
        # Whether it closed one direction or left looks the same from here, until something is sent: whoever left then
        # resets the connection. An interim answer is something that every client reads past.
        if not self.cycle.response_started and self.cycle.scope["http_version"] == "1.1":
            self.transport.write(CONTINUE)
        self.loop.call_later(LOOK_SECONDS, self._look, LOOK_SECONDS)
        return True

    def data_received(self, data: bytes) -> None:
        """Parse. All bytes of a message but its body are counted against a cap that grows with the body."""
        if self._deaf:
            self._ignore(data)
            return
        self._unset_keepalive_if_required()
        self._framing_bytes += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._refuse(
                self._refusal or Refusal(f"The request is not HTTP/1.1: {str(error)[:200] or 'it is garbled'}.")
            )
            return
        self._framing_bytes = max(0, self._framing_bytes)
        if self._framing_bytes > HEAD_BYTES + self._body_bytes:
            self._refuse(Refusal(HEAD_TOO_LONG if self._in_head else FRAMING_TOO_LONG))

    def on_message_begin(self) -> None:
        """A request begins; a further one on the same connection gets its time, too."""
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head. Trailers are no part of it, and nobody reads them."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._check_head()
        if self.parser.should_upgrade():
            self._plain_head = self._head_without_offer()
            return
        self._in_head = False
        self._stop_timer()
        transport = cast(Any, self.transport)
        self.scope["extensions"] = {ABORT: transport.abort}
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._framing_bytes -= len(body)
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is there; what follows is another head."""
        if self._plain_head:
            return
        super().on_message_complete()
        self._in_head = True
        self._framing_bytes = self._body_bytes = 0

    def _ignore(self, data: bytes) -> None:
        self._framing_bytes += len(data)
        if self._framing_bytes > LINGER_BYTES:
            self.transport.abort()

    def _feed(self, data: bytes) -> None:
        """Parse. Offers of other protocols are declined (RFC 9110, 7.8): the request is answered in HTTP/1.1.

        The parser takes all that follows an offer for the other protocol. So the head is read again without it, and
        what follows is the body of this request, whatever it looks like.
        """
        while data:
            try:
                return self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
            head, self._plain_head = self._plain_head, b""
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as the base class has it
            self.parser.feed_data(head)
        return None

    def _head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        lines += [name + b": " + value for name, value in self.headers if name not in (b"upgrade", b"connection")]
        if not self.parser.should_keep_alive():
            lines.append(b"connection: close")
        return b"\r\n".join([*lines, b"", b""])

    def _refuse(self, refusal: Refusal) -> None:
        """The last that is read of this connection. Answers that are owed are sent first, and whole."""
        self._deaf, self._framing_bytes = True, 0
        owed = self.cycle is not None and not self.cycle.response_complete
        if not owed:
            self._close_with(refusal)
        elif not self.cycle.more_body:
            self.cycle.keep_alive = False
        elif self.cycle.response_started or self.pipeline:
            self.transport.close()
        else:
            self._close_with(refusal)

    def _close_with(self, refusal: Refusal) -> None:
        """Refuse what is not HTTP, in the shape of every other error."""
        request_id = new_request_id()
        error = {"message": refusal.message, "type": "invalid_request_error", "param": None, "code": None}
        body = json.dumps({"error": {**error, "metadata": {"request_id": request_id}}}).encode()
        head = (
            f"HTTP/1.1 {refusal.status.value} {refusal.status.phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        if self.cycle is not None:  # whose body will never be complete
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._stop_timer()
        self.transport.write(head.encode() + body)
        # To close with bytes unread resets the connection, and the refusal is lost.
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _check_head(self) -> None:
        """Stop the parser at a head that came in one piece and is too long, or that asks for what is not done here."""
        try:
            if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
                raise Refusal(HEAD_TOO_LONG)
            check_version(self.parser.get_http_version(), [name for name, _ in self.headers])
            check_coding([value for name, value in self.headers if name == b"transfer-encoding"])
            if not self.url.startswith(b"/"):
                raise Refusal(NO_PROXY)
        except Refusal as refusal:
            self._refusal = refusal
            raise

    def _look(self, seconds: float) -> None:
        """Whether the client that stopped sending has left: then its connection was reset."""
        connection = self._socket()
        if connection is None or self.transport.is_closing():
            return
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.transport.abort()
        else:
            seconds = min(2 * seconds, LONGEST_LOOK)
            self.loop.call_later(seconds, self._look, seconds)

    def _socket(self) -> socket.socket | None:
        return cast("socket.socket | None", self.transport.get_extra_info("socket"))

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._close_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _close_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def check_version(version: str, names: list[bytes]) -> None:
    """Raise Refusal for other versions than 1.1 and 1.0, and for a coding that 1.0 does not have."""
    if version not in ("1.0", "1.1"):
        raise Refusal(f"HTTP/{version} is not spoken here: use HTTP/1.1.", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    if version == "1.0" and b"transfer-encoding" in names:
        raise Refusal("HTTP/1.0 has no Transfer-Encoding: use HTTP/1.1.")


def check_coding(values: list[bytes]) -> None:
    """Raise Refusal unless a body comes as it is, or in plain chunks; what is not HTTP the parser finds itself."""
    coding = b", ".join(values).lower()
    *further, last = coding.split(b",")
    if further and last.strip() == b"chunked":
        shown = coding[:40].decode("latin-1")
        raise Refusal(
            f"Transfer-Encoding {shown} is not read here: send chunked alone, and gzip as Content-Encoding.",
            HTTPStatus.NOT_IMPLEMENTED,
        )
