"""DeepInfra: OpenAI's chat and text completions with its own fields and costs, and its older inference route.

Every field has DeepInfra's range and default. Where it leaves `max_tokens` open, 16,384 is the most.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tampu.dialects.base import (
    Call,
    Context,
    Dialect,
    ModelEntry,
    Operation,
    Page,
    Policy,
    Provider,
    Reading,
    alphanumerics,
)
from tampu.dialects.constraints import CONSTRAINT_FIELDS, constraint_fields, read_constraint
from tampu.dialects.deepinfra_answers import (
    DEEPINFRA,
    InferenceAnswer,
    render_error,
    render_native_error,
    status_of,
)
from tampu.dialects.deepinfra_models import ACCOUNT_READINGS, CATALOGUE_READINGS, list_models
from tampu.dialects.deepinfra_schemas import CHAT_ANSWER, INFERENCE_ANSWER, NATIVE_ERROR, TEXT_ANSWER
from tampu.dialects.fields import Field, Nested, Table, read_table, sampling_fields, sampling_values
from tampu.dialects.kinds import JSON, Boolean, Either, Integer, Listing, Text, TokenBias, TokenIds
from tampu.dialects.messages import MAX_CHARACTERS, ROLES, Messages
from tampu.dialects.openai_schemas import ERROR
from tampu.dialects.operations import Chat, Completions, Extras, sampling_params, stops
from tampu.dialects.prompts import Prompts
from tampu.dialects.rows import BEGINNING, FEW_TOKENS, QUESTION, SAMPLING_DOCS, STOP, TOKENS_AS_IDS, no_effect, refused
from tampu.dialects.tools import TOOL_FIELDS
from tampu.errors import ServiceError
from tampu.request import (
    MAX_LOGIT_BIAS,
    MAX_STOP_STRINGS,
    MAX_STOP_TOKEN_IDS,
    MAX_TOP_LOGPROBS,
    GenerateRequest,
    Range,
)

NAME = "deepinfra"
PROVIDER = Provider(NAME, "DeepInfra")
TOKEN_CAP = 16_384  # of an answer whose body says nothing about its length
MAX = "max_tokens"
NEW_TOKENS = 512  # the same for the inference route
MAX_TOKENS = Integer(Range(0, 1_000_000))
LIMITS = {
    "temperature": Range(0, 2),
    "top_p": Range(0, 1, above=True),
    "top_k": Range(0, 999),
    "n": Range(1, 4),
}
# The numbers that all its operations take.
KNOWN = ("temperature", "top_p", "top_k", "repetition_penalty", "presence_penalty", "frequency_penalty", "seed")
DEFAULTS = {
    "temperature": 1.0,
    "top_p": 1.0,
    "min_p": 0.0,
    "top_k": 0,
    "n": 1,
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
}
STRICT_ROLES = {role: ROLES[role] for role in ("system", "user", "assistant", "tool")}
STREAM_OPTIONS = (
    Field("include_usage", Boolean(), "Send the usage beside the last finish_reason.", default=True),
    Field("continuous_usage_stats", Boolean(), "Send the usage until then with every chunk.", default=False),
)


def sampling_rows(*names: str) -> Table:
    """Rows of these numbers, with DeepInfra's ranges and defaults."""
    return tuple(replace(row, default=DEFAULTS.get(row.name)) for row in sampling_fields(names, LIMITS))


SHARED: Table = (
    Field("model", Text(256, min_length=1), "A name from /v1/openai/models.", required=True),
    *sampling_rows(*KNOWN, "min_p", "n"),
    Field("stop", Either((STOP, Listing(STOP, MAX_STOP_STRINGS))), SAMPLING_DOCS["stop"]),
    Field("logit_bias", TokenBias(MAX_LOGIT_BIAS, Range(-100, 100)), SAMPLING_DOCS["logit_bias"], "logit_bias"),
    *CONSTRAINT_FIELDS,
    Field("stream", Boolean(), "Send the answer in pieces, as server-sent events.", default=False),
    Field("stream_options", Nested(STREAM_OPTIONS), "What of the usage a stream carries."),
    Field("lora", Text(256, min_length=1), "Name of an adapter of the model; `model` may name it too."),
    Field("service_tier", Text(64), "Given back with the answer; there is one tier."),
    *no_effect("user", "prompt_cache_key", "metadata", "store"),
)


def chat_fields(strict: bool) -> Table:
    """The fields of chat completions; strict is without the role `developer`."""
    messages = Messages(STRICT_ROLES if strict else ROLES)
    return (
        Field(
            "messages",
            messages,
            "The conversation. A last assistant message is continued.",
            required=True,
            example=QUESTION,
        ),
        Field("max_tokens", MAX_TOKENS, f"Most tokens to generate; left out, {TOKEN_CAP:,} or what the context holds."),
        Field("max_completion_tokens", MAX_TOKENS, "OpenAI's name of max_tokens, which wins if both come."),
        Field("logprobs", Boolean(), "Report log-probabilities of the completion's tokens."),
        Field("top_logprobs", Integer(Range(0, MAX_TOP_LOGPROBS)), "And of this many likeliest; needs logprobs."),
        *TOOL_FIELDS,
        *no_effect("reasoning_effort", "reasoning", "chat_template_kwargs"),
        *SHARED,
    )


TEXT_FIELDS: Table = (
    Field("prompt", Prompts(), "Raw text in the model's own template, or token ids.", required=True, example=BEGINNING),
    Field(
        "max_tokens",
        MAX_TOKENS,
        f"Most tokens to generate; left out, {TOKEN_CAP:,} or what the context holds.",
        example=FEW_TOKENS,
    ),
    Field("logprobs", Integer(Range(0, 5)), "Report log-probabilities and this many likeliest.", target="logprobs"),
    Field("echo", Boolean(), "Give the prompt back before the completion.", default=False),
    Field("stop_token_ids", TokenIds(MAX_STOP_TOKEN_IDS), SAMPLING_DOCS["stop_token_ids"], target="stop_token_ids"),
    Field("return_tokens_as_token_ids", Boolean(), TOKENS_AS_IDS),
    *refused("this model reads text only", "data", harmless=([],)),
    *SHARED,
)
INFERENCE_FIELDS: Table = (
    Field(
        "input",
        Text(MAX_CHARACTERS, min_length=1),
        "Raw text in the model's own template.",
        required=True,
        example=BEGINNING,
    ),
    Field("stream", Boolean(), "Send the answer in pieces, as server-sent events.", default=False),
    Field(
        "max_new_tokens",
        Integer(Range(1, 1_000_000)),
        f"Most tokens to generate; left out, {NEW_TOKENS}.",
        MAX,
        example=FEW_TOKENS,
    ),
    *sampling_rows(*KNOWN),
    Field("num_responses", Integer(LIMITS["n"]), "How many independent answers.", target="n", default=1),
    Field("stop", Either((STOP, Listing(STOP, MAX_STOP_STRINGS))), SAMPLING_DOCS["stop"]),
    *constraint_fields("response_format"),
    Field("lora", Text(256, min_length=1), "Name of an adapter of the model; the path may name it too."),
    *no_effect("user"),
    *refused("this server calls no address that a request names", "webhook", harmless=("",)),
)


def answer_id(context: Context) -> str:
    """`chatcmpl-` and 24 letters and digits."""
    return f"chatcmpl-{alphanumerics(context.request_id, 24)}"


def text_id(context: Context) -> str:
    """`cmpl-` and 24 letters and digits."""
    return f"cmpl-{alphanumerics(context.request_id, 24)}"


def extras(values: Mapping[str, Any], context: Context, model: ModelEntry, request: GenerateRequest) -> Extras:  # noqa: ARG001
    """The service tier, which is given back."""
    return {"further": {"service_tier": values["service_tier"]}} if "service_tier" in values else {}


@dataclass(frozen=True, slots=True)
class Inference:
    """/v1/inference/{model}: a raw prompt, answered in DeepInfra's own form."""

    table: Table = INFERENCE_FIELDS
    paths: tuple[str, ...] = ("/v1/inference/{model:path}",)
    answer_schema: Mapping[str, JSON] = field(default_factory=lambda: INFERENCE_ANSWER)
    name: str = "inference"
    takes_forms: bool = True

    def parse(self, path_args: Mapping[str, str], body: JSON, context: Context) -> Call:
        """The call. Raises InvalidRequest naming the field, or ModelNotFound."""
        values = read_table(self.table, body)
        name, stream = path_args["model"], values["stream"]
        model = context.find(name)
        # The events of a stream carry each token's log-probability.
        scored: dict[str, Any] = {"logprobs": 0} if stream else {}
        params = sampling_params(sampling_values(self.table, values) | stops(values) | scored, model, context.seed)
        request = GenerateRequest(
            context.request_id,
            name,
            values["input"],
            params,
            tenant=context.tenant,
            adapter=values.get("lora", ""),
            constraint=read_constraint(values),
            token_cap=NEW_TOKENS,
        )
        request_id = alphanumerics(context.request_id, 24)
        return Call(name, (request,), stream, InferenceAnswer(request_id), request_id)


@dataclass(frozen=True, slots=True)
class DeepInfra:
    """The dialect at /v1/openai; at the bare /v1 as well where the operator gives it to DeepInfra."""

    operations: tuple[Operation, ...]
    prefixes: tuple[str, ...]
    readings: tuple[Reading, ...]
    name: str = NAME
    provider: Provider = PROVIDER

    @classmethod
    def build(cls, policy: Policy) -> "DeepInfra":
        """The dialect under this policy."""
        bases = ("/v1/openai", "/v1") if policy.v1 == NAME else ("/v1/openai",)
        chats, texts, models = (
            tuple(f"{base}/{route}" for base in bases) for route in ("chat/completions", "completions", "models")
        )
        table = chat_fields(policy.strict)
        chat = Chat(table, DEEPINFRA, chats, answer_id, CHAT_ANSWER, TOKEN_CAP, extras=extras)
        text = Completions(TEXT_FIELDS, DEEPINFRA, texts, text_id, TEXT_ANSWER, TOKEN_CAP, extras=extras)
        prefixes = ("/v1/openai/", "/v1/me", "/v1/request-costs", *chats, *texts, *models)
        return cls((chat, text), prefixes, (Page("models", models, list_models), *ACCOUNT_READINGS))

    @property
    def error_schema(self) -> Mapping[str, JSON]:
        """OpenAI's envelope."""
        return ERROR

    def render_error(self, error: ServiceError, request_id: str) -> tuple[int, JSON]:
        """Status, and OpenAI's envelope with DeepInfra's sentences."""
        return status_of(error), {"error": render_error(error, request_id)}

    def error_headers(self, error: ServiceError, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """A busy model asks for patience."""
        return {"retry-after": "1"} if status_of(error) == 429 and error.retry_after is None else {}


@dataclass(frozen=True, slots=True)
class DeepInfraNative:
    """DeepInfra's own routes: inference and the catalogue. Their errors have another form."""

    operations: tuple[Operation, ...] = (Inference(),)
    prefixes: tuple[str, ...] = ("/v1/inference/", "/models/", "/openrouter/")
    readings: tuple[Reading, ...] = CATALOGUE_READINGS
    name: str = "deepinfra_native"
    provider: Provider = PROVIDER

    @property
    def error_schema(self) -> Mapping[str, JSON]:
        """A sentence, or FastAPI's list."""
        return NATIVE_ERROR

    def render_error(self, error: ServiceError, request_id: str) -> tuple[int, JSON]:  # noqa: ARG002
        """Status and body."""
        return status_of(error), render_native_error(error)

    def error_headers(self, error: ServiceError, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """None of its own."""
        return {}


def build_deepinfra(policy: Policy) -> tuple[Dialect, ...]:
    """Both of DeepInfra's forms."""
    return DeepInfra.build(policy), DeepInfraNative()
