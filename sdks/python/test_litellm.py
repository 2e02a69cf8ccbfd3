"""`litellm`, by the names that it has for DeepInfra, OpenRouter and Cloudflare."""

import json
from dataclasses import dataclass
from typing import Any

import litellm
import pytest
from shared import (
    ANSWER,
    COMPLETION_TOKENS,
    COST,
    KEY,
    PROMPT_TOKENS,
    QUESTION,
    RESPONSE_FORMAT,
    SCHEMA_QUESTION,
    SERVER,
    TOOL,
    TOOL_NAME,
    WEATHER,
    is_verdict,
    joined,
    user,
)


@dataclass(frozen=True, slots=True)
class Provider:
    """How litellm calls a provider's model, and where it is."""

    model: str
    path: str

    def ask(self, text: str, **more: Any) -> Any:
        asked = {"model": self.model, "api_base": SERVER + self.path, "api_key": KEY, "num_retries": 0, **more}
        return litellm.completion(messages=[user(text)], **asked)


PROVIDERS = {
    "deepinfra": Provider("deepinfra/meta-llama/Meta-Llama-3.1-8B-Instruct", "/v1/openai"),
    "openrouter": Provider("openrouter/meta-llama/llama-3.1-8b-instruct", "/api/v1"),
    "cloudflare": Provider("cloudflare/@cf/meta/llama-3.1-8b-instruct", "/client/v4/accounts/me/ai/v1"),
}


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> Provider:
    return PROVIDERS[str(request.param)]


def test_a_chat(provider: Provider) -> None:
    answer = provider.ask(QUESTION, temperature=0)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (ANSWER, "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (PROMPT_TOKENS, COMPLETION_TOKENS)


def test_a_stream(provider: Provider) -> None:
    chunks = list(provider.ask(QUESTION, temperature=0, stream=True))
    assert joined(chunk.choices[0].delta.content for chunk in chunks if chunk.choices) == ANSWER


def test_a_stream_ends_with_its_usage(provider: Provider) -> None:
    chunks = list(provider.ask(QUESTION, temperature=0, stream=True, stream_options={"include_usage": True}))
    counted = [
        (chunk.usage.prompt_tokens, chunk.usage.completion_tokens) for chunk in chunks if hasattr(chunk, "usage")
    ]
    assert counted == [(PROMPT_TOKENS, COMPLETION_TOKENS)]


def test_litellm_reads_openrouters_cost() -> None:
    answer = PROVIDERS["openrouter"].ask(QUESTION, temperature=0)
    headers = answer._hidden_params["additional_headers"]
    assert headers["llm_provider-x-litellm-response-cost"] == COST == answer.usage.cost


def test_a_call(provider: Provider) -> None:
    answer = provider.ask(WEATHER, temperature=0, tools=[TOOL], tool_choice="auto")
    (call,) = answer.choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == (TOOL_NAME, {"city": "Lima"})


def test_a_schema_holds(provider: Provider) -> None:
    answer = provider.ask(SCHEMA_QUESTION, temperature=0, response_format=RESPONSE_FORMAT)
    assert is_verdict(json.loads(answer.choices[0].message.content))


def test_both_caps_on_tokens(provider: Provider) -> None:
    for cap in ("max_tokens", "max_completion_tokens"):
        answer = provider.ask(QUESTION, temperature=0, **{cap: 4})
        assert (answer.usage.completion_tokens, answer.choices[0].finish_reason) == (4, "length")


def test_a_wrong_key() -> None:
    for provider in (PROVIDERS["openrouter"], PROVIDERS["cloudflare"]):
        with pytest.raises(litellm.AuthenticationError):
            provider.ask("hi", api_key="wrong")
    # DeepInfra's own 401 says "invalid_request_error", which litellm takes by its word.
    with pytest.raises(litellm.BadRequestError, match="Not authenticated"):
        PROVIDERS["deepinfra"].ask("hi", api_key="wrong")


def test_a_value_out_of_range(provider: Provider) -> None:
    with pytest.raises(litellm.BadRequestError, match=r"temperature|less than or equal to 2"):
        provider.ask("hi", temperature=9)


def test_an_unknown_model(provider: Provider) -> None:
    with pytest.raises((litellm.BadRequestError, litellm.NotFoundError)):
        provider.ask("hi", model=f"{provider.model.partition('/')[0]}/nobody/nothing")
