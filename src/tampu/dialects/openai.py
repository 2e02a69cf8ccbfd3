"""OpenAI's chat and text completions, with the fields other providers added, as tables.

Fields beyond OpenAI's own are marked in their doc line.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tampu.catalogue import decimal_dollars
from tampu.dialects.base import Context, ModelEntry, Operation, Page, Policy, Provider, Question, Reading, View
from tampu.dialects.constraints import CONSTRAINT_FIELDS
from tampu.dialects.fields import NUMBERS, Field, Nested, Table, sampling_fields
from tampu.dialects.kinds import JSON, Boolean, Integer, OrNone
from tampu.dialects.messages import Messages
from tampu.dialects.openai_absent import why_absent
from tampu.dialects.openai_answers import OPENAI, render_error_object, wire_fingerprint
from tampu.dialects.openai_schemas import CHAT_ANSWER, ERROR, TEXT_ANSWER
from tampu.dialects.openai_strict import as_strict
from tampu.dialects.openai_words import words_of
from tampu.dialects.operations import Chat, Completions
from tampu.dialects.prompts import Prompts
from tampu.dialects.responses import Responses
from tampu.dialects.responses_memory import READINGS as RESPONSE_READINGS
from tampu.dialects.rows import (
    BEGINNING,
    ENGINE,
    FOREIGN,
    LIMITS,
    LORA,
    MASKED_LOGPROBS,
    MODEL,
    NO_TEMPLATE,
    PICKING,
    QUESTION,
    STREAM,
    TEMPLATE,
    no_effect,
    refused,
)
from tampu.dialects.tools import TOOL_FIELDS
from tampu.errors import RouteNotFound, ServiceError
from tampu.request import MAX_TOP_LOGPROBS, Range

COMPLETION_TOKENS = 16  # the default of max_tokens in completions
OLD_TOOLS = "use tools"
STREAM_OPTIONS = (
    Field("include_usage", Boolean(), "Send the token counts in a last chunk without choices."),
    Field("continuous_usage_stats", Boolean(), "Send the token counts so far with every chunk, too."),
    *no_effect("include_obfuscation"),
)


def shared_fields(max_choices: int) -> Table:
    """What both operations take."""
    limits = {**LIMITS, "n": Range(1, max_choices)}
    return (
        MODEL,
        *sampling_fields((*NUMBERS, "n"), limits, NONE),
        *PICKING,
        *CONSTRAINT_FIELDS,
        MASKED_LOGPROBS,
        STREAM,
        Field("stream_options", Nested(STREAM_OPTIONS), "Only with stream."),
        *no_effect("user", "store", "metadata", "service_tier", "safety_identifier", "prompt_cache_key"),
        LORA,
        *ENGINE,
        *FOREIGN,
    )


# How clients of other servers say "none"; --strict refuses it.
NONE: Mapping[str, tuple[JSON, ...]] = {"top_k": (-1,), "seed": (-1,)}
MAX_TOKENS = OrNone(Integer(Range(1, 1_000_000)), (-1,))
MAX_TOKENS_OR_NONE = OrNone(Integer(Range(0, 1_000_000)), (-1,))
CONVERSATION = "The conversation. A last assistant message is continued."
TOKEN_CAP = "Cap on generated tokens."
CHAT_FIELDS = (
    Field("messages", Messages(system_alone=True), CONVERSATION, required=True, example=QUESTION),
    Field("max_completion_tokens", MAX_TOKENS, f"{TOKEN_CAP} Left out, it is what the context holds."),
    Field("max_tokens", MAX_TOKENS, "The older name of max_completion_tokens, which wins if both come."),
    Field("logprobs", Boolean(), "Report log-probabilities of the completion's tokens."),
    Field("top_logprobs", Integer(Range(0, MAX_TOP_LOGPROBS)), "And of this many likeliest; needs logprobs."),
    *TOOL_FIELDS,
    Field("chat_template_kwargs", Nested(TEMPLATE, closed=True), "How the chat format is filled in."),
    *refused(OLD_TOOLS, "functions", harmless=([],)),
    *refused(OLD_TOOLS, "function_call", harmless=("none",)),
    *no_effect("prompt_cache_options", "prompt_cache_retention", "prediction", "modalities", "audio"),
    *no_effect("reasoning_effort", "verbosity", "web_search_options", "moderation"),
)
TEXT_FIELDS = (
    Field(
        "prompt",
        Prompts(),
        "Raw text, in which control tokens are read, or token ids; or several of them.",
        required=True,
        example=BEGINNING,
    ),
    Field("max_tokens", MAX_TOKENS_OR_NONE, f"{TOKEN_CAP} 0 with echo scores a prompt.", default=COMPLETION_TOKENS),
    Field(
        "logprobs",
        Integer(Range(0, MAX_TOP_LOGPROBS)),
        "Report log-probabilities and this many likeliest; OpenAI itself takes 5 at most.",
        target="logprobs",
    ),
    Field("echo", Boolean(), "Give the prompt back before the completion; with logprobs, the prompt's too."),
    *refused("text goes on at the end only", "suffix", harmless=("",)),
    *NO_TEMPLATE,
    *refused("use n", "best_of", harmless=(1,)),
)


def chat_id(context: Context) -> str:
    """`chatcmpl-` and the digits of the request's own id."""
    return "chatcmpl-" + context.request_id.removeprefix("req_")


def text_id(context: Context) -> str:
    """`cmpl-` and the digits of the request's own id."""
    return "cmpl-" + context.request_id.removeprefix("req_")


@dataclass(frozen=True, slots=True)
class OpenAI:
    """The dialect at /v1."""

    operations: tuple[Operation, ...]
    readings: tuple[Reading, ...]
    name: str = "openai"
    prefixes: tuple[str, ...] = ("/",)
    provider: Provider = Provider("openai", "OpenAI")

    @classmethod
    def build(cls, policy: Policy) -> "OpenAI":
        """The dialect under this policy."""
        shared = shared_fields(policy.max_choices)
        chat = Chat(CHAT_FIELDS + shared, OPENAI, ("/v1/chat/completions",), chat_id, CHAT_ANSWER)
        completions = Completions(TEXT_FIELDS + shared, OPENAI, ("/v1/completions",), text_id, TEXT_ANSWER)
        offered: tuple[Chat | Completions | Responses, ...] = (
            chat,
            completions,
            Responses(keeps=policy.keeps_responses),
        )
        if policy.v1 != "openai":
            return cls(_as_asked(offered[2:], policy), READINGS[1:])
        return cls(_as_asked(offered, policy), READINGS)

    @property
    def error_schema(self) -> Mapping[str, JSON]:
        """An object with `error`."""
        return ERROR

    def render_error(self, error: ServiceError, request_id: str) -> tuple[int, JSON]:
        """Status, and OpenAI's envelope; of a route that only OpenAI has, it says why it is not here."""
        message, code = words_of(error)
        if isinstance(error, RouteNotFound) and not error.near and (reason := why_absent(error.path)):
            message = f"{reason} {message}"
        shown = {**render_error_object(error, request_id), "message": message, "code": code}
        return int(error.status), {"error": shown}

    def error_headers(self, error: ServiceError, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """None of its own."""
        return {}


def _as_asked(offered: tuple[Chat | Completions | Responses, ...], policy: Policy) -> tuple[Operation, ...]:
    return tuple(map(as_strict, offered)) if policy.strict else offered


def list_models(question: Question, view: View) -> JSON:  # noqa: ARG001 - a page's signature
    """Every model once, under its own name."""
    return {"object": "list", "data": [render_model(model.ids[0], model) for model in view.models]}


def show_model(question: Question, view: View) -> JSON:
    """One model, under the name it was asked for. Raises ModelNotFound."""
    name = question.path_args["model"]
    return render_model(name, view.find(name))


def render_model(name: str, model: ModelEntry) -> JSON:
    """OpenAI's four keys, and what else one wants to know."""
    parent = {"parent": model.parent} if model.parent else {}
    notice = {"notice": model.known.licence.notice} if model.known.licence.notice else {}
    return {
        "id": name,
        "object": "model",
        "created": model.created,
        "owned_by": "tampu",
        "context_length": model.context,
        "quantization": model.quantization,
        "system_fingerprint": wire_fingerprint(model.fingerprint),
        "aliases": [alias for alias in model.ids if alias != name],
        "pricing": {
            "prompt": decimal_dollars(model.known.price.prompt),
            "completion": decimal_dollars(model.known.price.completion),
        },
        **notice,
        **parent,
    }


# The list of models; one of them, whose name may have slashes, encoded or not; and responses that are kept.
READINGS: tuple[Reading, ...] = (
    Page("models", ("/v1/models",), list_models),
    Page("model", ("/v1/models/{model:path}",), show_model),
    *RESPONSE_READINGS,
)
