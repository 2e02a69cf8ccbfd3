"""The worker process: owns weights, kernels and key-value cache; ids in, ids out. `python -m tampu.engine.worker FD`.

It knows no text, no HTTP and no client. It ends when the front half ends, since its line to it is then cut.
"""

import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tampu.engine.card import ModelCard
from tampu.engine.engine import Engine
from tampu.engine.loading import Report, load_engine
from tampu.engine.output import StepOutput
from tampu.engine.protocol import (
    Abort,
    Add,
    Failed,
    FromFront,
    Hangup,
    Line,
    Load,
    Offer,
    Outputs,
    Progress,
    Ready,
    Shutdown,
)
from tampu.errors import ServiceError, TampuError
from tampu.settings import EngineSettings

Loader = Callable[[Path, Path, EngineSettings, Report], tuple[Engine, ModelCard]]
log = logging.getLogger("tampu.worker")


class Worker:
    """An engine at the end of a line."""

    def __init__(self, line: Line, engine: Engine) -> None:
        self._line = line
        self._engine = engine
        self._refused: list[StepOutput] = []

    def run(self, frames: Sequence[FromFront] = ()) -> None:
        """Step while there is work, wait while there is none, until told to end. `frames` have come already."""
        while not any(isinstance(frame, Shutdown) for frame in frames):
            for frame in frames:
                self._handle(frame)
            if frames or self._engine.has_work():
                self._step()
            frames = self._line.receive(wait=not self._engine.has_work())

    def _step(self) -> None:
        """One step, and what came of it; without work still what the frames changed."""
        outputs = tuple(self._engine.step()) if self._engine.has_work() else ()
        self._line.send(Outputs((*self._refused, *outputs), self._engine.stats()))
        self._refused.clear()

    def _handle(self, frame: FromFront) -> None:
        match frame:
            case Add(spec):
                try:
                    self._engine.add(spec)
                except ServiceError as error:
                    self._refused.append(StepOutput(spec.id, error=error.message))
            case Offer(adapter):
                self._engine.offer_adapter(adapter)
            case Abort(sequence_id):
                self._engine.abort(sequence_id)
            case Load() | Shutdown():
                raise AssertionError(f"{type(frame).__name__} in the middle of work")


OUT_OF_MEMORY = (
    "Too little memory to load the model ({detail}). Free some, raise the limit of this process (ulimit -v), or ask "
    "for less: --max-model-len, --max-num-seqs, or another --quant."
)


def serve(line: Line, load: Loader) -> None:
    """Load what the first frame says, then work. Returns when told to end; Hangup when the front is gone."""
    first, *others = first_frames(line)
    assert isinstance(first, Load), f"{type(first).__name__} before Load"

    def report(phase: str, fraction: float) -> None:
        line.send(Progress(phase, fraction))

    try:
        engine, card = load(Path(first.reference), Path(first.cache), first.settings, report)
    except TampuError as error:
        line.send(Failed(str(error)))
        return
    except MemoryError as error:
        line.send(Failed(OUT_OF_MEMORY.format(detail=error or "no memory left")))
        return
    line.send(Ready(card))
    Worker(line, engine).run(others)


def first_frames(line: Line) -> list[FromFront]:
    """Wait until a whole frame has come; it, and what came with it."""
    while not (frames := line.receive(wait=True)):
        pass
    return frames


def main(descriptor: int, load: Loader = load_engine) -> None:
    """Work at the end of this inherited socket."""
    # They reach the whole process group, or the whole service; what they mean is the front's to say.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    volunteer()
    logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    try:
        serve(Line(socket.socket(fileno=descriptor)), load)
    except Hangup:
        log.info("The front half is gone: the worker ends.")


def volunteer() -> None:
    """When memory runs out, be what the system ends: another worker goes on, the front half has all that is needed."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


if __name__ == "__main__":
    main(int(sys.argv[1]))
