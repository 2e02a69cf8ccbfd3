"""Batches over HTTP and behind it: taken in on the route of a model, answered when the engine has room.

A batch is on the disk before its id is given out. An element whose answer was not yet kept when the server ended is
answered anew by the next one, from the same seed.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import Request
from starlette.responses import Response

from tampu.dialects.base import Context, dumps
from tampu.dialects.kinds import JSON
from tampu.dialects.workers_ai import RUN_PATH, Run, find_model
from tampu.dialects.workers_ai_answers import answer_headers, envelope
from tampu.dialects.workers_ai_batches import (
    MAX_BODY,
    batch_not_found,
    read_batch,
    read_poll,
    render_done,
    render_failure,
    render_response,
    render_status,
    whole,
)
from tampu.dialects.workers_ai_fields import form_of
from tampu.errors import EngineFailure, NotReady, Overloaded, ServiceError, StoreUnavailable, Unsupported
from tampu.gateway.batches import CLAIM, Batch, Batches
from tampu.server.body import cancel
from tampu.server.recorder import Asked, Recorder
from tampu.server.records import RequestRecord, new_request_id, record_of
from tampu.server.service import SEED_BITS, Service
from tampu.server.streaming import WholeAnswer

DIALECT, OPERATION = "workers_ai", "batch"
TOGETHER = 4  # elements at a time while nobody else asks; one beside others
LULL = 30.0  # seconds to wait for others who wait, before an element is asked for all the same
PAUSE = 0.1  # seconds between two looks at the engine
BREATH = 1.0  # seconds before an element is asked for again that the engine had no room for
LOADING = 0.5  # seconds between two looks at a model that is loading
IDLE = 10.0  # seconds between two looks at the queue, in which another server may have left something
NO_STORE = "batches are kept in the store, and this server has none (--store off)"
logger = logging.getLogger("tampu.batches")


class BatchDesk:
    """Takes batches in, and tells where they stand."""

    def __init__(self, service: Service, runner: "BatchRunner") -> None:
        self._service = service
        self._runner = runner

    def max_body(self, query: Mapping[str, str]) -> int:
        """Bytes that a body may have: more where a batch is announced."""
        largest = self._service.settings.max_body
        return max(largest, MAX_BODY) if query.get("queueRequest") == "true" else largest

    async def answer(self, request: Request, body: JSON) -> Response | None:
        """The answer to a batch or to who asks for one; None to what is neither."""
        form = form_of(body)
        if form not in ("batch", "poll"):
            return None
        record = record_of(request.scope)
        record.operation = OPERATION
        if form == "batch":
            result = await self._take(request.path_params["model"], read_batch(body), record.tenant)
        else:
            result = await self._show(read_poll(body), record.tenant)
        headers = answer_headers(record.id)
        return Response(dumps(envelope(result)), headers=headers, media_type="application/json")

    async def _take(self, model: str, elements: tuple[JSON, ...], tenant: str) -> JSON:
        service = self._service
        find_model(model, service.find)
        batches = batches_of(service, "requests")
        batch_id = await batches.add(tenant, model, service.card().id, secrets.randbits(SEED_BITS), elements)
        self._runner.wake()
        return render_status("queued", batch_id, model)

    async def _show(self, batch_id: str, tenant: str) -> JSON:
        progress = await batches_of(self._service, "request_id").find(batch_id, tenant)
        if progress is None:
            raise batch_not_found(batch_id)
        if progress.status == "done":
            return render_done(progress.answers)
        return render_status(progress.status, batch_id, progress.model)


class BatchRunner:
    """Answers what waits, the oldest batch first, below everybody else's requests."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._run = Run(service.settings.strict)
        self._arrived = asyncio.Event()
        self._num_asked = 0
        self._waits = False  # for the store, which cannot be used

    def wake(self) -> None:
        """Something is waiting."""
        self._arrived.set()

    async def run(self) -> None:
        """Go on until the server drains."""
        batches = self._service.store.batches
        while batches is not None and not self._draining:
            self._arrived.clear()
            try:
                await batches.sweep()
                await self._answer_all(batches)
                self._waits = False
            except* StoreUnavailable as errors:
                self._tell(errors.exceptions[0])
            patience = IDLE if self._service.upstream.card else LOADING
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), patience)

    @property
    def _draining(self) -> bool:
        return self._service.lifecycle.draining

    async def _answer_all(self, batches: Batches) -> None:
        """Every batch of the loaded model that no other server goes on with."""
        while not self._draining and (card := self._service.upstream.card) is not None:
            batch = await batches.claim(card.id)
            if batch is None:
                return
            holding = asyncio.create_task(hold(batches, batch))
            try:
                await self._answer_or_fail(batches, batch)
            finally:
                await cancel(holding)
                await batches.release(batch)

    async def _answer_or_fail(self, batches: Batches, batch: Batch) -> None:
        """Answer a batch; one that cannot be answered ends with an error of its own, and others are not disturbed."""
        if batch.is_damaged:
            return await self._fail(batches, batch, [0], "The batch is damaged in the store and cannot be read.")
        try:
            await self._answer_batch(batches, batch)
        except* StoreUnavailable:
            raise
        except* Exception:
            logger.exception("batch %d failed", batch.number)
            await self._fail(batches, batch, await batches.unanswered(batch), "This batch could not be answered.")

    async def _fail(self, batches: Batches, batch: Batch, positions: Sequence[int], message: str) -> None:
        for position in positions:
            element = batch.elements[position] if position < len(batch.elements) else None
            failure = render_failure(position, element, EngineFailure(message), new_request_id())
            await batches.put(batch, position, failure)
        await batches.finish(batch)

    async def _answer_batch(self, batches: Batches, batch: Batch) -> None:
        """What of it has no answer yet."""
        positions = iter(await batches.unanswered(batch))
        async with asyncio.TaskGroup() as group:
            for _ in range(TOGETHER):
                group.create_task(self._answer_some(batches, batch, positions))
        if not await batches.unanswered(batch):
            await batches.finish(batch)

    async def _answer_some(self, batches: Batches, batch: Batch, positions: Iterator[int]) -> None:
        """One element after the other, from positions that others take from, too."""
        while not self._draining:
            await self._await_place()
            position = next(positions, None)
            if position is None:
                return
            answer = await self._answer(batch, position)
            if answer is not None:
                await self._put(batches, batch, position, answer)

    async def _put(self, batches: Batches, batch: Batch, position: int, answer: Mapping[str, Any]) -> None:
        """Keep an answer as soon as the store can be written: it was work."""
        while True:
            try:
                await batches.put(batch, position, answer)
            except StoreUnavailable as error:
                self._tell(error)
                if self._draining:
                    raise
                await asyncio.sleep(BREATH)
            else:
                return

    def _tell(self, error: BaseException) -> None:
        """Log that batches wait, once until they go on."""
        if not self._waits:
            logger.warning("Batches wait: %s", error)
        self._waits = True

    async def _await_place(self) -> None:
        """Return when one more element may be asked for, at the latest when none was for a while."""
        deadline = time.monotonic() + LULL
        while not self._has_place() and not self._draining:
            if self._num_asked == 0 and time.monotonic() > deadline:
                return
            await asyncio.sleep(PAUSE)

    def _has_place(self) -> bool:
        """Several beside nobody else's requests; one beside those of others, none while these wait."""
        others = self._service.lifecycle.num_open - self._num_asked
        if others <= 0:
            return self._num_asked < TOGETHER
        return self._num_asked == 0 and self._service.upstream.stats.engine.waiting == 0

    async def _answer(self, batch: Batch, position: int) -> Mapping[str, Any] | None:
        """The answer to an element, or what is wrong with it; None when the server drains first."""
        element = batch.elements[position]
        while not self._draining:
            record = RequestRecord(new_request_id(), "POST", RUN_PATH, operation=OPERATION, tenant=batch.tenant)
            try:
                return render_response(position, element, await self._generate(batch, position, record))
            except (NotReady, Overloaded):
                await asyncio.sleep(BREATH)
            except ServiceError as error:
                record.status = int(error.status)
                return render_failure(position, element, error, record.id)
            except Exception:
                logger.exception("%s failed, element %d of a batch", record.id, position)
                failure = EngineFailure("Something went wrong inside the server. The log has this request's id.")
                return render_failure(position, element, failure, record.id)
            finally:
                record.end()
                self._service.metrics.observe(record)
        return None

    async def _generate(self, batch: Batch, position: int, record: RequestRecord) -> JSON:
        """What stands under `result` in the answer to an element."""
        service, path_args = self._service, {"account_id": "", "model": batch.model}
        seed = (batch.seed + position) % 2**SEED_BITS
        context = Context(record.id, int(time.time()), seed, service.find, batch.tenant)
        call, model = service.with_adapter(self._run.parse(path_args, whole(batch.elements[position]), context))
        record.model, record.served_by = call.model, model.ids[0]
        asked = Asked(DIALECT, self._run.name, {}, service.replay_facts(path_args, {}))
        recorder = Recorder(call, model, asked, record, service.store.add, service.settings.log_text)
        self._num_asked += 1
        try:
            body, _ = await WholeAnswer(recorder, service.upstream, service.lifecycle).answer()
        finally:
            self._num_asked -= 1
        record.status = 200
        return body["result"]


def batches_of(service: Service, param: str) -> Batches:
    """The queue. Raises Unsupported, naming the field of the body, where nothing is stored."""
    if service.store.batches is None:
        raise Unsupported(param, NO_STORE)
    return service.store.batches


async def hold(batches: Batches, batch: Batch) -> None:
    """Keep other servers off a batch until cancelled."""
    while True:
        await asyncio.sleep(CLAIM / 3)
        with contextlib.suppress(StoreUnavailable):
            await batches.keep(batch)
