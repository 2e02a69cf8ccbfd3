"""Routes beside generation: models, health, errors of unknown paths and methods."""

from dataclasses import replace

import httpx2
import pytest

from tampu.engine.card import EngineStatus
from tampu.settings import ServerSettings
from tests.fakes import FAKE_CARD, FakeUpstream
from tests.server.live import live

CHAT = {"model": "cria", "messages": [{"role": "user", "content": "hi"}]}


def test_models_are_listed_and_shown_one_by_one() -> None:
    with live(FakeUpstream(), ServerSettings(alias="llama3:8b, meta/llama")) as server:
        listed = httpx2.get(f"{server.url}/v1/models").json()
        one = httpx2.get(f"{server.url}/v1/models/cria").json()
        encoded = httpx2.get(f"{server.url}/v1/models/meta%2Fllama").json()
        bare = httpx2.get(f"{server.url}/v1/models/meta/llama").json()
        head = httpx2.head(f"{server.url}/v1/models")
    assert listed == {"object": "list", "data": [one]}
    assert one["aliases"] == ["tampu/cria", "@cf/tampu/cria", "llama3:8b", "meta/llama"]
    assert [one[key] for key in ("id", "object", "owned_by", "context_length")] == ["cria", "model", "tampu", 512]
    assert encoded == bare and bare["id"] == "meta/llama"
    assert (head.status_code, head.content) == (200, b"")


def test_a_model_answers_to_its_aliases_as_asked() -> None:
    with live(FakeUpstream(), ServerSettings(alias="meta/llama")) as server:
        answer = httpx2.post(f"{server.url}/v1/chat/completions", json={**CHAT, "model": "meta/llama"})
    assert answer.json()["model"] == "meta/llama"


def test_a_llama_answers_to_every_name_that_providers_give_it() -> None:
    name = "@cf/meta/llama-3.1-8b-instruct"
    with live(FakeUpstream(card=replace(FAKE_CARD, id="llama3.1:8b"))) as server:
        answer = httpx2.post(f"{server.url}/v1/chat/completions", json={**CHAT, "model": name})
    assert answer.json()["model"] == name


@pytest.mark.parametrize("path", ["/v1/models/crya", "/v1/models/a%2Fb"])
def test_an_unknown_model_is_not_found_with_the_nearest_names(path: str) -> None:
    with live(FakeUpstream()) as server:
        answer = httpx2.get(server.url + path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert "Available here: cria" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/chat/completions", 404),
        ("POST", "/v1/responses/resp_1/cancel", 404),
        ("GET", "/v1/responses", 405),
        ("POST", "/v1/embeddings", 404),
        ("GET", "/v1/chat/completions", 405),
        ("DELETE", "/v1/models", 405),
        ("OPTIONS", "/v1/chat/completions", 405),
        ("PUT", "/health", 405),
    ],
)
def test_unknown_routes_and_methods_say_where_the_api_is(method: str, path: str, status: int) -> None:
    with live(FakeUpstream()) as server:
        answer = httpx2.request(method, server.url + path)
    assert answer.status_code == status
    message = answer.json()["error"]["message"]
    way = "to" if "Did you mean" in message else "is"
    assert f"base URL {way} {server.url}/v1" in message if status == 404 else "use " in message
    assert ("allow" in answer.headers) == (status == 405)


PROBES = ("/health", "/healthz", "/readyz")


@pytest.mark.parametrize(
    ("status", "code", "body"),
    [
        (EngineStatus("ready", 1.0), 200, {"status": "ok", "phase": "ready", "progress": 1.0}),
        (EngineStatus("loading", 0.42, "weights"), 503, {"status": "loading", "phase": "weights", "progress": 0.42}),
        (EngineStatus("restarting"), 503, {"status": "restarting", "phase": "restarting", "progress": 0.0}),
        (EngineStatus("ready", 1.0, healthy=False), 503, {"status": "stuck", "phase": "ready", "progress": 1.0}),
        (EngineStatus("failed", 0.0, "no memory"), 503, {"status": "failed", "phase": "no memory", "progress": 0.0}),
    ],
    ids=lambda value: getattr(value, "phase", None),
)
def test_health_says_how_far_the_engine_is(status: EngineStatus, code: int, body: object) -> None:
    upstream = FakeUpstream()
    upstream.status = status
    with live(upstream) as server:
        answers = [httpx2.get(server.url + path) for path in PROBES]
        alive = httpx2.get(f"{server.url}/livez")
    assert [(answer.status_code, answer.json()) for answer in answers] == [(code, body)] * 3
    assert alive.status_code == 200


def test_while_loading_a_request_is_told_to_come_back() -> None:
    upstream = FakeUpstream(card=None)
    upstream.status = EngineStatus("loading", 0.42, "packing")
    with live(upstream) as server:
        answers = [
            httpx2.post(f"{server.url}/v1/chat/completions", json=CHAT),
            httpx2.get(f"{server.url}/v1/models"),
        ]
    for answer in answers:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "42% (packing)" in answer.json()["error"]["message"]


def test_a_failed_engine_says_why() -> None:
    upstream = FakeUpstream(card=None)
    upstream.status = EngineStatus("failed", 0.0, "model.safetensors is truncated")
    with live(upstream) as server:
        answer = httpx2.post(f"{server.url}/v1/chat/completions", json=CHAT)
    assert answer.status_code == 503
    assert "model.safetensors is truncated" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/chat/completions", {**CHAT, "model": "crya"}, 404, "model_not_found"),
        ("/v1/chat/completions", {**CHAT, "functions": [{}]}, 400, "unsupported_parameter"),
        ("/v1/chat/completions", {**CHAT, "n": 5}, 400, "integer_above_max_value"),
        ("/v1/chat/completions", {**CHAT, "messages": []}, 400, "invalid_prompt"),
        ("/v1/completions", {"model": "cria", "prompt": "a " * 512}, 400, "context_length_exceeded"),
        ("/v1/completions", {"model": "cria", "prompt": "a " * 500, "max_tokens": 13}, 400, "context_length_exceeded"),
        ("/v1/completions", {"model": "cria", "prompt": "a " * 500, "max_tokens": 12}, 200, None),
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_an_early_error_has_its_status_streaming_or_not(
    path: str, body: dict[str, object], status: int, code: str | None, stream: bool
) -> None:
    with live(FakeUpstream()) as server:
        answer = httpx2.post(server.url + path, json={**body, "stream": stream})
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"]["code"] == code
    else:
        assert answer.headers["content-type"].startswith("text/event-stream" if stream else "application/json")


def test_the_cap_on_choices_is_a_setting() -> None:
    with live(FakeUpstream(), ServerSettings(max_choices=5)) as server:
        answer = httpx2.post(f"{server.url}/v1/chat/completions", json={**CHAT, "n": 5})
    assert [choice["index"] for choice in answer.json()["choices"]] == [0, 1, 2, 3, 4]


def test_a_body_beyond_the_cap_closes_the_connection() -> None:
    with live(FakeUpstream(), ServerSettings(max_body=2000)) as server:
        answer = httpx2.post(f"{server.url}/v1/completions", json={"model": "cria", "prompt": "a" * 2000})
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert "at most 2000 bytes" in answer.json()["error"]["message"]


def test_an_alias_is_echoed_and_the_log_and_the_head_say_what_served_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "tampu.access"), live(FakeUpstream(), ServerSettings(alias="llama3:8b")) as server:
        answer = httpx2.post(f"{server.url}/v1/chat/completions", json={**CHAT, "model": "llama3:8b"})
    assert (answer.json()["model"], answer.headers["x-tampu-model"]) == ("llama3:8b", "cria")
    assert answer.headers["x-tampu-fingerprint"] == answer.json()["system_fingerprint"] == "fp_fake"
    assert answer.headers["x-tampu-seed"] == str(answer.json()["seed"])
    (line,) = [record.__dict__["fields"] for record in caplog.records if "model" in record.__dict__.get("fields", {})]
    assert (line["model"], line["served_by"]) == ("llama3:8b", "cria")
