"""Cloudflare's Workers AI: models run by name at /ai/run, in its own envelope.

What `strict` changes is in STRICT_WINDOWS, DEFAULT_SYSTEM and the refusal of a schema in a stream.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tampu.dialects.base import Call, Context, ModelEntry, Operation, Policy, Provider, Reading
from tampu.dialects.constraints import read_constraint
from tampu.dialects.fields import Table, read_table, sampling_values
from tampu.dialects.kinds import JSON
from tampu.dialects.workers_ai_answers import RunAnswer, Wanted, answer_headers
from tampu.dialects.workers_ai_errors import (
    Numbered,
    no_schema_in_streams,
    out_of_form,
    render_envelope_of,
    request_uuid,
)
from tampu.dialects.workers_ai_fields import FIELDS, SEED, form_of
from tampu.dialects.workers_ai_models import model_readings
from tampu.dialects.workers_ai_schemas import ENVELOPE, ERROR
from tampu.errors import InvalidRequest, Missing, ModelNotFound, ServiceError
from tampu.request import Constraint, GenerateRequest, Message, Prompt, SamplingParams, Tool, ToolChoice

ACCOUNT = "/client/v4/accounts/{account_id}/ai"
RUN_PATH = f"{ACCOUNT}/run/{{model:path}}"
PROVIDER = Provider("workers_ai", "Cloudflare Workers AI")
WELL_FORMED = re.compile(r"@[a-z0-9]+/[^/]+/[^/]+")
LEAST_PENALTY = 0.01  # what the sampler takes
# Windows of Cloudflare's own, for names that promise less than the model can: held to where we are strict.
STRICT_WINDOWS: Mapping[str, int] = {
    "@cf/meta/llama-3-8b-instruct": 7968,
    "@hf/meta-llama/meta-llama-3-8b-instruct": 7968,
    "@cf/meta/llama-3-8b-instruct-awq": 8192,
    "@cf/meta/llama-3.1-8b-instruct": 7968,
    "@cf/meta/llama-3.1-8b-instruct-fp8": 32_000,
    "@cf/meta/llama-3.1-8b-instruct-awq": 8192,
    "meta/llama-3.1-8b-instruct": 8000,  # at Dataoorts
}
# What stood before a bare prompt; where we are strict, it still does.
DEFAULT_SYSTEM = Message(
    "system",
    "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, "
    "and polite answers to the human's questions.",
)


@dataclass(frozen=True, slots=True)
class Run:
    """/ai/run/MODEL, for one prompt or conversation."""

    strict: bool = False
    table: Table = FIELDS
    name: str = "run"
    takes_forms: bool = False
    paths: tuple[str, ...] = (RUN_PATH,)

    @property
    def answer_schema(self) -> Mapping[str, JSON]:
        """The envelope."""
        return ENVELOPE

    def parse(self, path_args: Mapping[str, str], body: JSON, context: Context) -> Call:
        """One request, under the name in the path."""
        name = path_args["model"]
        return parse_run(name, find_model(name, context.find), body, context, self.strict)


def find_model(name: str, find: Callable[[str], ModelEntry]) -> ModelEntry:
    """The model of a name in a path. Raises ModelNotFound; 7000 where it has not the form of a name either."""
    try:
        return find(name)
    except ModelNotFound:
        if WELL_FORMED.fullmatch(name):
            raise
        raise Numbered(7000, "No route for that URI", param="model") from None


def parse_run(name: str, model: ModelEntry, body: JSON, context: Context, strict: bool, calls: bool = True) -> Call:
    """One body with a prompt or messages understood; `calls` shows an empty list of calls, too. Raises ServiceError."""
    values = read_form(body)
    stream, raw = values.get("stream", False), values.get("raw", False)
    constraint = constraint_of(values)
    if strict and stream and constraint is not None and constraint.kind == "json_schema":
        raise no_schema_in_streams()
    params = sampling_of(values, context.seed)
    assert params.seed is not None
    tools, choice = tools_of(values)
    if raw and tools:
        raise InvalidRequest("tools are shown by the chat format, which raw leaves out: send one.", param="tools")
    options = values.get("options", {})
    request = GenerateRequest(
        context.request_id,
        name,
        prompt_of(values, raw, strict),
        params,
        tools=tools,
        tool_choice=choice,
        tenant=context.tenant,
        adapter=values.get("lora", ""),
        constraint=constraint,
        may_wait=not options.get("rejectIfBusy", False),
        max_context=STRICT_WINDOWS.get(name) if strict else None,
    )
    wanted = Wanted(
        json_mode=constraint is not None,
        must_call=bool(request.offered_tools) and choice.mode == "required",
        neurons=options.get("neurons", False),
        openai_calls=options.get("toolCalls") == "openai",
        calls=calls or bool(tools),
        default_limit=None if body.get("max_tokens") is not None else params.max_tokens,
    )
    answer = RunAnswer(context.request_id, params.seed, model.known.price, wanted)
    return Call(name, (request,), stream, answer, request_uuid(context.request_id))


def read_form(body: JSON) -> dict[str, Any]:
    """The checked fields of a prompt or messages. Raises 5006 in the validator's words."""
    form = form_of(body)
    if form not in ("prompt", "messages"):
        raise out_of_form("prompt", Missing("prompt"))
    try:
        values = read_table(FIELDS, body)
        if values.get("response_format") == {"type": "json_schema"}:
            raise Missing("response_format.json_schema")
        return values
    except InvalidRequest as error:
        raise out_of_form(form, error) from error


def sampling_of(values: Mapping[str, Any], drawn: int) -> SamplingParams:
    """How to pick tokens. A drawn seed is one that the field takes, so that a client can send it again."""
    seed = values.get("seed", values.get("random_seed", 1 + drawn % int(SEED.high)))
    penalty = values.get("repetition_penalty", 1.0)
    stop = values.get("stop", ())
    params = SamplingParams(
        **sampling_values(FIELDS, values),
        seed=seed,
        top_p=min(values.get("top_p", 1.0), 1.0),
        repetition_penalty=max(penalty, LEAST_PENALTY) if penalty else 1.0,
        stop=(stop,) if isinstance(stop, str) else stop,
    )
    params.check()
    return params


def constraint_of(values: Mapping[str, Any]) -> Constraint | None:
    """JSON mode, by either of its fields."""
    return read_constraint({name: values[name] for name in ("response_format", "guided_json") if name in values})


def tools_of(values: Mapping[str, Any]) -> tuple[tuple[Tool, ...], ToolChoice]:
    """The functions on offer and the choice among them. InvalidRequest for a choice of what is not there."""
    tools: tuple[Tool, ...] = values.get("tools", ())
    choice: ToolChoice = values.get("tool_choice", ToolChoice())
    if not tools and (choice.mode == "required" or choice.names):
        raise InvalidRequest("tool_choice is only allowed with tools.", param="tool_choice")
    names = [tool.name for tool in tools]
    for name in choice.names:
        if name not in names:
            raise InvalidRequest(
                f"tool_choice names {name}, which is not among the tools: {', '.join(names)}.", param="tool_choice"
            )
    return tools, choice


def prompt_of(values: Mapping[str, Any], raw: bool, strict: bool) -> Prompt:
    """What the model reads: a conversation, or raw text. Messages win over a prompt."""
    messages: tuple[Message, ...] | None = values.get("messages")
    if messages is not None:
        return "\n".join(message.content for message in messages) if raw else messages
    prompt: str = values["prompt"]
    if raw:
        return prompt
    question = Message("user", prompt)
    return (DEFAULT_SYSTEM, question) if strict else (question,)


@dataclass(frozen=True, slots=True)
class WorkersAI:
    """The dialect at /client/v4."""

    operations: tuple[Operation, ...]
    readings: tuple[Reading, ...] = ()
    name: str = "workers_ai"
    provider: Provider = PROVIDER
    prefixes: tuple[str, ...] = ("/client/v4",)

    @classmethod
    def build(cls, policy: Policy) -> "WorkersAI":
        """The dialect under this policy."""
        return cls((Run(policy.strict),), model_readings(ACCOUNT, STRICT_WINDOWS if policy.strict else {}))

    @property
    def error_schema(self) -> Mapping[str, JSON]:
        """The envelope of an error."""
        return ERROR

    def render_error(self, error: ServiceError, request_id: str) -> tuple[int, JSON]:
        """Status and envelope."""
        return render_envelope_of(error, request_id)

    def error_headers(self, error: ServiceError, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """The request's id, and that it cost nothing."""
        return answer_headers(request_id)
