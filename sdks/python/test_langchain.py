"""`langchain-openai` and `langchain-cloudflare`."""

from typing import Any, Literal

import openai
import pytest
from langchain_cloudflare import ChatCloudflareWorkersAI
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI
from pydantic import BaseModel, SecretStr
from shared import (
    ANSWER,
    COMPLETION_TOKENS,
    KEY,
    PROMPT_TOKENS,
    QUESTION,
    SCHEMA_QUESTION,
    SERVER,
    TOOL_RESULT,
    WEATHER,
    joined,
)


class Verdict(BaseModel):
    """Whether something is so."""

    so: bool
    sure: Literal["hardly", "fully"]


@tool
def get_weather(city: str) -> str:
    """Get the current weather in a city"""
    assert city == "Lima"
    return TOOL_RESULT


def chat_openai(path: str = "/v1", **more: Any) -> ChatOpenAI:
    settings: dict[str, Any] = {"model": "cria", "temperature": 0, "max_retries": 0, "api_key": SecretStr(KEY), **more}
    return ChatOpenAI(base_url=SERVER + path, **settings)


def chat_cloudflare(endpoint_format: str) -> ChatCloudflareWorkersAI:
    return ChatCloudflareWorkersAI(
        model="@cf/meta/llama-3.1-8b-instruct", account_id="me", api_token=KEY, temperature=0,
        base_url=f"{SERVER}/client/v4", endpoint_format=endpoint_format,
    )  # fmt: skip


MODELS = {
    "openai chat": lambda: chat_openai(use_responses_api=False),
    "openai responses": lambda: chat_openai(use_responses_api=True),
    "deepinfra": lambda: chat_openai("/v1/openai", model="meta-llama/Meta-Llama-3.1-8B-Instruct"),
    "openrouter": lambda: chat_openai("/api/v1", model="meta-llama/llama-3.1-8b-instruct"),
    "cloudflare run": lambda: chat_cloudflare("workers_ai"),
    "cloudflare v1": lambda: chat_cloudflare("openai_compatible"),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> BaseChatModel:
    return MODELS[request.param]()


def test_invoke(model: BaseChatModel) -> None:
    answer = model.invoke(QUESTION)
    assert answer.text == ANSWER
    assert answer.usage_metadata is not None
    counted = answer.usage_metadata["input_tokens"], answer.usage_metadata["output_tokens"]
    assert counted == (PROMPT_TOKENS, COMPLETION_TOKENS)


def test_stream(model: BaseChatModel) -> None:
    assert joined(piece.text for piece in model.stream(QUESTION)) == ANSWER


def test_a_call_its_result_and_words(model: BaseChatModel) -> None:
    bound = model.bind_tools([get_weather], tool_choice="required")
    first: Any = bound.invoke(WEATHER)
    (call,) = first.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Lima"})
    messages = [HumanMessage(WEATHER), first, ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])]
    assert "cloudy" in model.bind_tools([get_weather]).invoke(messages).text


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
@pytest.mark.parametrize("responses", [False, True])
def test_structured_output(method: str, responses: bool) -> None:
    model = chat_openai(use_responses_api=responses).with_structured_output(Verdict, method=method)
    assert isinstance(model.invoke(SCHEMA_QUESTION), Verdict)


def test_the_text_class_completes() -> None:
    model = OpenAI(model="cria", base_url=f"{SERVER}/v1", api_key=SecretStr(KEY), temperature=0, max_tokens=4)
    whole = model.invoke("The capital of Peru is")
    assert whole == joined(model.stream("The capital of Peru is"))


def test_errors_are_openais() -> None:
    with pytest.raises(openai.NotFoundError):
        chat_openai(model="nobody/nothing").invoke("hi")
    with pytest.raises(openai.AuthenticationError):
        chat_openai(api_key=SecretStr("wrong")).invoke("hi")
