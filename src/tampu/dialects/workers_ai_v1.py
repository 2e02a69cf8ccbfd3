"""The URLs of Workers AI that speak OpenAI: its objects bare, and errors in both envelopes at once.

Where we are strict, an answer without `max_tokens` has 256 at most, as at /ai/run, and no schema is streamed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tampu.catalogue import Price
from tampu.dialects.answers import Manner, Stamp
from tampu.dialects.base import Answer, Call, Context, Operation, Page, Policy, Provider, Question, Reading, View
from tampu.dialects.fields import Field, Nested, Table, read_table
from tampu.dialects.kinds import JSON
from tampu.dialects.openai import CHAT_FIELDS, TEXT_FIELDS, chat_id, render_model, shared_fields, show_model, text_id
from tampu.dialects.openai_answers import render_choice, render_error_object
from tampu.dialects.openai_schemas import ERROR
from tampu.dialects.operations import Chat, Completions
from tampu.dialects.responses import RESPONSE_FIELDS, Responses
from tampu.dialects.workers_ai import ACCOUNT, PROVIDER, STRICT_WINDOWS
from tampu.dialects.workers_ai_answers import answer_headers, render_usage
from tampu.dialects.workers_ai_errors import EDGE, ai_error, no_schema_in_streams, numbered, render_envelope_of
from tampu.dialects.workers_ai_fields import OPTIONS, RunChoice
from tampu.dialects.workers_ai_schemas import ERROR as NATIVE_ERROR
from tampu.dialects.workers_ai_schemas import V1_CHAT, V1_TEXT
from tampu.errors import ServiceError
from tampu.request import Chunk, Completion, Opening

V1 = f"{ACCOUNT}/v1"
STRICT_CAP = 256
BUSY = (Field("options", Nested(OPTIONS), "How to be served."),)


def render_head(stamp: Stamp, kind: str, opening: Opening | None) -> dict[str, JSON]:  # noqa: ARG001 - a manner's signature
    """The keys before `choices`."""
    return {"id": stamp.id, "object": kind, "created": stamp.created, "model": stamp.model}


def render_error(error: ServiceError, request_id: str) -> dict[str, JSON]:
    """The object under `error`: OpenAI's keys with Cloudflare's text."""
    ours = numbered(error)
    wire = render_error_object(error, request_id)
    text = ours.message if ours.number in EDGE else ai_error(ours, request_id)
    return {"message": text, **{key: wire[key] for key in ("type", "param", "code")}}


MANNER = Manner(
    head=render_head,
    usage=render_usage,
    choice=render_choice,
    error=render_error,
    usage_place="finish",
    # Cloudflare's streams begin without a role; the stream helper of npm's `openai` refuses such.
    opening_delta=b'{"role":"assistant","content":""}',
    silent_reason=True,
)


@dataclass(slots=True)
class Metered:
    """An answer of OpenAI's with the headers of Workers AI."""

    answer: Answer
    request_id: str
    price: Price
    prompt_tokens: int = 0

    def headers(self, completions: Sequence[Completion]) -> Mapping[str, str]:
        """Ids and neurons; of a stream, the neurons of the prompt."""
        cost = sum(completion.usage.cost for completion in completions) or self.prompt_tokens * self.price.prompt
        return {**self.answer.headers(completions), **answer_headers(self.request_id, cost)}

    def render(self, completions: Sequence[Completion]) -> JSON:
        """The object."""
        return self.answer.render(completions)

    def render_chunk(self, position: int, chunk: Chunk) -> Iterable[bytes]:
        """Its chunks."""
        if chunk.opening is not None:
            self.prompt_tokens += chunk.opening.prompt_tokens
        return self.answer.render_chunk(position, chunk)

    def render_end(self) -> Iterable[bytes]:
        """Its end."""
        return self.answer.render_end()

    def render_failure(self, error: ServiceError, request_id: str) -> Iterable[bytes]:
        """Its failure."""
        return self.answer.render_failure(error, request_id)


@dataclass(frozen=True, slots=True)
class Served:
    """An operation of OpenAI's with the headers and `options` of Workers AI."""

    operation: Operation
    strict: bool

    @property
    def name(self) -> str:
        """The operation's own."""
        return self.operation.name

    @property
    def paths(self) -> tuple[str, ...]:
        """The operation's own."""
        return self.operation.paths

    @property
    def table(self) -> Table:
        """The operation's own."""
        return self.operation.table

    @property
    def answer_schema(self) -> Mapping[str, JSON]:
        """The operation's own."""
        return self.operation.answer_schema

    @property
    def takes_forms(self) -> bool:
        """Never: a body is JSON whatever its header says."""
        return False

    def parse(self, path_args: Mapping[str, str], body: JSON, context: Context) -> Call:
        """The operation's call. Raises 5023 for a schema in a stream where we are strict."""
        call = self.operation.parse(path_args, body, context)
        options: dict[str, Any] = read_table(BUSY, body).get("options", {})
        changes: dict[str, Any] = {"may_wait": not options.get("rejectIfBusy", False)}
        if self.strict:
            constraint = call.requests[0].constraint
            if call.stream and constraint is not None and constraint.kind == "json_schema":
                raise no_schema_in_streams()
            changes |= {"token_cap": STRICT_CAP, "max_context": STRICT_WINDOWS.get(call.model)}
        requests = tuple(replace(request, **changes) for request in call.requests)
        price = context.find(call.model).known.price
        return replace(call, requests=requests, answer=Metered(call.answer, context.request_id, price))


def adapted(table: Table) -> Table:
    """OpenAI's rows: `max_tokens` without its default, and a choice of tools that may be `any`."""
    changed: dict[str, dict[str, Any]] = {"max_tokens": {"default": None}, "tool_choice": {"kind": RunChoice()}}
    return tuple(replace(field, **changed.get(field.name, {})) for field in table)


def list_models(question: Question, view: View) -> JSON:  # noqa: ARG001 - a page's signature
    """Every model once, under the name that it has at Cloudflare."""
    return {"object": "list", "data": [render_model(model.name_in("workers_ai"), model) for model in view.models]}


@dataclass(frozen=True, slots=True)
class WorkersAIV1:
    """The dialect at /client/v4/accounts/ACCOUNT/ai/v1."""

    operations: tuple[Operation, ...]
    readings: tuple[Reading, ...] = (
        Page("models", (f"{V1}/models",), list_models, head=answer_headers),
        Page("model", (f"{V1}/models/{{model:path}}",), show_model, head=answer_headers),
    )
    name: str = "workers_ai_v1"
    provider: Provider = PROVIDER
    prefixes: tuple[str, ...] = ("/client/v4/accounts/*/ai/v1",)

    @classmethod
    def build(cls, policy: Policy) -> "WorkersAIV1":
        """The dialect under this policy."""
        shared = shared_fields(policy.max_choices) + BUSY
        chat_table, text_table = adapted(CHAT_FIELDS) + shared, adapted(TEXT_FIELDS) + shared
        chat = Chat(chat_table, MANNER, (f"{V1}/chat/completions",), chat_id, V1_CHAT)
        text = Completions(text_table, MANNER, (f"{V1}/completions",), text_id, V1_TEXT)
        responses = Responses(RESPONSE_FIELDS + BUSY, paths=(f"{V1}/responses",), keeps=policy.keeps_responses)
        return cls(tuple(Served(operation, policy.strict) for operation in (chat, text, responses)))

    @property
    def error_schema(self) -> Mapping[str, JSON]:
        """Both envelopes."""
        return {"allOf": [NATIVE_ERROR, ERROR]}

    def render_error(self, error: ServiceError, request_id: str) -> tuple[int, JSON]:
        """Status, and Cloudflare's envelope with OpenAI's object in it."""
        status, body = render_envelope_of(error, request_id)
        return status, {**body, "error": render_error(error, request_id)}

    def error_headers(self, error: ServiceError, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """The request's id, and that it cost nothing."""
        return answer_headers(request_id)
