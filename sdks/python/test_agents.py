"""The `openai-agents` package by its defaults, which are the Responses API."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Literal

os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"  # nothing is sent elsewhere

import pytest
from agents import Agent, ModelSettings, RunConfig, Runner, function_tool
from agents.models.openai_provider import OpenAIProvider
from pydantic import BaseModel
from shared import ANSWER, KEY, QUESTION, SCHEMA_QUESTION, SERVER, TOOL_RESULT, WEATHER

MODEL = "meta-llama/llama-3.1-8b-instruct"
Wait = Callable[[Coroutine[Any, Any, Any]], Any]
SETTINGS = ModelSettings(temperature=0, max_tokens=80)
CALLING = ModelSettings(temperature=0, max_tokens=80, tool_choice="required")


class Verdict(BaseModel):
    so: bool
    sure: Literal["hardly", "fully"]


@function_tool
def get_weather(city: str) -> str:
    """Get the current weather in a city"""
    assert city == "Lima"
    return TOOL_RESULT


@pytest.fixture
def config() -> RunConfig:
    return RunConfig(model_provider=OpenAIProvider(base_url=f"{SERVER}/v1", api_key=KEY))


@pytest.fixture(scope="module")
def wait_for() -> Iterator[Wait]:
    """Runs one after another in one event loop: the package shares its connections between all agents."""
    with asyncio.Runner() as runner:
        yield runner.run


def test_an_agent_answers(config: RunConfig, wait_for: Wait) -> None:
    agent = Agent(name="plain", model=MODEL, model_settings=SETTINGS)
    result = wait_for(Runner.run(agent, QUESTION, run_config=config))
    assert result.final_output == ANSWER and result.context_wrapper.usage.total_tokens > 0


def test_an_agent_calls_its_tool_and_says_what_came_of_it(config: RunConfig, wait_for: Wait) -> None:
    agent = Agent(name="weather", model=MODEL, tools=[get_weather], model_settings=CALLING)
    result = wait_for(Runner.run(agent, WEATHER, run_config=config))
    assert "cloudy" in result.final_output and "19" in result.final_output


def test_an_agent_streams(config: RunConfig, wait_for: Wait) -> None:
    agent = Agent(name="weather", model=MODEL, tools=[get_weather], model_settings=CALLING)

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
    agent = Agent(name="judge", model=MODEL, output_type=Verdict, model_settings=SETTINGS)
    assert isinstance(wait_for(Runner.run(agent, SCHEMA_QUESTION, run_config=config)).final_output, Verdict)
