"""Tables of fields: null is absent, unknown keys do nothing, errors carry the path."""

import pytest

from tampu.dialects.fields import NUMBERS, Field, Nested, read_table, sampling_fields, sampling_values, table_schema
from tampu.dialects.kinds import Boolean, Integer, Text
from tampu.errors import InvalidRequest, OutOfRange
from tampu.request import Range

INNER = (Field("flag", Boolean(), "A flag."),)
TABLE = (
    Field("name", Text(8), "A name.", required=True),
    Field("count", Integer(Range(1, 4)), "How many.", target="n", default=2),
    Field("options", Nested(INNER), "More."),
)


def test_a_closed_object_refuses_what_it_does_not_know() -> None:
    closed = Nested(INNER, closed=True)
    assert closed.read("options", {"flag": True}) == {"flag": True}
    with pytest.raises(InvalidRequest, match=r"options has no field 'flags'; it has flag\.") as caught:
        closed.read("options", {"flags": True})
    assert caught.value.param == "options"
    assert closed.schema()["additionalProperties"] is False
    assert "additionalProperties" not in Nested(INNER).schema()


def test_present_fields_are_read_and_defaults_filled_in() -> None:
    assert read_table(TABLE, {"name": "a"}) == {"name": "a", "count": 2}


def test_null_is_absent_and_unknown_keys_are_ignored() -> None:
    assert read_table(TABLE, {"name": "a", "count": None, "options": None, "novel": [1]}) == {"name": "a", "count": 2}


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        ({}, "name is required.", "name"),
        ({"name": None}, "name is required.", "name"),
        ({"name": "a", "options": {"flag": 1}}, "options.flag must be a boolean, got an integer.", "options.flag"),
        ([], "The body must be an object, got an array.", None),
        ("text", "The body must be an object, got a string.", None),
        (None, "The body must be an object, got null.", None),
    ],
)
def test_a_wrong_body_names_the_path(body: object, message: str, param: str | None) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_table(TABLE, body)
    assert (caught.value.message, caught.value.param) == (message, param)


def test_rows_with_a_target_become_sampling_parameters() -> None:
    assert sampling_values(TABLE, {"name": "a", "count": 3}) == {"n": 3}


def test_the_schema_allows_null_only_where_a_field_may_be_absent() -> None:
    schema = table_schema(TABLE)
    assert schema["required"] == ["name"]
    assert schema["properties"]["name"] == {"type": "string", "minLength": 0, "maxLength": 8, "description": "A name."}
    assert schema["properties"]["count"] == {
        "anyOf": [{"type": "integer", "minimum": 1, "maximum": 4}, {"type": "null"}],
        "description": "How many.",
        "default": 2,
    }


def test_a_number_of_sampling_params_is_a_row_under_its_own_name() -> None:
    rows = {row.name: row for row in sampling_fields(NUMBERS, {})}
    assert {row.target for row in rows.values()} == set(NUMBERS)
    assert rows["top_p"].kind.schema() == {"type": "number", "minimum": 0, "maximum": 1}


def test_a_number_may_have_values_that_mean_none() -> None:
    table = tuple(sampling_fields(["seed", "top_k"], {}, {"seed": (-1,)}))
    assert read_table(table, {"seed": -1, "top_k": 3}) == {"top_k": 3}
    with pytest.raises(OutOfRange, match="top_k must be between 0 and 1000000, got -1"):
        read_table(table, {"top_k": -1})


def test_a_dialect_narrows_the_physical_limits() -> None:
    rows = {row.name: row for row in sampling_fields(["temperature", "seed"], {"temperature": Range(0, 2)})}
    assert rows["temperature"].kind.schema() == {"type": "number", "minimum": 0, "maximum": 2}
    assert rows["seed"].kind.schema()["type"] == "integer"
    assert "n" not in rows
