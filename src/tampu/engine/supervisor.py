"""Keeps a worker alive, and every open request going through one.

When a worker dies, another one gets each of its requests as prompt and recorded tokens. Sampling depends on nothing
else, so the answer goes on with the token that would have come: a client sees a pause.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from tampu.engine.adapters import AdapterOffer
from tampu.engine.card import EngineStatus, ModelCard
from tampu.engine.output import EngineStats, StepOutput
from tampu.engine.process import WorkerProcess
from tampu.engine.protocol import Abort, Add, Failed, FromWorker, Load, Offer, Outputs, Progress, Ready, Shutdown
from tampu.engine.stream import Stream, fingerprint
from tampu.engine.supervision import Backoff, Bisection, Clock, Patience, PoisonList, Watchdog
from tampu.errors import EngineFailure, NotReady, ServiceError

COUNTERS = (
    "preemptions",
    "prefix_queries",
    "prefix_hits",
    "prompt_tokens",
    "generation_tokens",
    "guessed_tokens",
    "right_guesses",
    "adapter_loads",
    "steps",
)
POISON = "This request was alone aboard two workers that failed one after the other, so it is not tried again."
BROKEN = "Something went wrong with this answer inside the server. The log has this request's id."
LATE = "The engine did not recover in time to finish this answer."
log = logging.getLogger("tampu.engine")


@dataclass(slots=True)
class Counters:
    """Events since the front half was started."""

    restarts: int = 0
    resumed_requests: int = 0
    poisoned_requests: int = 0


class Supervisor:
    """One worker after the other, and the streams that they serve. All of it runs in the event loop."""

    def __init__(self, load: Load, command: Sequence[str], patience: Patience, clock: Clock) -> None:
        self.status = EngineStatus("loading")
        self.card: ModelCard | None = None
        self.settled = asyncio.Event()  # set once the model is loaded, or never will be
        self.streams: dict[Stream, None] = {}  # all that are open, by arrival
        self.idle = asyncio.Event()  # set while no stream is open
        self.idle.set()
        self.counters = Counters()
        self.poison = PoisonList(patience, clock)
        # Why a worker that has mapped another file than the first one may not go on with the streams; empty: it may.
        self.accept_file: Callable[[ModelCard], Awaitable[str]] = _as_it_is
        self.locate_adapter: Callable[[AdapterOffer], AdapterOffer] = _where_it_was
        self._load = load
        self._command = command
        self._patience = patience
        self._clock = clock
        self._watchdog = Watchdog(patience, clock)
        self._backoff = Backoff(patience, clock)
        self._bisection = Bisection()
        self._down_since = clock()  # when the last worker that was ready ended
        self._worker: WorkerProcess | None = None
        self._by_sequence: dict[int, Stream] = {}
        self._worker_stats = EngineStats()
        self._earlier_stats = EngineStats()  # of the workers that are gone
        self._failed_loads = 0
        self._checking: asyncio.Task[None] | None = None
        self._failure = ""  # what the worker of this moment said before it ended

    @property
    def stats(self) -> EngineStats:
        """Gauges of the worker, counters of all workers so far."""
        return _with_counters_of(self._worker_stats, self._earlier_stats)

    @property
    def adapters_in_use(self) -> set[str]:
        """Fingerprints of the adapters of all open streams."""
        found = (stream.request.prepared.adapter for stream in self.streams)
        return {adapter.fingerprint for adapter in found if adapter is not None}

    @property
    def num_sequences(self) -> int:
        """Sequences of all open streams, those of them that have ended included."""
        return len(self._by_sequence)

    @property
    def worker_pid(self) -> int | None:
        """The last worker's process id, if one was started."""
        return None if self._worker is None else self._worker.pid

    async def run(self) -> None:
        """Start a worker, wait for its end, and start the next. Returns when the model cannot be loaded."""
        while True:
            self._backoff.started()
            self._on_end(await self._run_worker())
            if self.status.phase == "failed":
                return
            await asyncio.sleep(self._backoff.delay())

    async def _run_worker(self) -> str:
        """Start a worker and wait for its end; how it ended, in words."""
        try:
            self._worker = await WorkerProcess.start(self._command, self._on_frame)
        except OSError as error:  # no memory, no descriptors: that may pass
            return str(error)
        self._worker.send(self._load)
        return await self._worker.gone()

    async def watch(self) -> None:
        """Look at the deadlines again and again."""
        while True:
            await asyncio.sleep(self._patience.tick)
            self._judge_worker()
            self._expire_stranded()
            self._drop_idle_readers()

    def submit(self, stream: Stream) -> None:
        """Give a stream to the worker, or to the next one."""
        self.streams[stream] = None
        self._by_sequence |= dict.fromkeys(stream.request.sequence_ids, stream)
        self.idle.clear()
        self._board()

    def withdraw(self, stream: Stream) -> None:
        """Forget a stream, and abort what it has unfinished."""
        if stream not in self.streams:
            return
        del self.streams[stream]
        for sequence_id in stream.request.sequence_ids:
            del self._by_sequence[sequence_id]
        if stream.aboard:
            for sequence_id in stream.request.open_ids():
                self._send(Abort(sequence_id))
        if not self.streams:
            self.idle.set()
        self._board()

    def fail_all(self, error: ServiceError) -> None:
        """End every open stream with this error."""
        for stream in list(self.streams):
            self._fail(stream, error)

    def give_up(self, message: str) -> None:
        """The model will never answer, for this reason."""
        self.status = EngineStatus("failed", 0.0, message)
        self.settled.set()
        self.fail_all(EngineFailure(message))
        if self._worker is not None:
            self._worker.kill()

    async def shut_down(self) -> None:
        """End the worker: asked first, killed when it does not listen."""
        if self._worker is None:
            return
        self._send(Shutdown())
        try:
            await asyncio.wait_for(self._worker.gone(), timeout=1.0)
        except TimeoutError:
            self._worker.kill()
            await self._worker.gone()

    def _send(self, frame: Offer | Add | Abort | Shutdown) -> None:
        if self._worker is not None:
            self._worker.send(frame)

    # What the worker says

    def _on_frame(self, frame: FromWorker) -> None:
        match frame:
            case Outputs():
                self._on_outputs(frame)
            case Progress(phase, fraction):
                self.status = EngineStatus("restarting" if self.card else "loading", fraction, phase)
            case Ready(card):
                self._on_ready(card)
            case Failed(message):
                log.error("The worker cannot load the model: %s", message)
                self._failure = message
                if self.card is None:
                    self.give_up(message)

    def _on_outputs(self, frame: Outputs) -> None:
        self._watchdog.stepped()
        self._worker_stats = frame.stats
        touched: dict[Stream, None] = {}
        for output in frame.outputs:
            # A sequence that was aborted may have had an output on its way.
            if (stream := self._by_sequence.get(output.sequence_id)) is None:
                continue
            if self._push(stream, output):
                self._send(Abort(output.sequence_id))
            touched[stream] = None
        for stream in touched:
            self._progress(stream)

    def _push(self, stream: Stream, output: StepOutput) -> bool:
        """Give a stream its output; whether the sequence is to be aborted. What breaks here ends this stream alone."""
        try:
            return stream.request.push(output)
        except Exception:
            log.exception("request %s broke over its own output", stream.request.id)
            self._fail(stream, EngineFailure(BROKEN))
            return False

    def _progress(self, stream: Stream) -> None:
        if stream.interrupted:
            gap = 1000 * (self._clock() - stream.stranded)
            log.info("request %s goes on with a new worker after a gap of %.0f ms", stream.request.id, gap)
        was_suspect = stream.is_suspect
        self._backoff.gave()
        stream.progress()
        stream.wake()
        if was_suspect and not self._tries_suspects():
            self._bisection.lived()
        if stream.request.finished:
            self.withdraw(stream)
        elif was_suspect:
            self._board()

    def _on_ready(self, card: ModelCard) -> None:
        if self.card is None:
            self.card = card
            self.settled.set()
            # A restart maps the packed file, whatever has become of the checkpoint.
            self._load = replace(self._load, reference=card.packed)
        elif card.fingerprint != self.card.fingerprint:
            self.give_up("The model's file has changed while it was in use. Start again to use it.")
            return
        elif card.file_id != self.card.file_id:
            self.status = EngineStatus("restarting", 0.0, "comparing the model's file with its checksums")
            self._checking = asyncio.create_task(self._board_if_accepted(card, self._worker))
            return
        self._open_doors(card)

    async def _board_if_accepted(self, card: ModelCard, worker: WorkerProcess | None) -> None:
        """Streams go on with another file only when its contents are those that the fingerprint is of."""
        reason = await self.accept_file(card)
        if worker is not self._worker or self.status.phase != "restarting":
            return
        if reason:
            log.error("%s", reason)
            self.give_up(reason)
            return
        assert self.card is not None
        self.card = replace(self.card, file_id=card.file_id)
        self._open_doors(card)

    def _open_doors(self, card: ModelCard) -> None:
        """The worker takes streams from now on."""
        self.status = EngineStatus("ready", 1.0)
        self._worker_stats = EngineStats(blocks_total=card.num_blocks)
        self._watchdog.stepped()
        self._board()

    # What becomes of the streams

    def _board(self) -> None:
        """Give the worker what is not aboard. While there are suspects: those, one group after the other."""
        if self.status.phase != "ready":
            return
        waiting = [stream for stream in self.streams if not stream.aboard]
        suspects = [stream for stream in waiting if stream.is_suspect]
        if self._tries_suspects():
            return
        for stream in suspects[: self._bisection.size] or waiting:
            self._hand_over(stream)

    def _tries_suspects(self) -> bool:
        return any(stream.aboard and stream.is_suspect for stream in self.streams)

    def _hand_over(self, stream: Stream) -> None:
        if not any(other.aboard for other in self.streams):
            self._watchdog.stepped()  # until now there was nothing to step for
        stream.aboard = True
        self.counters.resumed_requests += stream.interrupted
        if (adapter := stream.request.prepared.adapter) is not None:
            self._send(Offer(self.locate_adapter(adapter)))
        for spec in stream.request.open_specs():
            self._send(Add(spec))

    def _on_end(self, ended: str) -> None:
        """The worker is gone: note what it leaves behind, and whom to blame."""
        aboard = [stream for stream in self.streams if stream.aboard]
        self._earlier_stats, self._worker_stats = self.stats, EngineStats()
        if self.status.phase == "failed":
            return
        ended, self._failure = self._failure or ended, ""
        log.error("The worker ended (%s) with %d requests aboard.", ended, len(aboard))
        self.counters.restarts += 1
        if self.card is None:
            self._failed_loads += 1
            if self._failed_loads == self._patience.load_attempts:
                hint = " Perhaps there is too little memory." if ended == "SIGKILL" else ""
                self.give_up(f"The worker ended {self._failed_loads} times while loading the model ({ended}).{hint}")
            return
        if self.status.phase == "ready":
            self._down_since = self._clock()
        self.status = EngineStatus("restarting", 0.0, f"the worker ended ({ended})")
        self._blame(aboard)

    def _blame(self, aboard: Sequence[Stream]) -> None:
        """Who was alone twice is given up; several suspects are tried by halves."""
        for stream in aboard:
            stream.lose_worker(self._clock(), alone=len(aboard) == 1)
        self._bisection.died_with(sum(stream.is_suspect for stream in aboard))
        for stream in [stream for stream in aboard if stream.is_guilty]:
            log.error("request %s was alone aboard two workers that ended: it is given up", stream.request.id)
            self.counters.poisoned_requests += 1
            self.poison.add(fingerprint(stream.request.prepared))
            self._fail(stream, EngineFailure(POISON))

    def _fail(self, stream: Stream, error: ServiceError) -> None:
        stream.fail(error)
        self.withdraw(stream)

    # Deadlines

    def _judge_worker(self) -> None:
        if self._worker is None:
            return
        if not any(stream.aboard for stream in self.streams):
            self._watchdog.stepped()
        self._watchdog.look(self._worker.cpu_seconds())
        self.status = replace(self.status, healthy=not self._watchdog.unhealthy)
        if self._watchdog.hung:
            log.error("The worker has made no step for too long: it is killed.")
            self._worker.kill()

    def _expire_stranded(self) -> None:
        """Give up the streams that no worker came for; while there is one, they wait for their turn."""
        if self.status.phase == "ready":
            return
        deadline = self._clock() - self._patience.resume_deadline
        waiting = [stream for stream in self.streams if not stream.aboard]
        for stream in [stream for stream in waiting if max(stream.stranded, self._down_since) <= deadline]:
            late = EngineFailure(LATE) if stream.interrupted else NotReady("The engine is restarting.", retry_after=5)
            self._fail(stream, late)

    def _drop_idle_readers(self) -> None:
        for stream in [stream for stream in self.streams if stream.has_idle_reader()]:
            self._fail(stream, EngineFailure("The client stopped reading: its answer was given up."))


async def _as_it_is(card: ModelCard) -> str:  # noqa: ARG001 - as `Supervisor.accept_file`
    return ""


def _where_it_was(adapter: AdapterOffer) -> AdapterOffer:
    return adapter


def _with_counters_of(stats: EngineStats, earlier: EngineStats) -> EngineStats:
    return replace(stats, **{name: getattr(stats, name) + getattr(earlier, name) for name in COUNTERS})
