"""OpenRouter: chat and text completions of one provider, this server, with its routing, costs and error words.

Every field has OpenRouter's range. What a body leaves open is as the model's makers recommend.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tampu.dialects.base import Operation, Policy, Provider, Reading
from tampu.dialects.constraints import constraint_fields
from tampu.dialects.fields import NUMBERS, Field, Nested, Table, sampling_fields
from tampu.dialects.kinds import JSON, Boolean, Either, Integer, Listing, OneOf, Text, TextPairs, TokenBias
from tampu.dialects.messages import ROLES, Messages
from tampu.dialects.openrouter_account import ACCOUNT_READINGS
from tampu.dialects.openrouter_answers import OPENROUTER, WAITING, extras, generation_id
from tampu.dialects.openrouter_errors import render_error, retry_after, status_of
from tampu.dialects.openrouter_models import MODEL_READINGS
from tampu.dialects.openrouter_routing import BASE, NAME, ROUTING_FIELDS, UNSUPPORTED, Router
from tampu.dialects.openrouter_schemas import CHAT_ANSWER, ERROR, TEXT_ANSWER
from tampu.dialects.operations import Chat, Completions
from tampu.dialects.prompts import Prompts
from tampu.dialects.rows import BEGINNING, QUESTION, SAMPLING_DOCS, STOP, no_effect, refused
from tampu.dialects.tools import TOOL_FIELDS
from tampu.errors import ServiceError
from tampu.request import MAX_LOGIT_BIAS, MAX_STOP_STRINGS, MAX_TOP_LOGPROBS, Range

COMPLETION_TOKENS = 16  # the default of max_tokens in completions
MAX_TOKENS = Integer(Range(1, 1_000_000))
LIMITS = {
    "temperature": Range(0, 2),
    "top_p": Range(0, 1, above=True),
    "repetition_penalty": Range(0.01, 2),
}
TIERS = ("auto", "default", "fast", "flex", "priority", "scale", "ultrafast")
DEBUG = (Field("echo_upstream_body", Boolean(), "Send what the engine is asked, in a first chunk without choices."),)
MIDDLE_OUT, COMPRESSION = "middle-out", "context-compression"
LOSES = "a prompt that does not fit the context loses its middle instead of being refused"
PLUGIN = (
    Field(
        "id",
        OneOf((COMPRESSION, "response-healing")),
        f"{COMPRESSION}: {LOSES}. response-healing: has no effect, what is held to a form matches it.",
        required=True,
    ),
    Field("engine", OneOf((MIDDLE_OUT,)), "How."),
    Field("enabled", Boolean(), "false: as if it were not there."),
)
TOKEN_CAP = "Cap on generated tokens."
STRICT_ROLES = {role: ROLES[role] for role in ("system", "user", "developer", "assistant", "tool")}
STRICT_STOPS = 4
SHARED: Table = (
    *ROUTING_FIELDS,
    *sampling_fields(NUMBERS, LIMITS),
    Field("logit_bias", TokenBias(MAX_LOGIT_BIAS, Range(-100, 100)), SAMPLING_DOCS["logit_bias"], "logit_bias"),
    *constraint_fields("response_format"),
    Field("stream", Boolean(), "Send the answer in pieces, as server-sent events."),
    Field("service_tier", OneOf(TIERS), "Given back with the answer; there is one tier."),
    Field("debug", Nested(DEBUG), "Only with stream."),
    Field("user", Text(1024), "Who asks, for the record of the generation."),
    Field("session_id", Text(256), "Which conversation this is part of, for the record of the generation."),
    Field("metadata", TextPairs(16, max_key=64, max_value=512), "Checked, has no other effect."),
    *no_effect("n", "stream_options", "usage", "trace", "modalities", "image_config", *UNSUPPORTED),
    *no_effect("prompt_cache_key", "prompt_cache_options", "cache_control"),
    Field("transforms", Listing(OneOf((MIDDLE_OUT,)), 1), f"{MIDDLE_OUT}: {LOSES}."),
    Field("plugins", Listing(Nested(PLUGIN), 16), "What else is done to prompts and answers."),
)
MESSAGES = "The conversation. A name stands before its text. A last assistant message is continued."
CHAT_FIELDS: Table = (
    Field("max_completion_tokens", MAX_TOKENS, f"{TOKEN_CAP} Left out, it is what the context holds."),
    Field("max_tokens", MAX_TOKENS, "The older name of max_completion_tokens, which wins if both come."),
    Field("logprobs", Boolean(), "Report log-probabilities of the completion's tokens."),
    Field("top_logprobs", Integer(Range(0, MAX_TOP_LOGPROBS)), "And of this many likeliest; needs logprobs."),
    *TOOL_FIELDS,
    *SHARED,
)
TEXT_FIELDS: Table = (
    Field(
        "prompt",
        Prompts(),
        "Raw text, in which control tokens are read, or token ids.",
        required=True,
        example=BEGINNING,
    ),
    Field("max_tokens", MAX_TOKENS, TOKEN_CAP, default=COMPLETION_TOKENS),
    Field("logprobs", Integer(Range(0, 5)), "Report log-probabilities and this many likeliest.", target="logprobs"),
    Field("echo", Boolean(), "Give the prompt back before the completion; with logprobs, the prompt's too."),
    *refused("text goes on at the end only", "suffix", harmless=("",)),
    *refused("there is one answer", "best_of", harmless=(1,)),
    *SHARED,
)


def strictness_fields(strict: bool) -> Table:
    """Rows in which we are more lenient than OpenRouter, unless we are to be strict."""
    stops = Listing(STOP, STRICT_STOPS if strict else MAX_STOP_STRINGS)
    return (Field("stop", Either((STOP, stops)), SAMPLING_DOCS["stop"]),)


def messages_field(strict: bool) -> Field:
    """The conversation; strict is without OpenAI's old role `function`."""
    return Field(
        "messages",
        Messages(STRICT_ROLES if strict else ROLES, prepend_names=True),
        MESSAGES,
        required=True,
        example=QUESTION,
    )


def request_options(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Whether a long prompt is to lose its middle."""
    asked = any(each["id"] == COMPRESSION and each.get("enabled", True) for each in values.get("plugins", ()))
    return {"middle_out": True} if asked or values.get("transforms") else {}


@dataclass(frozen=True, slots=True)
class OpenRouter:
    """The dialect at /api/v1."""

    operations: tuple[Operation, ...]
    readings: tuple[Reading, ...] = (*MODEL_READINGS, *ACCOUNT_READINGS)
    name: str = NAME
    provider: Provider = Provider(NAME, "OpenRouter")
    prefixes: tuple[str, ...] = (f"{BASE}/",)

    @classmethod
    def build(cls, policy: Policy) -> "OpenRouter":
        """The dialect under this policy."""
        find = Router(policy.keeps_text).find
        chat_paths, text_paths = (f"{BASE}/chat/completions",), (f"{BASE}/completions",)
        further = strictness_fields(policy.strict)
        chat_fields, text_fields = (messages_field(policy.strict), *CHAT_FIELDS, *further), (*TEXT_FIELDS, *further)
        shared: dict[str, Any] = {"waiting": WAITING, "find": find, "extras": extras, "options": request_options}
        chat = Chat(chat_fields, OPENROUTER, chat_paths, generation_id, CHAT_ANSWER, **shared)
        text = Completions(text_fields, OPENROUTER, text_paths, generation_id, TEXT_ANSWER, **shared)
        return cls((chat, text))

    @property
    def error_schema(self) -> Mapping[str, JSON]:
        """An object with `error`, whose code is a number."""
        return ERROR

    def render_error(self, error: ServiceError, request_id: str) -> tuple[int, JSON]:  # noqa: ARG002
        """Status and body."""
        return status_of(error), {"error": render_error(error)}

    def error_headers(self, error: ServiceError, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """How long to wait, as the body says."""
        seconds = retry_after(error)
        return {} if seconds is None else {"retry-after": str(seconds)}
