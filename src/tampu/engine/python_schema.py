"""Functions and types of a Python program as JSON schemas: what a call's arguments, or an answer, must match."""

import inspect
from collections.abc import Callable
from typing import Any

from tampu.errors import InvalidRequest


def describe_tool(tool: Callable[..., Any], place: str) -> dict[str, Any]:
    """A function, or a type such as a pydantic model, as OpenAI describes a tool: its docstring is the description.

    `place` is where errors say that it stands.
    """
    function = {"name": getattr(tool, "__name__", ""), "parameters": schema_of(tool, place)}
    words = inspect.cleandoc(tool.__doc__ or "")
    return {"type": "function", "function": {**function, **({"description": words} if words else {})}}


def describe_answer(kind: Any, place: str) -> dict[str, Any]:
    """A type as OpenAI's response_format has it."""
    return {"type": "json_schema", "json_schema": {"schema": schema_of(kind, place)}}


def schema_of(kind: Any, place: str) -> dict[str, Any]:
    """The JSON schema of a type, or of a function's arguments. InvalidRequest where pydantic knows none."""
    # Loaded here: only who passes a function or a type waits for pydantic.
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError
    from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

    class Plain(GenerateJsonSchema):
        """No titles, which only repeat names, and no keys but those of the type."""

        ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - as in its base

        def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
            return False

        def model_schema(self, schema: Any) -> JsonSchemaValue:
            return _closed(super().model_schema(schema))

        def dataclass_schema(self, schema: Any) -> JsonSchemaValue:
            return _closed(super().dataclass_schema(schema))

        def typed_dict_schema(self, schema: Any) -> JsonSchemaValue:
            return _closed(super().typed_dict_schema(schema))

    try:
        return TypeAdapter(kind).json_schema(schema_generator=Plain)
    except (PydanticUserError, NameError, TypeError) as error:
        why = str(error).partition("\n")[0].partition(". Set ")[0].rstrip(".")
        raise InvalidRequest(f"{place} has no JSON schema: {why}.", param=place) from error


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    return {"additionalProperties": False, **schema} if "properties" in schema else schema
