"""What Workers AI's bodies mean: their form, every field with its effect and its bounds, both shapes of tools."""

from dataclasses import replace
from typing import Any

import pytest

from tampu.dialects.base import Call, Policy, longest_prefix
from tampu.dialects.fields import Field
from tampu.dialects.kinds import Integer, NoEffect, Number
from tampu.dialects.table import build_dialects
from tampu.dialects.workers_ai import DEFAULT_SYSTEM, Run
from tampu.dialects.workers_ai_errors import Numbered
from tampu.dialects.workers_ai_fields import FIELDS, FORMS, form_of, form_schema
from tampu.errors import InvalidRequest, ModelNotFound, ServiceError, WrongType
from tampu.request import Constraint, GenerateRequest, Message, Tool, ToolCall, ToolChoice
from tests.dialects.examples import CONTEXT

HELLO = {"messages": [{"role": "user", "content": "hello"}]}
NUMBERS = [field for field in FIELDS if isinstance(field.kind, Integer | Number)]
PART = {"type": "text", "text": "a"}
SAID_CALL = '{"name": "f", "parameters": {}}'
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
WEATHER = {"name": "get_weather", "description": "It says.", "parameters": {"properties": {"city": {}}}}


def parse(strict: bool = False, name: str = "cria", form: dict[str, Any] = HELLO, **changes: Any) -> Call:
    return Run(strict).parse({"account_id": "me", "model": name}, {**form, **changes}, CONTEXT)


def request(**changes: Any) -> GenerateRequest:
    (only,) = parse(**changes).requests
    return only


def refusal(**changes: Any) -> Numbered:
    with pytest.raises(Numbered) as caught:
        parse(**changes)
    return caught.value


EFFECTS: list[tuple[dict[str, Any], str, Any]] = [
    ({}, "max_tokens", 256),
    ({"max_tokens": 9}, "max_tokens", 9),
    ({}, "temperature", 0.6),
    ({"temperature": 0}, "temperature", 0.0),
    ({"temperature": 5}, "temperature", 5.0),
    ({}, "top_p", 1.0),
    ({"top_p": 0}, "top_p", 0.0),
    ({"top_p": 0.5}, "top_p", 0.5),
    ({"top_p": 1.0001}, "top_p", 1.0),
    ({"top_p": 2}, "top_p", 1.0),
    ({}, "top_k", 0),
    ({"top_k": 50}, "top_k", 50),
    ({}, "seed", 43),
    ({"seed": 9_999_999_999}, "seed", 9_999_999_999),
    ({"random_seed": 5}, "seed", 5),
    ({"random_seed": 5, "seed": 6}, "seed", 6),
    ({}, "repetition_penalty", 1.0),
    ({"repetition_penalty": 0}, "repetition_penalty", 1.0),
    ({"repetition_penalty": 0.001}, "repetition_penalty", 0.01),
    ({"repetition_penalty": 2}, "repetition_penalty", 2.0),
    ({"frequency_penalty": 2}, "frequency_penalty", 2.0),
    ({"presence_penalty": 2}, "presence_penalty", 2.0),
    ({"stop": "a"}, "stop", ("a",)),
    ({"stop": ["a", "b"]}, "stop", ("a", "b")),
    ({"stop": None}, "stop", ()),
]


@pytest.mark.parametrize(("body", "field", "value"), EFFECTS)
def test_sampling_fields_have_their_effect(body: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(request(**body).sampling, field) == value


@pytest.mark.parametrize(
    ("drawn", "seed"),
    [
        (0, 1),
        (9_999_999_998, 9_999_999_999),
        (9_999_999_999, 1),
        (2**53 - 1, 9_255_641_711),
    ],
)
def test_a_drawn_seed_is_one_that_a_client_can_send_again(drawn: int, seed: int) -> None:
    call = Run().parse({"model": "cria"}, HELLO, replace(CONTEXT, seed=drawn))
    assert call.requests[0].sampling.seed == seed


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_both_ends_of_a_range_are_taken_and_one_past_them_refused(field: Field) -> None:
    bounds = field.kind.bounds  # type: ignore[attr-defined]
    step = 1 if isinstance(field.kind, Integer) else 0.001
    for value in (bounds.low, bounds.high):
        request(**{field.name: int(value) if step == 1 else value})
    low, high = (f"{int(bound)}" for bound in (bounds.low, bounds.high))
    words = "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt', "
    for value, sentence in [(bounds.low - step, f">= {low}"), (bounds.high + step, f"<= {high}")]:
        error = refusal(**{field.name: int(value) if step == 1 else value})
        assert (error.number, error.status) == (5006, 400)
        assert error.message == f"{words}'/{field.name}' must be {sentence}"


def test_every_field_may_be_null_and_unknown_ones_come_and_go() -> None:
    plain = request()
    for field in FIELDS:
        if field.name != "messages":
            assert request(**{field.name: None}) == plain, field.name
    assert request(reasoning={"effort": "high"}, whatever=1) == plain


def test_fields_without_effect_take_anything() -> None:
    names = [field.name for field in FIELDS if isinstance(field.kind, NoEffect)]
    assert names == ["functions", "image", "safe_prompt", "n"]
    for name in names:
        assert request(**{name: [{"name": "f", "code": "return 1"}]}) == request()


def test_messages_win_over_a_prompt() -> None:
    assert request(prompt="other").prompt == (Message("user", "hello"),)


def test_a_prompt_is_a_question() -> None:
    assert request(form={"prompt": "hello"}).prompt == (Message("user", "hello"),)


def test_where_we_are_strict_a_prompt_has_cloudflares_system_message_in_front() -> None:
    assert request(form={"prompt": "hello"}, strict=True).prompt == (DEFAULT_SYSTEM, Message("user", "hello"))
    assert request(strict=True).prompt == (Message("user", "hello"),)


@pytest.mark.parametrize("raw", [True, "true"])
def test_a_raw_prompt_is_text_as_it_stands(raw: Any) -> None:
    assert request(form={"prompt": "<|begin_of_text|>hi"}, raw=raw).prompt == "<|begin_of_text|>hi"
    assert request(form={"prompt": "hi"}, raw=raw, strict=True).prompt == "hi"


def test_raw_messages_are_joined_by_lines() -> None:
    messages = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]
    assert request(messages=messages, raw=True).prompt == "be kind\nhi"


def test_raw_false_may_be_a_string() -> None:
    assert request(raw="false").prompt == (Message("user", "hello"),)
    assert "Type mismatch of '/raw', 'string' not in 'boolean'" in refusal(raw="yes").message


@pytest.mark.parametrize(
    ("message", "ours"),
    [
        ({"role": "user", "content": "a", "name": "x", "tool_call_id": "y"}, Message("user", "a")),
        (
            {"role": "user", "content": [PART, {"type": "text", "text": "b"}]},
            Message("user", "a\nb"),
        ),
        ({"role": "tool", "content": "42"}, Message("tool", "42")),
        ({"role": "developer", "content": "a"}, Message("system", "a")),
        (
            {"role": "assistant", "content": SAID_CALL},
            Message("assistant", SAID_CALL),
        ),
        (
            {"role": "assistant", "content": None, "tool_calls": [{"name": "f", "arguments": {"a": 1}}]},
            Message("assistant", "", (ToolCall("", "f", '{"a": 1}'),)),
        ),
        (
            {
                "role": "assistant",
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
            },
            Message("assistant", "", (ToolCall("c1", "f", '{"a": 1}'),)),
        ),
    ],
)
def test_messages_are_read_as_clients_send_them(message: dict[str, Any], ours: Message) -> None:
    assert request(messages=[message, HELLO["messages"][0]]).prompt == (ours, Message("user", "hello"))


def test_a_conversation_of_system_messages_only_is_taken_and_its_last_message_never_continued() -> None:
    alone = request(messages=[{"role": "system", "content": "a"}])
    assert alone.prompt == (Message("system", "a"),)
    last = request(messages=[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])
    assert not last.continue_last


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"messages": [{"role": "user", "content": 5}]},
     "Type mismatch of '/messages/0/content', 'integer' not in 'string,array'"),
    ({"messages": [{"role": "user"}]}, "required properties at '/messages/0' are 'content'"),
    ({"messages": [{"role": "assistant", "content": None}]}, "required properties at '/messages/0' are 'content'"),
    ({"messages": [{"content": "a"}]}, "required properties at '/messages/0' are 'role'"),
    ({"messages": ["a"]}, "Type mismatch of '/messages/0', 'string' not in 'object'"),
    ({"messages": "a"}, "Type mismatch of '/messages', 'string' not in 'array'"),
    ({"messages": []}, "Length of '/messages' must be >= 1"),
    ({"messages": [{"role": "x", "content": "a"}]},
     "enum x not in system,developer,user,assistant,tool,function at '/messages/0/role'"),
    ({"temperature": "hot"}, "Type mismatch of '/temperature', 'string' not in 'number'"),
    ({"max_tokens": 1.5}, "Type mismatch of '/max_tokens', 'number' not in 'integer'"),
    ({"top_k": True}, "Type mismatch of '/top_k', 'boolean' not in 'integer'"),
    ({"stop": 5}, "Type mismatch of '/stop', 'integer' not in 'string,array'"),
    ({"stop": ""}, "Length of '/stop' must be >= 1"),
    ({"lora": ["a"]}, "Type mismatch of '/lora', 'array' not in 'string'"),
    ({"tools": [{"type": "function", "function": {}}]}, "required properties at '/tools/0/function' are 'name'"),
    ({"tools": [{"description": "a"}]}, "required properties at '/tools/0' are 'name'"),
    ({"response_format": {"type": "xml"}}, "enum xml not in json_object,json_schema at '/response_format/type'"),
    ({"response_format": {"type": "json_schema"}}, "required properties at '/response_format' are 'json_schema'"),
    ({"response_format": {}}, "required properties at '/response_format' are 'type'"),
    ({"options": {"rejectIfBusy": 1}}, "Type mismatch of '/options/rejectIfBusy', 'integer' not in 'boolean'"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "sentence"), WRONG)
def test_the_validator_says_what_is_wrong_in_cloudflares_words(body: dict[str, Any], sentence: str) -> None:
    error = refusal(**body)
    head = "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt', "
    assert (error.number, error.message) == (5006, head + sentence)


def test_a_wrong_prompt_is_reported_before_the_missing_messages() -> None:
    error = refusal(form={"prompt": ""})
    words = "Length of '/prompt' must be >= 1, required properties at '/' are 'messages'"
    assert error.message == f"Error: oneOf at '/' not met, 0 matches: {words}"


@pytest.mark.parametrize("form", [{}, {"prompt": None, "messages": None}, {"input": "a"}])
def test_a_body_of_no_form_is_refused_with_both(form: dict[str, Any]) -> None:
    words = "required properties at '/' are 'prompt', required properties at '/' are 'messages'"
    assert refusal(form=form).message == f"Error: oneOf at '/' not met, 0 matches: {words}"


@pytest.mark.parametrize(
    ("body", "form"),
    [
        ({"request_id": "a", "requests": [], "messages": []}, "poll"),
        ({"requests": [], "messages": []}, "batch"),
        ({"messages": [], "prompt": ""}, "messages"),
        ({"prompt": "a", "request_id": None}, "prompt"),
        ({}, ""),
    ],
)
def test_the_form_of_a_body_is_chosen_by_what_it_has(body: dict[str, Any], form: str) -> None:
    assert form_of(body) == form


def test_a_body_is_an_object() -> None:
    with pytest.raises(WrongType):
        form_of([HELLO])


@pytest.mark.parametrize("tool", [WEATHER, {"type": "function", "function": WEATHER}])
def test_tools_come_in_two_shapes(tool: dict[str, Any]) -> None:
    assert request(tools=[tool]).tools == (Tool("get_weather", "It says.", {"properties": {"city": {}}}),)


@pytest.mark.parametrize("parameters", [{}, {"parameters": None}, {"parameters": {}}])
def test_a_function_may_have_no_schema(parameters: dict[str, Any]) -> None:
    assert request(tools=[{"name": "now", **parameters}]).tools == (Tool("now"),)


def test_below_the_name_of_a_tool_nothing_is_insisted_on() -> None:
    assert request(tools=[{"name": "f", "description": False, "parameters": None}]).tools == (Tool("f"),)
    assert request(form={"prompt": "hi"}, tools=[{"name": "f"}]).tools == (Tool("f"),)


@pytest.mark.parametrize(
    ("wire", "choice"),
    [
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ("any", ToolChoice("required")),
        ({"type": "function", "function": {"name": "get_weather"}}, ToolChoice("required", ("get_weather",))),
    ],
)
def test_a_choice_of_tools_is_enforced(wire: Any, choice: ToolChoice) -> None:
    assert request(tools=[WEATHER], tool_choice=wire).tool_choice == choice


@pytest.mark.parametrize(
    "body",
    [
        {"tool_choice": "any"},
        {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "g"}}},
        {"tools": [WEATHER], "raw": True},
    ],
)
def test_what_tools_cannot_do_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(**body)
    assert caught.value.param in ("tool_choice", "tools")


def test_two_tools_of_one_name_are_refused() -> None:
    assert "there are two functions get_weather" in refusal(tools=[WEATHER, WEATHER]).message


SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
HELD = Constraint("json_schema", '{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}')


def json_schema(value: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": value}}


@pytest.mark.parametrize(
    ("body", "constraint"),
    [
        ({"response_format": {"type": "json_object"}}, Constraint("json_object")),
        (json_schema(SCHEMA), HELD),
        (json_schema({"name": "a", "schema": SCHEMA, "strict": True}), HELD),
        (json_schema({"enum": ["a", 1]}), Constraint("json_schema", '{"enum": ["a", 1]}')),
        ({"guided_json": SCHEMA}, HELD),
    ],
)
def test_json_mode_takes_schemas_bare_and_wrapped(body: dict[str, Any], constraint: Constraint) -> None:
    assert request(**body).constraint == constraint


def test_a_schema_may_be_streamed_unless_we_are_strict() -> None:
    assert parse(**json_schema(SCHEMA), stream=True).stream
    error = refusal(**json_schema(SCHEMA), stream=True, strict=True)
    assert (error.number, error.message) == (5023, "JSON Schema mode is not supported with stream mode.")
    assert parse(response_format={"type": "json_object"}, stream=True, strict=True).stream


def test_an_answer_is_known_by_the_id_in_its_head() -> None:
    call = parse()
    assert call.answer_id == call.answer.headers(())["cf-ai-req-id"] == "00000000-0000-0000-0000-000000000000"


def test_a_client_may_ask_to_be_refused_instead_of_waiting() -> None:
    assert not request(options={"rejectIfBusy": True}).may_wait
    assert request(options={"rejectIfBusy": False}).may_wait


def test_an_adapter_is_asked_for_in_either_form() -> None:
    assert request(lora="poet").adapter == "poet"
    assert request(form={"prompt": "a"}, lora="poet").adapter == "poet"


@pytest.mark.parametrize(
    ("name", "window"),
    [("@cf/meta/llama-3.1-8b-instruct", 7968), ("@cf/meta/llama-3.1-8b-instruct-fp8", 32_000), ("cria", None)],
)
def test_where_we_are_strict_a_name_has_cloudflares_window(name: str, window: int | None) -> None:
    assert request(name=name, strict=True).max_context == window
    assert request(name=name).max_context is None


def nothing_here(name: str) -> Any:
    raise ModelNotFound(name, ())


@pytest.mark.parametrize(
    ("name", "error", "number"),
    [("@cf/meta/llama-9", ModelNotFound, None), ("llama-9", Numbered, 7000), ("@cf/llama", Numbered, 7000)],
)
def test_an_unknown_name_is_no_model_and_a_malformed_one_no_route(
    name: str, error: type[ServiceError], number: int | None
) -> None:
    with pytest.raises(error) as caught:
        Run().parse({"model": name}, HELLO, replace(CONTEXT, find=nothing_here))
    assert getattr(caught.value, "number", None) == number


def test_the_published_forms_are_made_of_the_fields_that_check_them() -> None:
    schema = form_schema("messages")
    assert schema["required"] == ["messages"] and list(schema["properties"])[:3] == ["messages", "functions", "tools"]
    assert schema["properties"]["temperature"]["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 5}
    assert schema["properties"]["max_tokens"]["default"] == 256
    assert {name for names in FORMS.values() for name in names} <= {field.name for field in FIELDS}
    assert "tools" not in form_schema("prompt")["properties"]


@pytest.mark.parametrize("path", ["/client/v4", "/client/v4/accounts/a/ai/run/@cf/b/c", "/client/v4/elsewhere"])
def test_errors_below_client_v4_are_worded_here(path: str) -> None:
    assert longest_prefix(build_dialects(Policy()), path).name == "workers_ai"
