"""How OpenAI words an answer: whole objects, and the payloads of a stream from byte templates rendered once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tampu.dialects.base import dumps, sse
from tampu.dialects.kinds import JSON
from tampu.errors import ServiceError
from tampu.request import (
    Choice,
    Chunk,
    Completion,
    FinishReason,
    Opening,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    Usage,
)

LOWEST_LOGPROB = -9999.0  # OpenAI's "very unlikely"; JSON has no infinity
DONE = sse(b"[DONE]")


def render_usage(usage: Usage) -> dict[str, JSON]:
    """Token counts; in the details those taken from the prefix cache, and the guesses that came or did not."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {
            "accepted_prediction_tokens": usage.right_guesses,
            "rejected_prediction_tokens": usage.guessed_tokens - usage.right_guesses,
        },
    }


def render_error_object(error: ServiceError, request_id: str) -> dict[str, JSON]:
    """The object under `error`: OpenAI's four keys, and metadata of ours."""
    kind = "server_error" if error.status >= 500 else "requests" if error.status == 429 else "invalid_request_error"
    metadata = {"error_type": error.error_type, "request_id": request_id}
    return {"message": error.message, "type": kind, "param": error.param, "code": error.code, "metadata": metadata}


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


def wire_fingerprint(fingerprint: str) -> str:
    """A fingerprint as OpenAI writes them: `fp_` and its first 16 digits."""
    return f"fp_{fingerprint[:16]}"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every object of one answer begins with."""

    id: str
    created: int
    model: str
    include_usage: bool = False

    def head(self, kind: str, opening: Opening) -> dict[str, JSON]:
        """The keys before `choices`; with the seed and the fingerprint an answer can be replayed."""
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": wire_fingerprint(opening.fingerprint),
            "seed": opening.seed,
        }

    def template(self, kind: str, opening: Opening) -> tuple[bytes, bytes]:
        """The bytes before and after the one choice of a chunk's event."""
        tail = b'],"usage":null}\n\n' if self.include_usage else b"]}\n\n"
        return b"data: " + dumps(self.head(kind, opening))[:-1] + b',"choices":[', tail


@dataclass(slots=True)
class ChatAnswer:
    """Words one chat call: `chat.completion`, or `chat.completion.chunk`s."""

    stamp: Stamp
    num_choices: int
    logprobs: bool = False
    usage: Usage = field(default_factory=Usage)
    _opening: Opening | None = None
    _before: bytes = b""
    _after: bytes = b""

    def headers(self, completions: Sequence[Completion]) -> Mapping[str, str]:  # noqa: ARG002
        """None of its own."""
        return {}

    def render(self, completions: Sequence[Completion]) -> JSON:
        """The whole answer to the one request of a chat call."""
        (completion,) = completions
        return {
            **self.stamp.head("chat.completion", completion.opening),
            "choices": [self._choice(choice) for choice in completion.choices],
            "usage": render_usage(completion.usage),
        }

    def _choice(self, choice: Choice) -> JSON:
        calls = [render_call(call) for call in choice.tool_calls]
        content = choice.text or None if calls else choice.text
        message = {"role": "assistant", "content": content, "refusal": None}
        return {
            "index": choice.index,
            "message": {**message, "tool_calls": calls} if calls else message,
            "logprobs": chat_logprobs(choice.logprobs[: len(choice.token_ids)]) if self.logprobs else None,
            "finish_reason": choice.finish_reason,
        }

    def render_chunk(self, position: int, chunk: Chunk) -> Iterator[bytes]:  # noqa: ARG002 - a chat has one request
        """First the role of every choice, then pieces of content, then an empty delta with the finish reason."""
        if chunk.opening is not None:
            self._opening = chunk.opening
            self._before, self._after = self.stamp.template("chat.completion.chunk", chunk.opening)
            for index in range(self.num_choices):
                yield self._delta(index, b'{"role":"assistant","content":"","refusal":null}')
        tokens = chunk.logprobs[: len(chunk.token_ids)]
        if chunk.text or (self.logprobs and tokens):
            logprobs = b',"logprobs":' + dumps(chat_logprobs(tokens)) if self.logprobs else b""
            yield self._delta(chunk.index, b'{"content":' + dumps(chunk.text) + b"}", logprobs)
        for call in chunk.tool_calls:
            yield self._delta(chunk.index, b'{"tool_calls":[' + dumps(render_call_delta(call)) + b"]}")
        if chunk.finish_reason is not None:
            yield self._delta(chunk.index, b"{}", reason=dumps(chunk.finish_reason))
        if chunk.usage is not None:
            self.usage += chunk.usage

    def _delta(self, index: int, delta: bytes, logprobs: bytes = b"", reason: bytes = b"null") -> bytes:
        return b'%b{"index":%d,"delta":%b%b,"finish_reason":%b}%b' % (
            self._before,
            index,
            delta,
            logprobs,
            reason,
            self._after,
        )

    def render_end(self) -> Iterator[bytes]:
        """The usage, if it was asked for, and the end mark."""
        yield from render_last(self.stamp, "chat.completion.chunk", self._opening, self.usage)

    def render_failure(self, error: ServiceError, request_id: str) -> Iterator[bytes]:
        """A chunk with the error, which clients raise, and the end mark."""
        yield from render_broken(self.stamp, "chat.completion.chunk", {"delta": {}}, error, request_id)


@dataclass(slots=True)
class TextAnswer:
    """Words one completions call, which may hold several prompts: `text_completion`, whole and in pieces.

    Choice i of prompt p has index p * num_choices + i.
    """

    stamp: Stamp
    num_choices: int
    logprobs: bool = False
    prompt_only: bool = False  # no completion was asked for
    usage: Usage = field(default_factory=Usage)
    _opening: Opening | None = None
    _before: bytes = b""
    _after: bytes = b""
    _offsets: dict[int, int] = field(default_factory=dict)  # choice index -> characters given so far

    def headers(self, completions: Sequence[Completion]) -> Mapping[str, str]:  # noqa: ARG002
        """None of its own."""
        return {}

    def render(self, completions: Sequence[Completion]) -> JSON:
        """The whole answer; the choices of all prompts in one list."""
        if self.prompt_only:
            completions = [_without_completion(completion) for completion in completions]
        choices = [
            self._choice(position * self.num_choices, completion.opening, choice)
            for position, completion in enumerate(completions)
            for choice in completion.choices
        ]
        usage = sum((completion.usage for completion in completions), Usage())
        head = self.stamp.head("text_completion", completions[0].opening)
        return {**head, "choices": choices, "usage": render_usage(usage)}

    def _choice(self, first_index: int, opening: Opening, choice: Choice) -> JSON:
        tokens = opening.prompt_logprobs + choice.logprobs
        return {
            "text": opening.prompt_text + choice.text,
            "index": first_index + choice.index,
            "logprobs": text_logprobs(tokens)[0] if self.logprobs else None,
            "finish_reason": choice.finish_reason,
        }

    def render_chunk(self, position: int, chunk: Chunk) -> Iterator[bytes]:
        """The echoed prompt for every choice, pieces of text, then an empty text with the finish reason."""
        if self.prompt_only:
            chunk = _only_prompt(chunk)
        first_index = position * self.num_choices
        if chunk.opening is not None:
            self._open(chunk.opening)
            if chunk.opening.prompt_text:
                for index in range(first_index, first_index + self.num_choices):
                    yield self._piece(index, chunk.opening.prompt_text, chunk.opening.prompt_logprobs)
        if chunk.text or (self.logprobs and chunk.logprobs):
            yield self._piece(first_index + chunk.index, chunk.text, chunk.logprobs)
        if chunk.finish_reason is not None:
            yield self._piece(first_index + chunk.index, "", (), dumps(chunk.finish_reason))
        if chunk.usage is not None:
            self.usage += chunk.usage

    def _open(self, opening: Opening) -> None:
        if self._opening is None:
            self._opening = opening
            self._before, self._after = self.stamp.template("text_completion", opening)

    def _piece(self, index: int, text: str, tokens: Sequence[TokenLogprob], reason: bytes = b"null") -> bytes:
        logprobs = b"null"
        if self.logprobs and tokens:
            wire, self._offsets[index] = text_logprobs(tokens, self._offsets.get(index, 0))
            logprobs = dumps(wire)
        return b'%b{"text":%b,"index":%d,"logprobs":%b,"finish_reason":%b}%b' % (
            self._before,
            dumps(text),
            index,
            logprobs,
            reason,
            self._after,
        )

    def render_end(self) -> Iterator[bytes]:
        """The usage, if it was asked for, and the end mark."""
        yield from render_last(self.stamp, "text_completion", self._opening, self.usage)

    def render_failure(self, error: ServiceError, request_id: str) -> Iterator[bytes]:
        """A chunk with the error, which clients raise, and the end mark."""
        yield from render_broken(self.stamp, "text_completion", {"text": "", "logprobs": None}, error, request_id)


def _only_prompt(chunk: Chunk) -> Chunk:
    reason: FinishReason | None = "length" if chunk.finish_reason else None
    usage = replace(chunk.usage, completion_tokens=0, completion_cost=0) if chunk.usage else None
    return replace(chunk, text="", token_ids=(), logprobs=(), finish_reason=reason, usage=usage)


def _without_completion(completion: Completion) -> Completion:
    choices = tuple(Choice(choice.index, "", (), (), "length") for choice in completion.choices)
    usage = replace(completion.usage, completion_tokens=0, completion_cost=0)
    return replace(completion, choices=choices, usage=usage)


def render_last(stamp: Stamp, kind: str, opening: Opening | None, usage: Usage) -> Iterator[bytes]:
    """A chunk without choices that carries the usage, if it was asked for, and the end mark."""
    if stamp.include_usage and opening is not None:
        yield sse(dumps({**stamp.head(kind, opening), "choices": [], "usage": render_usage(usage)}))
    yield DONE


def render_broken(stamp: Stamp, kind: str, empty: JSON, error: ServiceError, request_id: str) -> Iterator[bytes]:
    """The last chunk of a stream that broke, and the end mark."""
    broken = {
        "id": stamp.id,
        "object": kind,
        "created": stamp.created,
        "model": stamp.model,
        "choices": [{"index": 0, **empty, "finish_reason": "error"}],
        "error": render_error_object(error, request_id),
    }
    yield sse(dumps(broken))
    yield DONE


def chat_logprobs(tokens: Iterable[TokenLogprob]) -> JSON:
    """Chat's shape: a list of tokens with their bytes and their likeliest alternatives."""
    content = [
        {**_chat_token(token), "top_logprobs": [_chat_token(alternative) for alternative in token.top]}
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def _chat_token(token: TokenLogprob) -> dict[str, JSON]:
    text, data = (token.text, list(token.data)) if token.data else (control_name(token), None)
    return {"token": text, "logprob": _finite(token.logprob), "bytes": data}


def control_name(token: TokenLogprob) -> str:
    """What a control token is called, which has no text of its own."""
    return f"token_id:{token.token_id}"


def text_logprobs(tokens: Iterable[TokenLogprob], offset: int = 0) -> tuple[JSON, int]:
    """The legacy shape of completions, offsets counted in characters from `offset`; and the offset after it.

    The chosen token always stands among `top_logprobs`. The first token of a prompt has null in both lists.
    """
    wire: dict[str, list[JSON]] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for token in tokens:
        name, logprob = legacy_name(token), token.logprob
        alternatives = {legacy_name(other): _finite(other.logprob) for other in token.top}
        wire["tokens"].append(name)
        wire["token_logprobs"].append(None if logprob is None else _finite(logprob))
        wire["top_logprobs"].append(None if logprob is None else {name: _finite(logprob), **alternatives})
        wire["text_offset"].append(offset)
        offset += sum(byte & 0xC0 != 0x80 for byte in token.data)  # bytes that begin a character
    return wire, offset


def legacy_name(token: TokenLogprob) -> str:
    """A token as a key: its text, or `bytes:\\xf0\\x9f` where it is part of a character, so that keys stay distinct."""
    try:
        return token.data.decode() if token.data else control_name(token)
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in token.data)


def _finite(logprob: float | None) -> float:
    return LOWEST_LOGPROB if logprob is None else max(logprob, LOWEST_LOGPROB)
