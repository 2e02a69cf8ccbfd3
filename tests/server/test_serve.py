"""Starting and stopping: how to leave without breaking streams."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tampu.errors import BadSetting
from tampu.server.serve import serve
from tampu.settings import EngineSettings, ServerSettings
from tests.server.live import eventually

ROOT = Path(__file__).parents[2]
STREAM = {"model": "cria", "messages": [{"role": "user", "content": "hi"}], "stream": True}


def test_a_refused_bind_starts_nothing() -> None:
    with pytest.raises(BadSetting):
        serve(EngineSettings(), ServerSettings(host="0.0.0.0"))


@contextmanager
def process(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A server process and its URL."""
    command = [sys.executable, "-m", "tests.server.serve_fake", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            match = re.search(r"http://[\d.:]+", running.stdout.readline())
            assert match is not None
            yield running, match[0]
        finally:
            running.kill()


def test_a_terminated_server_finishes_its_streams_and_takes_no_new_ones() -> None:
    with process("0.05", "30") as (running, base), httpx2.Client(timeout=20) as client:
        with client.stream("POST", f"{base}/v1/chat/completions", json=STREAM) as stream:
            lines = stream.iter_lines()
            next(lines)
            running.send_signal(signal.SIGTERM)
            assert eventually(lambda: httpx2.get(f"{base}/readyz").status_code == 503)
            assert httpx2.get(f"{base}/readyz").json() == {"status": "draining", "open": 1}
            refused = httpx2.post(f"{base}/v1/chat/completions", json=STREAM)
            text = "".join(lines)
        assert (refused.status_code, refused.headers["connection"]) == (503, "close")
        assert '"content":"19 "' in text and text.endswith("data: [DONE]")
        assert running.wait(10) == 0
        assert running.stdout is not None and running.stdout.read().endswith("stopped\n")


def test_past_the_drain_time_streams_end_with_an_error_chunk() -> None:
    with process("0.2", "0.3") as (running, base), httpx2.Client(timeout=20) as client:
        with client.stream("POST", f"{base}/v1/chat/completions", json=STREAM) as stream:
            lines = stream.iter_lines()
            next(lines)
            running.send_signal(signal.SIGTERM)
            text = "".join(lines)
        assert "shut down before this answer was complete" in text and text.endswith("data: [DONE]")
        assert running.wait(10) == 0


def test_past_the_drain_time_whole_answers_become_an_error() -> None:
    with process("0.2", "0.3") as (running, base), httpx2.Client(timeout=20) as client:
        timer = threading.Timer(0.5, running.send_signal, [signal.SIGTERM])
        timer.start()
        answer = client.post(f"{base}/v1/chat/completions", json={**STREAM, "stream": False})
        assert answer.status_code == 503
        assert "shut down" in answer.json()["error"]["message"]
        assert running.wait(10) == 0


def test_a_second_signal_is_immediate() -> None:
    with (
        process("0.5", "30") as (running, base),
        httpx2.Client(timeout=20) as client,
        client.stream("POST", f"{base}/v1/chat/completions", json=STREAM) as stream,
    ):
        lines = stream.iter_lines()
        next(lines)
        running.send_signal(signal.SIGTERM)
        assert eventually(lambda: httpx2.get(f"{base}/readyz").status_code == 503)
        running.send_signal(signal.SIGTERM)
        assert running.wait(5) == 0


def test_ctrl_c_leaves_at_once_when_nothing_runs() -> None:
    with process("0.01", "30") as (running, base):
        assert httpx2.get(f"{base}/readyz").status_code == 200
        running.send_signal(signal.SIGINT)
        assert running.wait(5) == 0


def test_a_model_that_cannot_be_loaded_ends_the_server_with_its_error() -> None:
    with process("0.01", "30", "failing") as (running, _):
        assert running.wait(10) != 0


def test_a_log_that_nobody_reads_stops_nothing() -> None:
    with process("0", "30") as (running, base), httpx2.Client(base_url=base) as client:
        for _ in range(500):  # some 100 KB of log lines into a pipe of 64 KB
            assert client.post("/v1/completions", json={"model": "cria", "prompt": "a"}).status_code == 200
        assert client.post("/v1/chat/completions", json=STREAM).text.endswith("data: [DONE]\n\n")
        running.send_signal(signal.SIGTERM)
        assert running.wait(5) == 0
