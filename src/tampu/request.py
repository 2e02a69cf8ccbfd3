"""The nouns that cross seams: what a client asked and what it gets, free of any dialect, engine or socket."""

import math
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Protocol

from tampu.errors import InvalidRequest, OutOfRange

Role = Literal["system", "user", "assistant", "tool"]
ConstraintKind = Literal["json_object", "json_schema", "regex", "choice", "grammar", "tools"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "abort", "error"]

MAX_STOP_STRINGS = 16
MAX_STOP_CHARACTERS = 1024
MAX_STOP_TOKEN_IDS = 128
MAX_LOGIT_BIAS = 1024
MAX_ALLOWED_TOKEN_IDS = 1024
MAX_TOP_LOGPROBS = 20
MAX_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Range:
    """Interval [low, high] that a number must lie in; with `above`, (low, high]."""

    low: float
    high: float
    above: bool = False

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high and not (self.above and value == self.low)

    def check(self, param: str, value: float) -> None:
        """Raise OutOfRange, naming `param`, unless the value lies in it; NaN never does."""
        if value not in self:
            raise OutOfRange(param, value=value, low=self.low, high=self.high, above=self.above)


def _bounded(default: Any, low: float, high: float, doc: str) -> Any:
    return field(default=default, metadata={"range": Range(low, high), "doc": doc})


def _documented(default: Any, doc: str) -> Any:
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How to pick tokens. The ranges are the physical ones; a dialect may promise narrower ones."""

    temperature: float = _bounded(1.0, 0.0, 5.0, "Flattens (> 1) or sharpens (< 1) the distribution; 0 is greedy.")
    top_p: float = _bounded(1.0, 0.0, 1.0, "Keep the fewest likeliest tokens whose probabilities reach this sum.")
    top_k: int = _bounded(0, 0, 1_000_000, "Keep this many likeliest tokens; 0 keeps all.")
    min_p: float = _bounded(0.0, 0.0, 1.0, "Keep tokens at least this fraction as likely as the likeliest.")
    top_a: float = _bounded(0.0, 0.0, 1.0, "Keep tokens with p >= top_a * p_max^2; 0 keeps all.")
    repetition_penalty: float = _bounded(1.0, 0.01, 5.0, "Divides (multiplies) positive (negative) logits seen.")
    presence_penalty: float = _bounded(0.0, -2.0, 2.0, "Subtracted once from the logit of a token already generated.")
    frequency_penalty: float = _bounded(0.0, -2.0, 2.0, "Subtracted for each time a token was already generated.")
    logit_bias: Mapping[int, float] = field(default_factory=dict, metadata={"doc": "Token id to a number to add."})
    seed: int | None = _bounded(None, 0, MAX_SEED, "Same seed, prompt and parameters give the same bytes.")
    n: int = _bounded(1, 1, 128, "How many independent choices.")
    max_tokens: int | None = _bounded(None, 1, 1_000_000, "Cap on generated tokens; None means what the context holds.")
    stop: tuple[str, ...] = _documented((), "Up to 16 strings that end the text; they are not part of it.")
    stop_token_ids: tuple[int, ...] = _documented((), "Up to 128 token ids that end the sequence.")
    include_stop_str_in_output: bool = _documented(False, "The stop string that ends the text is part of it.")
    ignore_eos: bool = _documented(False, "Go on after the model's own end, up to max_tokens or a stop of the request.")
    min_tokens: int = _bounded(0, 0, 1_000_000, "Nothing ends the answer before it has this many tokens.")
    allowed_token_ids: tuple[int, ...] = _documented((), "Up to 1024 token ids: no other token is generated.")
    skip_special_tokens: bool = _documented(True, "false: control tokens of the answer are shown by name in its text.")
    logprobs: int | None = _bounded(None, 0, MAX_TOP_LOGPROBS, "Report log-probabilities and this many likeliest.")
    prompt_logprobs: int | None = _bounded(
        None, 0, MAX_TOP_LOGPROBS, "Report log-probabilities of the prompt's tokens and this many likeliest."
    )
    masked_logprobs: bool = _documented(
        False, "With a grammar: report log-probabilities among the tokens that it allows, not among all."
    )

    def check(self, limits: Mapping[str, Range] | None = None) -> None:
        """Raise an error naming the first field outside its range, or outside a dialect's narrower `limits`."""
        for item in fields(self):
            bounds = (limits or {}).get(item.name) or item.metadata.get("range")
            value = getattr(self, item.name)
            if bounds is not None and value is not None:
                bounds.check(item.name, value)
        self._check_stops()
        self._check_logit_bias()
        if len(self.allowed_token_ids) > MAX_ALLOWED_TOKEN_IDS:
            count = len(self.allowed_token_ids)
            raise InvalidRequest(
                f"allowed_token_ids takes at most {MAX_ALLOWED_TOKEN_IDS} ids, got {count}.", param="allowed_token_ids"
            )

    def _check_stops(self) -> None:
        if len(self.stop) > MAX_STOP_STRINGS:
            raise InvalidRequest(f"stop takes at most {MAX_STOP_STRINGS} strings, got {len(self.stop)}.", param="stop")
        for text in self.stop:
            if not 1 <= len(text) <= MAX_STOP_CHARACTERS:
                raise InvalidRequest(
                    f"stop strings have 1 to {MAX_STOP_CHARACTERS} characters, got one of {len(text)}.", param="stop"
                )
        if len(self.stop_token_ids) > MAX_STOP_TOKEN_IDS:
            raise InvalidRequest(
                f"stop_token_ids takes at most {MAX_STOP_TOKEN_IDS} ids, got {len(self.stop_token_ids)}.",
                param="stop_token_ids",
            )

    def _check_logit_bias(self) -> None:
        if len(self.logit_bias) > MAX_LOGIT_BIAS:
            raise InvalidRequest(
                f"logit_bias takes at most {MAX_LOGIT_BIAS} entries, got {len(self.logit_bias)}.", param="logit_bias"
            )
        for bias in self.logit_bias.values():
            if not math.isfinite(bias) or not -100 <= bias <= 100:
                raise OutOfRange("logit_bias", value=bias, low=-100, high=100)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model made; `arguments` is the JSON text of an object."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A function on offer; `parameters` is its JSON schema, which `strict` calls always match."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether an answer may call tools, or must; where there are `names`, those only."""

    mode: Literal["none", "auto", "required"] = "auto"
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of call `index` of a choice: the first has id and name, the arguments' text comes in all of them."""

    index: int
    arguments: str = ""
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Constraint:
    """What the text of a completion must match from its first character to its last.

    `source` by kind: json_schema the schema as JSON text; regex the expression; choice a JSON array of strings; grammar
    Lark, or GBNF as llama.cpp has it; json_object nothing; tools the calls that may come, see `tampu.engine.tools`.
    `param` is the field of the body that errors name.
    """

    kind: ConstraintKind
    source: str = ""
    param: str = field(default="response_format", compare=False)


@dataclass(frozen=True, slots=True)
class PromptDates:
    """The dates that a model's chat format tells it: until when it was taught, and which day it is by default."""

    knowledge: str  # such as "December 2023"
    today: str  # such as "26 Jul 2024"


# A chat, raw text in which control tokens are parsed, or token ids as they are.
Prompt = tuple[Message, ...] | str | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """What a client asked for, free of any dialect."""

    id: str
    model: str
    prompt: Prompt
    sampling: SamplingParams = field(default_factory=SamplingParams)
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    parallel_tool_calls: bool = True
    # The last message is the assistant's and unfinished: the completion goes on from its text.
    continue_last: bool = False
    # The prompt's text (and, with prompt_logprobs, its log-probabilities) is given back before the completion.
    echo: bool = False
    # Prefix-cache blocks are shared only between equal tenants.
    tenant: str = ""
    # Name of a LoRA adapter of the model; none where empty.
    adapter: str = ""
    # Most tokens to generate where `sampling.max_tokens` leaves that to the context; 0 is no cap.
    token_cap: int = 0
    # Enforced token by token: an answer that ends by itself matches it.
    constraint: Constraint | None = None
    # False: refused as Overloaded where it would have to wait for a place among those that run.
    may_wait: bool = True
    # A narrower context than the model's own, prompt and completion together.
    max_context: int | None = None
    # A prompt that does not fit the context loses its middle instead of being refused.
    middle_out: bool = False
    # The day that the chat format tells the model, where it tells one; empty: the format's own.
    date_string: str = ""
    # The prompt loses its beginning and keeps this many tokens; -1 keeps as many as there is room for.
    truncate_prompt_tokens: int | None = None
    # The opening carries the ids of the prompt.
    return_token_ids: bool = False
    # The body's field that errors about the prompt name; empty: messages for a chat, prompt for another.
    prompt_param: str = ""

    @property
    def offered_tools(self) -> tuple[Tool, ...]:
        """The tools that the answer may call."""
        choice = self.tool_choice
        if choice.mode == "none":
            return ()
        return tuple(tool for tool in self.tools if not choice.names or tool.name in choice.names)


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token, its text, and its log-probability under the model's own distribution, before any sampling control.

    `data` is the token's bytes, which need not be whole UTF-8. `logprob` is None for the first token of a prompt.
    `top` has the likeliest tokens in order, each with an empty `top` of its own.
    """

    token_id: int
    data: bytes
    logprob: float | None
    top: tuple["TokenLogprob", ...] = ()

    @property
    def text(self) -> str:
        """The bytes as text, with U+FFFD where they are not whole UTF-8."""
        return self.data.decode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one request; `completion_tokens` sums over its choices."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    # Tokens that were computed on the guess that they come, and how many of them did: time, and no part of the answer.
    guessed_tokens: int = field(default=0, compare=False)
    right_guesses: int = field(default=0, compare=False)
    # In pico-dollars, once whoever knows the price has filled them in.
    prompt_cost: int = field(default=0, compare=False)
    completion_cost: int = field(default=0, compare=False)

    @property
    def cost(self) -> int:
        """Pico-dollars for prompt and completion together."""
        return self.prompt_cost + self.completion_cost

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            self.guessed_tokens + other.guessed_tokens,
            self.right_guesses + other.right_guesses,
            self.prompt_cost + other.prompt_cost,
            self.completion_cost + other.completion_cost,
        )


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known when the first chunk comes: enough, with the request, to replay the answer."""

    seed: int
    fingerprint: str
    prompt_tokens: int
    cached_tokens: int
    # Filled only when the request asked for `echo`, or for log-probabilities of the prompt.
    prompt_text: str = ""
    prompt_logprobs: tuple[TokenLogprob, ...] = ()
    # Filled only when the request asked for `return_token_ids`.
    prompt_token_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer. The first of a request carries `opening`, the last carries `usage`.

    Each choice ends with exactly one chunk whose `finish_reason` is set. `text` may be empty while a split
    character or a possible stop string is held back; `token_ids` then has the ids all the same. `logprobs` has one
    entry per id, and a last one for the token that ended the choice, which is not among the ids.
    """

    index: int = 0
    text: str = ""
    token_ids: tuple[int, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    finish_reason: FinishReason | None = None
    tool_calls: tuple[ToolCallDelta, ...] = ()
    opening: Opening | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the `n` alternatives of a completion."""

    index: int
    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[TokenLogprob, ...]
    finish_reason: FinishReason
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A finished answer: the fold of its chunks."""

    choices: tuple[Choice, ...]
    opening: Opening
    usage: Usage
    seconds: float = field(default=0.0, compare=False)  # that it took, once whoever measured has filled them in

    @classmethod
    def fold(cls, chunks: Iterable[Chunk]) -> "Completion":
        """The whole answer that these chunks are the pieces of, choices in order of their index."""
        pieces: dict[int, list[Chunk]] = {}
        opening, usage = None, None
        for chunk in chunks:
            pieces.setdefault(chunk.index, []).append(chunk)
            opening, usage = chunk.opening or opening, chunk.usage or usage
        assert opening is not None and usage is not None, "a stream begins with an opening and ends with usage"
        return cls(tuple(_choice(index, pieces[index]) for index in sorted(pieces)), opening, usage)


def _choice(index: int, pieces: list[Chunk]) -> Choice:
    finish_reason = pieces[-1].finish_reason
    assert finish_reason is not None, f"choice {index} has no end"
    return Choice(
        index,
        "".join(piece.text for piece in pieces),
        tuple(token_id for piece in pieces for token_id in piece.token_ids),
        tuple(logprob for piece in pieces for logprob in piece.logprobs),
        finish_reason,
        join_calls(delta for piece in pieces for delta in piece.tool_calls),
    )


def join_calls(deltas: Iterable[ToolCallDelta]) -> tuple[ToolCall, ...]:
    """The calls that these are the pieces of."""
    calls: dict[int, ToolCall] = {}
    for delta in deltas:
        known = calls.get(delta.index) or ToolCall(delta.id, delta.name, "")
        calls[delta.index] = replace(known, arguments=known.arguments + delta.arguments)
    return tuple(calls.values())


class Upstream(Protocol):
    """Anything that can answer a request: our own engine, or later a remote server."""

    name: str

    def generate(self, request: GenerateRequest) -> AsyncIterator[Chunk]:
        """Chunks of the answer. Closing the iterator aborts the request. Raises ServiceError before the first chunk
        when the request cannot be taken, and EngineFailure later when it broke."""
        ...
