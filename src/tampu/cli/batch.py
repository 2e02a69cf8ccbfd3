"""A batch of requests, one JSON object per line, to a batch of answers in the same order.

A line is `{"messages": [...], ...}` or `{"prompt": ..., ...}` with the parameters of the OpenAI API, and optionally a
`custom_id`; or a line of OpenAI's Batch API, which wraps this in `body`. Answers have the form of that API's output.
"""

import contextlib
import json
import secrets
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tampu.cli.answers import Mark, id_of
from tampu.dialects.base import Call, Context, ModelEntry, Policy
from tampu.dialects.openai import OpenAI
from tampu.engine.entry import entry_of
from tampu.engine.llm import LLM
from tampu.errors import InvalidRequest, ModelNotFound, ServiceError, Unsupported
from tampu.model.names import all_names
from tampu.request import Chunk, Completion, GenerateRequest

MAX_CHOICES = 128
WRAPPING = ("custom_id", "method", "url", "body")


@dataclass(slots=True)
class Job:
    """A line being answered. `open` counts the prompts whose completion is not whole."""

    place: int
    mark: Mark
    call: Call
    chunks: dict[str, list[Chunk]] = field(default_factory=dict)
    open: int = 0


class Batch:
    """Answers lines with a model. The dialect parses and words them, just as the server does."""

    def __init__(self, llm: LLM, created: int) -> None:
        self._llm = llm
        self._created = created  # Unix time in seconds
        self._seen: set[str] = set()
        self._model = entry_of(llm.card, created, all_names(llm.settings.model))
        self._dialect = OpenAI.build(Policy(max_choices=MAX_CHOICES))
        self._operations = {operation.name: operation for operation in self._dialect.operations}
        self._jobs: dict[str, Job] = {}  # by the id of each open request
        self._ready: dict[int, dict[str, Any] | None] = {}  # by place; None for a line that is skipped
        self.num_failed = 0

    def answers(self, lines: Iterable[bytes], skip: Container[int] = ()) -> Iterator[dict[str, Any] | None]:
        """One answer per line in order, blank lines apart; None for a line whose place is to be skipped.

        A line that is wrong has its error for an answer, and disturbs no other.
        """
        place = 0
        for request_id, news in self._llm.generate(self._requests(lines, skip)):
            self._take(request_id, news)
            while place in self._ready:
                yield self._ready.pop(place)
                place += 1
        while place in self._ready:
            yield self._ready.pop(place)
            place += 1

    def marks(self, lines: Iterable[bytes]) -> Iterator[Mark]:
        """What the answers to these lines are told by."""
        return (self._mark(number, line) for number, line in numbered(lines))

    def _mark(self, number: int, line: bytes) -> Mark:
        custom_id = f"line-{number}"
        with contextlib.suppress(ServiceError):
            custom_id = _custom_id(_read_object(line), custom_id)
        return Mark(custom_id, id_of(line, self._llm.card.fingerprint))

    def _requests(self, lines: Iterable[bytes], skip: Container[int]) -> Iterator[GenerateRequest]:
        for place, (number, line) in enumerate(numbered(lines)):
            mark = self._mark(number, line)
            try:
                values = _read_object(line)
                _custom_id(values, mark.custom_id)
                self._claim(mark.custom_id)
                if place not in skip:
                    yield from self._open(Job(place, mark, self._parse(mark.custom_id, values)))
            except ServiceError as error:
                if place not in skip:
                    self._fail(place, mark, error)
            if place in skip:
                self._ready[place] = None

    def _claim(self, custom_id: str) -> None:
        if custom_id in self._seen:
            raise InvalidRequest(f"custom_id {custom_id} stands on an earlier line too.", param="custom_id")
        self._seen.add(custom_id)

    def _parse(self, custom_id: str, values: dict[str, Any]) -> Call:
        body = values.get("body", {key: value for key, value in values.items() if key not in WRAPPING})
        if not isinstance(body, dict):
            raise InvalidRequest("body must be an object.", param="body")
        kind = "chat" if "messages" in body else "completions"
        if "messages" not in body and "prompt" not in body:
            raise InvalidRequest("A line needs messages or a prompt.", param="messages")
        body.setdefault("model", self._model.ids[0])
        context = Context(custom_id, self._created, secrets.randbits(63), self._find)
        call = self._operations[kind].parse({}, body, context)
        if call.stream:
            raise Unsupported("stream", "a batch has whole answers")
        return call

    def _find(self, name: str) -> ModelEntry:
        if name not in self._model.ids:
            raise ModelNotFound(name, self._model.ids)
        return self._model

    def _open(self, job: Job) -> Iterator[GenerateRequest]:
        job.open = len(job.call.requests)
        for number, request in enumerate(job.call.requests):
            # An id of our own: those of two lines may look alike.
            own = replace(request, id=f"{job.place}.{number}")
            self._jobs[own.id] = job
            yield own

    def _take(self, request_id: str, news: Chunk | ServiceError) -> None:
        job = self._jobs[request_id]
        if isinstance(news, ServiceError):
            del self._jobs[request_id]
            if job.place not in self._ready:
                self._fail(job.place, job.mark, news)
            return
        job.chunks.setdefault(request_id, []).append(news)
        if news.usage is not None:
            del self._jobs[request_id]
            job.open -= 1
        if job.open == 0:
            completions = [Completion.fold(job.chunks[id_]) for id_ in sorted(job.chunks, key=_number)]
            self._ready[job.place] = _answer(job.mark, 200, job.call.answer.render(completions))

    def _fail(self, place: int, mark: Mark, error: ServiceError) -> None:
        self.num_failed += 1
        self._ready[place] = _answer(mark, *self._dialect.render_error(error, mark.custom_id))


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, each with its number in the file."""
    return ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def _answer(mark: Mark, status: int, body: Any) -> dict[str, Any]:
    return {
        "id": mark.id,
        "custom_id": mark.custom_id,
        "response": {"status_code": status, "body": body},
        "error": None,
    }


def _read_object(line: bytes) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The line is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise InvalidRequest("The line is not a JSON object.")
    return values


def _custom_id(values: dict[str, Any], default: str) -> str:
    custom_id = values.get("custom_id", default)
    if not isinstance(custom_id, str) or not custom_id:
        raise InvalidRequest("custom_id must be a string.", param="custom_id")
    return custom_id


def _number(request_id: str) -> int:
    return int(request_id.partition(".")[2])
