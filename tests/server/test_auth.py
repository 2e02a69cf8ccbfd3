"""Every route asks for the key, but for a short reviewed list."""

import os
import re
from pathlib import Path

import httpx2
import pytest
from fastapi.routing import APIRoute

from tampu.dialects.base import Policy, longest_prefix
from tampu.dialects.table import build_dialects
from tampu.errors import BadSetting
from tampu.server.app import create_app
from tampu.server.auth import MODEL_LISTS, PUBLIC, with_key
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


def written(directory: Path, content: bytes = b"llama-key\n", mode: int = 0o600) -> str:
    """The path of a file with a key."""
    path = directory / "key"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440, 0o640])
def test_a_key_may_come_from_a_file_that_is_nobody_elses(tmp_path: Path, mode: int) -> None:
    settings = with_key(ServerSettings(api_key_file=written(tmp_path, mode=mode)))
    assert settings.api_key.reveal() == "llama-key"


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666, 0o620, 0o602])
def test_a_file_that_others_may_read_or_change_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, mode: int
) -> None:
    with pytest.raises(BadSetting, match=f"chmod 600 {tmp_path}/key"):
        with_key(ServerSettings(api_key_file=written(tmp_path, mode=mode)))


@pytest.mark.parametrize("content", [b"", b"\n", b"key\x7f", "k\u00e9y".encode(), b"one\ntwo\n", b"k" * 4097, b"\0key"])
def test_a_file_without_a_key_is_refused_and_not_repeated(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadSetting, match="visible ASCII characters") as raised:
        with_key(ServerSettings(api_key_file=written(tmp_path, content)))
    assert content.decode().strip() == "" or content.decode() not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"none cannot be read: No such file or directory\."):
        with_key(ServerSettings(api_key_file=str(tmp_path / "none")))


def test_a_pipe_has_no_mode_that_matters() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"llama-key\n")
    os.close(writer)
    assert with_key(ServerSettings(api_key_file=f"/dev/fd/{reader}")).api_key.reveal() == "llama-key"
    os.close(reader)


def test_two_different_keys_are_refused_and_one_that_is_said_twice_is_not(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(BadSetting, match="two keys"):
        with_key(ServerSettings(api_key=Secret("other"), api_key_file=path))
    assert with_key(ServerSettings(api_key=Secret("llama-key"), api_key_file=path)).api_key.reveal() == "llama-key"
