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
RESPONSE_TOKEN = {**TOKEN, "bytes": array_of(COUNT)}
OUTPUT_TEXT = object_of(
    {
        "type": {"const": "output_text"},
        "annotations": {**array_of({}), "maxItems": 0},
        "logprobs": array_of(object_of({**RESPONSE_TOKEN, "top_logprobs": array_of(object_of(RESPONSE_TOKEN))})),
        "text": STRING,
    }
)
ITEM_STATUS = {"enum": ["in_progress", "completed", "incomplete"]}
OUTPUT_MESSAGE = object_of(
    {
        "id": STRING,
        "type": {"const": "message"},
        "status": ITEM_STATUS,
        "content": array_of(OUTPUT_TEXT),
        "role": {"const": "assistant"},
    }
)
OUTPUT_CALL = object_of(
    {
        "id": STRING,
        "type": {"const": "function_call"},
        "status": ITEM_STATUS,
        "arguments": STRING,
        "call_id": STRING,
        "name": STRING,
    }
)
RESPONSE_USAGE = object_of(
    {
        "input_tokens": COUNT,
        "input_tokens_details": object_of({"cached_tokens": COUNT, "cache_write_tokens": COUNT}),
        "output_tokens": COUNT,
        "output_tokens_details": object_of({"reasoning_tokens": COUNT}),
        "total_tokens": COUNT,
    }
)
FUNCTION_TOOL = object_of(
    {
        "type": {"const": "function"},
        "name": STRING,
        "description": nullable("string"),
        "parameters": {"type": "object"},
        "strict": {"type": "boolean"},
    }
)
RESPONSE_ANSWER = object_of(
    {
        "id": STRING,
        "object": {"const": "response"},
        "created_at": COUNT,
        "status": {"enum": ["completed", "incomplete"]},
        "error": {"type": "null"},
        "incomplete_details": {
            **object_of({"reason": {"enum": ["max_output_tokens", "content_filter"]}}),
            "type": ["object", "null"],
        },
        "instructions": nullable("string"),
        "max_output_tokens": nullable("integer"),
        "model": STRING,
        "output": array_of({"anyOf": [OUTPUT_MESSAGE, OUTPUT_CALL]}),
        "parallel_tool_calls": {"type": "boolean"},
        "previous_response_id": {"type": "null"},
        "temperature": NUMBER,
        "text": {"type": "object"},
        "tool_choice": {"type": ["string", "object"]},
        "tools": array_of(FUNCTION_TOOL),
        "top_p": NUMBER,
        "truncation": STRING,
        "usage": RESPONSE_USAGE,
        "metadata": {"type": "object"},
        "system_fingerprint": STRING,
        "seed": COUNT,
    }
)
ERROR = object_of(
    {
        "error": object_of(
            {"message": STRING, "type": STRING, "param": nullable("string"), "code": nullable("string")},
            {"metadata": object_of({"error_type": STRING, "request_id": STRING})},
        )
    }
)
