"""The examples of README.md, run as they stand: `test_readme.py` compares their output, `scripts/docs` rewrites it."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tampu.settings import DEFAULT_PORT

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What differs from run to run: ids and times.
VOLATILE = re.compile(r'("id": "chatcmpl-|"created": )[^,"]+')


@contextmanager
def running_server(**variables: str) -> Iterator[int]:
    """A `tampu serve` on a free port, ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "tampu", "serve", "--port", str(port)]
    environment = {**os.environ, **variables}
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        wait_until_ready(port)
        yield port
    finally:
        server.terminate()
        server.wait(60)


def wait_until_ready(port: int, seconds: float = 60) -> None:
    """Return when /readyz says 200; TimeoutError when it does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise TimeoutError(f"no tampu at port {port} after {seconds} s")


def blocks(language: str, page: Path = README) -> list[str]:
    """The bodies of a page's fenced blocks of a language."""
    return [body for kind, body in BLOCK.findall(page.read_text()) if kind == language]


def commands(block: str) -> list[tuple[str, str]]:
    """Commands of a console block with the output printed below each."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def run_command(command: str, port: int, folder: Path | None = None, **variables: str) -> str:
    """What the command prints on standard output, with this tampu and the server at `port`."""
    own = shlex.join([sys.executable, "-m", "tampu"])
    shown = command.replace("scripts/tampu", own).replace(str(DEFAULT_PORT), str(port))
    return _run(["bash", "-c", shown], folder, **variables)


def run_program(source: str, port: int) -> str:
    """What the Python program prints, likewise."""
    return _run([sys.executable, "-c", source.replace(str(DEFAULT_PORT), str(port))])


def steady(output: str) -> str:
    """The output without what differs from run to run."""
    return VOLATILE.sub(r"\1...", output).strip()


def refresh() -> None:
    """Write the output of every console command into the README."""
    with running_server() as port:

        def renew(match: re.Match[str]) -> str:
            if match[1] != "console":
                return match[0]
            renewed = (f"$ {command}\n{run_command(command, port).strip()}\n" for command, _ in commands(match[2]))
            return f"```console\n{''.join(renewed)}```"

        README.write_text(BLOCK.sub(renew, README.read_text()))


def _run(arguments: list[str], folder: Path | None = None, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAMPU_")} | variables
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 120}
    done: subprocess.CompletedProcess[str] = subprocess.run(
        arguments, check=False, env=environment, cwd=folder, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


if __name__ == "__main__":
    refresh()
