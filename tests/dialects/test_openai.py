"""OpenAI's request fields: each has its effect, is refused by name, or stands in the table as having none."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tampu.dialects.base import Dialect, Policy, longest_prefix
from tampu.dialects.fields import Field
from tampu.dialects.kinds import Integer, NoEffect, Number, OrNone, Refused
from tampu.dialects.openai import OpenAI
from tampu.dialects.openai_strict import plain
from tampu.errors import (
    InvalidPrompt,
    InvalidRequest,
    Missing,
    NotOneOf,
    OutOfRange,
    ServiceError,
    Unsupported,
    WrongLength,
    WrongType,
)
from tampu.request import GenerateRequest, Message
from tests.dialects.examples import BODIES, CONTEXT, MODEL, OPERATIONS, parse

ROWS = [(name, row) for name, operation in OPERATIONS.items() for row in operation.table]
NUMBERS = [(name, row) for name, row in ROWS if isinstance(plain(row.kind), Integer | Number)]
# Fields that are only allowed beside another one.
COMPANIONS: dict[tuple[str, str], dict[str, Any]] = {("chat", "top_logprobs"): {"logprobs": True}}
# Documented fields with an effect: value, and what it does to the request.
EFFECTS: list[tuple[str, dict[str, Any], str, Any]] = [
    *((name, {field: value}, field, value) for name in OPERATIONS for field, value in [
        ("temperature", 0.5), ("top_p", 0.5), ("top_k", 7), ("min_p", 0.1), ("top_a", 0.1), ("repetition_penalty", 1.5),
        ("presence_penalty", -1.0), ("frequency_penalty", 1.0), ("seed", 3),
    ]),
    *((name, {field: value}, field, value) for name in ("chat", "completions") for field, value in [
        ("n", 4), ("max_tokens", 9),
    ]),
    *((name, {"stop": "a"}, "stop", ("a",)) for name in OPERATIONS),
    *((name, {"stop": ["a", "b"]}, "stop", ("a", "b")) for name in OPERATIONS),
    *((name, {"stop_token_ids": [7]}, "stop_token_ids", (7,)) for name in OPERATIONS),
    *((name, {"logit_bias": {"7": -100}}, "logit_bias", {7: -100.0}) for name in OPERATIONS),
    *((name, {field: value}, field, value) for name in ("chat", "completions") for field, value in [
        ("ignore_eos", True), ("min_tokens", 5), ("include_stop_str_in_output", True), ("skip_special_tokens", False),
        ("prompt_logprobs", 3),
    ]),
    *((name, {"allowed_token_ids": [7, 9]}, "allowed_token_ids", (7, 9)) for name in ("chat", "completions")),
    *((name, {field: -1}, field, none) for name in ("chat", "completions") for field, none in [
        ("max_tokens", None), ("top_k", 0), ("seed", 42),
    ]),
    ("chat", {"max_completion_tokens": -1}, "max_tokens", None),
    *((name, {"stop": ""}, "stop", ()) for name in OPERATIONS),
    ("completions", {"logprobs": 20}, "logprobs", 20),
    ("chat", {"max_completion_tokens": 9}, "max_tokens", 9),
    ("chat", {"max_completion_tokens": 9, "max_tokens": 5}, "max_tokens", 9),
    *((name, {"masked_logprobs": True}, "masked_logprobs", True) for name in OPERATIONS),
    ("responses", {"max_output_tokens": 9}, "max_tokens", 9),
    ("responses", {"include": ["message.output_text.logprobs"]}, "logprobs", 0),
    ("responses", {"include": ["message.output_text.logprobs"], "top_logprobs": 3}, "logprobs", 3),
    ("responses", {"top_logprobs": 3}, "logprobs", 3),
    ("responses", {"top_logprobs": 0}, "logprobs", None),
    ("responses", {"include": ["reasoning.encrypted_content"]}, "logprobs", None),
    ("chat", {"logprobs": True}, "logprobs", 0),
    ("chat", {"logprobs": True, "top_logprobs": 20}, "logprobs", 20),
    ("chat", {"logprobs": False}, "logprobs", None),
    ("completions", {"logprobs": 5}, "logprobs", 5),
    ("completions", {"logprobs": 5, "echo": True}, "prompt_logprobs", 5),
    ("completions", {"logprobs": 5}, "prompt_logprobs", None),
]  # fmt: skip


def only(operation: str, **changes: Any) -> GenerateRequest:
    (request,) = parse(operation, **changes).requests
    return request


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_a_body_leaves_open_is_as_the_makers_of_the_model_recommend(operation: str) -> None:
    model = replace(MODEL, recommended={"temperature": 0.6, "top_p": 0.9})
    context = replace(CONTEXT, find=lambda name: model)  # noqa: ARG005
    (request,) = OPERATIONS[operation].parse({}, {**BODIES[operation], "top_p": 0.5}, context).requests
    assert (request.sampling.temperature, request.sampling.top_p) == (0.6, 0.5)


@pytest.mark.parametrize(("operation", "changes", "field", "value"), EFFECTS, ids=str)
def test_a_field_reaches_the_sampling_parameters(operation: str, changes: Any, field: str, value: Any) -> None:
    assert getattr(only(operation, **changes).sampling, field) == value


@pytest.mark.parametrize(("operation", "row"), ROWS, ids=lambda value: getattr(value, "name", value))
def test_null_means_absent(operation: str, row: Field) -> None:
    if row.required:
        with pytest.raises(InvalidRequest, match=f"{row.name} is required"):
            parse(operation, **{row.name: None})
    else:
        assert only(operation, **{row.name: None}) == only(operation)


@pytest.mark.parametrize(("operation", "row"), NUMBERS, ids=lambda value: getattr(value, "name", value))
def test_a_number_is_taken_at_both_ends_and_refused_one_past_them(operation: str, row: Field) -> None:
    kind = plain(row.kind)
    assert isinstance(kind, Integer | Number)
    low, high = kind.bounds.low, kind.bounds.high
    company = COMPANIONS.get((operation, row.name), {})
    for value in (low, high):
        parse(operation, **company, **{row.name: value})
    below = low - 2 if isinstance(row.kind, OrNone) and row.kind.is_none(low - 1) else low - 1
    for value in (below, high + 1):
        with pytest.raises(OutOfRange) as caught:
            parse(operation, **company, **{row.name: value})
        assert caught.value.param == row.name
        assert f"between {low} and {high}, got {value}." in caught.value.message


WRONG = [True, "1", 1.5, [1], {"a": 1}]


def wrong_values(row: Field) -> Iterator[Any]:
    return (value for value in WRONG if not row.kind.matches(value))


@pytest.mark.parametrize(("operation", "row"), ROWS, ids=lambda value: getattr(value, "name", value))
def test_wrong_types_are_refused_by_name(operation: str, row: Field) -> None:
    for value in wrong_values(row):
        with pytest.raises(InvalidRequest) as caught:
            parse(operation, **{row.name: value})
        assert (caught.value.param or "").startswith(row.name), value


@pytest.mark.parametrize(
    ("operation", "row"),
    [(name, row) for name, row in ROWS if isinstance(row.kind, NoEffect)],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_documented_fields_without_effect_change_nothing(operation: str, row: Field) -> None:
    assert row.doc == "Accepted, has no effect."
    assert only(operation, **{row.name: {"any": "thing"}}) == only(operation)


@pytest.mark.parametrize(
    ("operation", "row"),
    [(name, row) for name, row in ROWS if isinstance(row.kind, Refused)],
    ids=lambda value: getattr(value, "name", value),
)
def test_what_we_do_not_offer_is_refused_by_name(operation: str, row: Field) -> None:
    assert isinstance(row.kind, Refused)
    with pytest.raises(Unsupported) as caught:
        parse(operation, **{row.name: ["something"]})
    assert (caught.value.param, caught.value.code) == (row.name, "unsupported_parameter")
    for harmless in row.kind.harmless:
        assert only(operation, **{row.name: harmless}) == only(operation)


@pytest.mark.parametrize("name", ["functions", "function_call", "models"])
def test_chat_knows_the_fields_it_refuses(name: str) -> None:
    with pytest.raises(Unsupported, match=f"{name} is not supported"):
        parse("chat", **{name: [{"type": "function"}]})


def test_unknown_fields_are_ignored() -> None:
    assert only("chat", novelty={"of": 2031}) == only("chat")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(InvalidRequest):
        parse("chat", temperature=value)


@pytest.mark.parametrize(
    ("operation", "changes", "param"),
    [
        ("chat", {"top_logprobs": 3}, "top_logprobs"),
        ("chat", {"top_logprobs": 3, "logprobs": False}, "top_logprobs"),
        ("chat", {"stream_options": {"include_usage": True}}, "stream_options"),
        ("chat", {"stop": [""]}, "stop[0]"),
        ("chat", {"stop": ["a"] * 17}, "stop"),
        ("chat", {"stop": "a" * 1025}, "stop"),
        ("chat", {"stop_token_ids": [0] * 129}, "stop_token_ids"),
        ("chat", {"stop_token_ids": [1000]}, "stop_token_ids"),
        ("chat", {"logit_bias": {"1000": 1}}, "logit_bias"),
        ("chat", {"logit_bias": {"2147483648": 1}}, "logit_bias"),
        ("chat", {"logit_bias": {str(i): 1 for i in range(1025)}}, "logit_bias"),
        ("chat", {"logit_bias": {"5": "1"}}, "logit_bias.5"),
        ("completions", {"prompt": [5, 1000]}, "prompt"),
        ("completions", {"prompt": [[5], [1000]]}, "prompt[1]"),
        ("completions", {"prompt": [5, -1]}, "prompt"),
        ("completions", {"prompt": [5, "a"]}, "prompt"),
        ("completions", {"prompt": [5.5]}, "prompt"),
        ("completions", {"prompt": {"a": 1}}, "prompt"),
        ("completions", {"prompt": ["a"] * 1001}, "prompt"),
        ("completions", {"prompt": [[[1]]]}, "prompt"),
    ],
    ids=str,
)
def test_fields_out_of_bounds_are_named(operation: str, changes: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(operation, **changes)
    assert (caught.value.param or "").startswith(param)


@pytest.mark.parametrize("prompt", ["", [], [[]], ["a", ""], [[5], []]])
def test_an_empty_prompt_is_refused(prompt: Any) -> None:
    with pytest.raises(InvalidPrompt):
        parse("completions", prompt=prompt)


def test_a_chat_becomes_one_request() -> None:
    request = only("chat", messages=[{"role": "developer", "content": "be kind"}, {"role": "user", "content": "hi"}])
    assert request.prompt == (Message("system", "be kind"), Message("user", "hi"))
    assert (request.id, request.model, request.continue_last) == ("req_" + "0" * 32, "cria", False)
    assert request.sampling.max_tokens is None


def test_a_last_assistant_message_is_continued() -> None:
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Once"}]
    assert only("chat", messages=messages).continue_last


def test_the_drawn_seed_stands_in_for_a_missing_one() -> None:
    assert only("chat").sampling.seed == 42
    assert {request.sampling.seed for request in parse("completions", prompt=["a", "b"]).requests} == {42}


def test_a_completion_generates_sixteen_tokens_unless_told() -> None:
    assert only("completions").sampling.max_tokens == 16


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [
        ("a", ["a"]),
        (["a"], ["a"]),
        (["a", "b"], ["a", "b"]),
        ([1, 2], [(1, 2)]),
        ([[1, 2], [3]], [(1, 2), (3,)]),
        (["a", [3]], ["a", (3,)]),
    ],
    ids=str,
)
def test_every_form_of_prompt_is_taken(prompt: Any, prompts: list[Any]) -> None:
    call = parse("completions", prompt=prompt)
    assert [request.prompt for request in call.requests] == prompts
    assert len({request.id for request in call.requests}) == len(prompts)


def test_echo_is_passed_on() -> None:
    assert only("completions", echo=True).echo


def service_errors(kind: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from service_errors(child)


# Errors that are worded from what they know.
KNOWING: dict[type[ServiceError], ServiceError] = {
    Missing: Missing("n"),
    WrongType: WrongType("n", expected="an integer", got="a string"),
    OutOfRange: OutOfRange("n", value=9, low=1, high=4),
    WrongLength: WrongLength("n", count=9, low=1, high=4, unit="items"),
    NotOneOf: NotOneOf("n", value="x", values=["a", "b"]),
}


@pytest.mark.parametrize("kind", list(service_errors()), ids=lambda kind: kind.__name__)
def test_every_error_has_openais_four_keys_and_the_request_id(kind: type[ServiceError]) -> None:
    error = KNOWING.get(kind) or kind.__new__(kind)
    if kind not in KNOWING:
        ServiceError.__init__(error, "It did not work.", param="n")
    status, body = OpenAI.build(Policy()).render_error(error, "req_1")
    assert status == kind.status
    assert list(body["error"]) == ["message", "type", "param", "code", "metadata"]
    assert body["error"]["metadata"] == {"error_type": kind.error_type, "request_id": "req_1"}
    assert (body["error"]["type"] == "server_error") == (status >= 500)


def test_the_longest_prefix_decides_whose_words_an_error_gets() -> None:
    general = OpenAI.build(Policy())
    special = OpenAI(operations=(), readings=(), name="special", prefixes=("/api/v1",))
    dialects: list[Dialect] = [general, special]
    assert longest_prefix(dialects, "/api/v1/models").name == "special"
    assert longest_prefix(dialects, "/v1/models").name == "openai"


@pytest.mark.parametrize("operation", ["chat", "completions"])
def test_a_prompt_may_be_truncated_and_its_ids_told(operation: str) -> None:
    request = only(operation, truncate_prompt_tokens=-1, return_token_ids=True)
    assert (request.truncate_prompt_tokens, request.return_token_ids) == (-1, True)


FOREIGN = [
    *("bad_words", "use_beam_search", "n_predict", "mirostat", "dry_multiplier", "dry_base", "xtc_probability"),
    *("typical_p", "documents", "samplers", "repeat_penalty", "n_probs", "sampling_seed", "stop_regex", "cache_salt"),
    *("structural_tag", "grammar_lazy", "chat_template"),
]


@pytest.mark.parametrize("operation", ["chat", "completions"])
@pytest.mark.parametrize("name", FOREIGN)
def test_what_only_other_servers_have_is_refused_by_name(operation: str, name: str) -> None:
    with pytest.raises(Unsupported) as caught:
        parse(operation, **{name: "something"})
    assert caught.value.param == name and name in caught.value.message


HARMLESS = {
    "use_beam_search": False,
    "mirostat": 0,
    "dry_multiplier": 0.0,
    "typical_p": 1.0,
    "bad_words": [],
    "n_probs": 0,
}


@pytest.mark.parametrize(("name", "value"), HARMLESS.items())
def test_a_foreign_field_at_a_value_that_asks_for_nothing_is_taken(name: str, value: Any) -> None:
    assert only("chat", **{name: value}) == only("chat")


STRICT = {operation.name: operation for operation in OpenAI.build(Policy(strict=True)).operations}
SPELLINGS = [{"max_tokens": -1}, {"seed": -1}, {"stop": ""}, {"logprobs": 6}]


@pytest.mark.parametrize("changes", SPELLINGS, ids=str)
def test_other_servers_spellings_of_none_are_refused_where_we_are_strict(changes: dict[str, Any]) -> None:
    parse("completions", **changes)
    with pytest.raises(InvalidRequest) as caught:
        STRICT["completions"].parse({}, {**BODIES["completions"], **changes}, CONTEXT)
    assert caught.value.param in changes


def test_what_is_told_of_tokens_has_to_have_something_to_tell() -> None:
    with pytest.raises(InvalidRequest, match="return_tokens_as_token_ids is only allowed with logprobs"):
        parse("chat", return_tokens_as_token_ids=True)
    with pytest.raises(InvalidRequest, match="prompt_logprobs is only allowed without stream"):
        parse("chat", prompt_logprobs=1, stream=True)


def test_the_day_may_be_said_and_nothing_else_of_a_template() -> None:
    assert only("chat", chat_template_kwargs={"date_string": "1 Mar 2026"}).date_string == "1 Mar 2026"
    assert only("chat", chat_template_kwargs={"enable_thinking": False}) == only("chat")
    with pytest.raises(InvalidRequest, match="chat_template_kwargs has no field 'documents'"):
        parse("chat", chat_template_kwargs={"documents": []})
    with pytest.raises(Unsupported):
        parse("completions", chat_template_kwargs={"date_string": "1 Mar 2026"})
