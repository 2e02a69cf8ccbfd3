"""OpenAI's operations under --strict: its own fields in its own ranges, and the rules that it sets conversations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tampu.dialects.base import Call, Context, Operation
from tampu.dialects.constraints import WRAPPED, SchemaName, WrappedSchema
from tampu.dialects.fields import Field, Nested, Table, read_table, table_schema
from tampu.dialects.kinds import JSON, Boolean, Either, Integer, Kind, Listing, OneOf, OrNone, Text, require
from tampu.dialects.messages import MAX_CHARACTERS
from tampu.dialects.openai_schema_rules import check_functions, fault_of
from tampu.dialects.operations import Chat, Completions
from tampu.dialects.responses import TEXT, TEXT_FORMAT, Metadata, Responses
from tampu.dialects.rows import STOP
from tampu.errors import BrokenRule, InvalidRequest, Missing, UnknownField
from tampu.request import Message, Range

Judge = Callable[[Mapping[str, Any], Call], None]
Complaint = Callable[[Sequence[str]], InvalidRequest]  # about keys of the body that are not known


@dataclass(frozen=True, slots=True)
class Strict:
    """An operation that takes what OpenAI's takes and nothing else."""

    inner: Operation
    judge: Judge
    complain: Complaint
    name: str
    paths: tuple[str, ...]
    table: Table
    answer_schema: Mapping[str, JSON]
    takes_forms: bool

    @classmethod
    def around(cls, inner: Operation, judge: Judge, complain: Complaint) -> "Strict":
        """The operation, judged more strictly."""
        return cls(inner, judge, complain, inner.name, inner.paths, inner.table, inner.answer_schema, inner.takes_forms)

    def parse(self, path_args: Mapping[str, str], body: JSON, context: Context) -> Call:
        """The call. Raises InvalidRequest, as the operation itself does, or for what OpenAI would refuse."""
        if isinstance(body, dict):
            self._check_known(body)
        call = self.inner.parse(path_args, body, context)
        self.judge(body, call)
        return call

    def _check_known(self, body: Mapping[str, Any]) -> None:
        known = {row.name for row in self.table}
        if unknown := [key for key in body if key not in known]:
            raise self.complain(unknown)
        for path in unknown_paths(self.table, body, ""):
            raise UnknownField(path)


def unknown_paths(table: Table, body: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Keys of the body and of objects in it that no table has."""
    rows = {row.name: row.kind for row in table}
    for key, value in body.items():
        kind = rows.get(key)
        if kind is None:
            yield prefix + key
        elif isinstance(kind, Nested) and isinstance(value, dict):
            yield from unknown_paths(kind.table, value, f"{prefix}{key}.")
        elif isinstance(kind, Listing) and isinstance(kind.item, Nested) and isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    yield from unknown_paths(kind.item.table, item, f"{prefix}{key}[{index}].")


def unrecognized(names: Sequence[str]) -> InvalidRequest:
    """The complaint of chat and text completions."""
    return InvalidRequest(f"Unrecognized request argument{'s' * (len(names) > 1)} supplied: {', '.join(names)}")


def unknown_parameter(names: Sequence[str]) -> InvalidRequest:
    """The complaint of the Responses API."""
    return UnknownField(names[0])


def narrowed(table: Table, own: Mapping[str, Kind | None]) -> Table:
    """The rows that are OpenAI's own, some of another kind."""
    return tuple(replace(row, kind=own[row.name] or plain(row.kind)) for row in table if row.name in own)


def plain(kind: Kind) -> Kind:
    """The kind without the ways in which other servers' clients say "none"."""
    return kind.kind if isinstance(kind, OrNone) else kind


class NamedSchema(WrappedSchema):
    """A schema with its name beside it."""

    noun = "an object with a name and a schema"

    def read(self, param: str, value: JSON) -> str:
        """The schema as text."""
        require(self, param, value)
        return str(read_table(NAMED, value, f"{param}.")["schema"])

    def schema(self) -> dict[str, JSON]:
        """The wrapper."""
        return table_schema(NAMED)


NAME = Field("name", SchemaName(), "What the client calls it.", required=True)
NAMED = (NAME, *WRAPPED[1:])
OWN_FORMAT = (
    Field("type", OneOf(("text", "json_object", "json_schema")), "The form of the answer.", required=True),
    Field("json_schema", NamedSchema(), "With type json_schema: the schema and its name."),
)
OWN_TEXT_FORMAT = (OWN_FORMAT[0], *(row for row in TEXT_FORMAT if row.name not in ("type", "regex", "grammar")))
LEVELS = OneOf(("low", "medium", "high"))
OWN_TEXT = (replace(TEXT[0], kind=Nested(OWN_TEXT_FORMAT)), replace(TEXT[1], kind=LEVELS))
LONG = Text(MAX_CHARACTERS)
PICKING = ("model", "temperature", "top_p", "stream", "stream_options", "top_logprobs")
COUNTING = ("frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "max_tokens", "n", "seed")
TOOLS = ("tools", "tool_choice", "parallel_tool_calls")
CACHING = ("prompt_cache_options", "prompt_cache_retention", "moderation")
NEW: Mapping[str, Kind | None] = {
    "metadata": Metadata(),
    "prompt_cache_key": LONG,
    "safety_identifier": Text(128),
    "service_tier": OneOf(("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")),
    "store": Boolean(),
    **dict.fromkeys((*TOOLS, *CACHING)),
}
FEW_STOPS: Mapping[str, Kind | None] = {"stop": Either((STOP, Listing(STOP, 4))), "user": LONG}
# Field -> the kind that it has at OpenAI, where that is not the lenient one.
OWN_CHAT: Mapping[str, Kind | None] = {
    **dict.fromkeys((*PICKING, *COUNTING, "messages", "max_completion_tokens", "functions", "function_call")),
    **dict.fromkeys(("prediction", "audio", "web_search_options")),
    **NEW,
    **FEW_STOPS,
    "modalities": Listing(OneOf(("text",)), 1),
    "reasoning_effort": OneOf(("none", "minimal", "low", "medium", "high", "xhigh", "max")),
    "response_format": Nested(OWN_FORMAT),
    "verbosity": LEVELS,
}
OWN_TEXT_COMPLETION: Mapping[str, Kind | None] = {
    **dict.fromkeys((*PICKING, *COUNTING, "prompt", "best_of", "echo", "suffix")),
    **FEW_STOPS,
    "logprobs": Integer(Range(0, 5)),
}
OWN_RESPONSE: Mapping[str, Kind | None] = {
    **dict.fromkeys((*PICKING, "input", "instructions", "include", "max_tool_calls", "reasoning", "image")),
    **dict.fromkeys(("access_programs", "background", "context_management", "conversation", "prompt", "truncation")),
    **NEW,
    "max_output_tokens": Integer(Range(16, 1_000_000)),
    "previous_response_id": None,
    "text": Nested(OWN_TEXT),
    "user": LONG,
}


def judge_chat(body: Mapping[str, Any], call: Call) -> None:
    """Raise BrokenRule for a conversation that OpenAI would not answer."""
    check_answered(body["messages"])
    check_functions([tool["function"] for tool in body.get("tools") or ()], "function.parameters")
    wrapped = (body.get("response_format") or {}).get("json_schema") or {}
    if wrapped.get("strict") and (fault := fault_of(wrapped["schema"])):
        raise BrokenRule(f"Invalid schema for response_format '{wrapped['name']}': {fault}", param="response_format")
    if body.get("metadata") and not body.get("store"):
        raise BrokenRule("The 'metadata' parameter is only allowed when 'store' is enabled.", param="metadata")
    if (body.get("response_format") or {}).get("type") == "json_object" and not says_json(call):
        raise BrokenRule(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            param="messages",
        )


def judge_text(body: Mapping[str, Any], call: Call) -> None:
    """Nothing more."""


def judge_response(body: Mapping[str, Any], call: Call) -> None:
    """Raise BrokenRule for an input that OpenAI would not answer."""
    if isinstance(body["input"], list):
        check_outputs(body["input"])
    check_functions(body.get("tools") or (), "parameters")
    form = (body.get("text") or {}).get("format") or {}
    if form.get("type") == "json_schema":
        check_format(form)
    if form.get("type") == "json_object" and not says_json(call, without=body.get("instructions")):
        raise BrokenRule(
            "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
            "'json_object'.",
            param="input",
        )


def check_format(form: Mapping[str, Any]) -> None:
    """Raise Missing or BrokenRule for a schema without a name, or one that is marked strict and is not."""
    if form.get("name") is None:
        raise Missing("text.format.name")
    if form.get("strict") and (fault := fault_of(form["schema"])):
        raise BrokenRule(
            f"Invalid schema for response_format '{form['name']}': {fault}",
            param="text.format.schema",
            code="invalid_json_schema",
        )


def says_json(call: Call, without: str | None = None) -> bool:
    """Whether a message has the word; the instructions do not count."""
    messages = (message for message in call.requests[0].prompt if isinstance(message, Message))
    return any("json" in message.content.lower() for message in messages if message.content != without)


def check_answered(messages: Sequence[Mapping[str, Any]]) -> None:
    """Raise BrokenRule unless calls have results before the conversation goes on, and results have calls."""
    waiting: list[str] = []  # ids of calls without a result
    called = False
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            _take_result(index, message["tool_call_id"], waiting if called else None)
            continue
        _refuse_unanswered(index, waiting)
        waiting = [call["id"] for call in message.get("tool_calls") or ()]
        called = bool(waiting)
    _refuse_unanswered(len(messages) - 1, waiting)


def _take_result(index: int, call_id: str, waiting: list[str] | None) -> None:
    if waiting is None:
        raise BrokenRule(
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
            "'tool_calls'.",
            param=f"messages.[{index}].role",
        )
    if call_id not in waiting:
        raise BrokenRule(
            f"Invalid parameter: 'tool_call_id' of '{call_id}' not found in 'tool_calls' of previous message.",
            param=f"messages.[{index}].tool_call_id",
        )
    waiting.remove(call_id)


def _refuse_unanswered(index: int, waiting: Sequence[str]) -> None:
    if waiting:
        raise BrokenRule(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(waiting)}",
            param=f"messages.[{index}].role",
        )


def check_outputs(items: Sequence[Mapping[str, Any]]) -> None:
    """Raise BrokenRule unless calls and outputs stand in pairs."""
    calls = [item["call_id"] for item in items if item.get("type") == "function_call"]
    outputs = [item["call_id"] for item in items if item.get("type") == "function_call_output"]
    for call_id in outputs:
        if call_id not in calls:
            raise BrokenRule(f"No tool call found for function call output with call_id {call_id}.", param="input")
    for call_id in calls:
        if call_id not in outputs:
            raise BrokenRule(f"No tool output found for function call {call_id}.", param="input")


# Operation -> its own fields, and how OpenAI judges and words what else comes.
RULES: Mapping[str, tuple[Mapping[str, Kind | None], Judge, Complaint]] = {
    "chat": (OWN_CHAT, judge_chat, unrecognized),
    "completions": (OWN_TEXT_COMPLETION, judge_text, unrecognized),
    "responses": (OWN_RESPONSE, judge_response, unknown_parameter),
}


def as_strict(operation: Chat | Completions | Responses) -> Operation:
    """The operation as OpenAI itself offers it."""
    own, judge, complain = RULES[operation.name]
    return Strict.around(replace(operation, table=narrowed(operation.table, own)), judge, complain)
