"""`tampu` alone: the whole way-station. A server in the background, a chat in front."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tampu.cli.terminal import is_terminal
from tampu.model.machine import available_memory, free_disk, human_size
from tampu.model.names import DEMO, LLAMA_8B, known_model
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

    llm = open_model({}, max_num_seqs=1)
    size = Path(llm.card.packed).stat().st_size
    with server_in_background(load(ServerSettings, {}), Paths.find()) as address:
        converse(Conversation(llm, read_flags(llm, {})), f"{greeting(llm.settings.model, size)}\n{address}")


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


@contextlib.contextmanager
def server_in_background(settings: ServerSettings, paths: Paths) -> Iterator[str]:
    """A line that says where the server is, for as long as it runs; it ends with this process."""
    if _is_taken(settings.host, settings.port):
        yield f"Port {settings.port} is taken, so nothing is served. `tampu serve --port N` uses another one."
        return
    paths.state.mkdir(parents=True, exist_ok=True)
    log = paths.state / "serve.log"
    with log.open("ab") as file:
        # A session of its own: Ctrl-C in the chat must not reach the server.
        server = subprocess.Popen(
            [sys.executable, "-m", "tampu", "serve"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
    try:
        yield f"Serving at http://{settings.host}:{settings.port}/v1 (OpenAI API). Log: {log}"
    finally:
        server.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(5)
        server.kill()
        server.wait()


def _is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _end_with_parent() -> None:
    """In the child: get SIGTERM when the parent dies, however it dies."""
    if os.uname().sysname == "Linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
