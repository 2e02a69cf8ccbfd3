"""The engine in this process, for programs: `LLM("cria").chat("Hello")`."""

import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, overload

from tampu.dialects.kinds import json_type
from tampu.engine.adapter_shelf import open_shelf
from tampu.engine.arguments import (
    Choice,
    Conversation,
    Offer,
    read_messages,
    read_offers,
    read_prompt,
    read_sampling,
    split_constraint,
)
from tampu.engine.loading import Report, load_engine
from tampu.engine.open_request import OpenRequest, RefusedRequest
from tampu.engine.output import EngineStats
from tampu.engine.prepare import Preparer, locate_draft, read_tokenizer
from tampu.engine.tools import constraint_of
from tampu.errors import InvalidRequest, NotReady, ServiceError
from tampu.grammar.compile import compile_constraint
from tampu.model.hub import packed_cache, resolve
from tampu.request import Chunk, Completion, Constraint, GenerateRequest, Prompt, ToolCall, Usage
from tampu.settings import EngineSettings, Paths, load

CLOSED = "The model was closed."


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion that reads as its text: `print(llm.chat("Hello"))`."""

    completion: Completion

    @property
    def text(self) -> str:
        """The text of the first choice."""
        return self.completion.choices[0].text

    @property
    def texts(self) -> list[str]:
        """The text of every choice."""
        return [choice.text for choice in self.completion.choices]

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the first choice makes."""
        return self.completion.choices[0].tool_calls

    @property
    def finish_reason(self) -> str:
        """Why the first choice ended: "stop", "length" or "tool_calls"."""
        return self.completion.choices[0].finish_reason

    @property
    def usage(self) -> Usage:
        """Token counts."""
        return self.completion.usage

    def __str__(self) -> str:
        return self.text


class LLM:
    """A model, loaded into this process. Keyword arguments are the fields of EngineSettings; BadSetting for others.

    `adapters` has names of LoRA adapters and the directories they lie in; those stored for the
    model by `tampu adapters add` can be asked for as well.

    It may be used from several threads and by several iterators at once: all that is asked runs in one batch.
    """

    def __init__(
        self,
        model: str | PathLike[str] = "cria",
        *,
        paths: Paths | None = None,
        progress: Report | None = None,
        adapters: Mapping[str, str | PathLike[str]] | None = None,
        **settings: Any,
    ) -> None:
        paths = paths or Paths.find()
        self.settings = locate_draft(load(EngineSettings, {"model": fspath(model), **settings}), paths)
        reference = resolve(self.settings.model, paths)
        self._engine, self.card = load_engine(reference, packed_cache(paths), self.settings, progress or _silent)
        self.tokenizer = read_tokenizer(Path(self.card.packed))
        self.adapters = open_shelf(self.card, self.settings, paths)
        for name, directory in (adapters or {}).items():
            self.add_adapter(name, directory)
        self._preparer = Preparer(self.tokenizer, self.card, find_adapter=self.adapters.offer)
        self._by_sequence: dict[int, OpenRequest] = {}
        self._next_id = 0
        self._lock = threading.RLock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def stats(self) -> EngineStats:
        """Gauges and counters of the engine; NotReady once it is closed."""
        with self._lock:
            if self._closed:
                raise NotReady(CLOSED)
            return self._engine.stats()

    def count_tokens(self, messages: Conversation) -> int:
        """How many tokens a conversation has as a prompt."""
        return self._preparer.count(read_messages(messages))

    def add_adapter(self, name: str, directory: str | PathLike[str]) -> None:
        """Let requests ask for the LoRA adapter in a directory by this name; InvalidAdapter when it does not fit."""
        self.adapters.bring(name, Path(directory).expanduser())

    def close(self) -> None:
        """Give back the memory of weights and cache; iterators still open end with an error."""
        with self._lock:
            for request in self._by_sequence.values():
                request.fail(NotReady(CLOSED))
            self._by_sequence.clear()
            if not self._closed:
                del self._engine
            self._closed = True

    @overload
    def chat(
        self,
        messages: Conversation,
        *,
        stream: Literal[False] = False,
        tools: Iterable[Offer] = (),
        tool_choice: Choice = "auto",
        parallel_tool_calls: bool = True,
        continue_last: bool = False,
        constraint: Constraint | None = None,
        adapter: str = "",
        **sampling: Any,
    ) -> Answer: ...

    @overload
    def chat(
        self,
        messages: Conversation,
        *,
        stream: Literal[True],
        tools: Iterable[Offer] = (),
        tool_choice: Choice = "auto",
        parallel_tool_calls: bool = True,
        continue_last: bool = False,
        constraint: Constraint | None = None,
        adapter: str = "",
        **sampling: Any,
    ) -> Iterator[str]: ...

    def chat(
        self,
        messages: Conversation,
        *,
        stream: bool = False,
        tools: Iterable[Offer] = (),
        tool_choice: Choice = "auto",
        parallel_tool_calls: bool = True,
        continue_last: bool = False,
        constraint: Constraint | None = None,
        adapter: str = "",
        **sampling: Any,
    ) -> Answer | Iterator[str]:
        """The answer to a conversation, or with `stream` the pieces of its text as they come.

        A string is one user message; dicts have OpenAI's shape. `sampling` has the fields of SamplingParams; what is
        left out is as the model's makers recommend. `tools` may be called as `tool_choice` says, both as in OpenAI's
        API; a tool may also be a function, whose signature and docstring describe it. The calls are in
        `Answer.tool_calls`. A `constraint` is what the whole answer must match; `response_format` takes OpenAI's dict,
        or a type such as a pydantic model. An `adapter` is the name of the LoRA to answer with.
        """
        request = self._request(
            read_messages(messages),
            sampling,
            **read_offers(tools, tool_choice, parallel_tool_calls),
            continue_last=continue_last,
            constraint=constraint,
            adapter=adapter,
        )
        return self._texts(request) if stream else self._answer(request)

    @overload
    def complete(
        self,
        prompt: str | Sequence[int],
        *,
        stream: Literal[False] = False,
        constraint: Constraint | None = None,
        adapter: str = "",
        **sampling: Any,
    ) -> Answer: ...

    @overload
    def complete(
        self,
        prompt: str | Sequence[int],
        *,
        stream: Literal[True],
        constraint: Constraint | None = None,
        adapter: str = "",
        **sampling: Any,
    ) -> Iterator[str]: ...

    def complete(
        self,
        prompt: str | Sequence[int],
        *,
        stream: bool = False,
        constraint: Constraint | None = None,
        adapter: str = "",
        **sampling: Any,
    ) -> Answer | Iterator[str]:
        """What follows a raw prompt: text in which control tokens are parsed, or token ids."""
        request = self._request(read_prompt(prompt), sampling, constraint=constraint, adapter=adapter)
        return self._texts(request) if stream else self._answer(request)

    def generate(self, requests: Iterable[GenerateRequest | str]) -> Iterator[tuple[str, Chunk | ServiceError]]:
        """Chunks of all requests with their ids, interleaved as they come; an error ends its own request only.

        A string is a raw prompt, as `complete` takes it; its id is its place: "0", "1". `requests` is read as room
        becomes free, so it may be endless. Closing the iterator aborts what is open.
        """
        if isinstance(requests, str):
            requests = [requests]
        if not isinstance(requests, Iterable):
            raise InvalidRequest(f"requests must be a list, got {json_type(requests)}.", param="requests")
        # Not a generator: an iterator that has nothing now may be asked again before the next step.
        waiting = map(self._as_request, count(), requests)
        opened = list[OpenRequest | RefusedRequest]()
        try:
            while True:
                # One by one, so that those before a request that cannot be read are closed, too.
                for asked in islice(waiting, self._room(opened)):
                    opened.append(self._open(asked))
                if not opened:
                    return
                if not any(request.has_news for request in opened):
                    self._step()
                for request in opened:
                    yield from ((request.id, news) for news in request.take())
                for request in [request for request in opened if request.finished]:
                    self._close(request)
                    opened.remove(request)
        finally:
            for request in opened:
                self._close(request)

    def _room(self, opened: Sequence[object]) -> int:
        # One batch runs and one waits behind it: the engine never idles, and memory is bounded.
        return max(0, 2 * self.settings.max_num_seqs - len(opened))

    def _as_request(self, place: int, request: GenerateRequest | str) -> GenerateRequest:
        if isinstance(request, GenerateRequest):
            return request
        prompt = read_prompt(request, f"requests[{place}]")
        return GenerateRequest(str(place), self.card.id, prompt, read_sampling(self.card.recommended))

    def _request(
        self, prompt: Prompt, arguments: Mapping[str, Any], constraint: Constraint | None, **others: Any
    ) -> GenerateRequest:
        asked, sampling = split_constraint(arguments)
        if asked is not None and constraint is not None:
            both = f"{asked.param} and constraint"
            raise InvalidRequest(f"An answer is held to one thing at a time, got {both}.", param="constraint")
        params = read_sampling({**self.card.recommended, **sampling})
        return GenerateRequest(uuid.uuid4().hex, self.card.id, prompt, params, constraint=asked or constraint, **others)

    def _answer(self, request: GenerateRequest) -> Answer:
        return Answer(Completion.fold(self._chunks(request)))

    def _texts(self, request: GenerateRequest) -> Iterator[str]:
        if request.sampling.n != 1:
            raise InvalidRequest(f"n must be 1 for a stream of text, got {request.sampling.n}.", param="n")
        return (chunk.text for chunk in self._chunks(request) if chunk.text)

    def _chunks(self, request: GenerateRequest) -> Iterator[Chunk]:
        for _, chunk in self.generate([request]):
            if isinstance(chunk, ServiceError):
                raise chunk
            yield chunk

    def _open(self, request: GenerateRequest) -> OpenRequest | RefusedRequest:
        try:
            grammar = compile_constraint(constraint) if (constraint := constraint_of(request)) else ""
            prepared = self._preparer.prepare(request, grammar)
        except ServiceError as error:
            return RefusedRequest(request.id, error)
        with self._lock:
            if self._closed:
                return RefusedRequest(request.id, NotReady(CLOSED))
            opened = OpenRequest(prepared, self._next_id, self.card.fingerprint, self.tokenizer)
            if prepared.adapter is not None:
                self._engine.offer_adapter(self.adapters.moved(prepared.adapter))
            for spec in opened.open_specs():
                self._engine.add(spec)
                self._by_sequence[spec.id] = opened
            self._next_id += prepared.sampling.n
        return opened

    def _step(self) -> None:
        """One step of the engine, for all that is open, whoever asked for it."""
        with self._lock:
            for output in self._engine.step():
                if self._by_sequence[output.sequence_id].push(output):
                    self._engine.abort(output.sequence_id)

    def _close(self, request: OpenRequest | RefusedRequest) -> None:
        """Forget a request, and abort what it has unfinished."""
        if isinstance(request, RefusedRequest):
            return
        with self._lock:
            for sequence_id in request.sequence_ids:
                if self._by_sequence.pop(sequence_id, None) is not None:
                    self._engine.abort(sequence_id)


def _silent(phase: str, fraction: float) -> None:
    """Report to nobody."""
