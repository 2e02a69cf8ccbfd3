"""OpenRouter's request fields: each has its effect, is refused by name, or stands in the table as having none."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tampu.dialects.base import Call, Policy
from tampu.dialects.fields import Field
from tampu.dialects.kinds import Integer, NoEffect, Number, Refused
from tampu.dialects.openrouter import OpenRouter
from tampu.dialects.openrouter_models import SUPPORTED
from tampu.dialects.openrouter_routing import UNSUPPORTED
from tampu.errors import InvalidPrompt, InvalidRequest, OutOfRange, Unsupported
from tampu.request import GenerateRequest, Message
from tests.dialects.examples import CONTEXT, MODEL
from tests.dialects.golden import operations

HELLO = [{"role": "user", "content": "hello"}]
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"model": "cria", "messages": HELLO},
    "completions": {"model": "cria", "prompt": "hello"},
}
OPERATIONS = operations("openrouter")
ROWS = [(name, row) for name, operation in OPERATIONS.items() for row in operation.table]
NUMBERS = [(name, row) for name, row in ROWS if isinstance(row.kind, Integer | Number)]
TOOLS = [{"type": "function", "function": {"name": "add"}}]
# Fields that are only allowed beside another one.
COMPANIONS: dict[str, dict[str, Any]] = {"top_logprobs": {"logprobs": True}}
# Documented fields with an effect on the sampling: value, and what it does.
EFFECTS: list[tuple[str, dict[str, Any], str, Any]] = [
    *((name, {field: value}, field, value) for name in OPERATIONS for field, value in [
        ("temperature", 0), ("temperature", 2), ("top_p", 1e-9), ("top_p", 1), ("top_k", 0), ("top_k", 7),
        ("min_p", 0), ("min_p", 1), ("repetition_penalty", 0.01), ("repetition_penalty", 2),
        ("presence_penalty", -2), ("presence_penalty", 2), ("frequency_penalty", -2), ("frequency_penalty", 2),
        ("seed", 0), ("seed", 2**63 - 1), ("max_tokens", 1),
    ]),
    *((name, {"stop": "a"}, "stop", ("a",)) for name in OPERATIONS),
    *((name, {"stop": ["a"] * 16}, "stop", ("a",) * 16) for name in OPERATIONS),
    *((name, {"logit_bias": {"7": -100, "8": 100}}, "logit_bias", {7: -100.0, 8: 100.0}) for name in OPERATIONS),
    ("chat", {"max_completion_tokens": 9}, "max_tokens", 9),
    ("chat", {"max_completion_tokens": 9, "max_tokens": 5}, "max_tokens", 9),
    ("chat", {}, "max_tokens", None),
    ("completions", {}, "max_tokens", 16),
    ("chat", {"logprobs": True}, "logprobs", 0),
    ("chat", {"logprobs": True, "top_logprobs": 20}, "logprobs", 20),
    ("completions", {"logprobs": 5}, "logprobs", 5),
    ("completions", {"logprobs": 5, "echo": True}, "prompt_logprobs", 5),
    ("chat", {"n": 3}, "n", 1),
]  # fmt: skip


def parse(operation: str, **changes: Any) -> Call:
    return OPERATIONS[operation].parse({}, {**BODIES[operation], **changes}, CONTEXT)


def only(operation: str, **changes: Any) -> GenerateRequest:
    (request,) = parse(operation, **changes).requests
    return request


def shown(value: Any) -> str:
    return str(getattr(value, "name", value))


@pytest.mark.parametrize(("operation", "changes", "field", "value"), EFFECTS, ids=str)
def test_a_field_reaches_the_sampling_parameters(operation: str, changes: Any, field: str, value: Any) -> None:
    assert getattr(only(operation, **changes).sampling, field) == value


@pytest.mark.parametrize(("operation", "row"), NUMBERS, ids=shown)
def test_a_number_is_taken_at_both_ends_and_refused_one_past_them(operation: str, row: Field) -> None:
    assert isinstance(row.kind, Integer | Number)
    bounds, company = row.kind.bounds, COMPANIONS.get(row.name, {})
    for value in (bounds.low + 1e-9 if bounds.above else bounds.low, bounds.high):
        parse(operation, **company, **{row.name: value})
    for value in (bounds.low if bounds.above else bounds.low - 1, bounds.high + 1):
        with pytest.raises(OutOfRange) as caught:
            parse(operation, **company, **{row.name: value})
        assert caught.value.param == row.name


@pytest.mark.parametrize(("operation", "row"), ROWS, ids=shown)
def test_null_means_absent(operation: str, row: Field) -> None:
    if row.required:
        with pytest.raises(InvalidRequest, match=f"{row.name} is required"):
            parse(operation, **{row.name: None})
    elif row.name != "model":
        assert only(operation, **{row.name: None}) == only(operation)


WRONG = [True, "1", 1.5, [1], {"a": 1}]


def wrong_values(row: Field) -> Iterator[Any]:
    return (value for value in WRONG if not row.kind.matches(value))


@pytest.mark.parametrize(("operation", "row"), ROWS, ids=shown)
def test_wrong_types_are_refused_by_name(operation: str, row: Field) -> None:
    for value in wrong_values(row):
        with pytest.raises(InvalidRequest) as caught:
            parse(operation, **{row.name: value})
        assert (caught.value.param or "").startswith(row.name), value


@pytest.mark.parametrize(
    ("operation", "row"), [(name, row) for name, row in ROWS if isinstance(row.kind, NoEffect)], ids=shown
)
def test_the_documented_fields_without_effect_change_nothing(operation: str, row: Field) -> None:
    assert row.doc == "Accepted, has no effect."
    assert only(operation, **{row.name: {"any": "thing"}}) == only(operation)


@pytest.mark.parametrize(
    ("operation", "row"), [(name, row) for name, row in ROWS if isinstance(row.kind, Refused)], ids=shown
)
def test_what_we_do_not_offer_is_refused_by_name(operation: str, row: Field) -> None:
    assert isinstance(row.kind, Refused)
    with pytest.raises(Unsupported) as caught:
        parse(operation, **{row.name: ["something"]})
    assert caught.value.param == row.name
    for harmless in row.kind.harmless:
        assert only(operation, **{row.name: harmless}) == only(operation)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"stop": ["a"] * 17}, "stop"),
        ({"session_id": "s" * 257}, "session_id"),
        ({"metadata": {str(key): "" for key in range(17)}}, "metadata"),
        ({"metadata": {"k" * 65: ""}}, "metadata"),
        ({"metadata": {"k": "v" * 513}}, "metadata.k"),
        ({"metadata": {"k": 1}}, "metadata.k"),
        ({"service_tier": "gold"}, "service_tier"),
        ({"debug": {"echo_upstream_body": 1}}, "debug.echo_upstream_body"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"logit_bias": {"1000": 1}}, "logit_bias"),
        ({"logit_bias": {"5": 101}}, "logit_bias.5"),
        ({"response_format": {"type": "python"}}, "response_format.type"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "n" * 65}}},
            "response_format.json_schema",
        ),
        ({"tools": [{"type": "openrouter:web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": {"name": "n" * 65}}]}, "tools[0].function.name"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"models": [""]}, "models[0]"),
        ({"models": ["cria"] * 65}, "models"),
        ({"model": ""}, "model"),
        ({"route": "shortest"}, "route"),
        ({"transforms": ["outside-in"]}, "transforms[0]"),
        ({"transforms": ["middle-out"] * 2}, "transforms"),
        ({"plugins": [{"id": "web"}]}, "plugins[0].id"),
        ({"plugins": [{"engine": "middle-out"}]}, "plugins[0].id"),
        ({"plugins": [{"id": "context-compression", "engine": "gzip"}]}, "plugins[0].engine"),
    ],
    ids=str,
)
def test_what_is_out_of_bounds_is_named(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse("chat", **changes)
    assert (caught.value.param or "").startswith(param)


@pytest.mark.parametrize("part", ["image_url", "input_audio", "input_video", "video_url", "file"])
def test_what_is_not_text_is_refused(part: str) -> None:
    with pytest.raises(InvalidPrompt, match="reads text only"):
        parse("chat", messages=[{"role": "user", "content": [{"type": part, part: {}}]}])


def test_text_parts_may_say_how_to_cache_them() -> None:
    part = {"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}
    assert only("chat", messages=[{"role": "user", "content": [part]}]) == only("chat")


def test_a_name_stands_before_the_text_of_a_message_but_not_of_a_tools_result() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    messages = [
        {"role": "developer", "name": "Boss", "content": "be kind"},
        {"role": "user", "name": "Ana", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "name": "add", "tool_call_id": "c", "content": "3"},
        {"role": "user", "content": "thanks"},
    ]
    prompt = only("chat", messages=messages).prompt
    texts = [part.content for part in prompt if isinstance(part, Message)]
    assert texts == ["Boss: be kind", "Ana: hi", "", "3", "thanks"]


def test_a_last_assistant_message_is_continued() -> None:
    assert only("chat", messages=[*HELLO, {"role": "assistant", "content": "Once"}]).continue_last


def test_tools_reach_the_request() -> None:
    request = only("chat", tools=TOOLS, tool_choice="required", parallel_tool_calls=False)
    assert ([tool.name for tool in request.tools], request.tool_choice.mode) == (["add"], "required")
    assert not request.parallel_tool_calls


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ({"type": "json_object"}, "json_object"),
        ({"type": "json_schema", "json_schema": {"name": "n" * 64, "strict": True, "schema": {}}}, "json_schema"),
        ({"type": "grammar", "grammar": 'root ::= "a"'}, "grammar"),
    ],
    ids=str,
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_form_of_the_answer_reaches_the_request(operation: str, form: dict[str, Any], kind: str) -> None:
    constraint = only(operation, response_format=form).constraint
    assert constraint is not None
    assert constraint.kind == kind


def test_what_a_body_leaves_open_is_as_the_makers_of_the_model_recommend() -> None:
    model = replace(MODEL, recommended={"temperature": 0.6, "top_p": 0.9})
    context = replace(CONTEXT, find=lambda name: model)  # noqa: ARG005
    (request,) = OPERATIONS["chat"].parse({}, {**BODIES["chat"], "top_p": 0.5}, context).requests
    assert (request.sampling.temperature, request.sampling.top_p) == (0.6, 0.5)


def test_unknown_fields_are_ignored() -> None:
    assert only("chat", novelty={"of": 2031}) == only("chat")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_parameters_that_are_said_to_work_are_those_that_do(operation: str) -> None:
    working = {row.name for row in OPERATIONS[operation].table if not isinstance(row.kind, NoEffect | Refused)}
    chat_only = {"tools", "tool_choice", "parallel_tool_calls", "max_completion_tokens", "top_logprobs"}
    # The name is of an ability, which response_format has.
    expected = set(SUPPORTED) - {"structured_outputs"} - (chat_only if operation == "completions" else set())
    assert expected <= working
    assert not set(UNSUPPORTED) & working


def test_a_strict_dialect_takes_what_openrouter_takes_and_no_more() -> None:
    chat, text = OpenRouter.build(Policy(strict=True)).operations
    for operation, body in ((chat, BODIES["chat"]), (text, BODIES["completions"])):
        operation.parse({}, {**body, "stop": ["a"] * 4}, CONTEXT)
        with pytest.raises(InvalidRequest, match="stop takes 0 to 4 items, got 5"):
            operation.parse({}, {**body, "stop": ["a"] * 5}, CONTEXT)
    old = [*HELLO, {"role": "function", "name": "add", "content": "3"}]
    parse("chat", messages=old)
    with pytest.raises(InvalidRequest, match="must be one of system, user, developer, assistant, tool, got function"):
        chat.parse({}, {**BODIES["chat"], "messages": old}, CONTEXT)


@pytest.mark.parametrize(
    ("changes", "shortens"),
    [
        ({}, False),
        ({"transforms": []}, False),
        ({"transforms": ["middle-out"]}, True),
        ({"plugins": [{"id": "context-compression"}]}, True),
        ({"plugins": [{"id": "context-compression", "engine": "middle-out", "enabled": True}]}, True),
        ({"plugins": [{"id": "context-compression", "enabled": False}]}, False),
        ({"plugins": [{"id": "response-healing"}]}, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_prompt_loses_its_middle_only_where_the_request_says_so(
    operation: str, changes: dict[str, Any], shortens: bool
) -> None:
    assert only(operation, **changes).middle_out == shortens


def test_streams_wait_with_comments() -> None:
    waiting = parse("chat", stream=True).waiting
    assert waiting is not None
    assert (waiting.comment, waiting.seconds) == (b": OPENROUTER PROCESSING\n\n", 1.0)
