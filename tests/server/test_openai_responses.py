"""The `responses` of the real `openai` package: against a fake engine, and the whole way with cria."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Literal

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.responses import FunctionToolParam, ResponseFunctionToolCall
from pydantic import BaseModel

from tampu.errors import EngineFailure
from tampu.server.ports import free_port
from tampu.settings import ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import Live, eventually, live

WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "The name of the city"}},
        "required": ["city"],
    },
    "strict": False,
}
ASKING = "What is the weather in Lima?"
SETTINGS: dict[str, Any] = {"model": "cria", "temperature": 0, "max_output_tokens": 80, "extra_body": {"seed": 1}}


class GetWeather(BaseModel):
    """Get the current weather in a city"""

    city: str


class Verdict(BaseModel):
    """Whether it is so, and how sure that is."""

    so: bool
    sure: Literal["hardly", "fairly", "fully"]


def client_of(server: Live) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)


@pytest.fixture
def fake() -> Iterator[OpenAI]:
    with live(FakeUpstream("Hel", "lo")) as server, client_of(server) as connected:
        yield connected


@pytest.fixture(scope="module")
def cria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
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


def test_a_response_has_every_part(fake: OpenAI) -> None:
    response = fake.responses.create(
        model="cria",
        instructions="be kind",
        input=[{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}],
        temperature=0.5, top_p=0.9, max_output_tokens=8, top_logprobs=2, include=["message.output_text.logprobs"],
        metadata={"a": "b"}, store=True, extra_body={"seed": 7, "top_k": 40},
    )  # fmt: skip
    assert (response.output_text, response.status, response.error) == ("Hello", "completed", None)
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (3, 2, 5)
    assert (response.temperature, response.top_p, response.max_output_tokens) == (0.5, 0.9, 8)
    assert (response.instructions, response.metadata) == ("be kind", {"a": "b"})
    assert response.model_extra == {"seed": 7, "system_fingerprint": "fp_fake", "store": True}
    (message,) = response.output
    assert message.type == "message" and message.content[0].type == "output_text"
    assert [token.token for token in message.content[0].logprobs or []] == ["Hel", "lo"]
    assert response._request_id is not None
    assert response.id == response._request_id.replace("req_", "resp_")


def test_a_response_that_was_cut_short_says_why(fake: OpenAI) -> None:
    response = fake.responses.create(model="cria", input="hello", max_output_tokens=1)
    assert (response.status, response.output_text) == ("incomplete", "Hel")
    assert response.incomplete_details is not None and response.incomplete_details.reason == "max_output_tokens"


def test_a_response_streams_in_named_and_numbered_events(fake: OpenAI) -> None:
    events = list(fake.responses.create(model="cria", input="hello", stream=True))
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(10))


def test_the_stream_helper_gives_the_whole_response(fake: OpenAI) -> None:
    with fake.responses.stream(model="cria", input="hello") as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert deltas == ["Hel", "lo"]
    assert (final.output_text, final.status) == ("Hello", "completed")


def test_the_asynchronous_client_does_the_same() -> None:
    async def ask(url: str) -> tuple[str, str]:
        async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            response = await client.responses.create(model="cria", input="hello")
            async with client.responses.stream(model="cria", input="hello") as stream:
                final = await stream.get_final_response()
        return response.output_text, final.output_text

    with live(FakeUpstream("Hel", "lo")) as server:
        assert asyncio.run(ask(server.url)) == ("Hello", "Hello")


def test_errors_become_the_packages_own(fake: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        fake.responses.create(model="cria", input="hello", temperature=3)
    assert caught.value.param == "temperature"
    with pytest.raises(openai.BadRequestError) as caught:
        fake.responses.create(model="cria", input="hello", previous_response_id="resp_1")
    assert (caught.value.param, caught.value.code) == ("previous_response_id", "previous_response_not_found")
    with pytest.raises(openai.BadRequestError) as caught:
        fake.responses.create(model="cria", input="hello", tools=[{"type": "web_search"}])
    assert caught.value.param == "tools[0].type"
    with pytest.raises(openai.NotFoundError):
        fake.responses.create(model="crya", input="hello")


def test_a_stream_that_breaks_ends_with_the_error_and_the_failed_response() -> None:
    with live(FakeUpstream("Hel", EngineFailure("broken"), delay=0.01)) as server, client_of(server) as client:
        *_, error, failed = client.responses.create(model="cria", input="hello", stream=True)
    assert error.type == "error" and error.message == "broken"
    assert failed.type == "response.failed" and failed.response.error is not None
    assert (failed.response.output_text, failed.response.error.code) == ("Hel", "server_error")


def call_in(items: Any) -> ResponseFunctionToolCall:
    """The one call among these items."""
    (call,) = [item for item in items if item.type == "function_call"]
    assert isinstance(call, ResponseFunctionToolCall)
    return call


def test_a_call_its_output_and_an_answer_in_words(cria: OpenAI) -> None:
    first = cria.responses.create(input=ASKING, tools=[WEATHER], **SETTINGS)
    call = call_in(first.output)
    assert (call.name, json.loads(call.arguments), call.status) == ("get_weather", {"city": "Lima"}, "completed")
    items: Any = [
        {"role": "user", "content": ASKING},
        *first.output,
        {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": '{"temperature": 19, "condition": "cloudy"}',
        },
    ]
    second = cria.responses.create(input=items, tools=[WEATHER], **SETTINGS)
    assert second.status == "completed"
    assert "cloudy" in second.output_text and "19" in second.output_text


def test_a_stream_makes_the_same_call(cria: OpenAI) -> None:
    whole = call_in(cria.responses.create(input=ASKING, tools=[WEATHER], **SETTINGS).output)
    with cria.responses.stream(input=ASKING, tools=[WEATHER], **SETTINGS) as stream:
        events = list(stream)
        streamed = call_in(stream.get_final_response().output)
    deltas = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    (done,) = [event for event in events if event.type == "response.function_call_arguments.done"]
    assert len(deltas) > 1 and "".join(deltas) == done.arguments == streamed.arguments == whole.arguments
    assert (streamed.call_id, streamed.name) == (whole.call_id, whole.name)


def test_pydantic_tools_and_formats_are_parsed(cria: OpenAI) -> None:
    tool = openai.pydantic_function_tool(GetWeather, name="get_weather")
    flat: Any = {"type": "function", **tool["function"]}
    called = cria.responses.parse(input=ASKING, tools=[flat], tool_choice="required", **SETTINGS)
    (call,) = called.output
    assert call.type == "function_call" and call.parsed_arguments == {"city": "Lima"}
    told = cria.responses.parse(input="Is Lima a city?", text_format=Verdict, **SETTINGS)
    assert isinstance(told.output_parsed, Verdict)


def test_a_stream_is_parsed_too(cria: OpenAI) -> None:
    with cria.responses.stream(input="Is Lima a city?", text_format=Verdict, **SETTINGS) as stream:
        final = stream.get_final_response()
    assert isinstance(final.output_parsed, Verdict)


def test_the_seed_of_a_response_gives_it_again(cria: OpenAI) -> None:
    first = cria.responses.create(model="cria", input="Hello!", max_output_tokens=16)
    again = cria.responses.create(
        model="cria", input="Hello!", max_output_tokens=16, extra_body={"seed": (first.model_extra or {})["seed"]}
    )
    assert first.output_text == again.output_text


def test_a_conversation_goes_on_from_a_response(fake: OpenAI) -> None:
    first = fake.responses.create(model="cria", input="one two")
    second = fake.responses.create(model="cria", input="three", previous_response_id=first.id)
    # The first input and its answer, then the new one.
    assert second.usage is not None and second.usage.input_tokens == 4
    assert second.previous_response_id == first.id
    (said,) = first.output
    assert said.type == "message" and said.id is not None
    referring = fake.responses.create(
        model="cria",
        input=[{"role": "user", "content": "one two"}, {"type": "item_reference", "id": said.id}],
    )
    assert referring.usage is not None and referring.usage.input_tokens == 3


def test_a_streamed_response_is_kept_too(fake: OpenAI) -> None:
    with fake.responses.stream(model="cria", input="one") as stream:
        response = stream.get_final_response()
    assert fake.responses.retrieve(response.id).output_text == "Hello"
    (item,) = fake.responses.input_items.list(response.id)
    assert item.type == "message" and item.content[0].type == "input_text" and item.content[0].text == "one"


def test_what_is_not_kept_or_was_deleted_is_not_found(fake: OpenAI) -> None:
    unkept = fake.responses.create(model="cria", input="one", store=False)
    assert unkept.model_extra is not None and unkept.model_extra["store"] is False
    deleted = fake.responses.create(model="cria", input="one")
    fake.responses.delete(deleted.id)
    for response in (unkept, deleted):
        with pytest.raises(openai.NotFoundError, match="not found"):
            fake.responses.retrieve(response.id)
        with pytest.raises(openai.BadRequestError) as caught:
            fake.responses.create(model="cria", input="two", previous_response_id=response.id)
        assert caught.value.code == "previous_response_not_found"
    with pytest.raises(openai.NotFoundError):
        fake.responses.delete("resp_1")


def test_a_server_may_keep_nothing() -> None:
    with live(FakeUpstream("Hel", "lo"), ServerSettings(response_memory=0)) as server:
        client = OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
        response = client.responses.create(model="cria", input="one")
        assert response.model_extra is not None and response.model_extra["store"] is False
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(response.id)
