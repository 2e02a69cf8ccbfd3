"""The `litellm` package as a client of three dialects."""

import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # nothing is fetched

import litellm
import pytest
from conftest import ASK, DEEPINFRA_NAME, LLAMA, OPENROUTER_NAME, TOOL, WEATHER, WORKERS_NAME

litellm.disable_hf_tokenizer_download = True

PLACES = {
    "deepinfra": (f"deepinfra/{DEEPINFRA_NAME}", "/v1/openai"),
    "openrouter": (f"openrouter/{OPENROUTER_NAME}", "/api/v1"),
    "cloudflare": (f"cloudflare/{WORKERS_NAME}", "/client/v4/accounts/me/ai/v1"),
}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, url: str, key: str) -> dict[str, str]:
    model, base = PLACES[request.param]
    return {"model": model, "api_base": url + base, "api_key": key, "num_retries": 0}


def test_a_completion_answers(place: dict[str, str]) -> None:
    answer = litellm.completion(**place, messages=ASK, temperature=0)
    assert answer.choices[0].message.content.startswith(LLAMA)
    assert answer.usage.total_tokens > 20


def test_a_stream_has_the_same_text(place: dict[str, str]) -> None:
    whole = litellm.completion(**place, messages=ASK, temperature=0)
    chunks = list(litellm.completion(**place, messages=ASK, temperature=0, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content


def test_a_tool_is_called(place: dict[str, str]) -> None:
    if place["model"].startswith("cloudflare/"):
        place = {**place, "allowed_openai_params": ["tools", "tool_choice"]}  # the package thinks it has none
    answer = litellm.completion(
        **place,
        messages=[{"role": "user", "content": WEATHER}],
        tools=[{"type": "function", "function": TOOL}],
        tool_choice="auto",
        temperature=0,
    )
    (call,) = answer.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Lima"}


def test_a_wrong_key_is_an_authentication_error(place: dict[str, str]) -> None:
    # DeepInfra's sentence leads the package to its other class.
    with pytest.raises((litellm.AuthenticationError, litellm.BadRequestError), match=r"401|(?i:authenticat)"):
        litellm.completion(**{**place, "api_key": "wrong"}, messages=ASK)
