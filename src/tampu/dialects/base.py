"""What a dialect is: pure functions between a provider's JSON and our nouns. No socket, clock, array or database."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tampu.dialects.fields import Table
from tampu.dialects.kinds import JSON
from tampu.errors import OutOfRange, ServiceError
from tampu.request import Chunk, Completion, GenerateRequest

_encode: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


# Line ends to Python's `splitlines`, with which some clients take a stream apart; JSON itself leaves them bare.
LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def dumps(value: JSON) -> bytes:
    """Compact JSON in UTF-8, on one line for every way of counting lines."""
    text = _encode(value)
    return (text if text.isascii() else text.translate(LINE_ENDS)).encode()


@dataclass(frozen=True, slots=True)
class Context:
    """What a parser needs to know besides the body."""

    request_id: str
    created: int  # Unix time in seconds
    seed: int  # drawn by the server, for a request that brings none
    vocab_size: int
    tenant: str = ""
    # The model's own sampling defaults, for what a body leaves open.
    recommended: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model as a list of models shows it. `ids` are all names it answers to, its own first."""

    ids: tuple[str, ...]
    created: int
    context: int
    quantization: str
    fingerprint: str
    # Of a model with an adapter: the name of the model alone.
    parent: str = ""


class Answer(Protocol):
    """Words the answer to one call; made for it, used once, either whole or in pieces."""

    def render(self, completions: Sequence[Completion]) -> JSON:
        """The whole answer; one completion per request of the call, in order."""
        ...

    def render_chunk(self, position: int, chunk: Chunk) -> Iterable[bytes]:
        """Payloads of SSE events for a chunk of the request at `position`; often one, sometimes none."""
        ...

    def render_end(self) -> Iterable[bytes]:
        """Payloads after the last chunk of the last request."""
        ...

    def render_failure(self, error: ServiceError, request_id: str) -> Iterable[bytes]:
        """Payloads when the answer breaks after its first byte; the last ones of the stream."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """A body understood: what to ask upstream, one request per prompt, and how to word what comes back."""

    model: str
    requests: tuple[GenerateRequest, ...]
    stream: bool
    answer: Answer


class Operation(Protocol):
    """One generating route of a dialect."""

    @property
    def name(self) -> str:
        """Short name for logs and metrics."""
        ...

    @property
    def paths(self) -> tuple[str, ...]:
        """Where it is served, as route patterns."""
        ...

    @property
    def table(self) -> Table:
        """Its fields: what `parse` reads, and where documents and tests come from."""
        ...

    @property
    def answer_schema(self) -> Mapping[str, JSON]:
        """JSON schema of the whole answer."""
        ...

    def parse(self, path_args: Mapping[str, str], body: JSON, context: Context) -> Call:
        """The call. Raises InvalidRequest naming the field."""
        ...


class Dialect(Protocol):
    """One provider's wire format, ours to serve. Adding one is a file here and a line in the table of dialects."""

    @property
    def name(self) -> str:
        """Short name for logs and metrics."""
        ...

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Beginnings of the paths whose errors this dialect words; the longest match wins."""
        ...

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Its generating routes."""
        ...

    @property
    def error_schema(self) -> Mapping[str, JSON]:
        """JSON schema of an error's body."""
        ...

    def render_error(self, error: ServiceError, request_id: str) -> tuple[int, JSON]:
        """Status and body of an error."""
        ...

    def render_models(self, models: Iterable[ModelEntry]) -> JSON:
        """The list of models."""
        ...

    def render_model(self, name: str, model: ModelEntry) -> JSON:
        """One model, under the name it was asked for."""
        ...


def check_token_ids(param: str, token_ids: Collection[int], vocab_size: int) -> None:
    """Raise OutOfRange naming `param` unless every id is in [0, vocab_size)."""
    worst = max(token_ids, default=0)
    if worst >= vocab_size:
        raise OutOfRange(param, value=worst, low=0, high=vocab_size - 1)


def longest_prefix(dialects: Sequence[Dialect], path: str) -> Dialect:
    """The dialect whose prefix covers most of `path`; the first one where none does."""

    def covered(dialect: Dialect) -> int:
        return max((len(prefix) for prefix in dialect.prefixes if path.startswith(prefix)), default=-1)

    return max(dialects, key=covered)
