"""Dataoorts' one endpoint: a model's name and, under `data`, a body of Workers AI. A thin skin over that dialect.

Keys come in alphabetical order at every level. Where we are strict, a body without `data` is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tampu.dialects.base import (
    Answer,
    Call,
    Context,
    ModelEntry,
    Operation,
    Page,
    Policy,
    Provider,
    Question,
    Reading,
    View,
)
from tampu.dialects.fields import Field, Nested, Table
from tampu.dialects.kinds import JSON, Text, json_type
from tampu.dialects.workers_ai import parse_run
from tampu.dialects.workers_ai_answers import answer_headers
from tampu.dialects.workers_ai_errors import render_envelope_of
from tampu.dialects.workers_ai_fields import FIELDS
from tampu.dialects.workers_ai_schemas import ENVELOPE, ERROR
from tampu.errors import Missing, ModelNotFound, ServiceError, WrongType
from tampu.request import Chunk, Completion

PATH = "/api/v1"
CLOUDFLARE = "@cf/"
WORKING = {"status": "All Services Operational"}
MODEL_NAME = Text(256)
TABLE: Table = (
    Field("model", MODEL_NAME, "A name of the model, with or without @cf/ before it.", required=True),
    Field("data", Nested(FIELDS), "A prompt or messages, and how to answer: the body of Workers AI."),
)


def in_order(value: JSON) -> JSON:
    """The same value with the keys of every object in alphabetical order."""
    if isinstance(value, Mapping):
        return {key: in_order(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [in_order(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Ordered:
    """An answer of Workers AI whose whole form has its keys in order; its stream is the same."""

    answer: Answer

    def headers(self, completions: Sequence[Completion]) -> Mapping[str, str]:
        """Those of Workers AI."""
        return self.answer.headers(completions)

    def render(self, completions: Sequence[Completion]) -> JSON:
        """The envelope."""
        return in_order(self.answer.render(completions))

    def render_chunk(self, position: int, chunk: Chunk) -> Iterable[bytes]:
        """The stream of Workers AI."""
        return self.answer.render_chunk(position, chunk)

    def render_end(self) -> Iterable[bytes]:
        """Its end."""
        return self.answer.render_end()

    def render_failure(self, error: ServiceError, request_id: str) -> Iterable[bytes]:
        """Its failure."""
        return self.answer.render_failure(error, request_id)


@dataclass(frozen=True, slots=True)
class Generate:
    """POST /api/v1."""

    strict: bool = False
    table: Table = TABLE
    name: str = "generate"
    takes_forms: bool = False
    paths: tuple[str, ...] = (PATH,)

    @property
    def answer_schema(self) -> Mapping[str, JSON]:
        """The envelope."""
        return ENVELOPE

    def parse(self, path_args: Mapping[str, str], body: JSON, context: Context) -> Call:  # noqa: ARG002
        """One request for the model that the body names."""
        if not isinstance(body, dict):
            raise WrongType("", expected="an object", got=json_type(body))
        asked = body.get("model")
        name, model = resolve("" if asked is None else MODEL_NAME.read("model", asked), context)
        call = parse_run(name, model, self._data(body), context, self.strict, calls=False)
        return replace(call, answer=Ordered(call.answer))

    def _data(self, body: dict[str, JSON]) -> JSON:
        """The body of Workers AI: under `data`, or, unless we are strict, beside the model."""
        data = body.get("data")
        if data is None and (self.strict or all(body.get(name) is None for name in ("messages", "prompt"))):
            raise Missing("data")
        if data is not None and not isinstance(data, dict):
            raise WrongType("data", expected="an object", got=json_type(data))
        return body if data is None else data


def resolve(name: str, context: Context) -> tuple[str, ModelEntry]:
    """The model and the name that found it: as asked for, with @cf/ before it or without. Raises ModelNotFound."""
    for candidate in (name, f"{CLOUDFLARE}{name}", name.removeprefix(CLOUDFLARE)):
        try:
            return candidate, context.find(candidate)
        except ModelNotFound:
            continue
    raise ModelNotFound(name[:256], ())


def status(question: Question, view: View) -> JSON:  # noqa: ARG001 - a page's signature
    """That it works."""
    return WORKING


@dataclass(frozen=True, slots=True)
class Dataoorts:
    """The dialect at /api/v1 itself; what lies below that path is another's."""

    operations: tuple[Operation, ...]
    readings: tuple[Reading, ...] = (Page("status", (PATH,), status, head=answer_headers),)
    name: str = "dataoorts"
    provider: Provider = Provider("dataoorts", "Dataoorts")
    prefixes: tuple[str, ...] = (PATH,)

    @classmethod
    def build(cls, policy: Policy) -> "Dataoorts":
        """The dialect under this policy."""
        return cls((Generate(policy.strict),))

    @property
    def error_schema(self) -> Mapping[str, JSON]:
        """The envelope of an error."""
        return ERROR

    def render_error(self, error: ServiceError, request_id: str) -> tuple[int, JSON]:
        """Status and envelope, its keys in order."""
        code, body = render_envelope_of(error, request_id)
        return code, in_order(body)

    def error_headers(self, error: ServiceError, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """Those of Workers AI."""
        return answer_headers(request_id)
