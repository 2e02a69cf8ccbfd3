"""DeepInfra's routes over a socket: names in paths, forms, costs, and the samples of its documents."""

import json
from collections.abc import Iterator

import httpx2
import pytest

from tampu.settings import ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import live

MODEL = "meta-llama/Meta-Llama-3.1-8B-Instruct"
CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "Hello!"}]}


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    settings = ServerSettings(alias=MODEL)
    with live(FakeUpstream("Hel", "lo"), settings) as server, httpx2.Client(base_url=server.url) as connected:
        yield connected


def test_the_first_sample_of_its_documents_works(client: httpx2.Client) -> None:
    answer = client.post("/v1/openai/chat/completions", json=CHAT)
    body = answer.json()
    assert answer.headers["x-tampu-model"] == "cria"
    assert (body["object"], body["model"]) == ("chat.completion", MODEL)
    assert body["id"].startswith("chatcmpl-") and len(body["id"]) == 33
    assert body["choices"][0]["message"]["content"] == "Hello"
    # One token in at 0.01 dollars per million, two out at 0.02.
    assert body["usage"]["estimated_cost"] == 5e-08


def test_the_streaming_sample_ends_with_its_usage_and_done(client: httpx2.Client) -> None:
    text = client.post("/v1/openai/chat/completions", json={**CHAT, "stream": True}).text
    events = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert events[-1] == "[DONE]"
    first, *_, last = [json.loads(event) for event in events[:-1]]
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert (last["choices"][0]["delta"], last["choices"][0]["finish_reason"]) == ({}, "stop")
    assert last["usage"]["estimated_cost"] == 5e-08
    assert "</s>" not in text


@pytest.mark.parametrize("name", [MODEL, MODEL.replace("/", "%2F"), f"{MODEL}/"], ids=["raw", "encoded", "slash"])
def test_the_native_route_takes_a_models_name_in_its_path(client: httpx2.Client, name: str) -> None:
    body = client.post(f"/v1/inference/{name}", json={"input": "hi there"}).json()
    assert body["results"] == [{"generated_text": "Hello"}]
    assert (body["num_tokens"], body["num_input_tokens"]) == (2, 2)
    status = body["inference_status"]
    assert (status["status"], status["cost"], status["tokens_generated"]) == ("succeeded", 6e-08, 2)


def test_the_native_route_takes_a_form(client: httpx2.Client) -> None:
    parts = {"input": (None, "5"), "max_new_tokens": (None, "1"), "stop": (None, '["x"]')}
    body = client.post(f"/v1/inference/{MODEL}", files=parts).json()
    assert body.get("results") == [{"generated_text": "Hel"}], body


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"--x\r\nno form", "multipart/form-data; boundary=x", "not a form"),
        (b"abc", "multipart/form-data", "not a form"),
        (
            b'--x\r\nContent-Disposition: form-data; name="input"; filename="a"\r\n\r\nhi\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            "Files are not read",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="input"\r\n\r\n\xff\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            "not UTF-8",
        ),
    ],
    ids=["broken", "no boundary", "file", "no text"],
)
def test_a_form_that_is_none_is_refused(client: httpx2.Client, content: bytes, kind: str, message: str) -> None:
    answer = client.post(f"/v1/inference/{MODEL}", content=content, headers={"content-type": kind})
    assert answer.status_code == 422
    assert message in answer.json()["detail"][0]["msg"]


def test_other_routes_take_no_forms(client: httpx2.Client) -> None:
    assert client.post("/v1/openai/chat/completions", files={"model": (None, "cria")}).status_code == 415


def test_an_unknown_model_has_an_error_in_either_form(client: httpx2.Client) -> None:
    native = client.post("/v1/inference/no/model", json={"input": "hi"})
    assert (native.status_code, native.json()) == (404, {"error": "Model not found"})
    chat = client.post("/v1/openai/chat/completions", json={**CHAT, "model": "no/model"})
    assert (chat.status_code, chat.json()["error"]["code"]) == (404, "model_not_found")


def test_the_bare_v1_may_be_deepinfras() -> None:
    with live(FakeUpstream(), ServerSettings(v1="deepinfra")) as server:
        body = {**CHAT, "model": "cria"}
        assert "estimated_cost" in httpx2.post(f"{server.url}/v1/chat/completions", json=body).json()["usage"]
        assert httpx2.get(f"{server.url}/v1/models").json()["data"][0]["owned_by"] == "deepinfra"
        assert httpx2.get(f"{server.url}/v1/models/cria").json()["owned_by"] == "tampu"
