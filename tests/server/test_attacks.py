"""A running stream does not notice what bad clients send: a table of attacks, and schemathesis on our own schema."""

import json
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tampu.dialects.workers_ai_fields import FIELDS as RUN_FIELDS
from tests.server.canary import attacked
from tests.test_strict_json import HOLES

USER = {"role": "user", "content": "hi"}
CHAT: dict[str, Any] = {"model": "cria", "messages": [USER]}
TEXT: dict[str, Any] = {"model": "cria", "prompt": "hi"}
INPUT: dict[str, Any] = {"model": "cria", "input": "hi"}
NASTY: list[Any] = [
    None, True, -1, 0, 1.5, 2**31, 2**63, -(2**63), 10**400, "", "x", "0.5", "NaN", [], {}, [[]], [None], {"": None},
    "a" * 100_000, [1] * 10_000, "\x01\x7f\u2028\ufffe", "<|eot_id|>", [{"role": "user"}], [{"type": "image_url"}],
]  # fmt: skip
FIELDS = [
    "model", "messages", "prompt", "temperature", "top_p", "top_k", "min_p", "top_a", "n", "stop", "stop_token_ids",
    "logit_bias", "logprobs", "top_logprobs", "max_tokens", "max_completion_tokens", "seed", "stream", "echo",
    "stream_options", "response_format", "tools", "best_of", "suffix", "repetition_penalty", "bad_words",
    "input", "instructions", "include", "text", "tool_choice", "metadata", "max_output_tokens", "user",
]  # fmt: skip


def test_the_canary_survives_every_hole_of_json() -> None:
    with attacked() as server, httpx2.Client(base_url=server.url) as client:
        for path in ("/v1/chat/completions", "/v1/completions", "/v1/responses"):
            for name, body in HOLES.items():
                answer = client.post(path, content=body)
                assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error"), name


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/chat/completions", CHAT), ("/v1/completions", TEXT), ("/v1/responses", INPUT)]
)
def test_the_canary_survives_nasty_values_in_every_field(path: str, body: dict[str, Any]) -> None:
    with attacked() as server, httpx2.Client(base_url=server.url) as client:
        for field in FIELDS:
            for value in NASTY:
                answer = client.post(path, content=json.dumps({**body, field: value}).encode())
                assert answer.status_code in (200, 400, 404), (field, value, answer.text)
                assert "x-request-id" in answer.headers
                if answer.status_code != 200:
                    assert set(answer.json()["error"]) == {"message", "type", "param", "code", "metadata"}
                    assert len(answer.text) < 2000


def test_the_canary_survives_nasty_values_in_every_field_of_workers_ai() -> None:
    run = "/client/v4/accounts/me/ai/run/cria"
    with attacked() as server, httpx2.Client(base_url=server.url) as client:
        for field in [field.name for field in RUN_FIELDS]:
            for value in NASTY:
                body = {**TEXT, field: value}
                for path, sent in ((run, body), ("/api/v1", {"model": "cria", "data": body})):
                    answer = client.post(path, content=json.dumps(sent).encode())
                    assert answer.status_code in (200, 400, 405, 413), (field, value, answer.text)
                    if answer.status_code != 200:
                        assert set(answer.json()) == {"result", "success", "errors", "messages"}
                        assert len(answer.text) < 2000


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_the_canary_survives_schemathesis(mode: GenerationMode) -> None:
    with attacked() as server:
        schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        for result in schema.get_all_operations():
            operation = result.ok()
            if mode is GenerationMode.NEGATIVE and operation.method != "post":
                continue  # nothing in a GET can be wrong

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=25 if operation.method == "post" else 4,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def attack(case: Case) -> None:
                if mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
                    case.body["model"] = "cria"
                    case.path_parameters |= {"model": "cria"} if "model" in case.path_parameters else {}
                # Rules between fields (top_logprobs needs logprobs) stand in words, not in the schema.
                case.call_and_validate(excluded_checks=[positive_data_acceptance])

            attack()
