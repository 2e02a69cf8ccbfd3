"""OpenAI's Responses API: one answer to an input, which may refer to what was answered a while ago."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tampu.dialects.base import Call, Context
from tampu.dialects.constraints import CONSTRAINT_FIELDS, GRAMMAR, MAX_SOURCE, REGEX, Schema, SchemaName
from tampu.dialects.fields import NUMBERS, Field, Nested, Table, read_table, sampling_fields, sampling_values
from tampu.dialects.kinds import JSON, Boolean, Integer, Listing, OneOf, Text, check_count, require, shown
from tampu.dialects.messages import MAX_CHARACTERS
from tampu.dialects.openai_schemas import RESPONSE_ANSWER
from tampu.dialects.operations import sampling_params, stops
from tampu.dialects.responses_answers import Outline, ResponseAnswer
from tampu.dialects.responses_items import Input
from tampu.dialects.responses_memory import PREVIOUS, expanded, memories
from tampu.dialects.responses_tools import FLAT_TOOL_FIELDS, read_flat_tools
from tampu.dialects.rows import (
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
    no_effect,
    refused,
)
from tampu.errors import InvalidRequest, Missing
from tampu.request import MAX_TOP_LOGPROBS, Constraint, GenerateRequest, Message, Range, SamplingParams, Tool

MAX_PAIRS = 16  # of metadata
MAX_KEY = 64
MAX_VALUE = 512
WITH_LOGPROBS = "message.output_text.logprobs"
INCLUDABLE = (
    WITH_LOGPROBS,
    "reasoning.encrypted_content",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "web_search_call.action.sources",
    "web_search_call.results",
    "code_interpreter_call.outputs",
)
# Type of text.format -> the key that it needs.
SOURCES = {"json_schema": "schema", "regex": "regex", "grammar": "grammar"}


@dataclass(frozen=True, slots=True)
class Metadata:
    """An object of short strings that is given back as it is."""

    noun = "an object of strings"

    def matches(self, value: JSON) -> bool:
        """Whether it is an object."""
        return isinstance(value, dict)

    def read(self, param: str, value: JSON) -> dict[str, str]:
        """The pairs, if they are few and short."""
        require(self, param, value)
        check_count(param, len(value), 0, MAX_PAIRS, "pairs")
        for key, text in value.items():
            check_count(param, len(key), 0, MAX_KEY, "characters in a key")
            Text(MAX_VALUE).read(f"{param}.{shown(key)}", text)
        return dict(value)

    def schema(self) -> dict[str, JSON]:
        """An object with the three limits."""
        values, names = Text(MAX_VALUE).schema(), {"maxLength": MAX_KEY}
        return {"type": "object", "additionalProperties": values, "propertyNames": names, "maxProperties": MAX_PAIRS}


TEXT_FORMAT = (
    Field("type", OneOf(("text", "json_object", *SOURCES)), "The form of the answer.", required=True),
    Field("name", SchemaName(), "What the client calls its schema; has no effect."),
    Field("description", Text(MAX_SOURCE), "For people; has no effect."),
    Field("schema", Schema(), "With type json_schema: the JSON schema."),
    Field("strict", Boolean(), "The schema is enforced either way."),
    Field("regex", REGEX, "With type regex: the regular expression that the whole answer matches."),
    Field("grammar", GRAMMAR, "With type grammar: Lark, or GBNF as llama.cpp has it."),
)
TEXT = (
    Field("format", Nested(TEXT_FORMAT), "What the answer must match; enforced token by token."),
    *no_effect("verbosity"),
)
GIVEN_BACK = "Given back, has no other effect."
RESPONSE_FIELDS: Table = (
    MODEL,
    Field(
        "input",
        Input(),
        "Text, or messages, calls and their outputs, in order.",
        required=True,
        example=QUESTION[0]["content"],
    ),
    Field("instructions", Text(MAX_CHARACTERS), "A system message before the input."),
    Field("max_output_tokens", Integer(Range(1, 1_000_000)), "Cap on generated tokens."),
    *sampling_fields(NUMBERS, LIMITS),
    *PICKING,
    Field("text", Nested(TEXT), "The form of the answer."),
    *FLAT_TOOL_FIELDS,
    Field("include", Listing(OneOf(INCLUDABLE), 16), f"{WITH_LOGPROBS}; the others are of what is not here."),
    Field("top_logprobs", Integer(Range(0, MAX_TOP_LOGPROBS)), "Report log-probabilities, and of this many likeliest."),
    MASKED_LOGPROBS,
    STREAM,
    Field("stream_options", Nested(no_effect("include_obfuscation")), "Only with stream."),
    Field("truncation", OneOf(("auto", "disabled")), "auto: an input that does not fit the context loses its middle."),
    Field("metadata", Metadata(), GIVEN_BACK),
    Field("user", Text(MAX_VALUE), GIVEN_BACK),
    Field("safety_identifier", Text(MAX_VALUE), GIVEN_BACK),
    Field("prompt_cache_key", Text(MAX_VALUE), GIVEN_BACK),
    Field("max_tool_calls", Integer(Range(0, 1_000_000)), f"Of tools of the server's own. {GIVEN_BACK}"),
    *no_effect("service_tier", "reasoning", "moderation", "image", "access_programs"),
    *no_effect("prompt_cache_options", "prompt_cache_retention"),
    Field(PREVIOUS, Text(256, min_length=1), "The response that the conversation goes on from; kept for a while."),
    Field("store", Boolean(), "false: nothing is kept of the response, and no later body can refer to it."),
    *refused("no conversations are kept; use previous_response_id", "conversation"),
    *refused("send instructions and input", "prompt"),
    *refused("the answer comes at once", "background", harmless=(False,)),
    *refused("nothing is compacted", "context_management", harmless=([],)),
    *refused("use input", "messages"),
    *refused("use max_output_tokens", "max_tokens", "max_completion_tokens"),
    *refused("use text.format", *(row.name for row in CONSTRAINT_FIELDS)),
    *refused("chat completions have it", *(row.name for row in ENGINE)),
    *refused("there is one answer", "n", harmless=(1,)),
    *refused("use include", "logprobs", harmless=(False,)),
    LORA,
    *NO_TEMPLATE,
    *FOREIGN,
)


@dataclass(frozen=True, slots=True)
class Responses:
    """/v1/responses."""

    table: Table = RESPONSE_FIELDS
    name: str = "responses"
    paths: tuple[str, ...] = ("/v1/responses",)
    takes_forms: bool = False
    keeps: bool = False  # responses, for a while

    @property
    def answer_schema(self) -> Mapping[str, JSON]:
        """A `response`."""
        return RESPONSE_ANSWER

    def parse(self, path_args: Mapping[str, str], body: JSON, context: Context) -> Call:  # noqa: ARG002
        """One request with one choice."""
        values = read_table(self.table, expanded(body, context.recall))
        if "stream_options" in values and not values.get("stream"):
            raise InvalidRequest("stream_options is only allowed with stream: true.", param="stream_options")
        further = {"max_tokens": values.get("max_output_tokens"), "logprobs": num_logprobs(values)}
        sampling = sampling_values(self.table, values) | stops(values) | further
        params = sampling_params(sampling, context.find(values["model"]), context.seed)
        prompt = conversation(values)
        request = GenerateRequest(
            context.request_id,
            values["model"],
            prompt,
            params,
            continue_last=prompt[-1].role == "assistant",
            tenant=context.tenant,
            adapter=values.get("lora", ""),
            constraint=read_format(values.get("text", {}).get("format", {"type": "text"})),
            prompt_param="input",
            middle_out=values.get("truncation") == "auto",
            **read_flat_tools(values),
        )
        digits = context.request_id.removeprefix("req_")
        stored = self.keeps and values.get("store", True)
        outline = Outline(digits, context.created, values["model"], {**repeated(body, request), "store": stored})
        answer = ResponseAnswer(outline, logprobs=params.logprobs is not None)
        call = Call(values["model"], (request,), values.get("stream", False), answer, f"resp_{digits}")
        return replace(call, memories=lambda: memories(answer.whole, body, context.recall)) if stored else call


def conversation(values: Mapping[str, Any]) -> tuple[Message, ...]:
    """The instructions, then the input."""
    instructions: str = values.get("instructions", "")
    messages: tuple[Message, ...] = values["input"]
    return (Message("system", instructions), *messages) if instructions else messages


def num_logprobs(values: Mapping[str, Any]) -> int | None:
    """How many alternatives to report for each token; None where nothing asks for log-probabilities."""
    count: int = values.get("top_logprobs", 0)
    return count if count or WITH_LOGPROBS in values.get("include", ()) else None


def read_format(form: Mapping[str, Any]) -> Constraint | None:
    """What `text.format` holds the answer to; None for text. Raises Missing."""
    kind = form["type"]
    if kind == "text":
        return None
    if kind == "json_object":
        return Constraint(kind, "", "text.format")
    key = SOURCES[kind]
    if key not in form:
        raise Missing(f"text.format.{key}")
    return Constraint(kind, form[key], f"text.format.{key}")


# What a response gives back of its request, and what stands there when the request says nothing.
AS_ASKED: Mapping[str, JSON] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    PREVIOUS: None,
    "metadata": {},
    "prompt_cache_key": None,
    "safety_identifier": None,
    "tool_choice": "auto",
    "truncation": "disabled",
    "user": None,
}
# What is so for every response.
ALWAYS: Mapping[str, JSON] = {
    "background": False,
    "reasoning": {"effort": None, "summary": None},
    "service_tier": "default",
}


def repeated(body: Mapping[str, Any], request: GenerateRequest) -> dict[str, JSON]:
    """What the response says of its checked request: what was asked, and the values that hold."""
    sampling: SamplingParams = request.sampling
    text = body.get("text") or {}
    asked = {name: default if body.get(name) is None else body[name] for name, default in AS_ASKED.items()}
    return {
        **asked,
        **ALWAYS,
        "parallel_tool_calls": request.parallel_tool_calls,
        "temperature": sampling.temperature,
        "text": {"format": text.get("format") or {"type": "text"}, "verbosity": text.get("verbosity") or "medium"},
        "tools": [render_tool(tool) for tool in request.tools],
        "top_logprobs": sampling.logprobs or 0,
        "top_p": sampling.top_p,
    }


def render_tool(tool: Tool) -> dict[str, JSON]:
    """A function on offer."""
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description or None,
        "parameters": tool.parameters,
        "strict": tool.strict,
    }
