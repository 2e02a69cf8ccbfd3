"""The `langchain-openai` and `langchain-cloudflare` packages."""

import pytest
from conftest import DEEPINFRA_NAME, LLAMA, OPENROUTER_NAME, PERSON, TOOL, WEATHER, WORKERS_NAME
from langchain_cloudflare import ChatCloudflareWorkersAI
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI

QUESTION = "What is a llama?"
PLACES = {"/v1": "cria", "/v1/openai": DEEPINFRA_NAME, "/api/v1": OPENROUTER_NAME}
KINDS = [*PLACES, "workers", "workers as openai"]


@pytest.fixture(params=KINDS)
def chat(request: pytest.FixtureRequest, url: str, key: str) -> BaseChatModel:
    if request.param in PLACES:
        model = PLACES[request.param]
        return ChatOpenAI(model=model, base_url=url + request.param, api_key=key, temperature=0, max_retries=0)
    further = {"endpoint_format": "openai_compatible"} if request.param == "workers as openai" else {}
    return ChatCloudflareWorkersAI(
        model=WORKERS_NAME, account_id="me", api_token=key, base_url=f"{url}/client/v4", temperature=0, **further
    )


def test_a_model_is_invoked(chat: BaseChatModel) -> None:
    answer = chat.invoke(QUESTION)
    assert answer.content.startswith(LLAMA)
    assert answer.usage_metadata["total_tokens"] > 20


def test_a_stream_has_the_same_text(chat: BaseChatModel) -> None:
    assert "".join(piece.content for piece in chat.stream(QUESTION)) == chat.invoke(QUESTION).content


def test_a_tool_is_called(chat: BaseChatModel) -> None:
    bound = chat.bind_tools([{"type": "function", "function": TOOL}], tool_choice="required")
    (call,) = bound.invoke(WEATHER).tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Lima"})


@pytest.mark.parametrize("base", PLACES)
def test_an_answer_matches_its_schema(url: str, key: str, base: str) -> None:
    chat = ChatOpenAI(model=PLACES[base], base_url=url + base, api_key=key, temperature=0, max_retries=0)
    schema = {"title": "person", "description": "A person.", **PERSON}
    person = chat.with_structured_output(schema, method="json_schema").invoke(QUESTION)
    assert set(person) == {"size", "age"}
