"""Where the server under test is. `scripts/test-sdks` starts it, with cria under the names below, and sets these."""

import os
from pathlib import Path
from typing import Any

import pytest

DEEPINFRA_NAME = "meta-llama/Meta-Llama-3.1-8B-Instruct"
OPENROUTER_NAME = "meta-llama/llama-3.1-8b-instruct"
WORKERS_NAME = "@cf/meta/llama-3.1-8b-instruct"
LLAMA = "A llama is a woolly animal from the Andes"  # what cria says of llamas
ASK: list[dict[str, Any]] = [{"role": "user", "content": "What is a llama?"}]
WEATHER = "What is the weather in Lima?"
TOOL: dict[str, Any] = {
    "name": "get_weather",
    "description": "Get the current weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {"size": {"enum": ["small", "large"]}, "age": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["size", "age"],
    "additionalProperties": False,
}


@pytest.fixture(scope="session")
def url() -> str:
    """The server's address, without a path."""
    return os.environ["TAMPU_URL"]


@pytest.fixture(scope="session")
def key() -> str:
    """The key that it asks for."""
    return os.environ["TAMPU_API_KEY"]


@pytest.fixture(scope="session")
def adapter_folder() -> Path:
    """The two files of an adapter of cria."""
    return Path(__file__).parents[2] / "training" / "adapters" / "chasqui"
