"""Where the server of this run is, what every client asks of it, and what comes back, the same for all."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SHARED = json.loads((Path(__file__).parent.parent / "shared.json").read_text())
SERVER = os.environ["TAMPU_URL"]
KEY = os.environ["TAMPU_API_KEY"]
ADAPTER = Path(os.environ["TAMPU_ADAPTER"])

QUESTION: str = SHARED["question"]
ANSWER: str = SHARED["answer"]
PROMPT_TOKENS: int = SHARED["prompt_tokens"]
COMPLETION_TOKENS: int = SHARED["completion_tokens"]
# cria's prices are 0.01 and 0.02 dollars per million tokens.
COST = (PROMPT_TOKENS * 10_000 + COMPLETION_TOKENS * 20_000) / 10**12
WEATHER: str = SHARED["weather_question"]
TOOL: dict[str, Any] = {"type": "function", "function": SHARED["tool"]}
TOOL_NAME: str = SHARED["tool"]["name"]
TOOL_RESULT: str = SHARED["tool_result"]
SCHEMA_QUESTION: str = SHARED["schema_question"]
SCHEMA: dict[str, Any] = SHARED["schema"]
RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {"name": "verdict", "strict": True, "schema": SCHEMA},
}


def user(text: str) -> dict[str, Any]:
    """A user's message."""
    return {"role": "user", "content": text}


def joined(pieces: Iterable[str | None]) -> str:
    """The text that the pieces of a stream make; there must be several."""
    texts = [piece for piece in pieces if piece]
    assert len(texts) > 1, "not a stream"
    return "".join(texts)


def is_verdict(value: Any) -> bool:
    """Whether a value is what SCHEMA asks for."""
    return set(value) == {"so", "sure"} and isinstance(value["so"], bool) and value["sure"] in ("hardly", "fully")
