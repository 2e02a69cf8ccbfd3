"""Answers as OpenAI-shaped dialects word them: whole objects, and a stream from byte templates rendered once.

Where the dialects differ stands in a `Manner`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tampu.catalogue import Price
from tampu.dialects.base import dumps, sse
from tampu.dialects.kinds import JSON
from tampu.dialects.logprobs import chat_logprobs, control_name, legacy_name, prompt_logprobs, text_logprobs, text_name
from tampu.errors import ServiceError
from tampu.request import Choice, Chunk, Completion, FinishReason, Opening, TokenLogprob, ToolCall, ToolCallDelta, Usage

DONE = sse(b"[DONE]")
# Where a stream has its usage: in a chunk of its own if asked for, in one always, or beside the last finish reason.
UsagePlace = Literal["asked", "always", "finish"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every object of one answer begins with."""

    id: str
    created: int
    model: str
    include_usage: bool = False
    every_chunk: bool = False  # has the usage so far
    price: Price = Price()  # of the usage so far
    further: Mapping[str, JSON] = field(default_factory=dict)  # keys that a manner puts into every object
    closing: Mapping[str, JSON] = field(default_factory=dict)  # keys of the whole answer, and of a stream's usage chunk
    preface: Mapping[str, JSON] = field(default_factory=dict)  # keys of a chunk without choices that opens a stream


@dataclass(frozen=True, slots=True)
class Manner:
    """How one dialect words what all of them say. Bytes are JSON."""

    # The keys before `choices`; the string is `object`, the opening None where a stream broke before it.
    head: Callable[[Stamp, str, Opening | None], dict[str, JSON]]
    usage: Callable[[Usage], dict[str, JSON]]
    choice: Callable[[Choice, JSON], dict[str, JSON]]  # of a whole chat; the other argument is `logprobs`
    error: Callable[[ServiceError, str], dict[str, JSON]]  # the object under `error`
    usage_place: UsagePlace
    opening_delta: bytes = b""  # sent for every choice before its text
    delta_tail: bytes = b""  # further keys of every delta with content or calls
    final_delta: bytes = b"{}"
    broken_delta: Mapping[str, JSON] = field(default_factory=dict)
    native_reason: bool = False  # `native_finish_reason` beside `finish_reason`
    silent_reason: bool = False  # `finish_reason` only where a choice ends
    headers: Callable[[Stamp], Mapping[str, str]] = lambda stamp: {}  # noqa: ARG005

    def template(self, stamp: Stamp, kind: str, opening: Opening) -> tuple[bytes, bytes]:
        """The bytes before and after the one choice of a chunk's event."""
        nulls = self.usage_place == "asked" and stamp.include_usage
        tail = b'],"usage":null}\n\n' if nulls else b"]}\n\n"
        return b"data: " + dumps(self.head(stamp, kind, opening))[:-1] + b',"choices":[', tail

    def tail_with(self, usage: Usage) -> bytes:
        """The bytes after the one choice of a chunk that carries the usage."""
        return b'],"usage":%b}\n\n' % dumps(self.usage(usage))

    def finish(self, reason: bytes) -> bytes:
        """The keys that end a choice, and its brace."""
        native = b',"native_finish_reason":' + reason if self.native_reason else b""
        return b',"finish_reason":%b%b}' % (reason, native)

    def going_on(self) -> bytes:
        """The keys of a choice that goes on, after its delta, and its brace."""
        return b"}" if self.silent_reason else self.finish(b"null")

    def last(self, stamp: Stamp, kind: str, opening: Opening | None, usage: Usage) -> Iterator[bytes]:
        """A chunk without choices that carries the usage, where it comes in one, and the end mark."""
        wanted = self.usage_place == "always" or (self.usage_place == "asked" and stamp.include_usage)
        if wanted and opening is not None:
            body = {**self.head(stamp, kind, opening), "choices": [], "usage": self.usage(usage)}
            yield sse(dumps({**body, **stamp.closing}))
        yield DONE

    def broken(self, stamp: Stamp, kind: str, choice: JSON, error: ServiceError, request_id: str) -> Iterator[bytes]:
        """The last chunk of a stream that broke, with the error, which clients raise, and the end mark."""
        head = self.head(stamp, kind, None)
        choices = [{"index": 0, **choice, "finish_reason": "error"}]
        yield sse(dumps({**head, "choices": choices, "error": self.error(error, request_id)}))
        yield DONE


def render_call(call: ToolCall) -> dict[str, JSON]:
    """A whole call; without arguments they are an empty object."""
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments or "{}"},
    }


def render_call_delta(delta: ToolCallDelta) -> dict[str, JSON]:
    """A piece of a call: id, type and name in the first one only."""
    if not delta.name:
        return {"index": delta.index, "function": {"arguments": delta.arguments}}
    function = {"name": delta.name, "arguments": delta.arguments}
    return {"index": delta.index, "id": delta.id, "type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class Report:
    """What an answer tells of its tokens beside their text, as vLLM has it."""

    token_ids: bool = False  # ids of prompt and completion
    tokens_as_ids: bool = False  # log-probabilities name tokens by id
    prompt_logprobs: bool = False

    def choice_ids(self, token_ids: Sequence[int]) -> dict[str, JSON]:
        """A choice's key with its ids, where they are told."""
        return {"token_ids": list(token_ids)} if self.token_ids else {}

    def of_prompt(self, opening: Opening) -> dict[str, JSON]:
        """The keys about the prompt."""
        ids = {"prompt_token_ids": list(opening.prompt_token_ids)} if self.token_ids else {}
        scores = {"prompt_logprobs": prompt_logprobs(opening.prompt_logprobs)} if self.prompt_logprobs else {}
        return {**scores, **ids}


@dataclass(slots=True)
class Ledger:
    """Counts the usage of an answer on its way; what is known before the end is counted from the chunks."""

    price: Price
    num_open: int  # requests whose end has not come
    final: Usage = field(default_factory=Usage)
    _opened: Usage = field(default_factory=Usage)
    _num_tokens: int = 0

    def note(self, chunk: Chunk) -> None:
        """Count a chunk."""
        self._num_tokens += len(chunk.token_ids)
        if chunk.opening is not None:
            self._opened += Usage(chunk.opening.prompt_tokens, 0, chunk.opening.cached_tokens)
        if chunk.usage is not None:
            self.final += chunk.usage
            self.num_open -= 1

    def current(self) -> Usage:
        """What was used until now, with what it costs."""
        return self.price.charge(self._opened + Usage(0, self._num_tokens))


@dataclass(slots=True)
class Pieces:
    """What chat and text streams share: a template for chunks, and the usage they carry."""

    manner: Manner
    stamp: Stamp
    kind: str
    ledger: Ledger
    opening: Opening | None = None
    _before: bytes = b""
    _after: bytes = b""
    _going_on: bytes = b""

    def note(self, chunk: Chunk) -> None:
        """Count the chunk; the first one gives the template."""
        self.ledger.note(chunk)
        if chunk.opening is not None and self.opening is None:
            self.opening = chunk.opening
            self._before, self._after = self.manner.template(self.stamp, self.kind, chunk.opening)
            self._going_on = self.manner.going_on() + self._after

    def first_event(self, choice: bytes, further: Mapping[str, JSON]) -> bytes:
        """An event with one choice that goes on, and further keys of the whole object."""
        event = self.event(choice)
        if not further:
            return event
        return event.removesuffix(b"}\n\n") + b"," + dumps(further)[1:-1] + b"}\n\n"

    def event(self, choice: bytes) -> bytes:
        """An event with one choice that goes on; `choice` is its JSON without the end."""
        if self.stamp.every_chunk:
            after = self.manner.tail_with(self.ledger.current())
            return self._before + choice + self.manner.going_on() + after
        return self._before + choice + self._going_on

    def last_event(self, choice: bytes, reason: FinishReason) -> bytes:
        """An event with one choice that ends."""
        after = self._after
        if self.manner.usage_place == "finish" and self.stamp.include_usage:
            if self.ledger.num_open == 0:
                after = self.manner.tail_with(self.ledger.final)
            elif self.stamp.every_chunk:
                after = self.manner.tail_with(self.ledger.current())
        elif self.stamp.every_chunk:
            after = self.manner.tail_with(self.ledger.current())
        return self._before + choice + self.manner.finish(dumps(reason)) + after

    def preface(self, opening: Opening) -> Iterator[bytes]:
        """The chunk without choices before all others, where there is one."""
        if self.stamp.preface:
            head = self.manner.head(self.stamp, self.kind, opening)
            yield sse(dumps({**head, "choices": [], **self.stamp.preface}))

    def end(self) -> Iterator[bytes]:
        """What comes after the last choice ended."""
        return self.manner.last(self.stamp, self.kind, self.opening, self.ledger.final)


class ChatAnswer:
    """Words one chat call: `chat.completion`, or `chat.completion.chunk`s.

    With `prompt_only` no completion was asked for.
    """

    def __init__(
        self,
        manner: Manner,
        stamp: Stamp,
        num_choices: int,
        logprobs: bool = False,
        prompt_only: bool = False,
        report: Report = Report(),
    ) -> None:
        self._manner = manner
        self._stamp = stamp
        self._report = report
        self._name = control_name if report.tokens_as_ids else text_name
        self._num_choices = num_choices
        self._logprobs = logprobs
        self._prompt_only = prompt_only
        self._pieces = Pieces(manner, stamp, "chat.completion.chunk", Ledger(stamp.price, num_open=1))

    def headers(self, completions: Sequence[Completion]) -> Mapping[str, str]:  # noqa: ARG002
        """Those of the manner."""
        return self._manner.headers(self._stamp)

    def render(self, completions: Sequence[Completion]) -> JSON:
        """The whole answer to the one request of a chat call."""
        (completion,) = map(_without_completion, completions) if self._prompt_only else completions
        return {
            **self._manner.head(self._stamp, "chat.completion", completion.opening),
            "choices": [self._choice(choice) for choice in completion.choices],
            "usage": self._manner.usage(completion.usage),
            **self._report.of_prompt(completion.opening),
            **self._stamp.closing,
        }

    def _choice(self, choice: Choice) -> JSON:
        logprobs = self._wire(choice.logprobs[: len(choice.token_ids)]) if self._logprobs else None
        return {**self._manner.choice(choice, logprobs), **self._report.choice_ids(choice.token_ids)}

    def _wire(self, tokens: Sequence[TokenLogprob]) -> JSON:
        return chat_logprobs(tokens, self._name)

    def render_chunk(self, position: int, chunk: Chunk) -> Iterator[bytes]:  # noqa: ARG002 - a chat has one request
        """What opens every choice, then pieces of content, then an empty delta with the finish reason."""
        if self._prompt_only:
            chunk = _only_prompt(chunk)
        pieces, tail = self._pieces, self._manner.delta_tail
        pieces.note(chunk)
        if chunk.opening is not None:
            yield from pieces.preface(chunk.opening)
        if chunk.opening is not None and self._manner.opening_delta:
            of_prompt = self._report.of_prompt(chunk.opening)
            for index in range(self._num_choices):
                yield pieces.first_event(b'{"index":%d,"delta":%b' % (index, self._manner.opening_delta), of_prompt)
        tokens = chunk.logprobs[: len(chunk.token_ids)]
        if chunk.text or (self._logprobs and tokens) or (self._report.token_ids and chunk.token_ids):
            further = b',"logprobs":' + dumps(self._wire(tokens)) if self._logprobs else b""
            if self._report.token_ids:
                further += b',"token_ids":' + dumps(chunk.token_ids)
            content = dumps(chunk.text)
            yield pieces.event(b'{"index":%d,"delta":{"content":%b%b}%b' % (chunk.index, content, tail, further))
        for call in chunk.tool_calls:
            calls = dumps(render_call_delta(call))
            yield pieces.event(b'{"index":%d,"delta":{"tool_calls":[%b]%b}' % (chunk.index, calls, tail))
        if chunk.finish_reason is not None:
            choice = b'{"index":%d,"delta":%b' % (chunk.index, self._manner.final_delta)
            yield pieces.last_event(choice, chunk.finish_reason)

    def render_end(self) -> Iterator[bytes]:
        """The usage, where it comes last, and the end mark."""
        return self._pieces.end()

    def render_failure(self, error: ServiceError, request_id: str) -> Iterator[bytes]:
        """A chunk with the error, which clients raise, and the end mark."""
        choice = {"delta": self._manner.broken_delta}
        return self._manner.broken(self._stamp, "chat.completion.chunk", choice, error, request_id)


class TextAnswer:
    """Words one completions call, which may hold several prompts: `text_completion`, whole and in pieces.

    Choice i of prompt p has index p * num_choices + i. With `prompt_only` no completion was asked for.
    """

    def __init__(
        self,
        manner: Manner,
        stamp: Stamp,
        num_prompts: int,
        num_choices: int,
        logprobs: bool = False,
        prompt_only: bool = False,
        report: Report = Report(),
        echo: bool = False,
    ) -> None:
        self._manner = manner
        self._stamp = stamp
        self._report = report
        self._echo = echo
        self._name = control_name if report.tokens_as_ids else legacy_name
        self._num_choices = num_choices
        self._logprobs = logprobs
        self._prompt_only = prompt_only
        self._pieces = Pieces(manner, stamp, "text_completion", Ledger(stamp.price, num_open=num_prompts))
        self._offsets: dict[int, int] = {}  # choice index -> characters given so far

    def headers(self, completions: Sequence[Completion]) -> Mapping[str, str]:  # noqa: ARG002
        """Those of the manner."""
        return self._manner.headers(self._stamp)

    def render(self, completions: Sequence[Completion]) -> JSON:
        """The whole answer; the choices of all prompts in one list."""
        if self._prompt_only:
            completions = [_without_completion(completion) for completion in completions]
        choices = [
            self._choice(position * self._num_choices, completion.opening, choice)
            for position, completion in enumerate(completions)
            for choice in completion.choices
        ]
        usage = sum((completion.usage for completion in completions), Usage())
        head = self._manner.head(self._stamp, "text_completion", completions[0].opening)
        return {**head, "choices": choices, "usage": self._manner.usage(usage), **self._stamp.closing}

    def _choice(self, first_index: int, opening: Opening, choice: Choice) -> JSON:
        tokens = self._echoed(opening) + choice.logprobs
        native = {"native_finish_reason": choice.finish_reason} if self._manner.native_reason else {}
        return {
            "text": opening.prompt_text + choice.text,
            "index": first_index + choice.index,
            "logprobs": text_logprobs(tokens, call=self._name)[0] if self._logprobs else None,
            "finish_reason": choice.finish_reason,
            **native,
            **self._report.of_prompt(opening),
            **self._report.choice_ids(choice.token_ids),
        }

    def _echoed(self, opening: Opening) -> tuple[TokenLogprob, ...]:
        """The log-probabilities of a prompt that is given back."""
        return opening.prompt_logprobs if self._echo else ()

    def render_chunk(self, position: int, chunk: Chunk) -> Iterator[bytes]:
        """The echoed prompt for every choice, pieces of text, then an empty text with the finish reason."""
        if self._prompt_only:
            chunk = _only_prompt(chunk)
        pieces, first_index = self._pieces, position * self._num_choices
        pieces.note(chunk)
        if chunk.opening is not None and position == 0:
            yield from pieces.preface(chunk.opening)
        of_prompt = self._report.of_prompt(chunk.opening) if chunk.opening is not None else {}
        if chunk.opening is not None and (chunk.opening.prompt_text or of_prompt):
            for index in range(first_index, first_index + self._num_choices):
                echo = self._piece(index, chunk.opening.prompt_text, self._echoed(chunk.opening))
                yield pieces.event(echo + (b"," + dumps(of_prompt)[1:-1] if of_prompt else b""))
        if chunk.text or (self._logprobs and chunk.logprobs) or (self._report.token_ids and chunk.token_ids):
            ids = b',"token_ids":' + dumps(chunk.token_ids) if self._report.token_ids else b""
            yield pieces.event(self._piece(first_index + chunk.index, chunk.text, chunk.logprobs) + ids)
        if chunk.finish_reason is not None:
            yield pieces.last_event(self._piece(first_index + chunk.index, "", ()), chunk.finish_reason)

    def _piece(self, index: int, text: str, tokens: Sequence[TokenLogprob]) -> bytes:
        logprobs = b"null"
        if self._logprobs and tokens:
            wire, self._offsets[index] = text_logprobs(tokens, self._offsets.get(index, 0), self._name)
            logprobs = dumps(wire)
        return b'{"text":%b,"index":%d,"logprobs":%b' % (dumps(text), index, logprobs)

    def render_end(self) -> Iterator[bytes]:
        """The usage, where it comes last, and the end mark."""
        return self._pieces.end()

    def render_failure(self, error: ServiceError, request_id: str) -> Iterator[bytes]:
        """A chunk with the error, which clients raise, and the end mark."""
        empty = {"text": "", "logprobs": None}
        return self._manner.broken(self._stamp, "text_completion", empty, error, request_id)


def _only_prompt(chunk: Chunk) -> Chunk:
    reason: FinishReason | None = "length" if chunk.finish_reason else None
    usage = replace(chunk.usage, completion_tokens=0, completion_cost=0) if chunk.usage else None
    return replace(chunk, text="", token_ids=(), logprobs=(), tool_calls=(), finish_reason=reason, usage=usage)


def _without_completion(completion: Completion) -> Completion:
    choices = tuple(Choice(choice.index, "", (), (), "length") for choice in completion.choices)
    usage = replace(completion.usage, completion_tokens=0, completion_cost=0)
    return replace(completion, choices=choices, usage=usage)
