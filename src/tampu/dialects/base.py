"""What a dialect is: pure functions between a provider's JSON and our nouns. No socket, clock, array or database."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from tampu.catalogue import CatalogueModel
from tampu.dialects.fields import Table
from tampu.dialects.kinds import JSON
from tampu.errors import OutOfRange, ServiceError
from tampu.generation import GenerationRecord, Spending
from tampu.request import Chunk, Completion, GenerateRequest

_encode: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


# Line ends to Python's `splitlines`, with which some clients take a stream apart; JSON itself leaves them bare.
LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def dumps(value: JSON) -> bytes:
    """Compact JSON in UTF-8, on one line for every way of counting lines."""
    text = _encode(value)
    return (text if text.isascii() else text.translate(LINE_ENDS)).encode()


ALPHANUMERICS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def alphanumerics(request_id: str, count: int) -> str:
    """`count` letters and digits, at most 40, that follow from the request's id: for answers with ids of that form."""
    number = int.from_bytes(sha256(request_id.encode()).digest())
    return "".join(ALPHANUMERICS[number // 62**place % 62] for place in range(count))


def sse(payload: bytes, name: bytes = b"") -> bytes:
    """A server-sent event; with a name, as an `event` of that name."""
    return b"event: %b\ndata: %b\n\n" % (name, payload) if name else b"data: %b\n\n" % payload


@dataclass(frozen=True, slots=True)
class Policy:
    """What dialects know of the operator's settings: how many choices, whether to be as strict as the provider itself,
    whose dialect the bare /v1 speaks where two claim it, and whether text is kept."""

    max_choices: int = 4
    strict: bool = False
    v1: str = "openai"
    keeps_text: bool = False  # of prompts and answers
    keeps_responses: bool = False  # for a while, so that bodies may refer to them


@dataclass(frozen=True, slots=True)
class Provider:
    """Whose wire format a dialect is: the key of its names in the catalogue, and what people call it."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that is served. `ids` are all names it answers to, its own first."""

    ids: tuple[str, ...]
    known: CatalogueModel  # what the catalogue says of it: title, price, terms, its names by dialect
    created: int  # Unix time in seconds
    context: int  # tokens, prompt and completion together
    quantization: str
    fingerprint: str
    vocab_size: int
    # How its makers recommend to sample, for what a body leaves open.
    recommended: Mapping[str, float] = field(default_factory=dict)
    # Of a model with an adapter: the name of the model alone, and the adapter's.
    parent: str = ""
    adapter: str = ""

    def name_in(self, dialect: str) -> str:
        """The name to show in this dialect."""
        base = self.known.name_in(dialect)
        return f"{base}:{self.adapter}" if self.adapter else base


# What the asking tenant was answered under an id, None where nothing is kept of it.
Recall = Callable[[str], JSON]


def nothing(key: str) -> JSON:  # noqa: ARG001 - a Recall's signature
    """What is recalled where nothing is kept."""
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """What a parser needs to know besides the body. `find` raises ModelNotFound."""

    request_id: str
    created: int  # Unix time in seconds
    seed: int  # drawn by the server, for a request that brings none
    find: Callable[[str], ModelEntry]
    tenant: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    default_model: str = ""  # for bodies that need not name one
    recall: Recall = nothing


class Answer(Protocol):
    """Words the answer to one call; made for it, used once, either whole or in pieces."""

    def headers(self, completions: Sequence[Completion]) -> Mapping[str, str]:
        """Headers that the dialect adds; a stream has no completions when they are sent."""
        ...

    def render(self, completions: Sequence[Completion]) -> JSON:
        """The whole answer; one completion per request of the call, in order."""
        ...

    def render_chunk(self, position: int, chunk: Chunk) -> Iterable[bytes]:
        """Server-sent events for a chunk of the request at `position`; often one, sometimes none."""
        ...

    def render_end(self) -> Iterable[bytes]:
        """Events after the last chunk of the last request."""
        ...

    def render_failure(self, error: ServiceError, request_id: str) -> Iterable[bytes]:
        """Events when the answer breaks after its first byte; the last ones of the stream."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a stream says before its first token: `comment` at once, and again every so many seconds."""

    comment: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """A body understood: what to ask upstream, one request per prompt, and how to word what comes back."""

    model: str  # as it was asked for
    requests: tuple[GenerateRequest, ...]
    stream: bool
    answer: Answer
    answer_id: str  # under which the client knows the answer
    waiting: Waiting | None = None
    # What later bodies may refer to, by id; asked for once the answer is whole.
    memories: Callable[[], Mapping[str, JSON]] | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A request to a reading."""

    path_args: Mapping[str, str]
    query: Mapping[str, str]
    created: int  # Unix time in seconds
    tenant: str = ""
    body: JSON = None  # of a POST


@dataclass(frozen=True, slots=True)
class Asks:
    """What of the store a reading needs for a question: records by their ids, and what the asking key has spent."""

    record_ids: tuple[str, ...] = ()
    spending: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What a reading may show. `models` are those served, each once; `find` is as in Context."""

    models: tuple[ModelEntry, ...]
    find: Callable[[str], ModelEntry]
    records: tuple[GenerationRecord, ...] = ()
    spending: Spending = Spending()
    recall: Recall = nothing


class Reading(Protocol):
    """A route that shows something and generates nothing."""

    @property
    def name(self) -> str:
        """Short name for the API description, unique within the dialect."""
        ...

    @property
    def paths(self) -> tuple[str, ...]:
        """Where it is served, as route patterns."""
        ...

    @property
    def method(self) -> str:
        """GET, which serves HEAD too, or POST."""
        ...

    @property
    def query(self) -> Table:
        """The parameters of its query."""
        ...

    def asks(self, question: Question) -> Asks:
        """What it needs from the store. Raises InvalidRequest."""
        ...

    def render(self, question: Question, view: View) -> JSON:
        """The body. Raises ServiceError."""
        ...

    def headers(self, request_id: str) -> Mapping[str, str]:
        """Headers that the dialect adds."""
        ...


def no_headers(request_id: str) -> Mapping[str, str]:  # noqa: ARG001 - one of a page's functions
    """None."""
    return {}


@dataclass(frozen=True, slots=True)
class Page:
    """A reading that needs nothing from the store."""

    name: str
    paths: tuple[str, ...]
    show: Callable[[Question, View], JSON]
    method: str = "GET"
    query: Table = ()
    head: Callable[[str], Mapping[str, str]] = no_headers

    def asks(self, question: Question) -> Asks:  # noqa: ARG002 - a reading's signature
        """Nothing."""
        return Asks()

    def render(self, question: Question, view: View) -> JSON:
        """What `show` gives."""
        return self.show(question, view)

    def headers(self, request_id: str) -> Mapping[str, str]:
        """What `head` gives."""
        return self.head(request_id)


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

    @property
    def takes_forms(self) -> bool:
        """Whether a body may be a form instead of JSON."""
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
    def provider(self) -> Provider:
        """Whose format it is; several dialects may be one provider's."""
        ...

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Beginnings of the paths whose errors this dialect words, a * for any segment; the longest match wins."""
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

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Its routes that show models, records and accounts."""
        ...

    def error_headers(self, error: ServiceError, request_id: str) -> Mapping[str, str]:
        """Headers that an error's answer has besides those of every dialect."""
        ...


def check_token_ids(param: str, token_ids: Collection[int], vocab_size: int) -> None:
    """Raise OutOfRange naming `param` unless every id is in [0, vocab_size)."""
    worst = max(token_ids, default=0)
    if worst >= vocab_size:
        raise OutOfRange(param, value=worst, low=0, high=vocab_size - 1)


def longest_prefix(dialects: Sequence[Dialect], path: str) -> Dialect:
    """The dialect whose prefix covers most of `path`; the first one where none does."""
    return max(dialects, key=lambda dialect: max((covered(prefix, path) for prefix in dialect.prefixes), default=-1))


def covered(prefix: str, path: str) -> int:
    """How many characters of the path the prefix is, where * is any segment; -1 when the path begins otherwise."""
    match = re.match(re.escape(prefix).replace(r"\*", "[^/]+"), path)
    return match.end() if match else -1
