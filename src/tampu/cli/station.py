"""`tampu` alone: the whole way-station. A server in the background, a chat in front."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from tampu.cli.program import VARIABLE, as_called, program
from tampu.cli.terminal import is_terminal
from tampu.model.machine import available_memory, free_disk, human_size
from tampu.model.names import DEMO, LLAMA_8B, known_model
from tampu.server.ports import free_port
from tampu.settings import Paths, ServerSettings, load

SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


def station() -> None:
    """Serve on the default port and chat; with a pipe, answer it."""
    # Loaded here: `tampu` alone is the one command that lives in the main module.
    from tampu.cli.chat import chat

    if not is_terminal(sys.stdin):
        chat()
        return
    from tampu.cli.conversation import Conversation
    from tampu.cli.interactive import converse
    from tampu.cli.opening import open_model, read_flags

    with BackgroundServer(load(ServerSettings, {}), Paths.find()) as server:
        llm = open_model({}, max_num_seqs=1)
        size = Path(llm.card.packed).stat().st_size
        welcome = f"{greeting(llm.settings.model, size)}\n{server.where()}"
        converse(Conversation(llm, read_flags(llm, {})), as_called(welcome))


def greeting(model: str, size: int) -> str:
    """What is running, and what could be."""
    if model != DEMO:
        return f"Running {model} ({human_size(size)})."
    llama = known_model(LLAMA_8B)
    assert llama is not None, "the table has the model that we suggest"
    return (
        f"Running {DEMO} ({human_size(size)}, trained on our own small dialogues; it shows how things work). "
        f"`tampu pull {LLAMA_8B}` gets the real one: {human_size(2 * llama.parameters)} to fetch, "
        f"{human_size(llama.parameters)} in memory; you have {human_size(available_memory())} of memory and "
        f"{human_size(free_disk(Path.home()))} of disk free."
    )


class BackgroundServer:
    """`tampu serve` in a process of its own while this is entered; it ends with this process at the latest."""

    def __init__(self, settings: ServerSettings, paths: Paths) -> None:
        self._address = (settings.host, settings.port or free_port(settings.host))
        self._log: Path | None = paths.state / "serve.log"
        self._log_start = 0  # bytes that earlier servers wrote
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "BackgroundServer":
        if not _is_taken(self._address):
            with self._open_log() as log:
                # A session of its own: Ctrl-C in the chat must not reach the server.
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tampu", "serve", "--port", str(self._address[1])],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    env={**os.environ, VARIABLE: program()},
                    preexec_fn=_end_with_parent,
                )
        return self

    def _open_log(self) -> BinaryIO:
        """The log, at its end; where it cannot be written, nothing is kept."""
        try:
            if self._log is not None:
                self._log.parent.mkdir(parents=True, exist_ok=True)
                log = self._log.open("ab")
                self._log_start = log.tell()
                return log
        except OSError:
            self._log = None
        return open(os.devnull, "ab")

    def where(self, patience: float = 10.0) -> str:
        """A line that says where the server listens, or why it does not, after at most so many seconds."""
        host, port = self._address
        if self._process is None:
            return f"Port {port} is taken, so nothing is served. `TAMPU_PORT=N tampu` uses another one."
        deadline = time.monotonic() + patience
        while self._process.poll() is None and time.monotonic() < deadline:
            if _is_taken(self._address):
                return f"Serving at http://{host}:{port}/v1 (OpenAI API). Log: {self._log or 'none can be written'}"
            time.sleep(0.02)
        return f"Nothing is served. {self._reason()}"

    def _reason(self) -> str:
        """What the server said at the end."""
        if self._log is None:
            return "`tampu serve` says why."
        said = self._log.read_bytes()[self._log_start :].decode(errors="replace").strip()
        return f"{said.removeprefix('tampu: ') or 'It does not answer yet.'}\nLog: {self._log}"

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()


def _is_taken(address: tuple[str, int]) -> bool:
    """Whether somebody listens there."""
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
        return True
    return False


def _end_with_parent() -> None:
    """In the child: get SIGTERM when the parent dies, however it dies."""
    if os.uname().sysname == "Linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
