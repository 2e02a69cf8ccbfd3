"""How Workers AI words an answer: its envelope around the whole, and a stream of pieces with padding."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from tampu.catalogue import Price
from tampu.dialects.answers import DONE, render_call
from tampu.dialects.base import dumps, sse
from tampu.dialects.kinds import JSON
from tampu.dialects.workers_ai_errors import call_unmet, json_unmet, render_errors, request_uuid
from tampu.errors import ServiceError
from tampu.request import Choice, Chunk, Completion, FinishReason, ToolCall, ToolCallDelta, Usage, join_calls

PICO_PER_NEURON = 11_000_000  # 0.011 dollars for a thousand
NEURON_DIGITS = 6  # after the point
PADDING = b"abcdefghijklmnopqrstuvwxyz0123456789"
CUT_AT_DEFAULT = 5097  # of a message: private, as 5098 and 5099 are


def envelope(result: JSON, messages: Sequence[JSON] = ()) -> dict[str, JSON]:
    """What every success looks like."""
    return {"result": result, "success": True, "errors": [], "messages": list(messages)}


def neurons(pico_dollars: int) -> float:
    """A cost in neurons."""
    return round(pico_dollars / PICO_PER_NEURON, NEURON_DIGITS)


def neurons_header(pico_dollars: int) -> str:
    """The same as a header has it: digits without an exponent."""
    return f"{neurons(pico_dollars):.{NEURON_DIGITS}f}".rstrip("0").rstrip(".")


def answer_headers(request_id: str, pico_dollars: int = 0) -> dict[str, str]:
    """The request's id as Cloudflare writes it, twice, and what the call cost as far as it is known."""
    name = request_uuid(request_id)
    return {"cf-ai-req-id": name, "x-request-id": name, "cf-ai-neurons": neurons_header(pico_dollars)}


def padding(seed: int, index: int) -> bytes:
    """1 to 36 characters, the same for the same seed and event, so that a replay gives the same bytes."""
    (number,) = blake2b(b"%d %d" % (seed, index), digest_size=1).digest()
    return PADDING[: 1 + number * len(PADDING) // 256]


def render_usage(usage: Usage, with_neurons: bool = False) -> dict[str, JSON]:
    """Token counts; those taken from the prefix cache, where there are any; the neurons, where they are wanted."""
    cached = {"prompt_tokens_details": {"cached_tokens": usage.cached_tokens}} if usage.cached_tokens else {}
    cost = {"neurons": neurons(usage.cost)} if with_neurons else {}
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        **cached,
        **cost,
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the body asked of the answer's form."""

    json_mode: bool = False
    must_call: bool = False
    neurons: bool = False  # in the usage, too
    openai_calls: bool = False  # calls in OpenAI's shape
    calls: bool = True  # `tool_calls` is there even when it is empty
    default_limit: int | None = None  # the cap on tokens, where the body left it open


class RunAnswer:
    """Words one call of a model: the envelope, or a stream."""

    def __init__(self, request_id: str, seed: int, price: Price, wanted: Wanted) -> None:
        self._request_id = request_id
        self._seed = seed
        self._price = price
        self._wanted = wanted
        self._num_events = 0
        self._prompt_tokens = 0
        self._deltas: list[ToolCallDelta] = []
        self._usage = Usage()
        self._finish_reason: FinishReason | None = None

    def headers(self, completions: Sequence[Completion]) -> Mapping[str, str]:
        """Ids and neurons. Of a stream, the neurons are those of the prompt: the rest is not yet known."""
        cost = sum(completion.usage.cost for completion in completions)
        return answer_headers(self._request_id, cost or self._prompt_tokens * self._price.prompt)

    def render(self, completions: Sequence[Completion]) -> JSON:
        """The envelope. Raises the error of an answer that was cut before it was what it had to be."""
        (completion,) = completions
        return envelope(self.result(completion), self._notes(completion.choices[0]))

    def result(self, completion: Completion) -> dict[str, JSON]:
        """What is inside the envelope. Raises as `render` does."""
        (choice,) = completion.choices
        calls = whole_calls(choice.tool_calls)
        self._check_call(calls)
        shown_calls = {"tool_calls": [*map(self._render_call, calls)]} if calls or self._wanted.calls else {}
        return {
            "response": self._response(choice, calls),
            **shown_calls,
            "usage": render_usage(completion.usage, self._wanted.neurons),
            "finish_reason": choice.finish_reason,
        }

    def _render_call(self, call: ToolCall) -> dict[str, JSON]:
        return render_call(call) if self._wanted.openai_calls else render_flat_call(call)

    def _response(self, choice: Choice, calls: Sequence[ToolCall]) -> JSON:
        if calls:
            return choice.text or None
        if not self._wanted.json_mode:
            return choice.text
        try:
            return json.loads(choice.text)
        except (ValueError, RecursionError):
            raise json_unmet() from None

    def _check_call(self, calls: Sequence[ToolCall]) -> None:
        if self._wanted.must_call and not calls:
            raise call_unmet()

    def _notes(self, choice: Choice) -> list[JSON]:
        limit = self._wanted.default_limit
        if limit is None or choice.finish_reason != "length":
            return []
        return [{"code": CUT_AT_DEFAULT, "message": f"The answer was cut at the default max_tokens, {limit}."}]

    def render_chunk(self, position: int, chunk: Chunk) -> Iterator[bytes]:  # noqa: ARG002 - there is one request
        """Text with padding; calls when they are whole. Raises when a call had to come and was cut.

        Where a call had to come there is no text but that of a cut one: nothing is sent before it is clear.
        """
        if chunk.opening is not None:
            self._prompt_tokens = chunk.opening.prompt_tokens
        self._deltas += chunk.tool_calls
        if chunk.text and not self._wanted.must_call:
            yield self._event(chunk.text)
        if chunk.finish_reason is not None:
            self._finish_reason = chunk.finish_reason
            calls = whole_calls(join_calls(self._deltas))
            self._check_call(calls)
            if calls:
                # In one event: a client of LangChain's reads the first event with calls, and no further one.
                elements = [{"index": index, **self._render_call(call)} for index, call in enumerate(calls)]
                yield sse(dumps({"response": "", "tool_calls": elements}))
        if chunk.usage is not None:
            self._usage = chunk.usage

    def _event(self, text: str) -> bytes:
        self._num_events += 1
        return b'data: {"response":%b,"p":"%b"}\n\n' % (dumps(text), padding(self._seed, self._num_events))

    def render_end(self) -> Iterator[bytes]:
        """The usage once, and the end mark."""
        usage = render_usage(self._usage, self._wanted.neurons)
        yield sse(dumps({"response": "", "usage": usage, "finish_reason": self._finish_reason}))
        yield DONE

    def render_failure(self, error: ServiceError, request_id: str) -> Iterator[bytes]:
        """The error, and no end mark: clients take the stream for broken."""
        yield sse(dumps({"errors": render_errors(error, request_id), "success": False}))


def whole_calls(calls: Sequence[ToolCall]) -> tuple[ToolCall, ...]:
    """The calls that were not cut: only these may be acted on."""
    return tuple(call for call in calls if is_object(call.arguments or "{}"))


def is_object(text: str) -> bool:
    """Whether it is the JSON text of an object."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def render_flat_call(call: ToolCall) -> dict[str, JSON]:
    """A call, flat, its arguments an object; with the id that OpenAI's clients want."""
    return {"name": call.name, "arguments": json.loads(call.arguments or "{}"), "id": call.id}
