"""Every error class has Cloudflare's status, number and sentence, in the envelope of the layer it comes from."""

from typing import Any

import pytest

from tampu import errors
from tampu.dialects.base import Policy
from tampu.dialects.workers_ai import WorkersAI
from tampu.dialects.workers_ai_errors import (
    EDGE,
    Numbered,
    call_unmet,
    json_types,
    numbered,
    pointer,
    request_uuid,
    sentence,
)
from tampu.errors import ServiceError
from tests.dialects.examples import CONTEXT

DIALECT = WorkersAI.build(Policy())
ID = "00000000-0000-0000-0000-000000000000"
CAPACITY = "Capacity temporarily exceeded, please try again."
TOO_LONG = (
    "The estimated number of input and maximum output tokens (8810) exceeded this model context window limit (8192)"
)
ALLOWANCE = (
    "you have used up your daily free allocation of 10,000 neurons, please upgrade to Cloudflare's Workers Paid plan "
    "if you would like to continue usage."
)
TABLE: list[tuple[ServiceError, int, int, str]] = [
    (errors.Unauthorized("no key"), 401, 10000, "Authentication error"),
    (errors.Forbidden("other origin"), 403, 10000, "Authentication error"),
    (errors.RouteNotFound("no", path="/client/v4/x"), 404, 7000, "No route for that URI"),
    (errors.MethodNotAllowed("no", method="GET"), 405, 7001, "GET not supported for requested URI."),
    (Numbered(7000, "No route for that URI"), 400, 7000, "No route for that URI"),
    (errors.NotJson("It is empty."), 400, 3003, "Request is missing headers or body: It is empty."),
    (errors.UnsupportedMedia("No forms."), 415, 3003, "Request is missing headers or body: No forms."),
    (errors.PayloadTooLarge("much"), 413, 3006, "Request is too large"),
    (errors.RequestTimeout("slow"), 408, 3007, "Request timeout"),
    (errors.UnknownAdapter("poet", ()), 400, 3039, "Finetune not found"),
    (errors.Overloaded("full", retry_after=3), 429, 3040, CAPACITY),
    (errors.RateLimited("fast", retry_after=3), 429, 3040, CAPACITY),
    (errors.RateLimited("used up"), 429, 4006, ALLOWANCE),
    (errors.Missing("messages[1].role"), 400, 5006, "Error: required properties at '/messages/1' are 'role'"),
    (errors.WrongType("a", expected="a string", got="null"), 400, 5006,
     "Error: Type mismatch of '/a', 'null' not in 'string'"),
    (errors.OutOfRange("top_k", value=51, low=1, high=50), 400, 5006, "Error: '/top_k' must be <= 50"),
    (errors.OutOfRange("top_k", value=0, low=1, high=50), 400, 5006, "Error: '/top_k' must be >= 1"),
    (errors.OutOfRange("p", value=0, low=0, high=1, above=True), 400, 5006, "Error: '/p' must be > 0"),
    (errors.OutOfRange("p", value=10**40, low=0, high=0.5), 400, 5006, "Error: '/p' must be <= 0.5"),
    (errors.WrongLength("stop", count=0, low=1, high=9, unit="characters"), 400, 5006,
     "Error: Length of '/stop' must be >= 1"),
    (errors.WrongLength("stop", count=10, low=1, high=9, unit="characters"), 400, 5006,
     "Error: Length of '/stop' must be <= 9"),
    (errors.NotOneOf("type", value="c", values=("a", "b")), 400, 5006, "Error: enum c not in a,b at '/type'"),
    (errors.AdaptersUnsupported("cria"), 405, 5005, "The model cria does not support LoRa inference"),
    (errors.Unsupported("suffix"), 400, 5006, "Error: suffix is not supported."),
    (errors.ModelNotFound("@cf/a/b", ()), 400, 5007, "No such model @cf/a/b or task"),
    (errors.ContextTooLong(context=8192, prompt=8000, completion=810), 413, 5021, TOO_LONG),
    (errors.UnsupportedSchema("not is not enforced"), 400, 5098, "JSON Mode couldn't be met"),
    (errors.SchemaTooComplex("too deep"), 400, 5098, "JSON Mode couldn't be met"),
    (errors.InvalidPrompt("nothing to answer"), 400, 8001, "Invalid input: nothing to answer"),
    (errors.InvalidRequest("no user"), 400, 8001, "Invalid input: no user"),
    (call_unmet(), 400, 8006, "The tool call does not fit max_tokens"),
    (errors.EngineFailure("It broke."), 500, 500, "It broke."),
    (errors.NotReady("It loads."), 503, 503, "It loads."),
    (errors.InvalidAdapter("rank"), 400, 8001, "Invalid input: rank"),
    (errors.AdapterNotFound("poet", ()), 404, 404, "There is no adapter 'poet' of this model. There is none."),
]  # fmt: skip


@pytest.mark.parametrize(("error", "status", "number", "text"), TABLE, ids=lambda value: type(value).__name__)
def test_every_error_has_its_number_and_its_sentence(error: Any, status: int, number: int, text: str) -> None:
    code, body = DIALECT.render_error(error, CONTEXT.request_id)
    assert (code, body["errors"][-1]["code"]) == (status, number)
    if number in EDGE:
        assert body["errors"][-1] == {"code": number, "message": text}
        assert [*body] == ["success", "errors", "messages", "result"] and body["result"] is None
    else:
        assert body["errors"] == [{"message": f"AiError: AiError: {text} ({ID})", "code": number}]
        assert [*body] == ["errors", "success", "result", "messages"] and body["result"] == {}


def test_an_unknown_path_has_two_errors() -> None:
    _, body = DIALECT.render_error(errors.RouteNotFound("no", path="/client/v4/x"), CONTEXT.request_id)
    lost = "Could not route to /client/v4/x, perhaps your object identifier is invalid?"
    assert body["errors"][0] == {"code": 7003, "message": lost}
    assert body["messages"] == []


def test_a_path_that_is_a_little_wrong_gets_the_right_one_beside_the_exact_texts() -> None:
    _, body = DIALECT.render_error(errors.RouteNotFound("Use /y.", path="/client/v4/x", near="/y"), CONTEXT.request_id)
    assert body["messages"] == [{"code": 7000, "message": "Use /y."}]


def test_what_cannot_be_enforced_of_a_schema_is_said_beside_the_exact_text() -> None:
    _, body = DIALECT.render_error(errors.UnsupportedSchema("not at /a"), CONTEXT.request_id)
    assert body["messages"] == [{"code": 5098, "message": "not at /a"}]


def test_an_error_costs_nothing_and_has_its_id_in_two_headers() -> None:
    headers = DIALECT.error_headers(errors.NotReady("no"), CONTEXT.request_id)
    assert headers == {"cf-ai-req-id": ID, "x-request-id": ID, "cf-ai-neurons": "0"}
    assert request_uuid("req_0123456789abcdef0123456789abcdef") == "01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize(
    ("param", "place"),
    [("", "/"), (None, "/"), ("a", "/a"), ("messages[2].content", "/messages/2/content"), ("a[0][1]", "/a/0/1")],
)
def test_a_field_is_named_by_its_pointer(param: str | None, place: str) -> None:
    assert pointer(param) == place


@pytest.mark.parametrize(
    ("words", "types"),
    [
        ("a string or an array of text parts", "string,array"),
        ("an array (a string each)", "array"),
        ("one of a, b", "one of a, b"),
        ("null", "null"),
    ],
)
def test_kinds_are_listed_as_json_types(words: str, types: str) -> None:
    assert json_types(words) == types


def test_words_of_ours_with_braces_come_through() -> None:
    assert numbered(errors.NotJson("{error.message}")).message.endswith(": {error.message}")
    assert sentence(errors.InvalidRequest("{no}")) == "{no}"
