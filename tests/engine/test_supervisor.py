"""Workers that are killed again and again, in simulated time: who waits for its turn is not given up, and only what
kills workers by itself fails."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tampu.engine.open_request import OpenRequest
from tampu.engine.output import EngineStats, StepOutput
from tampu.engine.prepare import Prepared
from tampu.engine.protocol import Abort, Add, Load, Outputs, Ready
from tampu.engine.sequence import SequenceSpec
from tampu.engine.stream import Stream
from tampu.engine.supervision import Patience
from tampu.engine.supervisor import Supervisor
from tampu.request import GenerateRequest, SamplingParams
from tampu.settings import EngineSettings
from tampu.text.tokenizer import Tokenizer
from tests.checkpoints import tokenizer_json
from tests.engine.test_supervision import HandClock
from tests.fakes import FAKE_CARD

TOKENIZER = Tokenizer.from_json(tokenizer_json())
SAMPLING = SamplingParams(seed=7, max_tokens=4)
RESTART, STEP = 2.0, 1.5  # seconds until a new worker is ready, and that a step takes on a busy core
PATIENCE = Patience(resume_deadline=30.0, first_backoff=0.0, tick=0.0)


@dataclass(slots=True)
class SlowWorker:
    """Reads one prompt and gives one token of every sequence that it has read, per step. A deadly one ends it."""

    on_frame: Callable[[Any], None]
    deadly: frozenset[int]
    born: float
    pid: int = 1
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    specs: dict[int, SequenceSpec] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)  # of the tokens of each sequence that was read
    is_ready: bool = False

    def send(self, frame: object) -> None:
        match frame:
            case Add(spec):
                self.specs[spec.id] = spec
            case Abort(sequence_id):
                self.specs.pop(sequence_id, None)

    def kill(self) -> None:
        self.ended.set()

    async def gone(self) -> str:
        await self.ended.wait()
        return "SIGKILL"

    def cpu_seconds(self) -> float:
        return 0.0

    def step(self) -> None:
        unread = [number for number in self.specs if number not in self.counts]
        if self.deadly & set(unread[:1]):
            self.kill()
            return
        for number in unread[:1]:
            self.counts[number] = len(self.specs[number].output_token_ids)
        outputs = [self.token_of(number) for number in list(self.specs) if number in self.counts]
        self.on_frame(Outputs(tuple(outputs), EngineStats()))

    def token_of(self, number: int) -> StepOutput:
        self.counts[number] = count = self.counts[number] + 1
        is_last = count == SAMPLING.max_tokens
        if is_last:
            del self.specs[number]
        return StepOutput(number, (97,), "length" if is_last else None, num_generated=count)


@dataclass(slots=True)
class Machine:
    """A supervisor with workers that are killed every few seconds, until all streams have ended."""

    streams: Sequence[Stream]
    deadly: frozenset[int] = frozenset()
    kill_every: float = 1e9
    clock: HandClock = field(default_factory=HandClock)
    workers: list[SlowWorker] = field(default_factory=list)

    async def start(self, command: object, on_frame: Callable[[Any], None]) -> SlowWorker:  # noqa: ARG002
        self.workers.append(SlowWorker(on_frame, self.deadly, self.clock.now))
        return self.workers[-1]

    async def run(self) -> Supervisor:
        load = Load("packed", "", EngineSettings())
        supervisor = Supervisor(load, (), PATIENCE, self.clock)
        tasks = [asyncio.create_task(work) for work in (supervisor.run(), supervisor.watch())]
        await settle()
        self.workers[0].on_frame(Ready(FAKE_CARD))
        self.workers[0].is_ready = True
        for stream in self.streams:
            supervisor.submit(stream)
        next_kill = self.clock.now + self.kill_every
        while supervisor.streams and self.clock.now < 10_000:
            self.clock.now += STEP
            if self.clock.now >= next_kill:
                next_kill += self.kill_every
                self.workers[-1].kill()
            else:
                self.go_on(self.workers[-1])
            await settle()
        for task in tasks:
            task.cancel()
        return supervisor

    def go_on(self, worker: SlowWorker) -> None:
        if worker.is_ready:
            worker.step()
        elif self.clock.now >= worker.born + RESTART:
            worker.is_ready = True
            worker.on_frame(Ready(FAKE_CARD))

    def failed(self) -> list[int]:
        return [stream.request.sequence_ids[0] for stream in self.streams if stream.request.error is not None]


async def settle() -> None:
    """Let everybody have their turn."""
    for _ in range(8):
        await asyncio.sleep(0)


def crowd(count: int) -> list[Stream]:
    requests = [Prepared(GenerateRequest(str(n), "tiny", "Hi", SAMPLING), (72, n), SAMPLING) for n in range(count)]
    return [Stream(OpenRequest(each, n, "fp", TOKENIZER), 1000.0, 1000) for n, each in enumerate(requests)]


def simulated(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    monkeypatch.setattr("tampu.engine.supervisor.WorkerProcess.start", machine.start)
    return asyncio.run(machine.run())


def test_kills_every_six_seconds_on_a_busy_core_lose_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(crowd(43), kill_every=6.0)
    supervisor = simulated(machine, monkeypatch)
    assert machine.failed() == [] and not supervisor.streams
    assert supervisor.counters.restarts > 20


@pytest.mark.parametrize("place", [0, 17, 42])
def test_what_kills_workers_fails_alone_after_halving_the_crowd(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(crowd(43), deadly=frozenset({place}))
    supervisor = simulated(machine, monkeypatch)
    assert machine.failed() == [place]
    assert supervisor.counters.poisoned_requests == 1
    assert supervisor.counters.restarts <= 10


def test_several_that_kill_workers_fail_and_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(crowd(20), deadly=frozenset({3, 4, 19}), kill_every=31.0)
    simulated(machine, monkeypatch)
    assert machine.failed() == [3, 4, 19]


def test_who_is_alone_fails_at_the_second_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(crowd(1), deadly=frozenset({0}))
    supervisor = simulated(machine, monkeypatch)
    assert (machine.failed(), supervisor.counters.restarts) == ([0], 2)


class BrokenRequest(OpenRequest):
    """One whose second token nobody can make text of."""

    def push(self, output: StepOutput) -> bool:
        if output.num_generated == 2:
            raise ValueError("no text of this")
        return super().push(output)


def test_an_answer_that_breaks_over_its_own_output_ends_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machine = Machine(crowd(5))
    monkeypatch.setattr(machine.streams[2].request, "__class__", BrokenRequest)
    supervisor = simulated(machine, monkeypatch)
    assert (machine.failed(), supervisor.counters.restarts) == ([2], 0)
    assert [line.message for line in caplog.records] == ["request 2 broke over its own output"]
