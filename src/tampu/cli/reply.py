"""One answer of a model in this process: streamed, timed, and stopped by Ctrl-C without harm."""

import contextlib
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType

from tampu.cli.terminal import counted, duration
from tampu.engine.llm import LLM
from tampu.errors import ServiceError
from tampu.request import Chunk, Completion, Constraint, GenerateRequest, Opening, Prompt, SamplingParams, Usage

Show = Callable[[Chunk, float], None]  # a piece of the answer, and seconds since it was asked for


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with its times in seconds. `completion` is None when it was stopped half-way."""

    text: str
    num_tokens: int
    first_token: float
    seconds: float
    completion: Completion | None = None
    usage: Usage | None = None

    @property
    def tokens_per_second(self) -> float:
        """Tokens after the first, per second after the first."""
        time_after_first = self.seconds - self.first_token
        return (self.num_tokens - 1) / time_after_first if self.num_tokens > 1 and time_after_first > 0 else 0.0

    @property
    def summary(self) -> str:
        """One line for people."""
        parts = [counted(self.num_tokens, "token"), f"first after {duration(self.first_token)}"]
        if self.tokens_per_second:
            parts.append(f"{self.tokens_per_second:.1f} tokens/s")
        if self.usage is not None:
            cached = f" ({self.usage.cached_tokens} cached)" if self.usage.cached_tokens else ""
            parts.append(f"prompt {self.usage.prompt_tokens}{cached}")
        if self.completion is None:
            parts.append("stopped")
        elif self.completion.choices[0].finish_reason == "length":
            parts.append("cut off by max_tokens or the context")
        return " · ".join(parts)


def ask(
    llm: LLM,
    prompt: Prompt,
    sampling: SamplingParams,
    show: Show,
    constraint: Constraint | None = None,
    adapter: str = "",
) -> Reply:
    """Ask and show the answer piece by piece. Ctrl-C stops it and keeps what has come."""
    request = GenerateRequest(uuid.uuid4().hex, llm.card.id, prompt, sampling, constraint=constraint, adapter=adapter)
    began = time.monotonic()
    chunks: list[Chunk] = []
    first_token = 0.0
    with interruption() as interrupted, contextlib.suppress(Interrupted):
        for _, chunk in llm.generate(Asked(request, interrupted)):
            if isinstance(chunk, ServiceError):
                raise chunk
            seconds = time.monotonic() - began
            if chunk.token_ids and not first_token:
                first_token = seconds
            chunks.append(chunk)
            show(chunk, seconds)
    return _reply(chunks, first_token, time.monotonic() - began)


class Interrupted(Exception):
    """The user wants no more of this reply."""


class Asked:
    """One request, in the shape of all the requests that the model asks for more of before each of its steps.

    So it is between two steps that Ctrl-C ends the reply, also while a long prompt is read.
    """

    def __init__(self, request: GenerateRequest, interrupted: threading.Event) -> None:
        self._requests = iter([request])
        self._interrupted = interrupted

    def __iter__(self) -> "Asked":
        return self

    def __next__(self) -> GenerateRequest:
        if self._interrupted.is_set():
            raise Interrupted
        return next(self._requests)


def _reply(chunks: list[Chunk], first_token: float, seconds: float) -> Reply:
    text = "".join(chunk.text for chunk in chunks if chunk.index == 0)
    num_tokens = sum(len(chunk.token_ids) for chunk in chunks)
    is_whole = bool(chunks) and chunks[-1].usage is not None
    completion = Completion.fold(chunks) if is_whole else None
    usage = completion.usage if completion else _usage_so_far(chunks[0].opening if chunks else None, num_tokens)
    return Reply(text, num_tokens, first_token, seconds, completion, usage)


def _usage_so_far(opening: Opening | None, num_tokens: int) -> Usage | None:
    return Usage(opening.prompt_tokens, num_tokens) if opening else None


@contextlib.contextmanager
def interruption() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, so that no step of the engine is cut in two; the second one ends tampu."""
    event = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, previous)
