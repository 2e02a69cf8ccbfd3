"""How the Responses API words an answer: a whole response, and a stream of named and numbered events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tampu.dialects.base import dumps, sse
from tampu.dialects.kinds import JSON
from tampu.dialects.logprobs import response_logprobs
from tampu.dialects.openai_answers import wire_fingerprint
from tampu.errors import ServiceError
from tampu.request import Choice, Chunk, Completion, FinishReason, Opening, TokenLogprob, ToolCall, ToolCallDelta, Usage

# Why an answer is not whole; any other end is.
CUT_SHORT: Mapping[FinishReason, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}


def status_of(reason: FinishReason) -> str:
    """The status of a response that ended so, and of its last item."""
    return "incomplete" if reason in CUT_SHORT else "completed"


def render_usage(usage: Usage) -> dict[str, JSON]:
    """Token counts under the names of the Responses API. Nothing is charged for what the cache is filled with."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total_tokens,
    }


def render_part(text: str, logprobs: JSON = ()) -> dict[str, JSON]:
    """The one part of a message."""
    return {"type": "output_text", "annotations": [], "logprobs": logprobs, "text": text}


def render_message(item_id: str, status: str, content: Sequence[JSON]) -> dict[str, JSON]:
    """A message as an item of the output."""
    return {"id": item_id, "type": "message", "status": status, "content": content, "role": "assistant"}


def render_call(item_id: str, status: str, call: ToolCall) -> dict[str, JSON]:
    """A call as an item of the output."""
    return {
        "id": item_id,
        "type": "function_call",
        "status": status,
        "arguments": call.arguments,
        "call_id": call.id,
        "name": call.name,
    }


@dataclass(frozen=True, slots=True)
class Outline:
    """What a response says whatever comes. `repeated` is what was asked for."""

    digits: str  # of the request's id
    created: int  # Unix time in seconds
    model: str
    repeated: Mapping[str, JSON]

    def item_id(self, kind: str, index: int) -> str:
        """The id of the item of the output at `index`."""
        return f"{kind}_{self.digits}{index:02x}"

    def response(
        self, opening: Opening, status: str, output: Sequence[JSON] = (), usage: Usage | None = None, cut: str = ""
    ) -> dict[str, JSON]:
        """The response; with the seed and the fingerprint it can be had again."""
        return {
            "id": f"resp_{self.digits}",
            "object": "response",
            "created_at": self.created,
            "status": status,
            "error": None,
            "incomplete_details": {"reason": cut} if cut else None,
            "model": self.model,
            "output": list(output),
            "usage": None if usage is None else render_usage(usage),
            **self.repeated,
            "system_fingerprint": wire_fingerprint(opening.fingerprint),
            "seed": opening.seed,
        }


def text_tokens(choice: Choice) -> Iterator[TokenLogprob]:
    """The tokens that the text is made of; beside calls, those that come after it are not."""
    rest = len(choice.text.encode())
    for token in choice.logprobs[: len(choice.token_ids)]:
        if choice.tool_calls and rest <= 0:
            return
        rest -= len(token.data)
        yield token


@dataclass(slots=True)
class Writing:
    """An item of a stream that is not finished; a message unless there is a call."""

    id: str
    index: int
    call: ToolCall | None = None
    text: list[str] = field(default_factory=list)  # of the message, or the call's arguments
    logprobs: list[JSON] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What its deltas are called."""
        return "response.output_text" if self.call is None else "response.function_call_arguments"

    @property
    def place(self) -> dict[str, JSON]:
        """Where its text is in the output."""
        where = {"item_id": self.id, "output_index": self.index}
        return where if self.call else {**where, "content_index": 0}

    def template(self) -> tuple[bytes, bytes]:
        """The bytes of a delta's event before its number, and between that and its text."""
        head = b'event: %b.delta\ndata: {"type":"%b.delta","sequence_number":' % ((self.kind.encode(),) * 2)
        return head, b"," + dumps(self.place)[1:-1] + b',"delta":'

    def part(self) -> dict[str, JSON]:
        """Its text until now as a part."""
        return render_part("".join(self.text), self.logprobs)

    def item(self, status: str) -> dict[str, JSON]:
        """The item until now; a call without arguments has an empty object."""
        if self.call is None:
            return render_message(self.id, status, [self.part()])
        arguments = "".join(self.text) or "{}"
        return render_call(self.id, status, ToolCall(self.call.id, self.call.name, arguments))


class ResponseAnswer:
    """Words one call of the Responses API."""

    def __init__(self, outline: Outline, logprobs: bool = False) -> None:
        self._outline = outline
        self._logprobs = logprobs
        self.whole: Mapping[str, JSON] = {}  # once it is
        self._opening: Opening | None = None
        self._usage = Usage()
        self._reason: FinishReason = "stop"
        self._number = 0  # of the next event
        self._output: list[JSON] = []  # finished items
        self._writing: Writing | None = None
        self._before, self._between = b"", b""  # of a delta of what is being written
        self._waiting: list[TokenLogprob] = []  # tokens whose text has not come

    def headers(self, completions: Sequence[Completion]) -> Mapping[str, str]:  # noqa: ARG002
        """None of its own."""
        return {}

    def render(self, completions: Sequence[Completion]) -> JSON:
        """The whole response: a message, unless there are only calls, and then the calls."""
        (completion,) = completions
        (choice,) = completion.choices
        status, items = status_of(choice.finish_reason), list(self._items(choice))
        items[-1]["status"] = status
        cut = CUT_SHORT.get(choice.finish_reason, "")
        self.whole = self._outline.response(completion.opening, status, items, completion.usage, cut)
        return self.whole

    def _items(self, choice: Choice) -> Iterator[dict[str, JSON]]:
        first = 0
        if choice.text or not choice.tool_calls:
            logprobs = response_logprobs(text_tokens(choice)) if self._logprobs else []
            yield render_message(self._outline.item_id("msg", 0), "completed", [render_part(choice.text, logprobs)])
            first = 1
        for index, call in enumerate(choice.tool_calls, start=first):
            writing = Writing(self._outline.item_id("fc", index), index, call, [call.arguments])
            yield writing.item("completed")

    def render_chunk(self, position: int, chunk: Chunk) -> Iterator[bytes]:  # noqa: ARG002 - there is one request
        """Pieces of the items; each begins and ends with events of its own."""
        if chunk.opening is not None:
            self._opening = chunk.opening
            response = self._outline.response(chunk.opening, "in_progress")
            yield self._event("response.created", response=response)
            yield self._event("response.in_progress", response=response)
        if self._logprobs:
            self._waiting += chunk.logprobs[: len(chunk.token_ids)]
        if chunk.text:
            if self._writing is None or self._writing.call is not None:
                yield from self._begin()
            yield self._delta(chunk.text)
        for delta in chunk.tool_calls:
            yield from self._piece_of_call(delta)
        if chunk.finish_reason is not None:
            yield from self._finish(chunk.finish_reason)
        if chunk.usage is not None:
            self._usage = chunk.usage

    def _event(self, kind: str, **fields: JSON) -> bytes:
        payload = dumps({"type": kind, "sequence_number": self._number, **fields})
        self._number += 1
        return sse(payload, kind.encode())

    def _begin(self, call: ToolCall | None = None) -> Iterator[bytes]:
        """Finish what is being written, and begin a message or a call."""
        yield from self._close("completed")
        index = len(self._output)
        writing = Writing(self._outline.item_id("fc" if call else "msg", index), index, call)
        started = (
            render_call(writing.id, "in_progress", call) if call else render_message(writing.id, "in_progress", [])
        )
        yield self._event("response.output_item.added", output_index=index, item=started)
        if call is None:
            yield self._event("response.content_part.added", **writing.place, part=render_part("", []))
        self._writing = writing
        self._before, self._between = writing.template()

    def _delta(self, text: str) -> bytes:
        writing = self._writing
        assert writing is not None, "a delta belongs to an item"
        writing.text.append(text)
        after = b"}\n\n" if writing.call is not None else self._delta_logprobs(writing)
        event = b"%b%d%b%b%b" % (self._before, self._number, self._between, dumps(text), after)
        self._number += 1
        return event

    def _delta_logprobs(self, writing: Writing) -> bytes:
        if not self._waiting:
            return b',"logprobs":[]}\n\n'
        logprobs = response_logprobs(self._waiting)
        self._waiting.clear()
        writing.logprobs += logprobs
        return b',"logprobs":%b}\n\n' % dumps(logprobs)

    def _piece_of_call(self, delta: ToolCallDelta) -> Iterator[bytes]:
        self._waiting.clear()
        if delta.name:
            yield from self._begin(ToolCall(delta.id, delta.name, ""))
        if delta.arguments:
            yield self._delta(delta.arguments)

    def _finish(self, reason: FinishReason) -> Iterator[bytes]:
        self._reason = reason
        if self._writing is None:
            yield from self._begin()
        if self._waiting and self._writing is not None and self._writing.call is None:
            yield self._delta("")
        yield from self._close(status_of(reason))

    def _close(self, status: str) -> Iterator[bytes]:
        """The last events of the item that is being written, if there is one."""
        writing, self._writing = self._writing, None
        if writing is None:
            return
        item = writing.item(status)
        if writing.call is None:
            part = writing.part()
            text, logprobs = part["text"], part["logprobs"]
            yield self._event(f"{writing.kind}.done", **writing.place, text=text, logprobs=logprobs)
            yield self._event("response.content_part.done", **writing.place, part=part)
        else:
            yield self._event(f"{writing.kind}.done", **writing.place, arguments=item["arguments"])
        yield self._event("response.output_item.done", output_index=writing.index, item=item)
        self._output.append(item)

    def render_end(self) -> Iterator[bytes]:
        """The whole response. There is no further end mark."""
        assert self._opening is not None, "a stream begins with an opening"
        status, cut = status_of(self._reason), CUT_SHORT.get(self._reason, "")
        self.whole = self._outline.response(self._opening, status, self._output, self._usage, cut)
        yield self._event(f"response.{status}", response=self.whole)

    def render_failure(self, error: ServiceError, request_id: str) -> Iterator[bytes]:  # noqa: ARG002
        """The error, and the response as far as it came, if it was begun."""
        yield self._event("error", code=error.code or "server_error", message=error.message, param=error.param)
        if self._opening is None:
            return
        unfinished = [] if self._writing is None else [self._writing.item("incomplete")]
        response = self._outline.response(self._opening, "failed", [*self._output, *unfinished])
        response["error"] = {"code": "server_error", "message": error.message}
        yield self._event("response.failed", response=response)
