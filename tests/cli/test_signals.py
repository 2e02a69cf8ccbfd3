"""What Ctrl-C, a hangup and SIGTERM do to a server on a real terminal."""

import json
import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest

CTRL_C = b"\x03"
STRUCTURED = {
    "messages": [{"role": "user", "content": "hi"}],
    "max_tokens": 30,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": [1, 2]}}},
}
ENDLESS = {"prompt": "a", "max_tokens": 1900, "logit_bias": dict.fromkeys(map(str, range(256, 270)), -100)}


class Terminal:
    """A command that believes to run on a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self.screen = ""
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, "-m", "tampu", *arguments])

    def read_until(self, pattern: str, seconds: float = 60) -> "re.Match[str]":
        """Wait until the screen matches."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.screen)) is None:
            assert self._read() and time.monotonic() < deadline, f"{pattern} did not come:\n{self.screen}"
        return found

    def type(self, keys: bytes) -> None:
        """What the user types."""
        os.write(self._descriptor, keys)

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._descriptor)
        self._descriptor = -1

    def wait(self, seconds: float = 20) -> int:
        """The exit code, once the command has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._read()
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                while self._read():
                    pass
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"it did not end:\n{self.screen}")

    def children(self) -> list[int]:
        """The processes that it has started."""
        return [int(number) for number in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def _read(self) -> bool:
        """Read for a moment; False at the end."""
        if self._descriptor < 0:
            time.sleep(0.05)
            return False
        if not select.select([self._descriptor], [], [], 0.05)[0]:
            return True
        with suppress(OSError):
            if came := os.read(self._descriptor, 65536):
                self.screen += came.decode(errors="replace").replace("\r\n", "\n")
                return True
        return False


Start = Callable[..., Terminal]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts a command; at the end of the test none is left."""
    for name, value in (("MODEL", model), ("HOME", tmp_path), ("THREADS", 1)):
        monkeypatch.setenv(f"TAMPU_{name}", str(value))
    started: list[Terminal] = []

    def begin(*arguments: str) -> Terminal:
        started.append(Terminal(*arguments))
        return started[-1]

    yield begin
    for terminal in started:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)


@pytest.fixture
def server(start: Start) -> tuple[Terminal, str]:
    """A server that is ready, with its base URL."""
    terminal = start("serve", "--port", "0")
    base = terminal.read_until(r"http://[\d.:]+/v1")[0]
    terminal.read_until("is ready")
    return terminal, base


def post(url: str, body: object) -> bytes:
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def has_ended(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_ctrl_c_after_a_structured_answer_says_stopped_and_leaves_no_process(server: tuple[Terminal, str]) -> None:
    terminal, base = server
    assert post(f"{base}/chat/completions", {"model": "tiny", **STRUCTURED})
    children = terminal.children()
    terminal.type(CTRL_C)
    assert terminal.wait() == 130
    assert terminal.screen.endswith("\rstopped\n")
    assert "Traceback" not in terminal.screen and "rror" not in terminal.screen
    assert len(children) == 2 and all(map(has_ended, children))


def test_the_first_ctrl_c_waits_for_answers_and_the_second_ends_them(server: tuple[Terminal, str]) -> None:
    terminal, base = server

    def ask() -> None:
        with suppress(OSError):
            post(f"{base}/completions", {"model": "tiny", **ENDLESS})

    asking = Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 20
    while b"tampu_sequences_running 1" not in urlopen(f"{base[:-3]}/metrics").read():
        assert time.monotonic() < deadline
    terminal.type(CTRL_C)
    terminal.read_until(r"Waiting up to 30 s for 1 answer under way; Ctrl-C again ends them now\.")
    terminal.type(CTRL_C)
    assert terminal.wait(10) == 130
    assert terminal.screen.endswith("stopped\n") and "Traceback" not in terminal.screen
    asking.join(10)


def test_a_terminal_that_closes_ends_the_server_and_its_processes(server: tuple[Terminal, str]) -> None:
    terminal, base = server
    assert post(f"{base}/chat/completions", {"model": "tiny", **STRUCTURED})
    children = terminal.children()
    terminal.hang_up()
    assert terminal.wait() == 0
    assert len(children) == 2 and all(map(has_ended, children))


def test_a_server_under_nohup_outlives_its_terminal(start: Start) -> None:
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        terminal = start("serve", "--port", "0")
    finally:
        signal.signal(signal.SIGHUP, previous)
    base = terminal.read_until(r"http://[\d.:]+/v1")[0]
    terminal.read_until("is ready")
    terminal.hang_up()
    time.sleep(0.3)
    assert post(f"{base}/chat/completions", {"model": "tiny", **STRUCTURED})
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait() == 0


def test_ctrl_c_while_the_model_loads_is_exit_code_130(start: Start) -> None:
    terminal = start("serve", "--port", "0")
    terminal.read_until("listens at")
    terminal.type(CTRL_C)
    assert terminal.wait() == 130
    assert "Traceback" not in terminal.screen
