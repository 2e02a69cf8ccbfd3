"""Dataoorts' endpoint: a body of Workers AI under `data`, keys in order, errors with the same numbers."""

from dataclasses import replace
from typing import Any

import pytest

from tampu.dialects.base import Answer, Call, Policy, dumps, longest_prefix
from tampu.dialects.dataoorts import WORKING, Dataoorts, Generate, in_order
from tampu.dialects.kinds import Integer, Number
from tampu.dialects.table import build_dialects
from tampu.dialects.workers_ai_errors import numbered
from tampu.dialects.workers_ai_fields import FIELDS
from tampu.errors import (
    ContextTooLong,
    EngineFailure,
    InvalidRequest,
    MethodNotAllowed,
    ModelNotFound,
    Overloaded,
    PayloadTooLarge,
    ServiceError,
    Unauthorized,
)
from tampu.request import Message
from tests.dialects.examples import CONTEXT, MODEL

HELLO = {"messages": [{"role": "user", "content": "hello"}]}
NAME = "meta/llama-3.1-8b-instruct"
SERVED = ("cria", NAME, "@cf/tampu/cria")
NUMBERS = [field for field in FIELDS if isinstance(field.kind, Integer | Number)]


def find(name: str) -> Any:
    if name not in SERVED:
        raise ModelNotFound(name, SERVED)
    return MODEL


def parse(body: Any, strict: bool = False) -> Call:
    return Generate(strict).parse({}, body, replace(CONTEXT, find=find))


def refusal(body: Any, strict: bool = False) -> tuple[int, str]:
    with pytest.raises(ServiceError) as caught:
        parse(body, strict)
    ours = numbered(caught.value)
    return ours.number, ours.message


def test_the_body_is_under_data() -> None:
    data = {**HELLO, "temperature": 0.1, "top_p": 0.9, "top_k": 40, "max_tokens": 512}
    (request,) = parse({"model": NAME, "data": data}).requests
    assert request.prompt == (Message("user", "hello"),)
    sampling = request.sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k, sampling.max_tokens) == (0.1, 0.9, 40, 512)


@pytest.mark.parametrize(
    ("asked", "found"), [(NAME, NAME), ("tampu/cria", "@cf/tampu/cria"), (f"@cf/{NAME}", NAME), ("cria", "cria")]
)
def test_names_come_with_cloudflares_prefix_or_without(asked: str, found: str) -> None:
    assert parse({"model": asked, "data": HELLO}).model == found


def test_a_flat_body_is_tolerated_unless_we_are_strict() -> None:
    flat = {"model": NAME, **HELLO, "max_tokens": 9}
    assert parse(flat).requests[0].sampling.max_tokens == 9
    assert parse({"model": NAME, "prompt": "hello"}).requests[0].prompt == (Message("user", "hello"),)
    assert refusal(flat, strict=True) == (5006, "Error: required properties at '/' are 'data'")


def test_data_wins_over_what_stands_beside_it() -> None:
    other = {"messages": [{"role": "user", "content": "other"}]}
    assert parse({"model": NAME, "data": HELLO, **other}).requests[0].prompt == (Message("user", "hello"),)


BOTH_MISSING = "required properties at '/' are 'prompt', required properties at '/' are 'messages'"


@pytest.mark.parametrize(
    ("body", "number", "message"),
    [
        ({"data": HELLO}, 5007, "No such model  or task"),
        ({"model": None, "data": HELLO}, 5007, "No such model  or task"),
        ({"model": "", "data": HELLO}, 5007, "No such model  or task"),
        ({"model": "stable-diffusion", "data": {"prompt": "a cat"}}, 5007, "No such model stable-diffusion or task"),
        ({"model": 5, "data": HELLO}, 5006, "Error: Type mismatch of '/model', 'integer' not in 'string'"),
        ({"model": NAME}, 5006, "Error: required properties at '/' are 'data'"),
        ({"model": NAME, "data": [HELLO]}, 5006, "Error: Type mismatch of '/data', 'array' not in 'object'"),
        ({"model": NAME, "data": {}}, 5006, f"Error: oneOf at '/' not met, 0 matches: {BOTH_MISSING}"),
        ([], 5006, "Error: Type mismatch of '/', 'array' not in 'object'"),
    ],
)
def test_what_is_wrong_has_a_number_and_a_sentence(body: Any, number: int, message: str) -> None:
    assert refusal(body) == (number, message)


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_both_ends_of_every_range_are_taken(field: Any) -> None:
    for value in (field.kind.bounds.low, field.kind.bounds.high):
        parse({"model": NAME, "data": {**HELLO, field.name: value}})
    beyond = {**HELLO, field.name: field.kind.bounds.high + 1}
    assert refusal({"model": NAME, "data": beyond})[0] == 5006


def test_every_field_of_data_may_be_null() -> None:
    plain = parse({"model": NAME, "data": HELLO}).requests
    for field in FIELDS:
        if field.name != "messages":
            assert parse({"model": NAME, "data": {**HELLO, field.name: None}}).requests == plain


def answered(data: dict[str, Any]) -> Answer:
    return parse({"model": NAME, "data": {**HELLO, **data}}).answer


def test_keys_are_in_order_at_every_level() -> None:
    value = {"b": [{"d": 1, "c": {"z": 1, "a": None}}], "a": ()}
    assert dumps(in_order(value)) == b'{"a":[],"b":[{"c":{"a":null,"z":1},"d":1}]}'


STATUSES: list[tuple[ServiceError, int, int]] = [
    (Unauthorized("no"), 401, 10000),
    (ModelNotFound("x", ()), 400, 5007),
    (ContextTooLong(context=8000, prompt=7999, completion=2), 413, 5021),
    (PayloadTooLarge("much"), 413, 3006),
    (Overloaded("full"), 429, 3040),
    (MethodNotAllowed("no", method="PUT"), 405, 7001),
    (InvalidRequest("no"), 400, 8001),
    (EngineFailure("broke"), 500, 500),
]


@pytest.mark.parametrize(("error", "status", "number"), STATUSES, ids=lambda value: getattr(value, "code", value))
def test_errors_are_those_of_workers_ai_with_their_keys_in_order(error: Any, status: int, number: int) -> None:
    code, body = Dataoorts.build(Policy()).render_error(error, CONTEXT.request_id)
    assert (code, body["errors"][0]["code"]) == (status, number)
    assert list(body) == ["errors", "messages", "result", "success"]
    assert list(body["errors"][0]) == ["code", "message"]


def test_only_the_endpoint_itself_is_dataoorts() -> None:
    dialects = build_dialects(Policy())
    assert longest_prefix(dialects, "/api/v1").name == "dataoorts"
    (reading,) = Dataoorts.build(Policy()).readings
    assert (reading.paths, reading.render(None, None)) == (("/api/v1",), WORKING)  # type: ignore[arg-type]
