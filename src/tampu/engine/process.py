"""The front half's end of the line to a worker process."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Self, cast

from tampu.engine.protocol import CODEC, FromFront, FromWorker
from tampu.engine.wire import BrokenFrame, FrameReader

OnFrame = Callable[[FromWorker], None]


class WorkerProcess(asyncio.Protocol):
    """A running worker. Its frames go to `on_frame` as they come; `gone` waits for its end."""

    def __init__(self, process: Popen[bytes], on_frame: OnFrame) -> None:
        self._process = process
        self._on_frame = on_frame
        self._reader = FrameReader(CODEC)
        self._lost = asyncio.Event()
        self._transport: asyncio.WriteTransport | None = None
        self._complaint = ""

    @classmethod
    async def start(cls, command: Sequence[str], on_frame: OnFrame) -> Self:
        """Start the command with the number of an inherited socket as its last argument."""
        ours, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            # A session of its own: Ctrl-C and a terminal that closes are the front's business, from the first moment.
            process = Popen([*command, str(descriptor)], pass_fds=(descriptor,), stdin=DEVNULL, start_new_session=True)
        loop = asyncio.get_running_loop()
        _, worker = await loop.create_unix_connection(lambda: cls(process, on_frame), sock=ours)
        return worker

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, frame: FromFront) -> None:
        """Send a frame; lost without a word if the worker is gone, as all that it held is."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(CODEC.encode(frame))

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        self._process.kill()

    async def gone(self) -> str:
        """Wait until the line is cut and the process has ended; how it ended, in words."""
        await self._lost.wait()
        self.kill()  # without a line it is of no use
        code = await asyncio.to_thread(self._process.wait)
        return self._complaint or (signal.Signals(-code).name if code < 0 else f"exit code {code}")

    def cpu_seconds(self) -> float:
        """Processor time used so far by all its threads; 0 where the system does not tell."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return 0.0
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        try:
            for frame in self._reader.feed(data):
                self._on_frame(frame)
        except BrokenFrame as error:
            self._complaint = str(error)
            self.kill()

    def connection_lost(self, _: Exception | None) -> None:
        """Called by the event loop."""
        self._lost.set()
