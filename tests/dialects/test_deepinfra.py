"""DeepInfra's fields, costs and errors."""

import json
from typing import Any

import pytest

from tampu.dialects.base import Asks, Call, Dialect, Policy, Question, View, longest_prefix
from tampu.dialects.deepinfra import DeepInfra, DeepInfraNative
from tampu.dialects.fields import Field
from tampu.dialects.kinds import Integer, NoEffect, Number
from tampu.dialects.table import build_dialects
from tampu.errors import (
    ContextTooLong,
    EngineFailure,
    InvalidRequest,
    ModelNotFound,
    OutOfRange,
    Overloaded,
    PayloadTooLarge,
    ServiceError,
    Unauthorized,
    UnsupportedMedia,
)
from tampu.generation import Spending
from tampu.request import Chunk, Completion, Opening, Usage
from tests.dialects.examples import CONTEXT, MODEL
from tests.dialects.golden import golden_files, operations

HELLO = [{"role": "user", "content": "hello"}]
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"model": "cria", "messages": HELLO},
    "completions": {"model": "cria", "prompt": "hello"},
    "inference": {"input": "hello"},
}
OPERATIONS = {**operations("deepinfra"), **operations("deepinfra_native")}
ROWS = [(name, row) for name, operation in OPERATIONS.items() for row in operation.table]
NUMBERS = [(name, row) for name, row in ROWS if isinstance(row.kind, Integer | Number)]
DEFAULTS = {"temperature": 1, "top_p": 1, "top_k": 0, "min_p": 0, "n": 1, "repetition_penalty": 1}
DIALECT = DeepInfra.build(Policy())
QUESTION = Question({}, {}, created=1790000000)
VIEW = View((MODEL,), lambda name: MODEL)  # noqa: ARG005


def parse(operation: str, **changes: Any) -> Call:
    return OPERATIONS[operation].parse({"model": "cria"}, {**BODIES[operation], **changes}, CONTEXT)


@pytest.mark.parametrize(("operation", "row"), NUMBERS, ids=lambda value: getattr(value, "name", value))
def test_a_number_is_taken_at_both_ends_and_refused_one_past_them(operation: str, row: Field) -> None:
    assert isinstance(row.kind, Integer | Number)
    bounds, company = row.kind.bounds, {"logprobs": True} if row.name == "top_logprobs" else {}
    lowest = bounds.low + 1e-9 if bounds.above else bounds.low
    for value in (lowest, bounds.high):
        parse(operation, **company, **{row.name: value})
    for value in (bounds.low if bounds.above else bounds.low - 1, bounds.high + 1):
        with pytest.raises(OutOfRange) as caught:
            parse(operation, **company, **{row.name: value})
        assert caught.value.param == row.name


@pytest.mark.parametrize(
    ("changes", "message", "param"),
    [
        ({"top_p": 0}, "Input should be greater than 0", "top_p"),
        ({"n": 5}, "Input should be less than or equal to 4", "n"),
        ({"stop": ["a"] * 17}, "List should have at most 16 items after validation, not 17", "stop"),
        ({"seed": 2**63}, "Input should be less than or equal to 9223372036854775807", "seed"),
        ({"seed": -1}, "Input should be greater than or equal to 0", "seed"),
        ({"temperature": "1"}, "Input should be a valid number", "temperature"),
        ({"stream": 1}, "Input should be a valid boolean", "stream"),
        ({"tools": {}}, "Input should be a valid list", "tools"),
        ({"messages": None}, "Field required", "messages"),
        ({"messages": [{"role": "user"}]}, "Field required", "messages.0.content"),
        ({"messages": [*HELLO, {"role": "user", "content": 5}]}, "a string or an array of text", "messages.1.content"),
        ({"messages": [{"role": "x"}]}, "'assistant', 'tool' or 'function'", "messages.0.role"),
        ({"model": ""}, "String should have at least 1 character", "model"),
        ({"response_format": {"type": "xml"}}, "Input should be 'text', 'json_object',", "response_format.type"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_body_is_422_in_the_words_of_pydantic(
    changes: dict[str, Any], message: str, param: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse("chat", **changes)
    status, body = DIALECT.render_error(caught.value, "req_1")
    assert (status, body["error"]["param"], body["error"]["type"]) == (422, param, "invalid_request_error")
    assert message in body["error"]["message"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_a_body_leaves_open_is_deepinfras_default(operation: str) -> None:
    sampling = parse(operation).requests[0].sampling
    assert {name: getattr(sampling, name) for name in DEFAULTS} == DEFAULTS
    assert (sampling.presence_penalty, sampling.frequency_penalty, sampling.max_tokens) == (0, 0, None)
    assert parse(operation).requests[0].token_cap == (512 if operation == "inference" else 16_384)


@pytest.mark.parametrize(
    ("operation", "row"),
    [(name, row) for name, row in ROWS if isinstance(row.kind, NoEffect)],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_documented_fields_without_effect_change_nothing(operation: str, row: Field) -> None:
    assert row.doc == "Accepted, has no effect."
    assert parse(operation, **{row.name: {"any": "thing"}}).requests == parse(operation).requests


def test_the_service_tier_is_given_back_whole_and_in_pieces() -> None:
    opening = Opening(7, "f", prompt_tokens=1, cached_tokens=0)
    chunks = [Chunk(text="Hi", opening=opening), Chunk(finish_reason="stop", usage=Usage(1, 1))]
    for tier, shown in (("flex", {"service_tier": "flex"}), (None, {})):
        answer = parse("chat", service_tier=tier).answer
        whole = answer.render([Completion.fold(chunks)])
        assert {key: value for key, value in whole.items() if key == "service_tier"} == shown
        first = next(iter(parse("chat", service_tier=tier, stream=True).answer.render_chunk(0, chunks[0])))
        assert (b'"service_tier":"flex"' in first) == bool(shown)


def test_openais_name_of_max_tokens_wins() -> None:
    assert parse("chat", max_tokens=5, max_completion_tokens=7).requests[0].sampling.max_tokens == 7


def test_no_address_that_a_request_names_is_called() -> None:
    with pytest.raises(InvalidRequest, match="webhook is not supported: this server calls no address"):
        parse("inference", webhook="http://elsewhere")


def test_the_native_route_takes_its_own_names_of_fields() -> None:
    sampling = parse("inference", max_new_tokens=9, num_responses=3, stop=["<|eot_id|>"], stream=True).requests[0]
    assert (sampling.sampling.max_tokens, sampling.sampling.n, sampling.sampling.stop) == (9, 3, ("<|eot_id|>",))
    assert sampling.sampling.logprobs == 0  # its events carry them
    assert sampling.prompt == "hello"


def test_a_strict_dialect_knows_no_developers() -> None:
    developers = [{"role": "developer", "content": "be kind"}, *HELLO]
    parse("chat", messages=developers)
    strict = DeepInfra.build(Policy(strict=True)).operations[0]
    with pytest.raises(InvalidRequest, match="must be one of system, user, assistant, tool, got developer"):
        strict.parse({}, {**BODIES["chat"], "messages": developers}, CONTEXT)


@pytest.mark.parametrize("policy", [Policy(), Policy(v1="deepinfra")], ids=lambda policy: policy.v1)
def test_the_bare_v1_speaks_the_dialect_that_the_operator_chose(policy: Policy) -> None:
    dialects = build_dialects(policy)
    served = {path: dialect.name for dialect in dialects for each in dialect.operations for path in each.paths}
    for route in ("chat/completions", "completions"):
        assert served[f"/v1/{route}"] == longest_prefix(dialects, f"/v1/{route}").name == policy.v1
        assert served[f"/v1/openai/{route}"] == longest_prefix(dialects, f"/v1/openai/{route}").name == "deepinfra"


ERRORS: list[tuple[ServiceError, int, str, str | None]] = [
    (Unauthorized("No."), 401, "Not authenticated", None),
    (ModelNotFound("x", ["cria"]), 404, "The model `x` does not exist", "model_not_found"),
    (ContextTooLong(context=8, prompt=9, completion=1), 400, "maximum context length", "context_length_exceeded"),
    (PayloadTooLarge("Too large."), 413, "Too large.", None),
    (UnsupportedMedia("No."), 415, "No.", None),
    (Overloaded("Full."), 429, "Model busy, retry later", None),
    (EngineFailure("Broken."), 500, "Broken.", None),
]


@pytest.mark.parametrize(("error", "status", "message", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_every_error_has_its_status_and_openais_envelope(
    error: ServiceError, status: int, message: str, code: str | None
) -> None:
    given, body = DIALECT.render_error(error, "req_1")
    assert (given, body["error"]["code"]) == (status, code)
    assert message in body["error"]["message"]
    assert set(body["error"]) == {"message", "type", "param", "code", "metadata"}
    assert DIALECT.error_headers(error, "req_1") == ({"retry-after": "1"} if status == 429 else {})


def test_the_native_routes_have_older_forms_of_errors() -> None:
    native = DeepInfraNative()
    assert native.render_error(ModelNotFound("x", []), "r") == (404, {"error": "Model not found"})
    assert native.render_error(Overloaded("Full."), "r") == (429, {"error": "Model busy, retry later"})
    with pytest.raises(InvalidRequest) as caught:
        parse("inference", stop=["a", 5])
    status, body = native.render_error(caught.value, "r")
    wrong = {"type": "string_type", "loc": ["body", "stop", 1], "msg": "Input should be a valid string"}
    assert (status, body) == (422, {"detail": [wrong]})


def test_no_chunk_is_without_choices_or_has_null_calls() -> None:
    events = [event for path in golden_files("deepinfra") for event in json.loads(path.read_text()).get("events", [])]
    assert len(events) > 40
    assert not [event for event in events if '"choices":[]' in event or '"tool_calls":null' in event]


def test_costs_are_asked_for_by_the_ids_of_answers() -> None:
    reading = next(each for each in DIALECT.readings if each.name == "request_costs")
    question = Question({}, {}, created=1, body={"requestIds": ["chatcmpl-1", "chatcmpl-2"]})
    assert reading.asks(question) == Asks(record_ids=("chatcmpl-1", "chatcmpl-2"))
    with pytest.raises(InvalidRequest, match="requestIds is required"):
        reading.asks(Question({}, {}, created=1, body={}))


def shown(dialect: Dialect, name: str, **path_args: str) -> Any:
    reading = next(each for each in dialect.readings if each.name == name)
    return reading.render(Question(path_args, {}, created=1), VIEW)


def test_models_are_shown_in_three_forms() -> None:
    (listed,) = shown(DIALECT, "models")["data"]
    assert (listed["id"], listed["root"], listed["parent"]) == ("tampu/cria", "tampu/cria", None)
    assert listed["metadata"]["pricing"] == {"input_tokens": 0.01, "output_tokens": 0.02}
    native = shown(DeepInfraNative(), "model", model="cria")
    assert (native["model_name"], native["max_tokens"]) == ("cria", 512)
    assert native["pricing"]["cents_per_input_token"] == 1e-06
    (feed,) = shown(DeepInfraNative(), "aggregators")["data"]
    assert feed["pricing"] == {"prompt": "0.00000001", "completion": "0.00000002"}


def test_an_account_has_a_limit_of_requests_in_flight() -> None:
    assert shown(DIALECT, "rate_limit") == {"rate_limit": 200, "tpm_rate_limit": None}
    assert VIEW.spending == Spending()
