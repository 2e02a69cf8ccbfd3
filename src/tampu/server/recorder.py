"""What is noted of a call while it is answered, and the record that it becomes: digests, and text only when asked for.

`replay` of a record has `requests`, the parameters of each request of the call (one entry where all are alike),
`engine`, the model's file, the kind of its cache and its context, `policy`, under which the body was read, and
`path_args` and `query` of the route. `text`, where it is
kept, has `requests`, the text of each, and `choices`, per request and choice what was answered.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tampu.catalogue import Price
from tampu.dialects.base import Call, ModelEntry
from tampu.dialects.kinds import JSON
from tampu.generation import ChoiceDigest, GenerationRecord
from tampu.replay import TokenDigest, digest, parameters_of, text_of
from tampu.request import Chunk, FinishReason, GenerateRequest, Opening, ToolCallDelta, Usage, join_calls
from tampu.server.records import RequestRecord

MAX_CLIENT = 256  # characters of a header or of a name in the body
CLIENT_HEADERS = ("user-agent", "http-referer", "referer", "x-title", "x-openrouter-title", "x-session-id")
OTHER_NAMES = {"referer": "http-referer", "x-openrouter-title": "x-title"}
CLIENT_FIELDS = ("user", "session_id")


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a call came in, and by whom and for what engine: `client` and the parts of `replay` beside its requests."""

    dialect: str
    operation: str
    client: Mapping[str, str]
    replay: Mapping[str, Any]


class ChoiceTrace:
    """One choice so far."""

    def __init__(self, with_text: bool) -> None:
        self._digest = TokenDigest()
        self._finish_reason: FinishReason | None = None
        self._chunks: list[Chunk] | None = [] if with_text else None

    def note(self, chunk: Chunk) -> None:
        """Take in a piece."""
        self._digest.push(chunk.token_ids)
        self._finish_reason = chunk.finish_reason or self._finish_reason
        if self._chunks is not None:
            self._chunks.append(chunk)

    @property
    def digest(self) -> ChoiceDigest:
        """What it was, without its text."""
        return ChoiceDigest(self._digest.hex, self._digest.num_tokens, self._finish_reason)

    @property
    def text(self) -> dict[str, Any]:
        """Its text, ids and calls."""
        chunks = self._chunks or []
        deltas: list[ToolCallDelta] = [delta for chunk in chunks for delta in chunk.tool_calls]
        return {
            "text": "".join(chunk.text for chunk in chunks),
            "token_ids": [token_id for chunk in chunks for token_id in chunk.token_ids],
            "tool_calls": [asdict(call) for call in join_calls(deltas)],
        }


@dataclass(slots=True)
class RequestTrace:
    """One request of the call so far."""

    request: GenerateRequest
    choices: list[ChoiceTrace]
    opening: Opening | None = None
    num_delivered: int = 0
    # Its own, once all its choices have ended.
    final_usage: Usage | None = None

    def note(self, chunk: Chunk) -> None:
        """Take in a piece."""
        self.opening = chunk.opening or self.opening
        self.final_usage = chunk.usage or self.final_usage
        self.num_delivered += len(chunk.token_ids)
        self.choices[chunk.index].note(chunk)

    def usage(self, price: Price) -> Usage:
        """What it used; of a request that did not end, what was delivered."""
        if self.final_usage is not None or self.opening is None:
            return self.final_usage or Usage()
        return price.charge(Usage(self.opening.prompt_tokens, self.num_delivered, self.opening.cached_tokens))

    @property
    def parameters(self) -> dict[str, Any]:
        """Its parameters, with the seed that it was given."""
        parameters = parameters_of(self.request)
        if self.opening is not None:
            parameters["sampling"]["seed"] = self.opening.seed
        return parameters


@dataclass(slots=True)
class Recorder:
    """Notes the chunks of a call, and hands one record to `keep` when it is over; none when nothing was generated."""

    call: Call
    model: ModelEntry
    asked: Asked
    request: RequestRecord
    keep: Callable[[GenerationRecord], None]
    with_text: bool = False
    remember: Callable[[Mapping[str, JSON]], object] = lambda memories: None  # noqa: ARG005
    clock: Callable[[], float] = time.time
    _traces: list[RequestTrace] = field(init=False)

    def __post_init__(self) -> None:
        self._traces = [
            RequestTrace(request, [ChoiceTrace(self.with_text) for _ in range(request.sampling.n)])
            for request in self.call.requests
        ]

    def note(self, position: int, chunk: Chunk) -> None:
        """Take in a piece of the answer to the request at this position."""
        self._traces[position].note(chunk)

    def finish(self, broke: FinishReason | None = None) -> None:
        """The call is over: by itself, by "abort" when the client left, or by "error"."""
        openings = [trace.opening for trace in self._traces if trace.opening is not None]
        if openings:
            self.keep(self._record(openings[0], broke))
        if broke is None and self.call.memories is not None:
            self.remember(self.call.memories())

    def _record(self, opening: Opening, broke: FinishReason | None) -> GenerationRecord:
        call, asked, request = self.call, self.asked, self.request
        return GenerationRecord(
            id=request.id,
            answer_id=call.answer_id,
            dialect=asked.dialect,
            operation=asked.operation,
            model=call.model,
            served_by=self.model.ids[0],
            tenant=request.tenant,
            created=self.clock() - request.seconds,
            seconds=request.seconds,
            seconds_to_first_chunk=request.seconds_to_first_chunk,
            usage=self._usage(broke),
            finish_reasons=(*request.finish_reasons, *((broke,) if broke else ())),
            streamed=call.stream,
            cancelled=broke == "abort",
            seed=opening.seed,
            fingerprint=opening.fingerprint,
            client=asked.client,
            prompt_digests=tuple(digest(text_of(trace.request)) for trace in self._traces),
            choice_digests=tuple(tuple(choice.digest for choice in trace.choices) for trace in self._traces),
            replay={**asked.replay, "requests": alike([trace.parameters for trace in self._traces])},
            text=self._text() if self.with_text else None,
        )

    def _usage(self, broke: FinishReason | None) -> Usage:
        """The sum; nobody pays for what broke on our side."""
        price = Price() if broke == "error" else self.model.known.price
        usages = [trace.usage(price) for trace in self._traces]
        total = sum(usages, Usage())
        return price.charge(total) if broke == "error" else total

    def _text(self) -> dict[str, Any]:
        return {
            "requests": [text_of(trace.request) for trace in self._traces],
            "choices": [[choice.text for choice in trace.choices] for trace in self._traces],
        }


def alike(values: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The values; one of them where all are equal."""
    return list(values[:1] if all(value == values[0] for value in values) else values)


def client_of(headers: Mapping[str, str], body: object) -> dict[str, str]:
    """What a request says of who sent it, in its headers and its body, cut to a bounded length."""
    fields = body if isinstance(body, dict) else {}
    said = [(name, headers.get(name)) for name in CLIENT_HEADERS] + [(name, fields.get(name)) for name in CLIENT_FIELDS]
    found = {name: value[:MAX_CLIENT] for name, value in said if isinstance(value, str) and value}
    for other, name in OTHER_NAMES.items():
        if other in found:
            found.setdefault(name, found.pop(other))
    return found
