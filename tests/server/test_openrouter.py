"""OpenRouter's routes over a socket: comments while a client waits, ids in heads, names in paths, records, keys."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tampu.errors import EngineFailure, Overloaded
from tampu.gateway.database import Database
from tampu.gateway.store import Store
from tampu.settings import Secret, ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import eventually, live

CHAT: dict[str, Any] = {"model": "cria", "messages": [{"role": "user", "content": "hi there"}]}
KEY = {"authorization": "Bearer llama-key"}
COMMENT = ": OPENROUTER PROCESSING"


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with live(FakeUpstream("Hel", "lo")) as server, httpx2.Client(base_url=f"{server.url}/api/v1") as connected:
        yield connected


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Database(tmp_path / "records.db"), keep_days=1)


def events(text: str) -> list[str]:
    return [line for line in text.split("\n\n") if line]


def chunks(text: str) -> list[Any]:
    return [json.loads(event.removeprefix("data: ")) for event in events(text) if event.startswith("data: {")]


def test_a_whole_answer_has_its_id_in_the_head(client: httpx2.Client) -> None:
    answer = client.post("/chat/completions", json=CHAT)
    body = answer.json()
    assert answer.headers["x-generation-id"] == body["id"]
    assert body["choices"][0]["message"]["content"] == "Hello"
    # Two tokens in at 0.01 dollars per million, two out at 0.02.
    assert (body["usage"]["cost"], body["provider"], body["model"]) == (6e-08, "tampu", "cria")


def test_a_stream_begins_with_a_comment_and_ends_with_its_usage(client: httpx2.Client) -> None:
    answer = client.post("/chat/completions", json={**CHAT, "stream": True})
    first, *_, last = events(answer.text)
    assert (first, last) == (COMMENT, "data: [DONE]")
    assert answer.headers["content-type"].startswith("text/event-stream")
    shown = chunks(answer.text)
    assert {chunk["id"] for chunk in shown} == {answer.headers["x-generation-id"]}
    assert (shown[-1]["choices"], shown[-1]["usage"]["cost"]) == ([], 6e-08)


def test_comments_come_until_the_first_token() -> None:
    with live(FakeUpstream("Hi", delay=2.2)) as server:
        answer = httpx2.post(f"{server.url}/api/v1/chat/completions", json={**CHAT, "stream": True}, timeout=10)
    found = events(answer.text)
    assert found[:2] == [COMMENT, COMMENT]
    assert COMMENT not in found[found.index(next(event for event in found if event.startswith("data: "))) :]


def test_a_stream_that_breaks_says_so_in_its_last_chunk() -> None:
    with live(FakeUpstream("Hel", EngineFailure("Broken."))) as server:
        answer = httpx2.post(f"{server.url}/api/v1/chat/completions", json={**CHAT, "stream": True})
    assert answer.status_code == 200
    assert events(answer.text)[-1] == "data: [DONE]"
    last = chunks(answer.text)[-1]
    assert last["error"] == {"code": 500, "message": "Broken.", "metadata": {"error_type": "server"}}
    assert last["choices"][0]["finish_reason"] == "error"


def test_a_full_queue_is_429_with_the_same_time_in_head_and_body() -> None:
    with live(FakeUpstream(Overloaded("Full.", retry_after=3))) as server:
        for stream in (False, True):
            answer = httpx2.post(f"{server.url}/api/v1/chat/completions", json={**CHAT, "stream": stream})
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
            availability = answer.json()["error"]["availability"]
            assert (availability["retry_after"], availability["requested_models"]) == (3, ["cria"])


def test_a_body_need_not_name_a_model(client: httpx2.Client) -> None:
    answer = client.post("/completions", json={"prompt": "Once upon", "max_tokens": 1})
    body = answer.json()
    assert (body["object"], body["model"], body["choices"][0]["text"]) == ("text_completion", "tampu/cria", "Hel")
    assert answer.headers["x-tampu-model"] == "cria"


def test_a_name_that_is_no_model_is_400(client: httpx2.Client) -> None:
    answer = client.post("/chat/completions", json={**CHAT, "model": "acme/fake-1.0"})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": {
            "code": 400,
            "message": "acme/fake-1.0 is not a valid model ID",
            "metadata": {"error_type": "invalid_request"},
            "error_type": "invalid_request",
            "http_status": 400,
            "availability": {
                "code": "model_not_found",
                "retryable": False,
                "requested_models": ["acme/fake-1.0"],
                "docs_url": "https://openrouter.ai/docs/errors#model_not_found",
            },
        }
    }


@pytest.mark.parametrize("path", ["/model/tampu/cria", "/model/tampu%2Fcria", "/model//tampu/cria/", "/model/cria"])
def test_a_models_name_in_a_path_may_have_its_slash_as_it_is(client: httpx2.Client, path: str) -> None:
    assert client.get(path).json()["data"]["canonical_slug"] == "tampu/cria"


def test_the_endpoints_of_a_model_are_where_its_links_say(client: httpx2.Client) -> None:
    (model,) = client.get("/models").json()["data"]
    address = httpx2.URL(str(client.base_url)).copy_with(path=model["links"]["details"])
    (endpoint,) = client.get(address).json()["data"]["endpoints"]
    assert endpoint["provider_name"] == "tampu"
    assert client.get("/models/count").json() == {"data": {"count": 1}}
    assert client.get("/models/user").json()["total_count"] == 1
    assert client.head("/models").status_code == 200


@pytest.mark.parametrize("path", ["/models/nobody/x/endpoints", "/model/nobody/x", "/nowhere", "/generation?id=gen-1"])
def test_what_is_not_there_is_404_in_openrouters_shape(client: httpx2.Client, path: str) -> None:
    answer = client.get(path)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["error_type"]) == (404, 404, "not_found")


def test_who_asks_elsewhere_is_shown_the_way(client: httpx2.Client) -> None:
    message = client.post("/embeddings", json={}).json()["error"]["message"]
    base = str(client.base_url).rstrip("/")
    assert message.startswith(f"There is no /api/v1/embeddings here. The base URL is {base}, and ")


def test_a_query_that_is_wrong_is_400(client: httpx2.Client) -> None:
    error = client.get("/models?limit=0").json()["error"]
    assert (error["code"], error["message"]) == (400, "limit must be between 1 and 1000, got 0.")


def test_no_key_is_401_in_openrouters_shape() -> None:
    with live(FakeUpstream(), ServerSettings(api_key=Secret("llama-key"))) as server:
        answers = [httpx2.get(f"{server.url}/api/v1{path}") for path in ("/models", "/key", "/credits", "/providers")]
        answers += [httpx2.post(f"{server.url}/api/v1/chat/completions", json=CHAT)]
        allowed = httpx2.get(f"{server.url}/api/v1/models", headers=KEY)
    assert allowed.status_code == 200
    for answer in answers:
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["error_type"]) == (401, 401, "authentication")


@pytest.mark.parametrize("stream", [False, True])
def test_a_generation_is_found_by_its_id_and_adds_to_what_was_spent(store: Store, stream: bool) -> None:
    headers = {"http-referer": "https://app", "x-openrouter-title": "App", "user-agent": "me", "x-session-id": "s"}
    with (
        live(FakeUpstream("Hel", "lo"), store=store) as server,
        httpx2.Client(base_url=f"{server.url}/api/v1", headers=headers) as client,
    ):
        answer = client.post("/chat/completions", json={**CHAT, "stream": stream, "user": "ana"})
        name = {"id": answer.headers["x-generation-id"]}
        generation = client.get("/generation", params=name).json()["data"]
        content = client.get("/generation/content", params=name)
        account, key = client.get("/credits").json()["data"], client.get("/auth/key").json()["data"]
    assert (generation["total_cost"], generation["streamed"], generation["finish_reason"]) == (6e-08, stream, "stop")
    assert (generation["tokens_prompt"], generation["tokens_completion"]) == (2, 2)
    assert (generation["http_referer"], generation["user_agent"]) == ("https://app", "me")
    assert (generation["external_user"], generation["session_id"]) == ("ana", "s")
    assert account == {"total_credits": 6e-08, "total_usage": 6e-08}
    assert (key["usage"], key["usage_daily"], key["usage_monthly"]) == (6e-08, 6e-08, 6e-08)
    assert content.status_code == 404


def test_a_generation_that_the_client_left_is_recorded_as_cancelled(store: Store) -> None:
    upstream = FakeUpstream(*["word "] * 100, delay=0.02)
    with live(upstream, store=store) as server:
        body = {**CHAT, "stream": True}
        with httpx2.stream("POST", f"{server.url}/api/v1/chat/completions", json=body) as answer:
            name = answer.headers["x-generation-id"]
            next(answer.iter_bytes())
        assert eventually(lambda: upstream.num_aborted == 1)
        address = f"{server.url}/api/v1/generation?id={name}"
        assert eventually(lambda: httpx2.get(address).status_code == 200)
        generation = httpx2.get(address).json()["data"]
    assert (generation["cancelled"], generation["native_finish_reason"]) == (True, "abort")
    assert 0 < generation["tokens_completion"] < 100


def test_text_is_shown_to_whom_it_belongs_where_it_is_kept(store: Store) -> None:
    settings = ServerSettings(log_text=True)
    with live(FakeUpstream("Hel", "lo"), settings, store=store) as server:
        base = f"{server.url}/api/v1"
        name = httpx2.post(f"{base}/chat/completions", json=CHAT).json()["id"]
        content = httpx2.get(f"{base}/generation/content?id={name}").json()["data"]
        refused = httpx2.post(f"{base}/chat/completions", json={**CHAT, "provider": {"zdr": True}})
    assert content["output"] == {"completion": "Hello", "reasoning": None}
    assert content["input"]["messages"][0]["content"] == "hi there"
    assert refused.json()["error"]["availability"]["code"] == "privacy_restricted"


def test_a_server_without_a_store_keeps_no_text() -> None:
    with live(FakeUpstream(), ServerSettings(log_text=True, store="off")) as server:
        answer = httpx2.post(f"{server.url}/api/v1/chat/completions", json={**CHAT, "provider": {"zdr": True}})
    assert answer.status_code == 200
