"""The `openai-agents` package by its defaults, which are the Responses API."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Literal

os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"  # nothing is sent elsewhere

import pytest
from agents import Agent, ModelSettings, RunConfig, Runner, function_tool
from agents.models.openai_provider import OpenAIProvider
from conftest import LLAMA, OPENROUTER_NAME, WEATHER
from pydantic import BaseModel

Wait = Callable[[Coroutine[Any, Any, Any]], Any]
SETTINGS = ModelSettings(temperature=0, max_tokens=80, extra_body={"seed": 1})
CALLING = ModelSettings(temperature=0, max_tokens=80, tool_choice="required")


class Verdict(BaseModel):
    so: bool
    sure: Literal["hardly", "fully"]


@function_tool
def get_weather(city: str) -> str:
    """Get the current weather in a city"""
    assert city == "Lima"
    return '{"temperature": 19, "condition": "cloudy"}'


@pytest.fixture
def config(url: str, key: str) -> RunConfig:
    return RunConfig(model_provider=OpenAIProvider(base_url=f"{url}/v1", api_key=key))


@pytest.fixture(scope="module")
def wait_for() -> Iterator[Wait]:
    """Runs one after another in one event loop: the package shares its connections between all agents."""
    with asyncio.Runner() as runner:
        yield runner.run


def test_an_agent_answers(config: RunConfig, wait_for: Wait) -> None:
    agent = Agent(name="plain", model=OPENROUTER_NAME, model_settings=SETTINGS)
    result = wait_for(Runner.run(agent, "What is a llama?", run_config=config))
    assert LLAMA in result.final_output and result.context_wrapper.usage.total_tokens > 0


def test_an_agent_calls_its_tool_and_says_what_came_of_it(config: RunConfig, wait_for: Wait) -> None:
    agent = Agent(name="weather", model=OPENROUTER_NAME, tools=[get_weather], model_settings=CALLING)
    result = wait_for(Runner.run(agent, WEATHER, run_config=config))
    assert "cloudy" in result.final_output and "19" in result.final_output


def test_an_agent_streams(config: RunConfig, wait_for: Wait) -> None:
    agent = Agent(name="weather", model=OPENROUTER_NAME, tools=[get_weather], model_settings=CALLING)

    async def stream() -> tuple[str, str]:
        result = Runner.run_streamed(agent, WEATHER, run_config=config)
        deltas = ""
        async for event in result.stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                deltas += event.data.delta
        return deltas, result.final_output

    deltas, final = wait_for(stream())
    assert deltas == final and "cloudy" in final


def test_an_agent_answers_in_its_output_type(config: RunConfig, wait_for: Wait) -> None:
    agent = Agent(name="judge", model=OPENROUTER_NAME, output_type=Verdict, model_settings=SETTINGS)
    assert isinstance(wait_for(Runner.run(agent, "Is Lima a city?", run_config=config)).final_output, Verdict)
