"""The `openai` package at /v1, and at the addresses of the other OpenAI-shaped dialects."""

import json

import openai
import pytest
from conftest import ASK, DEEPINFRA_NAME, LLAMA, OPENROUTER_NAME, PERSON, TOOL, WEATHER, WORKERS_NAME
from openai import OpenAI

PLACES = {
    "openai": ("/v1", "cria"),
    "deepinfra": ("/v1/openai", DEEPINFRA_NAME),
    "openrouter": ("/api/v1", OPENROUTER_NAME),
    "workers": ("/client/v4/accounts/me/ai/v1", WORKERS_NAME),
}
Place = tuple[OpenAI, str]


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, url: str, key: str) -> Place:
    base, model = PLACES[request.param]
    return OpenAI(base_url=url + base, api_key=key, max_retries=0), model


def test_a_chat_answers(place: Place) -> None:
    client, model = place
    answer = client.chat.completions.create(model=model, messages=ASK, seed=5, temperature=0)
    assert answer.choices[0].message.content.startswith(LLAMA)
    assert (answer.model, answer.choices[0].finish_reason) == (model, "stop")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 20


def test_a_stream_has_the_same_text_and_its_usage(place: Place) -> None:
    client, model = place
    whole = client.chat.completions.create(model=model, messages=ASK, seed=5)
    asked = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(model=model, messages=ASK, seed=5, **asked))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert [chunk.usage for chunk in chunks if chunk.usage][-1].total_tokens == whole.usage.total_tokens
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert reasons == ["stop"]


def test_a_tool_is_called_and_its_result_is_used(place: Place) -> None:
    client, model = place
    tools = [{"type": "function", "function": TOOL}]
    first = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": WEATHER}], tools=tools, tool_choice="required", temperature=0
    )
    (call,) = first.choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Lima"})
    assert first.choices[0].finish_reason == "tool_calls"
    result = {"role": "tool", "tool_call_id": call.id, "content": '{"temperature": 19, "condition": "cloudy"}'}
    messages = [{"role": "user", "content": WEATHER}, first.choices[0].message.model_dump(exclude_none=True), result]
    second = client.chat.completions.create(model=model, messages=messages, tools=tools, temperature=0)
    assert "cloudy" in second.choices[0].message.content


def test_a_streamed_call_is_put_together_by_the_package(place: Place) -> None:
    client, model = place
    with client.chat.completions.stream(
        model=model,
        messages=[{"role": "user", "content": WEATHER}],
        tools=[{"type": "function", "function": {**TOOL, "strict": True}}],
        tool_choice="required",
        temperature=0,
    ) as stream:
        (call,) = stream.get_final_completion().choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Lima"}


def test_an_answer_matches_its_schema(place: Place) -> None:
    client, model = place
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
    answer = client.chat.completions.create(model=model, messages=ASK, response_format=form, seed=1)
    person = json.loads(answer.choices[0].message.content)
    assert set(person) == {"size", "age"} and person["size"] in ("small", "large") and 0 <= person["age"] <= 9


def test_the_models_are_listed(place: Place) -> None:
    client, _ = place
    models = list(client.models.list())
    assert models and all("cria" in model.id for model in models)


WRONG: list[tuple[dict, type[openai.APIStatusError]]] = [
    ({"temperature": 9}, openai.BadRequestError),
    ({"messages": []}, openai.BadRequestError),
    ({"model": "@cf/no/model"}, openai.NotFoundError),
]


@pytest.mark.parametrize(("changes", "kind"), WRONG, ids=lambda value: str(value)[:20])
def test_what_is_wrong_raises_the_packages_errors(place: Place, changes: dict, kind: type) -> None:
    client, model = place
    base = str(client.base_url)
    if "/v1/openai" in base and kind is openai.BadRequestError:
        kind = openai.UnprocessableEntityError
    if kind is openai.NotFoundError and ("/api/v1" in base or "/client/" in base):
        kind = openai.BadRequestError
    with pytest.raises(kind) as caught:
        client.chat.completions.create(**{"model": model, "messages": ASK, **changes})
    assert caught.value.message


def test_a_wrong_key_is_an_authentication_error(place: Place) -> None:
    client, model = place
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").chat.completions.create(model=model, messages=ASK)


def test_text_completions_answer(place: Place) -> None:
    client, model = place
    prompt = "<|start_header_id|>user<|end_header_id|>\n\nWhat is a llama?<|eot_id|>"
    prompt += "<|start_header_id|>assistant<|end_header_id|>\n\n"
    answer = client.completions.create(model=model, prompt=prompt, max_tokens=40, temperature=0)
    assert answer.choices[0].text.startswith(LLAMA)
    chunks = list(client.completions.create(model=model, prompt=prompt, max_tokens=40, temperature=0, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == answer.choices[0].text


def test_responses_answer_whole_and_in_pieces(url: str, key: str) -> None:
    client = OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
    answer = client.responses.create(model="cria", input="What is a llama?", temperature=0)
    assert answer.output_text.startswith(LLAMA) and answer.status == "completed"
    with client.responses.stream(model="cria", input="What is a llama?", temperature=0) as stream:
        assert stream.get_final_response().output_text == answer.output_text


def test_all_dialects_give_the_same_text_for_the_same_seed(url: str, key: str) -> None:
    said = set()
    for base, model in PLACES.values():
        client = OpenAI(base_url=url + base, api_key=key, max_retries=0)
        same = {"seed": 7, "temperature": 1.5, "top_p": 1, "max_tokens": 60}
        said.add(client.chat.completions.create(model=model, messages=ASK, **same).choices[0].message.content)
    assert len(said) == 1
