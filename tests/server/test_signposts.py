"""A path that is a little wrong leads to the right one, and a stranger is told what this is."""

import httpx2
import pytest
from fastapi.routing import APIRoute

from tampu.server.app import create_app
from tampu.server.signposts import STRANGERS, signpost
from tampu.settings import ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import live

ADDRESS = "http://localhost:8267"
ROUTES = [route.path for route in create_app(FakeUpstream(), ServerSettings()).routes if isinstance(route, APIRoute)]
ACCOUNT = "/client/v4/accounts/0123/ai"


@pytest.mark.parametrize(
    ("path", "base", "near"),
    [
        ("/chat/completions", "/v1", "/v1/chat/completions"),
        ("/completions", "/v1", "/v1/completions"),
        ("/responses", "/v1", "/v1/responses"),
        ("/v1/v1/chat/completions", "/v1", "/v1/chat/completions"),
        ("/v1/v1/models", "/v1", "/v1/models"),
        ("/v2/chat/completions", "/v1", "/v1/chat/completions"),
        ("/openai/v1/chat/completions", "/v1", "/v1/chat/completions"),
        ("/V1/Chat/Completions", "/v1", "/v1/chat/completions"),
        ("/v1/chat/completions/chat/completions", "/v1", "/v1/chat/completions"),
        ("/v1/openai/v1/chat/completions", "/v1/openai", "/v1/openai/chat/completions"),
        ("/api/v1/v1/chat/completions", "/api/v1", "/api/v1/chat/completions"),
        ("/api/v1/v1/models", "/api/v1", "/api/v1/models"),
        (f"{ACCOUNT}/chat/completions", f"{ACCOUNT}/v1", f"{ACCOUNT}/v1/chat/completions"),
        ("/openai/deployments/cria/chat/completions", "/v1", "/v1/chat/completions"),
    ],
)
def test_a_wrong_base_url_leads_to_the_right_one(path: str, base: str, near: str) -> None:
    post = signpost(path, ADDRESS, ROUTES)
    assert post.words == f"There is no {path} here. Did you mean {near}? Set the base URL to {ADDRESS}{base}."
    assert post.near == near


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/v1/chat/completion", "/v1/chat/completions"),
        ("/v1/chat/completetions", "/v1/chat/completions"),
        ("/v1/completion", "/v1/completions"),
        ("/v1/chat", "/v1/chat/completions"),
        ("/v1/model", "/v1/models"),
        ("/doc", "/docs"),
        ("/metric", "/metrics"),
    ],
)
def test_a_slip_of_the_pen_leads_to_what_was_meant(path: str, near: str) -> None:
    assert signpost(path, ADDRESS, ROUTES).words == f"There is no {path} here. Did you mean {near}?"


@pytest.mark.parametrize("path", ["/v1", "/v1/openai", f"{ACCOUNT}/v1"])
def test_a_base_url_is_told_that_it_is_one(path: str) -> None:
    words = f"{path} is a base URL. Clients add a path to it, such as {path}/chat/completions."
    assert signpost(path, ADDRESS, ROUTES).words == words


@pytest.mark.parametrize(
    ("path", "whose"),
    [
        ("/api/tags", "Ollama"),
        ("/api/chat", "Ollama"),
        ("/api/blobs/sha256:0", "Ollama"),
        ("/v1/messages", "Anthropic"),
        ("/v1/messages/count_tokens", "Anthropic"),
        ("/generate", "Hugging Face's text-generation-inference"),
        ("/completion", "llama.cpp"),
        ("/props", "llama.cpp"),
        ("/v1beta/models/gemini-pro:generateContent", "Google Gemini"),
        ("/api/v1/generate", "KoboldAI"),
    ],
)
def test_clients_of_other_programs_are_told_what_this_is_and_what_it_speaks(path: str, whose: str) -> None:
    words = signpost(path, ADDRESS, ROUTES).words
    assert words.startswith(f"There is no {path} here: that is {whose}'s API, and this is tampu.")
    assert words.endswith(f"OpenAI's: choose an OpenAI-compatible provider with the base URL {ADDRESS}/v1.")


def test_no_stranger_stands_where_we_have_a_route() -> None:
    assert not {start for starts in STRANGERS.values() for start in starts} & set(ROUTES)


@pytest.mark.parametrize(
    ("path", "base"),
    [("/x/y", "/v1"), ("/v1/x", "/v1"), ("/api/v1/embeddings", "/api/v1"), (f"{ACCOUNT}/v1/x", f"{ACCOUNT}/v1")],
)
def test_what_is_like_nothing_gets_one_sentence(path: str, base: str) -> None:
    words = f"There is no {path} here. The base URL is {ADDRESS}{base}, and {ADDRESS}/docs describes all APIs."
    assert signpost(path, ADDRESS, ROUTES).words == words


def test_every_dialect_says_it_in_its_own_shape() -> None:
    with live(FakeUpstream()) as server:
        found = [
            httpx2.post(server.url + path, json={}).json()
            for path in (
                *("/chat/completions", "/v1/openai/v1/chat/completions", "/v1/inference", "/api/v1/v1/completions"),
                *(f"{ACCOUNT}/chat/completions", f"{ACCOUNT}/v1/v1/completions"),
            )
        ]
    assert f"Set the base URL to {server.url}/v1." in found[0]["error"]["message"]
    assert f"Set the base URL to {server.url}/v1/openai." in found[1]["error"]["message"]
    assert "There is no /v1/inference here." in str(found[2])
    assert f"Set the base URL to {server.url}/api/v1." in found[3]["error"]["message"]
    for body in found[4:]:
        assert body["errors"][1] == {"code": 7000, "message": "No route for that URI"}
        assert f"Set the base URL to {server.url}{ACCOUNT}/v1." in body["messages"][0]["message"]


def test_a_base_url_with_the_whole_path_in_it_is_not_taken_for_a_list_of_stored_completions() -> None:
    with live(FakeUpstream()) as server:
        message = httpx2.get(f"{server.url}/v1/chat/completions/models").json()["error"]["message"]
        stored = httpx2.get(f"{server.url}/v1/chat/completions/chatcmpl-1").json()["error"]["message"]
    assert message.startswith("There is no /v1/chat/completions/models here. Did you mean /v1/models?")
    assert stored.startswith("This server keeps no completions")
