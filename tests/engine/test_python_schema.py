from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from tampu.engine.python_schema import describe_answer, describe_tool, schema_of
from tampu.errors import InvalidRequest


def forecast(
    city: Annotated[str, Field(description="Where")], unit: Literal["c", "f"] = "c", *, days: int = 1, note: Any = None
) -> None:
    """The weather to come.

    Day by day.
    """


class Person(BaseModel):
    """Somebody."""

    name: str
    friend: "Person | None" = None


class Place(TypedDict):
    city: str


@dataclass
class Point:
    x: int


def test_a_function_is_described_by_its_name_its_docstring_and_its_signature() -> None:
    assert describe_tool(forecast, "tools[0]") == {
        "type": "function",
        "function": {
            "name": "forecast",
            "description": "The weather to come.\n\nDay by day.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "Where"},
                    "unit": {"enum": ["c", "f"], "type": "string", "default": "c"},
                    "days": {"type": "integer", "default": 1},
                    "note": {"default": None},
                },
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }


def test_a_method_does_not_ask_for_itself_and_silence_is_no_description() -> None:
    class Clock:
        def now(self, zone: str) -> None: ...

    function = describe_tool(Clock().now, "tools[0]")["function"]
    assert list(function["parameters"]["properties"]) == ["zone"] and "description" not in function


@pytest.mark.parametrize("kind", [Place, Point])
def test_a_type_with_fields_has_no_others(kind: Any) -> None:
    schema = schema_of(kind, "x")
    assert schema["additionalProperties"] is False and len(schema["properties"]) == 1


def test_a_model_may_hold_its_like() -> None:
    schema = describe_answer(Person, "response_format")["json_schema"]["schema"]
    assert schema["$ref"] == "#/$defs/Person"
    assert schema["$defs"]["Person"]["additionalProperties"] is False


@pytest.mark.parametrize("default", [{1}, object()])
def test_a_default_that_is_no_json_is_left_out_without_a_warning(default: object) -> None:
    def function(a: Any = default) -> None: ...

    assert schema_of(function, "x")["type"] == "object"


def test_what_has_no_schema_is_named_with_its_place() -> None:
    def function(a: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(
        InvalidRequest, match=r"^tools\[3\] has no JSON schema: name 'Nowhere' is not defined\.$"
    ) as caught:
        describe_tool(function, "tools[3]")
    assert caught.value.param == "tools[3]"
    with pytest.raises(InvalidRequest, match=r"Unable to generate pydantic-core schema for <object .*>\.$"):
        schema_of(object(), "x")
