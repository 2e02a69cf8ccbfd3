"""JSON schemas of Workers AI's envelopes."""

from tampu.dialects.messages import object_schema

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
