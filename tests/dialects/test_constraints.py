"""What the fields that hold an answer to something ask for."""

from typing import Any

import pytest

from tampu.errors import InvalidRequest, Unsupported
from tampu.request import Constraint
from tests.dialects.examples import parse

PERSON = {"type": "object", "properties": {"name": {"type": "string"}}}
TEXT = '{"type": "object", "properties": {"name": {"type": "string"}}}'


def asked(operation: str = "chat", **changes: Any) -> Constraint | None:
    (request,) = parse(operation, **changes).requests
    return request.constraint


def wrapped(**changes: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, **changes}}


@pytest.mark.parametrize("operation", ["chat", "completions"])
@pytest.mark.parametrize(
    ("changes", "constraint", "param"),
    [
        ({"response_format": {"type": "json_object"}}, Constraint("json_object"), "response_format"),
        ({"response_format": wrapped()}, Constraint("json_schema", TEXT), "response_format.json_schema"),
        ({"response_format": wrapped(strict=True)}, Constraint("json_schema", TEXT), "response_format.json_schema"),
        ({"response_format": wrapped(strict=False)}, Constraint("json_schema", TEXT), "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": PERSON}},
            Constraint("json_schema", TEXT),
            "response_format.json_schema",
        ),
        ({"response_format": {"type": "regex", "regex": "a+"}}, Constraint("regex", "a+"), "response_format.regex"),
        (
            {"response_format": {"type": "grammar", "grammar": 'start: "a"'}},
            Constraint("grammar", 'start: "a"'),
            "response_format.grammar",
        ),
        ({"json_schema": PERSON}, Constraint("json_schema", TEXT), "json_schema"),
        ({"json_schema": TEXT}, Constraint("json_schema", TEXT), "json_schema"),
        ({"regex": "a+"}, Constraint("regex", "a+"), "regex"),
        ({"ebnf": 'root ::= "a"'}, Constraint("grammar", 'root ::= "a"'), "ebnf"),
        ({"grammar": 'root ::= "a"'}, Constraint("grammar", 'root ::= "a"'), "grammar"),
        (
            {"response_format": {"type": "json_object", "schema": PERSON}},
            Constraint("json_schema", TEXT),
            "response_format.schema",
        ),
        (
            {"response_format": {"type": "json_schema", "schema": PERSON}},
            Constraint("json_schema", TEXT),
            "response_format.schema",
        ),
        ({"guided_json": PERSON}, Constraint("json_schema", TEXT), "guided_json"),
        ({"guided_json": TEXT}, Constraint("json_schema", TEXT), "guided_json"),
        ({"guided_regex": "a+"}, Constraint("regex", "a+"), "guided_regex"),
        ({"guided_choice": ["ja", "nö"]}, Constraint("choice", '["ja", "nö"]'), "guided_choice"),
        ({"guided_grammar": 'root ::= "a"'}, Constraint("grammar", 'root ::= "a"'), "guided_grammar"),
        ({"structured_outputs": {"json": True}}, Constraint("json_schema", "true"), "structured_outputs.json"),
        ({"structured_outputs": {"regex": "a"}}, Constraint("regex", "a"), "structured_outputs.regex"),
        ({"structured_outputs": {"choice": ["a"]}}, Constraint("choice", '["a"]'), "structured_outputs.choice"),
        ({"structured_outputs": {"json_object": True}}, Constraint("json_object"), "structured_outputs.json_object"),
    ],
)
def test_every_way_to_ask_is_understood(
    operation: str, changes: dict[str, Any], constraint: Constraint, param: str
) -> None:
    found = asked(operation, **changes)
    assert found == constraint and found is not None and found.param == param


@pytest.mark.parametrize(
    "changes",
    [
        {"response_format": {"type": "text"}},
        {"response_format": None},
        {"structured_outputs": {}},
        {"structured_outputs": {"json_object": False}},
        {"guided_decoding_backend": "outlines"},
    ],
)
def test_text_is_held_to_nothing(changes: dict[str, Any]) -> None:
    assert asked(**changes) is None


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {}}, "response_format.type"),
        ({"response_format": "json_object"}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "regex"}}, "response_format.regex"),
        ({"response_format": {"type": "regex", "regex": ""}}, "response_format.regex"),
        ({"response_format": {"type": "json_schema", "json_schema": []}}, "response_format.json_schema"),
        ({"response_format": wrapped(name="two words")}, "response_format.json_schema.name"),
        ({"response_format": wrapped(schema=None)}, "response_format.json_schema.schema"),
        ({"response_format": wrapped(schema=3)}, "response_format.json_schema.schema"),
        ({"response_format": wrapped(strict="yes")}, "response_format.json_schema.strict"),
        ({"guided_json": 3}, "guided_json"),
        ({"guided_choice": []}, "guided_choice"),
        ({"guided_choice": ["a", 3]}, "guided_choice[1]"),
        ({"guided_choice": ["a"] * 1001}, "guided_choice"),
        ({"guided_regex": "a" * 1025}, "guided_regex"),
        ({"structured_outputs": {"regex": "a", "choice": ["a"]}}, "structured_outputs"),
        ({"guided_regex": "a", "guided_choice": ["a"]}, "guided_choice"),
        ({"response_format": {"type": "json_object"}, "guided_regex": "a"}, "guided_regex"),
    ],
)
def test_a_wrong_way_to_ask_is_refused_by_name(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        asked(**changes)
    assert caught.value.param == param


@pytest.mark.parametrize("name", ["structural_tag", "whitespace_pattern"])
def test_what_is_not_offered_is_refused(name: str) -> None:
    with pytest.raises(Unsupported, match=f"structured_outputs.{name} is not supported"):
        asked(structured_outputs={name: "x"})
