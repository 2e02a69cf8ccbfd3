import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tampu.engine.card import ModelCard
from tampu.engine.engine import Engine
from tampu.engine.loading import Report
from tampu.engine.protocol import (
    CODEC,
    Abort,
    Add,
    Failed,
    FromFront,
    FromWorker,
    Hangup,
    Line,
    Load,
    Outputs,
    Progress,
    Ready,
    Shutdown,
)
from tampu.engine.wire import FrameReader
from tampu.engine.worker import serve
from tampu.errors import ModelError
from tampu.settings import EngineSettings
from tests.fakes import HashModel, engine_settings, sequence_spec

CARD = ModelCard("hash", 256, 32, "f32", "f32", "hash", (), 64, 4, "reference", 1, "hash.tampu")
LOAD = Load("here", "there", EngineSettings(model="hash"))


def load(reference: Path, cache: Path, settings: EngineSettings, report: Report) -> tuple[Engine, ModelCard]:
    assert (str(reference), str(cache), settings.model) == ("here", "there", "hash")
    report("packing", 0.5)
    return Engine(HashModel(), engine_settings()), CARD


def refuse(*_: object) -> tuple[Engine, ModelCard]:
    raise ModelError("The tensor norm is missing.")


class Front:
    """The other end of a worker's line."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self._reader = FrameReader(CODEC)
        self._frames: list[FromWorker] = []

    def send(self, *frames: FromFront) -> None:
        """All of them in one piece."""
        self.end.sendall(b"".join(map(CODEC.encode, frames)))

    def receive(self) -> FromWorker:
        """The next frame."""
        while not self._frames:
            self._frames += self._reader.feed(self.end.recv(2**16))
        return self._frames.pop(0)

    def outputs(self) -> Outputs:
        """The next frame, which must be outputs."""
        frame = self.receive()
        assert isinstance(frame, Outputs)
        return frame


@contextmanager
def worker(loader: object = load) -> Iterator[tuple[Front, Future[None]]]:
    """A worker in a thread, its front, and its end."""
    ours, theirs = socket.socketpair()
    with ThreadPoolExecutor(1) as threads, theirs:
        end = threads.submit(serve, Line(theirs), loader)  # type: ignore[arg-type]
        with ours:
            yield Front(ours), end


def test_a_worker_reports_loads_and_generates_until_it_is_told_to_end() -> None:
    with worker() as (front, end):
        front.send(LOAD)
        assert front.receive() == Progress("packing", 0.5)
        assert front.receive() == Ready(CARD)
        front.send(Add(sequence_spec(5, (1, 2, 3), max_tokens=2)))
        first, last = front.outputs(), front.outputs()
        assert [output.sequence_id for output in (*first.outputs, *last.outputs)] == [5, 5]
        assert (first.outputs[0].finish_reason, last.outputs[0].finish_reason) == (None, "length")
        assert (first.stats.running, first.stats.steps) == (1, 1)
        assert (last.stats.running, last.stats.steps) == (0, 2)
        front.send(Shutdown())
        end.result(timeout=10)


def test_what_is_sent_along_with_the_load_is_not_lost() -> None:
    with worker() as (front, _):
        front.send(LOAD, Add(sequence_spec(5, (1, 2, 3), max_tokens=1)))
        assert [type(front.receive()) for _ in range(3)] == [Progress, Ready, Outputs]


def test_a_step_that_finishes_no_token_is_a_sign_of_life_all_the_same() -> None:
    with worker() as (front, _):
        front.send(LOAD, Add(sequence_spec(5, [1] * 250, max_tokens=1, prompt_logprobs=0, logprobs=0)))
        assert [type(front.receive()) for _ in range(2)] == [Progress, Ready]
        steps = [front.outputs() for _ in range(4)]  # 64 positions are scored per step
        assert [len(step.outputs) for step in steps] == [0, 0, 0, 1]
        assert [step.stats.steps for step in steps] == [1, 2, 3, 4]


def test_an_aborted_sequence_is_over_at_once_and_the_front_hears_of_the_free_blocks() -> None:
    with worker() as (front, _):
        front.send(LOAD, Add(sequence_spec(5, (1, 2, 3), max_tokens=100)), Abort(5))
        assert [type(front.receive()) for _ in range(2)] == [Progress, Ready]
        frame = front.outputs()
        assert frame.outputs == () and (frame.stats.running, frame.stats.blocks_used) == (0, 0)


def test_a_sequence_that_the_engine_refuses_ends_alone_with_an_error() -> None:
    with worker() as (front, _):
        front.send(LOAD, Add(sequence_spec(1, ())), Add(sequence_spec(2, (1,), max_tokens=1)))
        assert [type(front.receive()) for _ in range(2)] == [Progress, Ready]
        refused, answered = front.outputs().outputs
        assert (refused.sequence_id, refused.error) == (1, "The prompt must not be empty.")
        assert (answered.sequence_id, answered.finish_reason) == (2, "length")


def test_a_model_that_cannot_be_loaded_is_told_in_words() -> None:
    with worker(refuse) as (front, end):
        front.send(LOAD)
        assert front.receive() == Failed("The tensor norm is missing.")
        end.result(timeout=10)


def test_memory_that_ends_while_loading_is_told_in_words() -> None:
    def starve(*_: object) -> tuple[Engine, ModelCard]:
        raise MemoryError("Unable to allocate 32.0 MiB")

    with worker(starve) as (front, end):
        front.send(LOAD)
        failed = front.receive()
        end.result(timeout=10)
    assert isinstance(failed, Failed)
    assert failed.message.startswith("Too little memory to load the model (Unable to allocate 32.0 MiB). ")


def test_a_worker_ends_when_its_front_is_gone() -> None:
    with worker() as (front, end):
        front.send(LOAD, Add(sequence_spec(5, (1, 2, 3), max_tokens=200)))
        front.receive()
        front.end.close()
        with pytest.raises(Hangup):
            end.result(timeout=10)


def test_an_idle_process_ends_quietly_when_the_line_is_cut() -> None:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tampu.engine.worker", str(theirs.fileno())]
    process = subprocess.Popen(command, pass_fds=(theirs.fileno(),), stderr=subprocess.PIPE, text=True)
    theirs.close()
    ours.close()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert errors == "tampu.worker INFO The front half is gone: the worker ends.\n"


def test_the_worker_process_loads_no_text_no_http_and_no_pydantic() -> None:
    names = "tampu.text tampu.server tampu.dialects tokenizers pydantic fastapi uvicorn httpx2 gguf huggingface_hub"
    code = f"import sys, tampu.engine.worker; print(*[name for name in '{names}'.split() if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""
