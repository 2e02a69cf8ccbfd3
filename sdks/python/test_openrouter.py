"""The `openrouter` package: the strictest reader of its own wire format."""

import json

import pytest
from conftest import ASK, LLAMA, OPENROUTER_NAME, PERSON, TOOL, WEATHER
from openrouter import OpenRouter, errors

AUTHOR, SLUG = OPENROUTER_NAME.split("/")


@pytest.fixture
def client(url: str, key: str) -> OpenRouter:
    return OpenRouter(api_key=key, server_url=f"{url}/api/v1")


def test_a_chat_answers_with_its_cost(client: OpenRouter) -> None:
    answer = client.chat.send(model=OPENROUTER_NAME, messages=ASK, temperature=0)
    assert answer.choices[0].message.content.startswith(LLAMA)
    assert answer.id.startswith("gen-") and answer.model == OPENROUTER_NAME
    usage = answer.usage
    exact = (usage.prompt_tokens * 10_000 + usage.completion_tokens * 20_000) / 1e12
    assert usage.cost == pytest.approx(exact, rel=1e-12)


def test_a_stream_has_the_same_text_and_its_usage_last(client: OpenRouter) -> None:
    whole = client.chat.send(model=OPENROUTER_NAME, messages=ASK, seed=5)
    with client.chat.send(model=OPENROUTER_NAME, messages=ASK, seed=5, stream=True) as stream:
        chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens


def test_a_tool_is_called(client: OpenRouter) -> None:
    tools = [{"type": "function", "function": TOOL}]
    asked = [{"role": "user", "content": WEATHER}]
    answer = client.chat.send(model=OPENROUTER_NAME, messages=asked, tools=tools, tool_choice="required", temperature=0)
    (call,) = answer.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Lima"}
    with client.chat.send(
        model=OPENROUTER_NAME, messages=asked, tools=tools, tool_choice="required", temperature=0, stream=True
    ) as stream:
        pieces = [piece for chunk in stream for choice in chunk.choices for piece in choice.delta.tool_calls or []]
    assert json.loads("".join(piece.function.arguments or "" for piece in pieces)) == {"city": "Lima"}


def test_an_answer_matches_its_schema(client: OpenRouter) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
    answer = client.chat.send(model=OPENROUTER_NAME, messages=ASK, response_format=form, seed=1)
    assert set(json.loads(answer.choices[0].message.content)) == {"size", "age"}


def test_an_unknown_model_is_a_bad_request(client: OpenRouter) -> None:
    with pytest.raises(errors.BadRequestResponseError) as caught:
        client.chat.send(model="acme/fake-1.0", messages=ASK)
    assert caught.value.data.error.code == 400
    assert "is not a valid model ID" in caught.value.data.error.message


def test_a_wrong_key_is_unauthorized(url: str) -> None:
    with pytest.raises(errors.UnauthorizedResponseError) as caught:
        OpenRouter(api_key="wrong", server_url=f"{url}/api/v1").chat.send(model=OPENROUTER_NAME, messages=ASK)
    assert caught.value.data.error.code == 401


def test_models_endpoints_and_providers_are_listed(client: OpenRouter) -> None:
    listed = client.models.list()
    models = getattr(listed, "data", None) or listed.result.data
    assert "tampu/cria" in [model.id for model in models]
    endpoints = client.endpoints.list(author=AUTHOR, slug=SLUG).data
    assert endpoints.id == OPENROUTER_NAME and len(endpoints.endpoints) == 1
    assert [provider.slug for provider in client.providers.list().data] == ["tampu"]


def test_a_generation_is_found_with_what_it_cost(client: OpenRouter) -> None:
    answer = client.chat.send(model=OPENROUTER_NAME, messages=ASK, temperature=0)
    found = client.generations.get_generation(id=answer.id).data
    assert (found.id, found.model) == (answer.id, OPENROUTER_NAME)
    assert found.tokens_completion == answer.usage.completion_tokens
    assert found.total_cost == answer.usage.cost


def test_the_account_knows_its_spending(client: OpenRouter) -> None:
    before = client.api_keys.get_current_key_metadata().data.usage
    cost = client.chat.send(model=OPENROUTER_NAME, messages=ASK, temperature=0).usage.cost
    after = client.api_keys.get_current_key_metadata().data.usage
    assert after >= before + cost - 1e-12 > before
    assert client.credits.get_credits().data.total_usage >= after
