"""JSON schemas of OpenAI's answers, for the API description and the tests that hold the answers to it."""

from collections.abc import Mapping
from typing import Any


def object_of(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An object with these keys, and perhaps others."""
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def nullable(kind: str) -> dict[str, Any]:
    """A value of this type, or null."""
    return {"type": [kind, "null"]}


def array_of(items: Mapping[str, Any]) -> dict[str, Any]:
    """An array of such items."""
    return {"type": "array", "items": items}


STRING = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
NUMBER = {"type": "number"}
FINISH_REASON = {"enum": ["stop", "length", "tool_calls", "content_filter"]}
USAGE = object_of(
    {
        "prompt_tokens": COUNT,
        "completion_tokens": COUNT,
        "total_tokens": COUNT,
        "prompt_tokens_details": object_of({"cached_tokens": COUNT}),
        "completion_tokens_details": object_of(
            {"accepted_prediction_tokens": COUNT, "rejected_prediction_tokens": COUNT}
        ),
    }
)
TOKEN = {"token": STRING, "logprob": NUMBER, "bytes": {**array_of(COUNT), "type": ["array", "null"]}}
CHAT_LOGPROBS = {
    **object_of(
        {
            "content": array_of(object_of({**TOKEN, "top_logprobs": array_of(object_of(TOKEN))})),
            "refusal": {"type": "null"},
        }
    ),
    "type": ["object", "null"],
}
TEXT_LOGPROBS = {
    **object_of(
        {
            "tokens": array_of(STRING),
            "token_logprobs": array_of(nullable("number")),
            "top_logprobs": array_of(nullable("object")),
            "text_offset": array_of(COUNT),
        }
    ),
    "type": ["object", "null"],
}
TOOL_CALL = object_of(
    {"id": STRING, "type": {"const": "function"}, "function": object_of({"name": STRING, "arguments": STRING})}
)
MESSAGE = object_of(
    {"role": {"const": "assistant"}, "content": nullable("string"), "refusal": {"type": "null"}},
    {"tool_calls": array_of(TOOL_CALL)},
)


def _answer(kind: str, choice: Mapping[str, Any]) -> dict[str, Any]:
    head = {"id": STRING, "object": {"const": kind}, "created": COUNT, "model": STRING}
    replay = {"system_fingerprint": STRING, "seed": COUNT}
    return object_of({**head, **replay, "choices": array_of(choice), "usage": USAGE})


CHAT_ANSWER = _answer(
    "chat.completion",
    object_of({"index": COUNT, "message": MESSAGE, "logprobs": CHAT_LOGPROBS, "finish_reason": FINISH_REASON}),
)
TEXT_CHOICE = object_of({"text": STRING, "index": COUNT, "logprobs": TEXT_LOGPROBS, "finish_reason": FINISH_REASON})
TEXT_ANSWER = _answer("text_completion", TEXT_CHOICE)
ERROR = object_of(
    {
        "error": object_of(
            {"message": STRING, "type": STRING, "param": nullable("string"), "code": nullable("string")},
            {"metadata": object_of({"error_type": STRING, "request_id": STRING})},
        )
    }
)
