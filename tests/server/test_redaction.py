"""Why a request was refused stands in the log; what a client wrote does not."""

from collections.abc import Iterator
from typing import Any

import pytest

from tampu.dialects.base import Policy
from tampu.dialects.fields import example_body
from tampu.dialects.table import build_dialects
from tampu.errors import (
    InvalidRequest,
    ModelNotFound,
    NotOneOf,
    OutOfRange,
    RouteNotFound,
    ServiceError,
    UnknownAdapter,
    Unsupported,
    UnsupportedSchema,
    WrongType,
)
from tampu.server.redaction import safe_words
from tests.dialects.examples import CONTEXT

SECRET = "my canary sings"  # as a prompt would, with spaces


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OutOfRange("n", value=99, low=1, high=4), "n must be between 1 and 4, got 99."),
        (WrongType("prompt", expected="a string", got="an object"), "prompt must be a string, got an object."),
        (NotOneOf("role", value=SECRET, values=("user", "tool")), "role must be one of user, tool."),
        (InvalidRequest(f"tools[0] must be a tool, got {SECRET}."), "tools[0] must be a tool."),
        (UnknownAdapter(SECRET, ["pirate"]), "There is no adapter … of this model. There are pirate."),
        (ModelNotFound("gpt-4", ["cria", "tampu/cria"]), "There is no model gpt-4; cria, tampu/cria answer here."),
        (Unsupported("tools[0].type", f"{SECRET} is no function"), "tools[0].type is not supported."),
        (UnsupportedSchema(f"regex: {SECRET}?", param="regex"), "regex cannot be enforced; the answer says why."),
        (ModelNotFound(SECRET, ["cria"]), "The model asked for is not here; cria answer here."),
        (RouteNotFound("There is no /a\x1b[2J\nb here."), "There is no /a?[2J b here."),
        (InvalidRequest("a" * 200), "a" * 79 + "…"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_said_has_the_field_and_its_bounds_and_no_text_of_the_clients(error: ServiceError, words: str) -> None:
    assert safe_words(error) == words


def planted(value: Any) -> Iterator[Any]:
    """The value with the secret in the place of each string, number and list within it, one at a time."""
    yield SECRET
    yield [SECRET]
    yield {"type": SECRET, "name": SECRET}
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: other} for other in planted(item))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in planted(item))


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "pattern": "a", "enum": ["b"]}}}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
DEEP: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "1", "content": "x"},
    ],
    "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
    "tools": [TOOL, {"type": "function", "name": "f", "parameters": {}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "a", "schema": {"type": "object", "properties": {"a": {"const": "b"}}}},
    },
    "logit_bias": {"5": 1},
    "metadata": {"a": "b"},
    "stop": ["a"],
    "text": {"format": {"type": "json_schema", "name": "a", "schema": {"pattern": "a"}}},
    "structured_outputs": {"regex": "a"},
}  # fmt: skip


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
def test_no_text_of_any_field_of_any_operation_reaches_the_log(strict: bool) -> None:
    said = []
    for dialect in build_dialects(Policy(strict=strict)):
        for operation in dialect.operations:
            whole: dict[str, Any] = example_body(operation.table, "cria")
            for row in operation.table:
                for value in planted(DEEP.get(row.name, whole.get(row.name, SECRET))):
                    try:
                        operation.parse({"model": "cria"}, {**whole, row.name: value}, CONTEXT)
                    except ServiceError as error:
                        said.append(safe_words(error))
    assert len(said) > 1000 and len(set(said)) > 200
    assert [words for words in said if "canary" in words] == []
