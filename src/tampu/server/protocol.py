"""uvicorn's HTTP protocol with limits on slow and huge heads, and a way to drop a connection."""

import asyncio
import json
import socket
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tampu.server.records import new_request_id
from tampu.server.streaming import ABORT

HEAD_SECONDS = 10.0  # from the first byte of a connection, or of a further request, to the end of its head
HEAD_BYTES = 64 * 1024
HEAD_TOO_LONG = f"The head of the request may have at most {HEAD_BYTES} bytes."
SEND_BUFFER = 128 * 1024  # of the kernel: what a client that does not read can make us keep


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections whose head is slow or too long, and answers garbage in JSON."""

    head_seconds = HEAD_SECONDS
    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True
    _complaint = ""  # about a head, in words of ours

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came: its head is due."""
        super().connection_made(transport)
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left, or was shown the door."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count a head's bytes before they are parsed."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(HEAD_TOO_LONG)

    def on_message_begin(self) -> None:
        """A request begins; a further one on the same connection gets its time, too."""
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._in_head = False
        self._head_bytes = 0
        self._stop_timer()
        self._check_head()
        transport = cast(Any, self.transport)
        self.scope["extensions"] = {ABORT: transport.abort}
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is there; what follows is another head."""
        super().on_message_complete()
        self._in_head = True

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, in the shape of every other error."""
        request_id = new_request_id()
        error = {"message": self._complaint or msg, "type": "invalid_request_error", "param": None, "code": None}
        body = json.dumps({"error": {**error, "metadata": {"request_id": request_id}}}).encode()
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _check_head(self) -> None:
        """Raise, which refuses the request, for a head that was too long in one piece, or that is meant for a proxy."""
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            self._complaint = HEAD_TOO_LONG
        elif not self.url.startswith(b"/"):
            self._complaint = "The target of a request must be a path: this is no proxy."
        if self._complaint:
            raise ValueError(self._complaint)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._close_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _close_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
