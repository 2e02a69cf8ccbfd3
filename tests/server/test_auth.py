"""Every route asks for the key, but for a short reviewed list."""

import re

import httpx2
import pytest
from fastapi.routing import APIRoute

from tampu.dialects.base import Policy, longest_prefix
from tampu.dialects.table import build_dialects
from tampu.server.app import create_app
from tampu.server.auth import MODEL_LISTS, PUBLIC
from tampu.settings import Secret, ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import live

DIALECTS = build_dialects(Policy())
KEYED = ServerSettings(api_key=Secret("llama-key"))
ROUTES = [route for route in create_app(FakeUpstream(), KEYED).routes if isinstance(route, APIRoute)]
BODY = {"model": "cria", "messages": [{"role": "user", "content": "hi"}]}


def test_all_routes_are_known_to_these_tests() -> None:
    assert len(ROUTES) == len(create_app(FakeUpstream(), KEYED).routes)


def test_the_public_routes_are_these() -> None:
    assert set(PUBLIC) == {"/", "/livez", "/readyz", "/health", "/healthz", "/version", "/docs", "/openapi.json"}


def test_lists_of_models_are_public_where_the_operator_says_so() -> None:
    public = ServerSettings(api_key=Secret("llama-key"), public_models=True)
    addresses = [re.sub(r"{\w+(:path)?}", "cria", path) for path in sorted(MODEL_LISTS)]
    with live(FakeUpstream(), public) as server:
        assert {httpx2.get(server.url + address).status_code for address in addresses} == {200}
        for address in ("/api/v1/models/user", "/api/v1/key", "/v1/me"):
            assert httpx2.get(server.url + address).status_code == 401
    assert {route.path for route in ROUTES} >= MODEL_LISTS


CREDENTIALS: list[dict[str, str]] = [
    {},
    {"authorization": "llama-key"},
    {"authorization": "Basic llama-key"},
    {"authorization": "Bearer"},
    {"authorization": "Bearer llama-ke"},
    {"authorization": "Bearer llama-keyy"},
    {"authorization": "Bearer LLAMA-KEY"},
    {"authorization": "Bearer ' OR 1=1 --"},
    {"authorization": "Bearer " + "x" * 50_000},
    {"cookie": "key=llama-key"},
]


def concrete(path: str) -> str:
    return path.replace("{model:path}", "cria").replace("{account_id}", "me")


def test_every_other_route_refuses_all_but_the_key_with_the_same_words() -> None:
    with live(FakeUpstream(), KEYED) as server:
        answers = [
            httpx2.request(method, server.url + concrete(route.path), headers=headers)
            for route in ROUTES
            if route.path not in PUBLIC
            for method in sorted((route.methods or set()) - {"HEAD"})
            for headers in CREDENTIALS
        ]
        answers.append(httpx2.get(f"{server.url}/v1/models?key=llama-key&api_key=llama-key"))
    assert len(answers) > 9 * len(CREDENTIALS)
    words: dict[str, set[str]] = {}
    for answer in answers:
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        said = answer.text.replace(answer.headers["x-request-id"], "ID")
        words.setdefault(longest_prefix(DIALECTS, answer.url.path).name, set()).add(said)
    assert {place: len(said) for place, said in words.items()} == dict.fromkeys(words, 1)
    error = answers[-1].json()["error"]
    assert (error["code"], error["type"]) == ("invalid_api_key", "invalid_request_error")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-auth-email": "a@b.example", "x-auth-key": "llama-key"}, 200),
        ({"x-auth-key": "llama-ke"}, 401),
        ({"cf-aig-authorization": "Bearer llama-key"}, 200),
        ({"cf-aig-authorization": "llama-key"}, 401),
        ({"authorization": "Bearer wrong", "x-auth-key": "llama-key"}, 401),
        ({"authorization": "Bearer llama-key", "cf-aig-authorization": "Bearer wrong"}, 200),
    ],
)
def test_the_key_may_come_in_the_headers_of_cloudflares_clients(headers: dict[str, str], status: int) -> None:
    with live(FakeUpstream(), KEYED) as server:
        assert httpx2.get(f"{server.url}/v1/models", headers=headers).status_code == status


@pytest.mark.parametrize("authorization", ["Bearer llama-key", "bearer llama-key", "Bearer  llama-key"])
def test_the_key_opens_every_route(authorization: str) -> None:
    upstream = FakeUpstream()
    with live(upstream, KEYED) as server, httpx2.Client(headers={"authorization": authorization}) as client:
        assert client.get(f"{server.url}/v1/models").status_code == 200
        assert client.get(f"{server.url}/metrics").status_code == 200
        assert client.post(f"{server.url}/v1/chat/completions", json=BODY).status_code == 200
    assert upstream.requests[0].tenant not in ("", "llama-key")


def test_public_routes_answer_without_a_key() -> None:
    with live(FakeUpstream(), KEYED) as server:
        assert {httpx2.get(server.url + path).status_code for path in PUBLIC} == {200}


def test_without_a_configured_key_nobody_needs_one() -> None:
    with live(FakeUpstream()) as server:
        assert httpx2.get(f"{server.url}/v1/models").status_code == 200
