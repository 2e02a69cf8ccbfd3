"""JSON schemas of DeepInfra's answers, for the API description and the tests that hold the answers to it."""

from tampu.dialects.openai_schemas import (
    CHAT_LOGPROBS,
    COUNT,
    FINISH_REASON,
    NUMBER,
    STRING,
    TEXT_CHOICE,
    TOOL_CALL,
    array_of,
    nullable,
    object_of,
)

NULL = {"type": "null"}
CACHED = {**object_of({"cached_tokens": COUNT}), "type": ["object", "null"]}
USAGE = object_of(
    {
        "prompt_tokens": COUNT,
        "total_tokens": COUNT,
        "completion_tokens": COUNT,
        "estimated_cost": NUMBER,
        "prompt_tokens_details": CACHED,
    }
)
MESSAGE = object_of(
    {
        "role": {"const": "assistant"},
        "content": nullable("string"),
        "reasoning_content": NULL,
        "name": NULL,
        "tool_calls": {**array_of(TOOL_CALL), "type": ["array", "null"]},
        "refusal": NULL,
    }
)
CHOICE = object_of({"index": COUNT, "message": MESSAGE, "finish_reason": FINISH_REASON, "logprobs": CHAT_LOGPROBS})
HEAD = {"id": STRING, "object": STRING, "created": COUNT, "model": STRING}
CHAT_ANSWER = object_of({**HEAD, "choices": array_of(CHOICE), "usage": USAGE})
TEXT_ANSWER = object_of({**HEAD, "choices": array_of(TEXT_CHOICE), "usage": USAGE})
STATUS = object_of(
    {
        "status": {"const": "succeeded"},
        "runtime_ms": COUNT,
        "cost": NUMBER,
        "tokens_generated": COUNT,
        "tokens_input": COUNT,
    }
)
INFERENCE_ANSWER = object_of(
    {
        "request_id": STRING,
        "inference_status": STATUS,
        "results": array_of(object_of({"generated_text": STRING})),
        "num_tokens": COUNT,
        "num_input_tokens": COUNT,
    }
)
NATIVE_ERROR = {
    "anyOf": [
        object_of({"error": STRING}),
        object_of({"detail": array_of(object_of({"type": STRING, "loc": array_of({}), "msg": STRING}))}),
    ]
}
