"""What the front half and the worker say to each other, and the worker's end of the line.

The line is a socket pair that the worker inherits: nothing listens anywhere, and when one side dies the other reads an
end of file.
"""

import socket
from dataclasses import dataclass

from tampu.engine.adapters import AdapterOffer
from tampu.engine.card import ModelCard
from tampu.engine.output import EngineStats, StepOutput
from tampu.engine.sequence import SequenceSpec
from tampu.engine.wire import FrameCodec, FrameReader
from tampu.settings import EngineSettings

READ_SIZE = 2**18


@dataclass(frozen=True, slots=True)
class Load:
    """Front to worker, once and first: load the checkpoint or packed file at `reference`, packing into `cache`."""

    reference: str
    cache: str
    settings: EngineSettings


@dataclass(frozen=True, slots=True)
class Add:
    """Front to worker: generate this sequence."""

    spec: SequenceSpec


@dataclass(frozen=True, slots=True)
class Offer:
    """Front to worker: sequences may ask for this adapter; its directory is one of the front's own."""

    adapter: AdapterOffer


@dataclass(frozen=True, slots=True)
class Abort:
    """Front to worker: nobody wants this sequence any more; its last outputs may still be on their way."""

    sequence_id: int


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Front to worker: end now."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Worker to front while loading: `fraction` in [0, 1] of `phase`."""

    phase: str
    fraction: float


@dataclass(frozen=True, slots=True)
class Ready:
    """Worker to front, once: the model answers."""

    card: ModelCard


@dataclass(frozen=True, slots=True)
class Failed:
    """Worker to front: the model cannot be loaded, and trying again would not help."""

    message: str


@dataclass(frozen=True, slots=True)
class Outputs:
    """Worker to front, once per step, also when the step finished no token: the step counter is the sign of life."""

    outputs: tuple[StepOutput, ...]
    stats: EngineStats


FromFront = Load | Offer | Add | Abort | Shutdown
FromWorker = Progress | Ready | Failed | Outputs
CODEC = FrameCodec(Load, Offer, Add, Abort, Shutdown, Progress, Ready, Failed, Outputs)


class Hangup(Exception):
    """The other side is gone."""


class Line:
    """The worker's end: blocking, one thread."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._reader = FrameReader(CODEC)

    def send(self, frame: FromWorker) -> None:
        """Send all of the frame, waiting for the front to read; Hangup when it is gone."""
        try:
            self._end.sendall(CODEC.encode(frame))
        except OSError as error:
            raise Hangup from error

    def receive(self, wait: bool) -> list[FromFront]:
        """What has come: nothing, or when told to wait at least a part of a frame. Hangup when the front is gone."""
        try:
            data = self._end.recv(READ_SIZE, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        except OSError as error:
            raise Hangup from error
        if not data:
            raise Hangup
        return self._reader.feed(data)
