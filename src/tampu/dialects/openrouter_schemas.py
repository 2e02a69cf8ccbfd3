"""JSON schemas of OpenRouter's answers, for the API description and the tests that hold the answers to it."""

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

BOOLEAN = {"type": "boolean"}
NULL = {"type": "null"}
USAGE = object_of(
    {
        "prompt_tokens": COUNT,
        "completion_tokens": COUNT,
        "total_tokens": COUNT,
        "cost": NUMBER,
        "is_byok": BOOLEAN,
        "prompt_tokens_details": object_of({"cached_tokens": COUNT, "cache_write_tokens": COUNT}),
        "cost_details": object_of(
            {"upstream_inference_prompt_cost": NUMBER, "upstream_inference_completions_cost": NUMBER}
        ),
        "completion_tokens_details": object_of({"reasoning_tokens": COUNT}),
    }
)
INDEXED_CALL = {**TOOL_CALL, "required": ["index", *TOOL_CALL["required"]]}
MESSAGE = object_of(
    {"role": {"const": "assistant"}, "content": nullable("string"), "refusal": NULL, "reasoning": NULL},
    {"tool_calls": array_of(INDEXED_CALL)},
)
REASONS = {"finish_reason": FINISH_REASON, "native_finish_reason": STRING}
CHOICE = object_of({"index": COUNT, "logprobs": CHAT_LOGPROBS, **REASONS, "message": MESSAGE})
HEAD = {
    "id": {"type": "string", "pattern": "^gen-[0-9]+-[0-9A-Za-z]{20}$"},
    "object": STRING,
    "created": COUNT,
    "model": STRING,
    "provider": STRING,
    "system_fingerprint": nullable("string"),
}
FURTHER = {"service_tier": STRING, "openrouter_metadata": {"type": "object"}}
CHAT_ANSWER = object_of({**HEAD, "choices": array_of(CHOICE), "usage": USAGE}, FURTHER)
TEXT_ANSWER = object_of({**HEAD, "choices": array_of(TEXT_CHOICE), "usage": USAGE}, FURTHER)
AVAILABILITY = object_of(
    {"code": STRING, "retryable": BOOLEAN, "requested_models": array_of(STRING), "docs_url": STRING},
    {
        "retry_after": COUNT,
        "affected_providers": array_of(STRING),
        "excluded_by": array_of(STRING),
        "constraint": object_of({"field": STRING, "detail": STRING}),
    },
)
ERROR = object_of(
    {
        "error": object_of(
            {
                "code": COUNT,
                "message": STRING,
                "error_type": STRING,
                "http_status": COUNT,
                "metadata": object_of({"error_type": STRING}),
            },
            {"availability": AVAILABILITY},
        )
    }
)
