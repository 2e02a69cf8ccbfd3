"""From chunks to the socket: server-sent events from a bounded buffer, whole answers; both end when the client does."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tampu.dialects.base import Call, ModelEntry, dumps
from tampu.dialects.kinds import JSON
from tampu.dialects.openai_answers import wire_fingerprint
from tampu.errors import EngineFailure, ServiceError
from tampu.request import Chunk, Completion, GenerateRequest, Upstream
from tampu.server.body import cancel, client_left
from tampu.server.lifecycle import Lifecycle, cut_off
from tampu.server.recorder import Recorder
from tampu.server.records import RequestRecord

MAX_TOGETHER = 64  # choices of one call that are in the engine at a time, or one prompt's
MAX_BUFFER = 256 * 1024  # bytes waiting for a client that does not read
KEEP_ALIVE = b": keep-alive\n\n"
# How to drop a connection without waiting for its buffers; put into the scope by our HTTP protocol.
ABORT = "tampu.abort"
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
logger = logging.getLogger("tampu.server")


class Outbox:
    """Bytes on their way to a socket. Whatever came since the last `take` leaves in one piece."""

    def __init__(self, overflow: Callable[[], object], limit: int = MAX_BUFFER) -> None:
        self._overflow = overflow
        self._limit = limit
        self._data = bytearray()
        self._closed = False
        self._error: ServiceError | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, events: Iterable[bytes]) -> None:
        """Append events. Past the limit they are dropped, and `overflow` is called."""
        for event in events:
            self._data += event
        if len(self._data) > self._limit:
            self._data.clear()
            self._overflow()
        if self._data:
            self._wake()

    def close(self, error: ServiceError | None = None) -> None:
        """Nothing more comes; with an error, `take` raises it after the rest."""
        if not self._closed:
            self._closed, self._error = True, error
            self._wake()

    async def take(self, patience: float) -> bytes | None:
        """Everything put so far; empty after `patience` seconds of silence (0 is for ever), None at the end.

        Raises the error it was closed with once, before the end.
        """
        if not self._data and not self._closed:
            await self._wait(patience)
        if self._data:
            data, self._data = self._data, bytearray()
            return bytes(data)
        error, self._error = self._error, None
        if error is not None:
            raise error
        return None if self._closed else b""

    async def _wait(self, patience: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(patience, self._wake) if patience > 0 else None
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Generation(Response):
    """The answer to one call, computed while it is sent. Raises ServiceError before the first byte only."""

    def __init__(self, recorder: Recorder, upstream: Upstream, lifecycle: Lifecycle) -> None:
        super().__init__()
        self._call: Call = recorder.call
        self._model: ModelEntry = recorder.model
        self._record: RequestRecord = recorder.request
        self._recorder = recorder
        self._upstream = upstream
        self._lifecycle = lifecycle
        self._places = asyncio.Semaphore(max(1, MAX_TOGETHER // self._call.requests[0].sampling.n))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless the client leaves first; then everything it asked for is aborted."""
        answering = asyncio.create_task(self._answer(scope, receive, send))
        self._leaving = asyncio.create_task(client_left(receive))
        try:
            await asyncio.wait({answering, self._leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            left = not answering.done()
            await cancel(answering, self._leaving)
        if not left:
            return answering.result()
        self._record.break_off("abort")
        await drop(scope, receive)
        return None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """The record is kept when the block ends, which is before a client can have seen the end of its answer."""
        try:
            yield
        except BaseException as error:
            self._recorder.finish("abort" if isinstance(error, asyncio.CancelledError) else "error")
            raise
        self._recorder.finish()

    async def _generate_all(self) -> None:
        """One task per prompt, each known to the lifecycle. Raises the first error, or that of being cut off."""
        tasks = [
            asyncio.create_task(self._generate(position, request))
            for position, request in enumerate(self._call.requests)
        ]
        for task in tasks:
            self._lifecycle.track(task)
        try:
            await asyncio.gather(*tasks)
        except asyncio.CancelledError:
            if self._lifecycle.cutting:
                raise cut_off() from None
            raise
        finally:
            await cancel(*tasks)

    async def _generate(self, position: int, request: GenerateRequest) -> None:
        # The engine's generators abort their request when they are closed, which a plain `async for` leaves to chance.
        chunks = cast(AsyncGenerator[Chunk, None], self._upstream.generate(request))
        try:
            async with self._places, aclosing(chunks):
                async for chunk in chunks:
                    if chunk.usage is not None:
                        chunk = replace(chunk, usage=self._model.known.price.charge(chunk.usage))
                    self._record.note(chunk)
                    self._recorder.note(position, chunk)
                    self._take(position, chunk)
        except ServiceError:
            raise
        except Exception as error:
            logger.exception("%s failed inside the engine", self._record.id)
            raise EngineFailure("The engine failed on this request; others are not affected.") from error

    def _take(self, position: int, chunk: Chunk) -> None:
        raise NotImplementedError

    def _head(self, completions: Sequence[Completion] = ()) -> dict[str, str]:
        """Headers of the answer: the dialect's, and with which model and seed it can be had again."""
        replay = {
            "x-tampu-model": self._model.ids[0],
            "x-tampu-fingerprint": wire_fingerprint(self._model.fingerprint),
            "x-tampu-seed": str(self._call.requests[0].sampling.seed),
        }
        return {**HEADERS, **replay, **self._call.answer.headers(completions)}


class WholeAnswer(Generation):
    """One JSON body, when everything is there."""

    async def answer(self) -> tuple[JSON, dict[str, str]]:
        """Body and headers. Raises ServiceError."""
        self._chunks: list[list[Chunk]] = [[] for _ in self._call.requests]
        with self._recorded():
            await self._generate_all()
            seconds = self._record.seconds
            completions = [replace(Completion.fold(chunks), seconds=seconds) for chunks in self._chunks]
            return self._call.answer.render(completions), self._head(completions)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        value, head = await self.answer()
        body = dumps(value)
        await Response(body, media_type="application/json", headers=head)(scope, receive, send)

    def _take(self, position: int, chunk: Chunk) -> None:
        self._chunks[position].append(chunk)


class EventStream(Generation):
    """Server-sent events. The head is sent with the first chunk, so that an early error still has its status."""

    def __init__(self, recorder: Recorder, upstream: Upstream, lifecycle: Lifecycle, keep_alive: float) -> None:
        super().__init__(recorder, upstream, lifecycle)
        self._keep_alive = keep_alive
        # Who does not read is treated as gone.
        self._outbox = Outbox(overflow=lambda: self._leaving.cancel())

    def _take(self, position: int, chunk: Chunk) -> None:
        self._outbox.put(self._call.answer.render_chunk(position, chunk))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the base's signature
        filling = asyncio.create_task(self._fill())
        try:
            await self._write(send)
        finally:
            await cancel(filling)

    async def _fill(self) -> None:
        try:
            with self._recorded():
                await self._generate_all()
                end = list(self._call.answer.render_end())
            self._outbox.put(end)
            self._outbox.close()
        except ServiceError as error:
            self._outbox.close(error)
        finally:
            # Nobody is left waiting, whatever happened here.
            self._outbox.close(EngineFailure("The answer broke off."))

    async def _write(self, send: Send) -> None:
        waiting = self._call.waiting
        patience, comment = (waiting.seconds, waiting.comment) if waiting else (self._keep_alive, KEEP_ALIVE)
        batch = await self._outbox.take(patience)
        head = Response(media_type="text/event-stream; charset=utf-8", headers=self._head())
        del head.headers["content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": head.raw_headers})
        if waiting and batch:
            batch = comment + batch
        while batch is not None:
            await send({"type": "http.response.body", "body": batch or comment, "more_body": True})
            patience = patience if not batch else self._keep_alive
            batch = await self._next(patience)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, patience: float) -> bytes | None:
        try:
            return await self._outbox.take(patience)
        except ServiceError as error:
            return self._failure(error)

    def _failure(self, error: ServiceError) -> bytes:
        self._record.break_off("error")
        self._record.refuse(error)
        return b"".join(self._call.answer.render_failure(error, self._record.id))


async def drop(scope: Scope, receive: Receive) -> None:
    """Cut the connection without waiting until its buffers are read, where the server gives a way to."""
    abort = scope.get("extensions", {}).get(ABORT)
    if abort is not None:
        abort()
        await client_left(receive)
