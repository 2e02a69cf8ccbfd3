"""Workers AI's batches: many bodies in one, each answered for itself, and asked for until all are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tampu.dialects.fields import Field, Table, read_table, table_schema
from tampu.dialects.kinds import JSON, Text, check_count, json_type, require
from tampu.dialects.workers_ai_errors import Numbered, render_errors
from tampu.dialects.workers_ai_fields import form_schema
from tampu.errors import ServiceError, WrongType

MAX_BODY = 10_000_000  # bytes
MAX_ELEMENTS = 1000
MAX_REFERENCE = 1024  # characters
COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
REFERENCE = Field("external_reference", Text(MAX_REFERENCE), "Given back with the answer.")


@dataclass(frozen=True, slots=True)
class Elements:
    """An array of bodies. What is in it is looked at when its turn comes, so that one that is bad fails alone."""

    noun = "an array"

    def matches(self, value: JSON) -> bool:
        """Whether it is an array."""
        return type(value) is list

    def read(self, param: str, value: JSON) -> tuple[JSON, ...]:
        """The bodies as they came."""
        require(self, param, value)
        check_count(param, len(value), 1, MAX_ELEMENTS, "requests")
        return tuple(value)

    def schema(self) -> dict[str, JSON]:
        """An array of either form."""
        forms = [element_schema(form) for form in ("prompt", "messages")]
        return {"type": "array", "items": {"anyOf": forms}, "minItems": 1, "maxItems": MAX_ELEMENTS}


BATCH: Table = (Field("requests", Elements(), "What to answer, in any order.", required=True),)
POLL: Table = (Field("request_id", Text(64, min_length=1), "Of the batch.", required=True),)


def element_schema(form: str) -> dict[str, JSON]:
    """The JSON schema of one body of a batch."""
    schema = form_schema(form)
    return {**schema, "properties": {**schema["properties"], REFERENCE.name: REFERENCE.schema()}}


def input_forms() -> list[JSON]:
    """The JSON schemas of everything that a model's route takes."""
    titled = {
        "Prompt": form_schema("prompt"),
        "Messages": form_schema("messages"),
        "Async Batch": table_schema(BATCH),
        "Async Poll": table_schema(POLL),
    }
    return [{"title": title, **schema} for title, schema in titled.items()]


def read_batch(body: JSON) -> tuple[JSON, ...]:
    """The bodies of a batch. Raises InvalidRequest."""
    elements: tuple[JSON, ...] = read_table(BATCH, body)["requests"]
    return elements


def read_poll(body: JSON) -> str:
    """The id of a batch. Raises InvalidRequest."""
    return str(read_table(POLL, body)["request_id"])


def whole(element: JSON) -> JSON:
    """A body of a batch as one that is answered whole: there is nobody to stream to. Raises InvalidRequest."""
    if not isinstance(element, dict):
        raise WrongType("", expected="an object", got=json_type(element))
    read_table((REFERENCE,), element)
    return {**element, "stream": None}


def batch_not_found(batch_id: str) -> Numbered:
    """There is no such batch, or no longer."""
    return Numbered(5099, f"There is no batch {batch_id[:80]}, or no longer", status=HTTPStatus.NOT_FOUND)


def render_status(status: str, batch_id: str, model: str) -> JSON:
    """Where a batch stands that is not done: queued or running."""
    return {"status": status, "request_id": batch_id, "model": model}


def render_response(position: int, element: JSON, result: JSON) -> dict[str, JSON]:
    """The answer to one body."""
    return {"id": position, "result": result, "success": True, REFERENCE.name: reference(element)}


def render_failure(position: int, element: JSON, error: ServiceError, request_id: str) -> dict[str, JSON]:
    """What is said of a body that could not be answered."""
    failed = {"result": {}, "success": False, "errors": render_errors(error, request_id)}
    return {"id": position, **failed, REFERENCE.name: reference(element)}


def reference(element: JSON) -> JSON:
    """What the client calls a body; None where it does not."""
    name = element.get(REFERENCE.name) if isinstance(element, dict) else None
    return name if isinstance(name, str) else None


def render_done(responses: Sequence[Mapping[str, Any]]) -> JSON:
    """All answers, in order, and what they used together."""
    usages = [each["result"].get("usage", {}) for each in responses]
    return {"responses": list(responses), "usage": {name: sum(use.get(name, 0) for use in usages) for name in COUNTS}}
