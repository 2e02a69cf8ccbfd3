"""The worker process: owns weights, kernels and key-value cache; ids in, ids out. `python -m tampu.engine.worker FD`.

It knows no text, no HTTP and no client. It ends when the front half ends, since its line to it is then cut.
"""

import logging
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from tampu.engine.card import ModelCard
from tampu.engine.engine import Engine
from tampu.engine.loading import Report, load_engine
from tampu.engine.output import StepOutput
from tampu.engine.protocol import Abort, Add, Failed, FromFront, Hangup, Line, Load, Outputs, Progress, Ready, Shutdown
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
        self._running = True

    def run(self) -> None:
        """Step while there is work, wait while there is none, until told to end."""
        while self._running:
            for frame in self._line.receive(wait=not self._engine.has_work()):
                self._handle(frame)
            if self._engine.has_work() or self._refused:
                self._step()

    def _step(self) -> None:
        outputs = (*self._refused, *self._engine.step())
        self._refused.clear()
        self._line.send(Outputs(outputs, self._engine.stats()))

    def _handle(self, frame: FromFront) -> None:
        match frame:
            case Add(spec):
                try:
                    self._engine.add(spec)
                except ServiceError as error:
                    self._refused.append(StepOutput(spec.id, error=error.message))
            case Abort(sequence_id):
                self._engine.abort(sequence_id)
            case Shutdown():
                self._running = False
            case Load():
                raise AssertionError("a worker loads once")


def serve(line: Line, load: Loader) -> None:
    """Load what the first frame says, then work. Returns when told to end; Hangup when the front is gone."""
    frame = first_frame(line)
    try:
        engine, card = load(
            Path(frame.reference),
            Path(frame.cache),
            frame.settings,
            lambda phase, fraction: line.send(Progress(phase, fraction)),
        )
    except TampuError as error:
        line.send(Failed(str(error)))
        return
    line.send(Ready(card))
    Worker(line, engine).run()


def first_frame(line: Line) -> Load:
    """The frame that says what to load."""
    while not (frames := line.receive(wait=True)):
        pass
    (frame,) = frames
    assert isinstance(frame, Load), f"{type(frame).__name__} before Load"
    return frame


def main(load: Loader = load_engine) -> None:
    """Work at the end of the inherited socket whose descriptor is the first argument."""
    # Ctrl-C reaches the whole process group; what it means is the front's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    try:
        serve(Line(socket.socket(fileno=int(sys.argv[1]))), load)
    except Hangup:
        log.info("The front half is gone: the worker ends.")


if __name__ == "__main__":
    main()
