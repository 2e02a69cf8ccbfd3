"""`openrouter`, the strictest of all clients: every answer is checked against its own types."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from openrouter import OpenRouter, errors
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
    TOOL_RESULT,
    WEATHER,
    is_verdict,
    joined,
    user,
)

MODEL = "meta-llama/llama-3.1-8b-instruct"
GREEDY: dict[str, Any] = {"model": MODEL, "temperature": 0, "seed": 1}


def connect(key: str = KEY) -> OpenRouter:
    return OpenRouter(api_key=key, server_url=f"{SERVER}/api/v1")


@pytest.fixture(scope="module")
def client() -> Iterator[OpenRouter]:
    with connect() as connected:
        yield connected


def test_a_chat_has_its_text_and_its_cost(client: OpenRouter) -> None:
    answer = client.chat.send(messages=[user(QUESTION)], **GREEDY)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (ANSWER, "stop")
    assert answer.model == MODEL
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (PROMPT_TOKENS, COMPLETION_TOKENS)
    assert answer.usage.cost == COST


def test_a_stream_is_the_same_text_with_its_cost_at_the_end(client: OpenRouter) -> None:
    with client.chat.send(messages=[user(QUESTION)], stream=True, **GREEDY) as stream:
        chunks = list(stream)
    assert joined(choice.delta.content for chunk in chunks for choice in chunk.choices) == ANSWER
    assert chunks[-1].usage.cost == COST


def test_the_asynchronous_calls_say_the_same() -> None:
    async def ask() -> tuple[str, str]:
        async with connect() as client:
            whole = await client.chat.send_async(messages=[user(QUESTION)], **GREEDY)
            stream = await client.chat.send_async(messages=[user(QUESTION)], stream=True, **GREEDY)
            pieces = [choice.delta.content async for chunk in stream for choice in chunk.choices]
            return whole.choices[0].message.content, joined(pieces)

    assert asyncio.run(ask()) == (ANSWER, ANSWER)


def test_a_call_its_result_and_words(client: OpenRouter) -> None:
    first = client.chat.send(messages=[user(WEATHER)], tools=[TOOL], tool_choice="required", **GREEDY).choices[0]
    assert first.finish_reason == "tool_calls"
    (call,) = first.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == (TOOL_NAME, {"city": "Lima"})
    messages = [
        user(WEATHER),
        first.message.model_dump(exclude_unset=True),
        {"role": "tool", "tool_call_id": call.id, "content": TOOL_RESULT},
    ]
    second = client.chat.send(messages=messages, tools=[TOOL], **GREEDY).choices[0]
    assert "cloudy" in second.message.content


def test_a_call_in_a_stream(client: OpenRouter) -> None:
    with client.chat.send(
        messages=[user(WEATHER)], tools=[TOOL], tool_choice="required", stream=True, **GREEDY
    ) as stream:
        calls = [call for chunk in stream for choice in chunk.choices for call in choice.delta.tool_calls or []]
    assert calls[0].function.name == TOOL_NAME
    assert json.loads("".join(call.function.arguments or "" for call in calls)) == {"city": "Lima"}


def test_a_schema_holds(client: OpenRouter) -> None:
    answer = client.chat.send(messages=[user(SCHEMA_QUESTION)], response_format=RESPONSE_FORMAT, **GREEDY)
    assert is_verdict(json.loads(answer.choices[0].message.content))


def test_every_sampling_parameter_is_taken(client: OpenRouter) -> None:
    answer = client.chat.send(
        model=MODEL, messages=[user(QUESTION)], max_tokens=5, temperature=0.7, top_p=0.9, top_k=40, min_p=0.05,
        top_a=0.1, frequency_penalty=0.1, presence_penalty=0.1, repetition_penalty=1.1, seed=3, stop=["\n"],
        logit_bias={"5": -1}, logprobs=True, top_logprobs=2, user="ann",
    )  # fmt: skip
    assert answer.usage.completion_tokens <= 5
    assert len(answer.choices[0].logprobs.content[0].top_logprobs) == 2


def test_a_model_that_is_not_here_falls_to_the_next(client: OpenRouter) -> None:
    answer = client.chat.send(models=["nobody/nothing", MODEL], messages=[user(QUESTION)], temperature=0)
    assert (answer.model, answer.choices[0].message.content) == (MODEL, ANSWER)


def test_models_are_listed(client: OpenRouter) -> None:
    (model,) = client.models.list().result.data
    assert (model.id, model.context_length) == ("tampu/cria", 2048)
    assert (float(model.pricing.prompt), float(model.pricing.completion)) == (1e-8, 2e-8)
    assert "tools" in model.supported_parameters


def test_models_are_counted(client: OpenRouter) -> None:
    assert client.models.count().data.count == 1


def test_endpoints_of_a_model_are_listed(client: OpenRouter) -> None:
    found = client.endpoints.list(author="meta-llama", slug="llama-3.1-8b-instruct").data
    (endpoint,) = found.endpoints
    assert (endpoint.provider_name, endpoint.context_length) == ("tampu", 2048)


def test_there_is_one_provider(client: OpenRouter) -> None:
    (provider,) = client.providers.list().data
    assert provider.slug == "tampu"


def test_a_generation_is_found_by_its_id(client: OpenRouter) -> None:
    answer = client.chat.send(messages=[user(QUESTION)], **GREEDY)
    found = client.generations.get_generation(id=answer.id).data
    assert (found.id, found.model, found.total_cost) == (answer.id, MODEL, COST)
    assert (found.tokens_prompt, found.tokens_completion) == (PROMPT_TOKENS, COMPLETION_TOKENS)
    assert (found.streamed, found.cancelled, found.finish_reason) == (False, False, "stop")
    with pytest.raises(errors.NotFoundResponseError):
        client.generations.get_generation(id="gen-0-nothing")


def test_use_adds_up_on_the_key_and_in_credits(client: OpenRouter) -> None:
    before = client.api_keys.get_current_key_metadata().data.usage
    cost = client.chat.send(messages=[user(QUESTION)], **GREEDY).usage.cost
    after = client.api_keys.get_current_key_metadata().data.usage
    assert after - before == pytest.approx(cost)
    assert client.credits.get_credits().data.total_usage == pytest.approx(after)


def test_an_unknown_model_is_a_bad_request(client: OpenRouter) -> None:
    with pytest.raises(errors.BadRequestResponseError) as caught:
        client.chat.send(model="nobody/nothing", messages=[user("hi")])
    assert caught.value.data.error.code == 400
    assert "nobody/nothing" in str(caught.value)


def test_a_value_out_of_range_is_a_bad_request(client: OpenRouter) -> None:
    with pytest.raises(errors.BadRequestResponseError) as caught:
        client.chat.send(model=MODEL, messages=[user("hi")], temperature=9)
    assert "temperature" in str(caught.value)


def test_a_wrong_key_is_unauthorized() -> None:
    with connect("wrong") as client, pytest.raises(errors.UnauthorizedResponseError) as caught:
        client.chat.send(model=MODEL, messages=[user("hi")])
    assert caught.value.data.error.code == 401
