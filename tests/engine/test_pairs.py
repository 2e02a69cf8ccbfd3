"""All pairs of what a request may ask for: alone, and in a crowd with guesses, preemption and cached prefixes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tampu import LLM
from tampu.request import Chunk, Completion, Constraint, GenerateRequest, Message, SamplingParams, Tool, ToolChoice

ADAPTERS = Path(__file__).parents[2] / "training" / "adapters"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 12}, "warm": {"type": "boolean"}},
    "required": ["city", "warm"],
    "additionalProperties": False,
}
WEATHER = Tool(
    "get_weather", "Get the weather in a city", {"type": "object", "properties": {"city": {"type": "string"}}}
)
PROMPT = (
    Message("system", "You are a helpful assistant who answers briefly, in one sentence, and knows the Andes well."),
    Message("user", "Tell me about the weather in Lima, please, and what people wear there in winter."),
)
STOP = ("llama", "\n")

# What each feature changes in a request, and in its sampling.
FEATURES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "n": ({}, {"n": 2}),
    "seed": ({}, {"seed": 5, "temperature": 1.0}),
    "logprobs": ({}, {"logprobs": 2}),
    "json_schema": ({"constraint": Constraint("json_schema", json.dumps(SCHEMA))}, {}),
    "tools": ({"tools": (WEATHER,)}, {}),
    "required tools": ({"tools": (WEATHER,), "tool_choice": ToolChoice("required")}, {}),
    "LoRA": ({"adapter": "json"}, {}),
    "penalties": ({}, {"frequency_penalty": 0.4, "repetition_penalty": 1.1, "presence_penalty": 0.2}),
    "stop": ({}, {"stop": STOP}),
    "minimal controls": ({}, {"top_k": 20, "top_p": 0.9, "min_p": 0.01}),
}
PAIRS = list(combinations(FEATURES, 2))


def ask(pair: tuple[str, str]) -> GenerateRequest:
    """A request with both features."""
    fields: dict[str, Any] = {}
    sampling: dict[str, Any] = {"temperature": 0.0, "seed": 1, "max_tokens": 40}
    for name in pair:
        more, controls = FEATURES[name]
        fields |= more
        sampling |= controls
    return GenerateRequest(" and ".join(pair), "cria", PROMPT, SamplingParams(**sampling), **fields)


def completions(llm: LLM, requests: list[GenerateRequest]) -> dict[str, Completion]:
    """The answers to requests that run together, by id."""
    chunks: dict[str, list[Chunk]] = {}
    for request_id, news in llm.generate(requests):
        assert isinstance(news, Chunk), f"{request_id}: {news}"
        chunks.setdefault(request_id, []).append(news)
    return {request_id: Completion.fold(some) for request_id, some in chunks.items()}


def told(completion: Completion) -> Any:
    """All that must be the same again."""
    return completion.choices, completion.opening.seed, completion.usage.completion_tokens


@pytest.fixture(scope="module")
def alone() -> Iterator[LLM]:
    with LLM("cria", threads=1, num_blocks=256, speculate="off", prefix_caching=False) as llm:
        llm.add_adapter("json", ADAPTERS / "json")
        yield llm


@pytest.fixture(scope="module")
def crowded() -> Iterator[LLM]:
    with LLM("cria", threads=2, num_blocks=14, max_num_batched_tokens=48) as llm:
        llm.add_adapter("json", ADAPTERS / "json")
        yield llm


def check(pair: tuple[str, str], completion: Completion) -> None:
    """What the features promise."""
    for choice in completion.choices:
        assert all(call.name == "get_weather" for call in choice.tool_calls)
        assert (choice.finish_reason == "tool_calls") <= bool(choice.tool_calls)
        if "required tools" in pair:
            assert choice.tool_calls and not choice.text
        elif "json_schema" in pair and choice.finish_reason == "stop" and "stop" not in pair:
            jsonschema.validate(json.loads(choice.text), SCHEMA)
        if "stop" in pair:
            assert not any(word in choice.text for word in STOP)
        if "logprobs" in pair:
            assert len(choice.logprobs) >= len(choice.token_ids)
            assert all(len(entry.top) == 2 for entry in choice.logprobs)
    assert len(completion.choices) == (2 if "n" in pair else 1)


def test_every_pair_says_the_same_alone_and_in_a_crowd(alone: LLM, crowded: LLM) -> None:
    expected: dict[str, Completion] = {}
    for pair in PAIRS:
        expected |= completions(alone, [ask(pair)])
        check(pair, expected[" and ".join(pair)])
    requests = [ask(pair) for pair in PAIRS]
    for start in range(0, len(requests), 9):
        together = completions(crowded, requests[start : start + 9])
        assert {name: told(one) for name, one in together.items()} == {name: told(expected[name]) for name in together}
    stats = crowded.stats()
    assert stats.preemptions > 0 and stats.prefix_hits > 0 and stats.guessed_tokens > 0
    assert stats.blocks_used == 0


@pytest.mark.parametrize("name", FEATURES)
def test_a_streams_pieces_make_the_whole_answer(alone: LLM, name: str) -> None:
    request = replace(ask((name, name)), id="stream")
    chunks = [news for _, news in alone.generate([request]) if isinstance(news, Chunk)]
    assert len(chunks) > 3
    for choice in Completion.fold(chunks).choices:
        own = [chunk for chunk in chunks if chunk.index == choice.index]
        assert "".join(chunk.text for chunk in own) == choice.text
        assert [token_id for chunk in own for token_id in chunk.token_ids] == list(choice.token_ids)
        arguments = "".join(delta.arguments for chunk in own for delta in chunk.tool_calls)
        assert arguments == "".join(call.arguments for call in choice.tool_calls)
