"""What a request with tools makes the engine do: the constraint on its answer, and the ids of its calls."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tampu.errors import InvalidRequest
from tampu.request import Constraint, GenerateRequest, Tool

ID_CHARACTERS = 24


def constraint_of(request: GenerateRequest) -> Constraint | None:
    """What the whole text of an answer must match: the request's own constraint, its tool choice, or both.

    Calls are enforced where one must come, and where a tool is strict: then no other thing may begin like a call.
    InvalidRequest for a constraint that calls cannot stand beside.
    """
    tools = request.offered_tools
    must_call = request.tool_choice.mode == "required"
    if not tools or not (must_call or request.constraint or any(tool.strict for tool in tools)):
        return request.constraint
    content: object = None if must_call else "text"
    if request.constraint is not None and not must_call:
        content = _content_schema(request.constraint)
    calls = [{"name": tool.name, "schema": _arguments_schema(tool)} for tool in tools]
    source = {"calls": calls, "parallel": request.parallel_tool_calls, "content": content}
    return Constraint("tools", json.dumps(source, ensure_ascii=False), "tools")


def call_id(seed: int, choice: int, index: int, prompt_token_ids: Sequence[int]) -> str:
    """`call_` and 24 hexadecimal digits: the same for the same request, another for every call and every prompt."""
    asked = f"{seed} {choice} {index} {list(prompt_token_ids)}"
    return "call_" + hashlib.blake2b(asked.encode(), digest_size=ID_CHARACTERS // 2).hexdigest()


def _arguments_schema(tool: Tool) -> dict[str, Any]:
    """The function's schema. Where it lists its arguments and does not say so, there are no others; where it has no
    schema, there are none at all."""
    if not tool.parameters:
        return {"type": "object", "additionalProperties": False}
    schema = {"type": "object", **tool.parameters}
    return {"additionalProperties": False, **schema} if "properties" in schema else schema


def _content_schema(constraint: Constraint) -> object:
    if constraint.kind == "json_object":
        return {"type": "object"}
    if constraint.kind == "json_schema":
        return json.loads(constraint.source)
    raise InvalidRequest(
        f"{constraint.param} cannot be combined with tools: only a JSON schema can stand beside calls.",
        param=constraint.param,
    )
