"""The `openai` package's own helpers for tools against a real server with cria."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

from tampu.server.ports import free_port
from tests.server.live import eventually

WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The name of the city"}},
            "required": ["city"],
        },
    },
}
ASKING: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is the weather in Lima?"}]
SETTINGS: dict[str, Any] = {"model": "cria", "temperature": 0, "seed": 1, "max_tokens": 80}


class GetWeather(BaseModel):
    """Get the current weather in a city"""

    city: str


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    home = tmp_path_factory.mktemp("home")
    port, log = str(free_port("127.0.0.1")), home / "log"
    command = [sys.executable, "-m", "tampu", "serve", "--port", port, "--threads", "1"]
    environment = {**os.environ, "TAMPU_HOME": str(home)}
    with log.open("w") as stderr, subprocess.Popen(command, stderr=stderr, text=True, env=environment) as process:
        try:
            assert eventually(lambda: "is ready after" in log.read_text(), 30), log.read_text()
            yield OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
        finally:
            process.terminate()
            process.wait(30)


def test_a_call_its_result_and_an_answer_in_words(client: OpenAI) -> None:
    first = client.chat.completions.create(messages=ASKING, tools=[WEATHER], **SETTINGS).choices[0]
    assert first.finish_reason == "tool_calls" and first.message.content is None
    (call,) = first.message.tool_calls or []
    assert call.type == "function" and json.loads(call.function.arguments) == {"city": "Lima"}
    messages: Any = [
        *ASKING,
        first.message,
        {"role": "tool", "tool_call_id": call.id, "content": '{"temperature": 19, "condition": "cloudy"}'},
    ]
    second = client.chat.completions.create(messages=messages, tools=[WEATHER], **SETTINGS).choices[0]
    assert second.finish_reason == "stop"
    assert "cloudy" in (second.message.content or "") and "19" in (second.message.content or "")


def test_pydantic_tools_are_parsed(client: OpenAI) -> None:
    tool = openai.pydantic_function_tool(GetWeather, name="get_weather")
    answer = client.chat.completions.parse(messages=ASKING, tools=[tool], tool_choice="required", **SETTINGS)
    calls = answer.choices[0].message.tool_calls or []
    assert calls
    for call in calls:
        assert isinstance(call.function.parsed_arguments, GetWeather)


def test_the_stream_helper_collects_calls(client: OpenAI) -> None:
    with client.chat.completions.stream(messages=ASKING, tools=[WEATHER], **SETTINGS) as stream:
        events = list(stream)
        final = stream.get_final_completion()
    deltas = [event.arguments_delta for event in events if event.type == "tool_calls.function.arguments.delta"]
    (done,) = [event for event in events if event.type == "tool_calls.function.arguments.done"]
    assert len(deltas) > 1 and "".join(deltas) == done.arguments
    assert (done.name, json.loads(done.arguments)) == ("get_weather", {"city": "Lima"})
    assert final.choices[0].finish_reason == "tool_calls"


def test_a_stream_and_a_whole_answer_make_the_same_calls(client: OpenAI) -> None:
    whole = client.chat.completions.create(messages=ASKING, tools=[WEATHER], n=2, **SETTINGS)
    with client.chat.completions.stream(messages=ASKING, tools=[WEATHER], n=2, **SETTINGS) as stream:
        streamed = stream.get_final_completion()
    for one, other in zip(whole.choices, streamed.choices, strict=True):
        calls = [call.to_dict() for call in one.message.tool_calls or []]
        same = [call.to_dict() for call in other.message.tool_calls or []]
        assert [(call["id"], call["type"]) for call in calls] == [(call["id"], call["type"]) for call in same]
        written: Any = [calls[0]["function"], same[0]["function"]]
        assert written[0]["arguments"] == written[1]["arguments"]


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_weather"}}])
def test_a_call_comes_where_it_must_and_one_where_one_may(client: OpenAI, choice: Any) -> None:
    hello: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello!"}]
    answer = client.chat.completions.create(
        messages=hello, tools=[WEATHER], tool_choice=choice, parallel_tool_calls=False, **SETTINGS
    )
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function" and set(json.loads(call.function.arguments)) == {"city"}


def test_bad_choices_are_the_packages_own_errors(client: OpenAI) -> None:
    named: Any = {"type": "function", "function": {"name": "get_time"}}
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(messages=ASKING, tools=[WEATHER], tool_choice=named, **SETTINGS)
    assert caught.value.param == "tool_choice"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(messages=ASKING, tools=[WEATHER, WEATHER], **SETTINGS)
    assert caught.value.param == "tools[1].function.name"
