"""JSON schemas of Workers AI's envelopes."""

from collections.abc import Mapping
from typing import Any

from tampu.dialects.messages import object_schema
from tampu.dialects.openai_schemas import CHAT_ANSWER, TEXT_ANSWER

COUNT = {"type": "integer", "minimum": 0}
STRING = {"type": "string"}
ITEMS = {"type": "array", "items": object_schema({"code": COUNT, "message": STRING})}
USAGE = object_schema({"prompt_tokens": COUNT, "completion_tokens": COUNT, "total_tokens": COUNT})
CALL = object_schema({"name": STRING, "arguments": {"type": "object"}}, {"id": STRING})
RESULT = object_schema(
    {"response": {}, "usage": USAGE},
    {"tool_calls": {"type": "array", "items": CALL}, "finish_reason": {"enum": ["stop", "length", "tool_calls"]}},
)
ENVELOPE = object_schema({"result": RESULT, "success": {"const": True}, "errors": ITEMS, "messages": ITEMS})
ERROR = object_schema(
    {"result": {"type": ["object", "null"]}, "success": {"const": False}, "errors": ITEMS, "messages": ITEMS}
)


def _with_our_head(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of OpenAI's as it comes at /ai/v1: what a replay needs is in its headers only."""
    properties = {**answer["properties"], "usage": USAGE}
    return object_schema({name: properties[name] for name in ("id", "object", "created", "model", "choices", "usage")})


V1_CHAT = _with_our_head(CHAT_ANSWER)
V1_TEXT = _with_our_head(TEXT_ANSWER)
