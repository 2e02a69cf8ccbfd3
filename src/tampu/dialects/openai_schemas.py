"""JSON schemas of OpenAI's answers, for the API description and the tests that hold the answers to it."""

from collections.abc import Mapping
from typing import Any


def _object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def _nullable(kind: str) -> dict[str, Any]:
    return {"type": [kind, "null"]}


def _array(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


STRING = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
NUMBER = {"type": "number"}
FINISH_REASON = {"enum": ["stop", "length", "tool_calls", "content_filter"]}
USAGE = _object(
    {
        "prompt_tokens": COUNT,
        "completion_tokens": COUNT,
        "total_tokens": COUNT,
        "prompt_tokens_details": _object({"cached_tokens": COUNT}),
        "completion_tokens_details": _object(
            {"accepted_prediction_tokens": COUNT, "rejected_prediction_tokens": COUNT}
        ),
    }
)
TOKEN = {"token": STRING, "logprob": NUMBER, "bytes": {**_array(COUNT), "type": ["array", "null"]}}
CHAT_LOGPROBS = {
    **_object(
        {"content": _array(_object({**TOKEN, "top_logprobs": _array(_object(TOKEN))})), "refusal": {"type": "null"}}
    ),
    "type": ["object", "null"],
}
TEXT_LOGPROBS = {
    **_object(
        {
            "tokens": _array(STRING),
            "token_logprobs": _array(_nullable("number")),
            "top_logprobs": _array(_nullable("object")),
            "text_offset": _array(COUNT),
        }
    ),
    "type": ["object", "null"],
}
TOOL_CALL = _object(
    {"id": STRING, "type": {"const": "function"}, "function": _object({"name": STRING, "arguments": STRING})}
)
MESSAGE = _object(
    {"role": {"const": "assistant"}, "content": _nullable("string"), "refusal": {"type": "null"}},
    {"tool_calls": _array(TOOL_CALL)},
)


def _answer(kind: str, choice: Mapping[str, Any]) -> dict[str, Any]:
    head = {"id": STRING, "object": {"const": kind}, "created": COUNT, "model": STRING}
    replay = {"system_fingerprint": STRING, "seed": COUNT}
    return _object({**head, **replay, "choices": _array(choice), "usage": USAGE})


CHAT_ANSWER = _answer(
    "chat.completion",
    _object({"index": COUNT, "message": MESSAGE, "logprobs": CHAT_LOGPROBS, "finish_reason": FINISH_REASON}),
)
TEXT_ANSWER = _answer(
    "text_completion",
    _object({"text": STRING, "index": COUNT, "logprobs": TEXT_LOGPROBS, "finish_reason": FINISH_REASON}),
)
ERROR = _object(
    {
        "error": _object(
            {"message": STRING, "type": STRING, "param": _nullable("string"), "code": _nullable("string")},
            {"metadata": _object({"error_type": STRING, "request_id": STRING})},
        )
    }
)
