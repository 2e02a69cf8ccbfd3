"""OpenAI's URLs at Workers AI: its bodies, Cloudflare's leniency, both envelopes of an error."""

from typing import Any

import pytest

from tampu.dialects.base import Call, Policy, View, longest_prefix
from tampu.dialects.table import build_dialects
from tampu.dialects.workers_ai_errors import Numbered
from tampu.dialects.workers_ai_v1 import WorkersAIV1
from tampu.errors import ContextTooLong, Missing, ModelNotFound, NotReady, ServiceError, Unauthorized
from tampu.request import Chunk, Completion, Opening, ToolChoice, Usage
from tests.dialects.examples import CONTEXT, MODEL

LENIENT, STRICT = WorkersAIV1.build(Policy()), WorkersAIV1.build(Policy(strict=True))
CHAT = {"model": "@cf/tampu/cria", "messages": [{"role": "user", "content": "hello"}]}
TEXT = {"model": "@cf/tampu/cria", "prompt": "hello"}
INPUT = {"model": "@cf/tampu/cria", "input": "hello"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
ADD = {"type": "function", "function": {"name": "add"}}
ID = "00000000-0000-0000-0000-000000000000"


def parse(body: dict[str, Any], dialect: WorkersAIV1 = LENIENT) -> Call:
    chat, text, responses = dialect.operations
    operation = chat if "messages" in body else text if "prompt" in body else responses
    return operation.parse({"account_id": "me"}, body, CONTEXT)


@pytest.mark.parametrize("body", [CHAT, TEXT, INPUT], ids=["chat", "text", "responses"])
def test_the_cap_is_the_context_and_256_where_we_are_strict(body: dict[str, Any]) -> None:
    lenient, strict = parse(body).requests[0], parse(body, STRICT).requests[0]
    assert (lenient.sampling.max_tokens, lenient.token_cap) == (None, 0)
    assert (strict.sampling.max_tokens, strict.token_cap) == (None, 256)
    limit = "max_output_tokens" if "input" in body else "max_tokens"
    assert parse({**body, limit: 9}, STRICT).requests[0].sampling.max_tokens == 9


def test_where_we_are_strict_a_name_has_cloudflares_window() -> None:
    body = {**CHAT, "model": "@cf/meta/llama-3.1-8b-instruct"}
    assert parse(body, STRICT).requests[0].max_context == 7968
    assert parse(body).requests[0].max_context is None


@pytest.mark.parametrize("schema", [SCHEMA, {"name": "a", "schema": SCHEMA, "strict": True}])
def test_a_schema_is_taken_bare_and_wrapped_and_streamed_unless_we_are_strict(schema: dict[str, Any]) -> None:
    body = {**CHAT, "response_format": {"type": "json_schema", "json_schema": schema}}
    constraint = parse(body).requests[0].constraint
    assert constraint is not None and constraint.kind == "json_schema"
    assert parse({**body, "stream": True}).stream
    assert not parse(body, STRICT).stream
    with pytest.raises(Numbered) as caught:
        parse({**body, "stream": True}, STRICT)
    assert caught.value.number == 5023


def test_any_is_a_choice_of_tools() -> None:
    body = {**CHAT, "tools": [ADD], "tool_choice": "any"}
    assert parse(body).requests[0].tool_choice == ToolChoice("required")


def test_a_client_may_ask_to_be_refused_instead_of_waiting() -> None:
    for body in (CHAT, TEXT, INPUT, {**TEXT, "prompt": ["a", "b"]}):
        call = parse({**body, "options": {"rejectIfBusy": True}})
        assert [request.may_wait for request in call.requests] == [False] * len(call.requests)
        assert parse(body).requests[0].may_wait


def test_headers_have_the_id_twice_and_the_neurons() -> None:
    answer = parse(CHAT).answer
    opening = Opening(42, "f", prompt_tokens=1100, cached_tokens=0)
    whole = Completion.fold(
        [Chunk(0, "a", (1,), finish_reason="stop", opening=opening, usage=Usage(11, 1, 0, 0, 0, 9, 2))]
    )
    assert answer.headers([whole]) == {"cf-ai-req-id": ID, "x-request-id": ID, "cf-ai-neurons": "0.000001"}
    list(answer.render_chunk(0, Chunk(0, "a", (1,), opening=opening)))
    assert answer.headers(())["cf-ai-neurons"] == "1"


ERRORS: list[tuple[ServiceError, int, int, str, str | None]] = [
    (ModelNotFound("x", ()), 400, 5007, "invalid_request_error", "model_not_found"),
    (Missing("model"), 400, 5006, "invalid_request_error", None),
    (ContextTooLong(context=8, prompt=8, completion=1), 413, 5021, "invalid_request_error", "context_length_exceeded"),
    (NotReady("It loads."), 503, 503, "server_error", None),
]


@pytest.mark.parametrize(("error", "status", "number", "kind", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_an_error_has_both_envelopes_with_the_same_text(
    error: ServiceError, status: int, number: int, kind: str, code: str | None
) -> None:
    given, body = LENIENT.render_error(error, CONTEXT.request_id)
    text = body["errors"][0]["message"]
    assert (given, list(body)) == (status, ["errors", "success", "result", "messages", "error"])
    assert body["errors"] == [{"message": text, "code": number}]
    assert body["error"] == {"message": text, "type": kind, "param": error.param, "code": code}
    assert text.startswith("AiError: AiError: ") and text.endswith(f" ({ID})")


def test_an_error_of_the_edge_has_no_prefix_in_either() -> None:
    status, body = LENIENT.render_error(Unauthorized("no"), CONTEXT.request_id)
    assert (status, body["result"], body["errors"][0]["message"]) == (401, None, "Authentication error")
    assert body["error"]["message"] == "Authentication error"
    assert body["error"]["code"] == "invalid_api_key"


def test_models_are_listed_under_cloudflares_names() -> None:
    listing, one = LENIENT.readings
    view = View((MODEL,), lambda name: MODEL)  # noqa: ARG005
    assert [row["id"] for row in listing.render(None, view)["data"]] == ["@cf/tampu/cria"]  # type: ignore[arg-type]
    assert listing.paths == ("/client/v4/accounts/{account_id}/ai/v1/models",)
    assert one.paths == ("/client/v4/accounts/{account_id}/ai/v1/models/{model:path}",)


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/client/v4/accounts/a/ai/v1/chat/completions", "workers_ai_v1"),
        ("/client/v4/accounts/a/ai/v1", "workers_ai_v1"),
        ("/client/v4/accounts/a/ai/run/@cf/b/c", "workers_ai"),
        ("/client/v4/accounts/a/b/ai/v1", "workers_ai"),
        ("/client/v4/accounts", "workers_ai"),
        ("/v1/chat/completions", "openai"),
    ],
)
def test_errors_are_worded_by_the_place(path: str, dialect: str) -> None:
    assert longest_prefix(build_dialects(Policy()), path).name == dialect
