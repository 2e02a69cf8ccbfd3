"""The engine as a service sees it: requests in, chunks out, the model in a worker process that may die.

The front half renders text to ids and back, keeps the ids of every open answer, and never computes.
"""

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path

from tampu.engine.adapter_shelf import AdapterShelf, open_shelf
from tampu.engine.card import EngineStatus, ModelCard, Phase
from tampu.engine.compile_pool import CompilePool
from tampu.engine.file_guard import FileGuard
from tampu.engine.length import LONG, length_of
from tampu.engine.open_request import OpenRequest
from tampu.engine.output import EngineStats
from tampu.engine.prepare import Prepared, Preparer, locate_draft, read_tokenizer
from tampu.engine.protocol import Load
from tampu.engine.stream import Stream, fingerprint
from tampu.engine.supervision import Clock, Patience
from tampu.engine.supervisor import POISON, Supervisor
from tampu.engine.tools import constraint_of
from tampu.errors import EngineFailure, ModelError, NotReady, Overloaded, ServiceError
from tampu.lane import Lane
from tampu.model.hub import packed_cache, resolve
from tampu.request import Chunk, GenerateRequest
from tampu.settings import EngineSettings, Paths

# -P: a file called numpy.py in the directory of the user is not what the worker means.
WORKER = (sys.executable, "-P", "-m", "tampu.engine.worker")
LONGEST_RETRY = 60.0
MAX_LONG = 32_000_000  # characters of long prompts that wait to be made ready
log = logging.getLogger("tampu.engine")
NOT_OPEN: dict[Phase, str] = {
    "loading": "The model is still being loaded",
    "ready": "The model is still being loaded",
    "restarting": "The engine is restarting",
    "draining": "The server is shutting down",
    "failed": "The model cannot be loaded",
}


@dataclass(frozen=True, slots=True)
class FrontStats:
    """What operators watch: the worker's gauges and counters, and the front's own."""

    engine: EngineStats
    open_requests: int = 0
    open_sequences: int = 0
    stranded_requests: int = 0  # of the open ones: no worker has them at the moment
    restarts: int = 0
    resumed_requests: int = 0
    poisoned_requests: int = 0
    refused_requests: int = 0  # because of overload


class LocalEngine:
    """Our own engine as an upstream. `start` it in the event loop that it is to live in, `stop` it in the end.

    ModelMissing when there is no model of the name in `settings`.
    """

    name = "local"

    def __init__(
        self,
        settings: EngineSettings,
        paths: Paths,
        *,
        command: Sequence[str] = WORKER,
        patience: Patience | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self.settings = settings
        load = Load(str(resolve(settings.model, paths)), str(packed_cache(paths)), locate_draft(settings, paths))
        self._clock = clock
        self._patience = patience or Patience()
        self._supervisor = Supervisor(load, command, self._patience, clock)
        self._compile_pool = CompilePool()
        self._long_prompts = Lane("long prompts", MAX_LONG)
        self._paths = paths
        self.adapters: AdapterShelf | None = None  # from when the model is loaded, as the preparer is
        self._preparer: Preparer | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._guarding: asyncio.Task[None] | None = None  # of the model's file
        self._draining = False
        self._next_id = 0
        self._num_preparing = 0  # sequences admitted and not yet submitted
        self._num_refused = 0
        self._mean_seconds = 1.0  # that the last requests took

    async def start(self) -> None:
        """Begin to load, and return at once: `status` tells how far it is."""
        work = (self._supervisor.run(), self._supervisor.watch(), self._meet_model())
        self._tasks = [asyncio.create_task(part) for part in work]
        for task in self._tasks:
            task.add_done_callback(self._on_task_end)

    async def ready(self) -> ModelCard:
        """Wait until the model answers; ModelError says why it never will."""
        await asyncio.wait(self._tasks[-1:])
        if self._preparer is None:
            raise ModelError(self._supervisor.status.detail or "The engine was stopped.")
        return self._preparer.card

    async def stop(self, drain: float = 0.0) -> None:
        """Take no more requests, give the open ones `drain` seconds, and end the worker.

        Calling it again while it drains, with less time, cuts that short.
        """
        self._draining = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._supervisor.idle.wait(), drain)
        self._supervisor.fail_all(NotReady("The server is shutting down."))
        tasks = [*self._tasks, *([] if self._guarding is None else [self._guarding])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._supervisor.shut_down()
        await self._compile_pool.close()

    @property
    def card(self) -> ModelCard | None:
        """The model, once it is loaded."""
        return self._supervisor.card

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id, if one was started."""
        return self._supervisor.worker_pid

    @property
    def status(self) -> EngineStatus:
        """Where the engine stands."""
        status = self._supervisor.status
        if self._draining:
            return replace(status, phase="draining")
        if status.phase == "ready" and self._preparer is None:
            return EngineStatus("loading", 1.0, "reading the tokenizer")
        return status

    @property
    def stats(self) -> FrontStats:
        """Numbers for operators."""
        supervisor = self._supervisor
        return FrontStats(
            supervisor.stats,
            open_requests=len(supervisor.streams),
            open_sequences=supervisor.num_sequences,
            stranded_requests=sum(not stream.aboard for stream in supervisor.streams),
            restarts=supervisor.counters.restarts,
            resumed_requests=supervisor.counters.resumed_requests,
            poisoned_requests=supervisor.counters.poisoned_requests,
            refused_requests=self._num_refused,
        )

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Chunk]:
        """Chunks of the answer as they come; closing the iterator aborts the request."""
        stream = await self._admit(request)
        try:
            while pieces := await stream.news():
                for piece in pieces:
                    if isinstance(piece, ServiceError):
                        raise piece
                    yield piece
        finally:
            self._supervisor.withdraw(stream)
            self._sweep(stream)
            self._mean_seconds += 0.1 * (self._clock() - stream.arrived - self._mean_seconds)

    def _sweep(self, stream: Stream) -> None:
        """Delete the files of the request's adapter if it was taken out meanwhile and nobody else has it."""
        if self.adapters is not None and stream.request.prepared.adapter is not None:
            self.adapters.sweep()

    async def _meet_model(self) -> None:
        await self._supervisor.settled.wait()
        if (card := self._supervisor.card) is None:
            return
        try:
            tokenizer = await asyncio.to_thread(read_tokenizer, Path(card.packed))
        except ModelError as error:
            self._supervisor.give_up(str(error))
        else:
            if tokenizer.vocab_size > card.vocab_size:
                log.warning(
                    "the tokenizer has %d ids and the model %d: prompts with ids beyond are refused",
                    tokenizer.vocab_size,
                    card.vocab_size,
                )
            shelf = open_shelf(card, self.settings, self._paths, lambda: self._supervisor.adapters_in_use)
            self._supervisor.locate_adapter = shelf.moved
            self.adapters, self._preparer = shelf, Preparer(tokenizer, card, find_adapter=shelf.offer)
            if card.file_id:
                self._guard_file(card)

    def _guard_file(self, card: ModelCard) -> None:
        """Compare the model's file with its checksums, and watch it, from now on."""
        guard = FileGuard(Path(card.packed), card.file_id, self._supervisor.give_up, tick=self._patience.file_tick)
        self._supervisor.accept_file = lambda card: guard.accept(card.file_id)
        self._guarding = asyncio.create_task(guard.run())
        self._guarding.add_done_callback(self._on_task_end)

    def _on_task_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the engine's front half broke", exc_info=error)
            self._supervisor.give_up(f"The engine's front half broke: {error!r}")

    async def _admit(self, request: GenerateRequest) -> Stream:
        """Queue a request; refuse it early if it could not be served."""
        preparer, num_choices = self._check_open(), request.sampling.n
        self._check_capacity(num_choices, self.settings.max_queue if request.may_wait else 0)
        self._num_preparing += num_choices
        try:
            prepared = await self._prepare(preparer, request)
        finally:
            self._num_preparing -= num_choices
        self._check_open()
        self._check_poison(prepared)
        opened = OpenRequest(prepared, self._next_id, preparer.card.fingerprint, preparer.tokenizer)
        self._next_id += num_choices
        stream = Stream(opened, self._clock(), self._patience.max_unread)
        self._supervisor.submit(stream)
        return stream

    async def _prepare(self, preparer: Preparer, request: GenerateRequest) -> Prepared:
        """The request made ready, in a thread. A long prompt waits for other long ones, and nobody waits for it."""
        length = length_of(request)
        run = partial(self._long_prompts.run, length) if length > LONG else asyncio.to_thread
        constraint = await run(partial(constraint_of, request)) if length > LONG else constraint_of(request)
        grammar = await self._compile_pool.compile(constraint) if constraint else ""
        return await run(partial(preparer.prepare, request, grammar))

    def _check_open(self) -> Preparer:
        status = self.status
        if self._preparer is None or status.phase not in ("ready", "restarting"):
            detail = f" ({status.detail})" if status.detail else ""
            raise NotReady(f"{NOT_OPEN[status.phase]}{detail}.", retry_after=None if status.phase == "failed" else 5)
        return self._preparer

    def _check_capacity(self, num_choices: int, max_queue: int) -> None:
        num_busy = self._supervisor.num_sequences + self._num_preparing
        num_waiting = num_busy + num_choices - self.settings.max_num_seqs
        # A request for more choices than there will ever be places may still have the engine for itself.
        if num_busy and num_waiting > max_queue:
            self._num_refused += 1
            rounds = num_waiting / self.settings.max_num_seqs
            retry_after = min(max(ceil(rounds * self._mean_seconds), 1), LONGEST_RETRY)
            raise Overloaded(f"The queue is full: {max_queue} wait already.", retry_after=retry_after)

    def _check_poison(self, prepared: Prepared) -> None:
        if self._supervisor.poison and fingerprint(prepared) in self._supervisor.poison:
            raise EngineFailure(POISON)
