"""A batch of requests, one JSON object per line, to a batch of answers in the same order.

A line is `{"messages": [...], ...}` or `{"prompt": ..., ...}` with the parameters of the OpenAI API, and optionally a
`custom_id`; or a line of OpenAI's Batch API, which wraps this in `body`. Answers have the form of that API's output.
"""

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

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
    custom_id: str
    call: Call
    chunks: dict[str, list[Chunk]] = field(default_factory=dict)
    open: int = 0


class Batch:
    """Answers lines with a model. The dialect parses and words them, just as the server does."""

    def __init__(self, llm: LLM, created: int, done: frozenset[str] = frozenset()) -> None:
        self._llm = llm
        self._created = created  # Unix time in seconds
        self._seen = set(done)
        self._done = done
        self._model = entry_of(llm.card, created, all_names(llm.settings.model))
        self._dialect = OpenAI.build(Policy(max_choices=MAX_CHOICES))
        self._operations = {operation.name: operation for operation in self._dialect.operations}
        self._jobs: dict[str, Job] = {}  # by the id of each open request
        self._ready: dict[int, dict[str, Any] | None] = {}  # by place; None for a line that is skipped
        self.num_failed = 0

    def answers(self, lines: Iterable[str | bytes]) -> Iterator[dict[str, Any] | None]:
        """One answer per line in order; None for a line whose answer is here from an earlier run.

        A line that is wrong has its error for an answer, and disturbs no other.
        """
        place = 0
        for request_id, news in self._llm.generate(self._requests(lines)):
            self._take(request_id, news)
            while place in self._ready:
                yield self._ready.pop(place)
                place += 1
        while place in self._ready:
            yield self._ready.pop(place)
            place += 1

    def _requests(self, lines: Iterable[str | bytes]) -> Iterator[GenerateRequest]:
        for place, line in enumerate(lines):
            custom_id = f"line-{place + 1}"
            try:
                values = _read_object(line)
                custom_id = _custom_id(values, custom_id)
                if custom_id in self._done:
                    self._ready[place] = None
                    continue
                self._claim(custom_id)
                yield from self._open(Job(place, custom_id, self._parse(custom_id, values)))
            except ServiceError as error:
                if custom_id in self._done:
                    self._ready[place] = None
                else:
                    self._fail(place, custom_id, error)

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
                self._fail(job.place, job.custom_id, news)
            return
        job.chunks.setdefault(request_id, []).append(news)
        if news.usage is not None:
            del self._jobs[request_id]
            job.open -= 1
        if job.open == 0:
            completions = [Completion.fold(job.chunks[id_]) for id_ in sorted(job.chunks, key=_number)]
            self._ready[job.place] = _answer(job.custom_id, 200, job.call.answer.render(completions))

    def _fail(self, place: int, custom_id: str, error: ServiceError) -> None:
        self.num_failed += 1
        self._ready[place] = _answer(custom_id, *self._dialect.render_error(error, custom_id))


def finished_ids(output: Path) -> frozenset[str]:
    """The ids of the answers in this file. A last line that is broken off is cut away."""
    if not output.is_file():
        return frozenset()
    ids, whole = [], 0
    with output.open("rb+") as file:
        for line in file:
            if not line.endswith(b"\n"):
                file.seek(0, os.SEEK_END)
                break
            ids.append(_finished_id(output, line))
            whole += len(line)
        file.truncate(whole)
    return frozenset(ids)


def _finished_id(output: Path, line: bytes) -> str:
    try:
        return str(json.loads(line)["custom_id"])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(f"{output} holds something other than answers; name another file.") from error


def _answer(custom_id: str, status: int, body: Any) -> dict[str, Any]:
    return {"custom_id": custom_id, "response": {"status_code": status, "body": body}, "error": None}


def _read_object(line: str | bytes) -> dict[str, Any]:
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
