import json

import pytest

from tampu.errors import InvalidRequest, SchemaTooComplex, UnsupportedSchema
from tampu.grammar.compile import compile_constraint
from tampu.request import Constraint, ConstraintKind


def compiled(kind: ConstraintKind, source: object) -> str:
    text = source if isinstance(source, str) else json.dumps(source)
    return compile_constraint(Constraint(kind, text, param="field"))


def refusal(kind: ConstraintKind, source: object) -> str:
    with pytest.raises(InvalidRequest) as caught:
        compiled(kind, source)
    assert caught.value.param == "field"
    return f"{caught.value.code}: {caught.value.message}"


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("json_object", ""),
        ("json_schema", True),
        ("json_schema", {"$ref": "#/$defs/tree", "$defs": {"tree": {"items": {"$ref": "#/$defs/tree"}}}}),
        ("json_schema", {"type": "array", "uniqueItems": False, "items": {"nullable": False}}),
        ("json_schema", {"type": "string", "format": "date", "title": "a day", "x-shown-as": "calendar"}),
        ("regex", r"\d{3}-[a-z]{1,1000}"),
        ("choice", ["yes", 'no, "never"\n']),
        ("grammar", 'start: "a" /[0-9]+/ ("b" | start)'),
        ("grammar", 'root ::= "a" [0-9]+ ("b" | root)'),
    ],
)
def test_what_can_be_enforced_becomes_a_grammar(kind: ConstraintKind, source: object) -> None:
    assert compiled(kind, source)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"properties": {"a": {"anyOf": [{}, {"not": {}}]}}}, "not cannot be enforced; see /properties/a/anyOf/1/not."),
        (
            {"items": {"type": "string", "format": "shoe"}},
            "field/items/format: of formats date, date-time, duration, email, ",
        ),
        ({"$ref": "https://example.com/schema"}, "only references within the schema are followed."),
        ({"$ref": "#/$defs/missing"}, "Pointer '/$defs/missing' does not exist; see /."),
        ({"propertys": {}}, "propertys is no keyword; see /propertys. Did you mean properties?"),
        ({"properties": 3}, "properties holds schemas by name; see /properties."),
        ({"properties": {"a": 3}}, "a schema is an object or a boolean; see /properties/a."),
        (
            {"properties": {"a/b": {"x-guidance": {}}}},
            "x-guidance cannot be enforced; see /properties/a~1b/x-guidance.",
        ),
        ({"type": "string", "pattern": "(?=a)b"}, "look-around"),
        ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, "oneOf constraints are not supported"),
        ({"type": "integer", "minimum": 5, "maximum": 3}, "Unsatisfiable schema"),
        ({"$ref": "#"}, "nothing matches it"),
        (False, "Unsatisfiable schema"),
        ([1], "a schema is an object or a boolean; see /."),
    ],
)
def test_a_keyword_that_cannot_be_enforced_is_named_with_its_place(schema: object, message: str) -> None:
    answer = refusal("json_schema", schema)
    assert answer.startswith("unsupported_schema: field") and message in answer


def nested(depth: int) -> object:
    return {"items": nested(depth - 1)} if depth else {"type": "string"}


@pytest.mark.parametrize(
    ("kind", "source", "message"),
    [
        ("json_schema", nested(17), "schemas nest 16 deep at most"),
        ("json_schema", {"properties": {f"p{i}": {} for i in range(513)}}, "at most 512 properties, got 513"),
        ("json_schema", {"enum": [str(i) for i in range(513)]}, "at most 512 values, got 513"),
        ("json_schema", {"enum": ["x" * 33_000]}, "at most 32768 bytes"),
        ("json_schema", '{"title": "%s"}' % ("x" * 66_000), "at most 65536 bytes"),
        ("json_schema", {"pattern": "a" * 1025}, "at most 1024 bytes, got 1025"),
        ("json_schema", {"patternProperties": {"a" * 1025: {}}}, "at most 1024 bytes, got 1025"),
        ("regex", "a{1,9999999}", "repeats at most 1000 times, got 9999999"),
        ("regex", "a" * 1025, "at most 1024 bytes, got 1025"),
        ("choice", [str(i) for i in range(513)], "1 to 512 strings"),
        ("choice", [], "1 to 512 strings"),
        ("grammar", "x" * 66_000, "1 to 65536 bytes"),
    ],
)
def test_what_is_too_large_is_refused_with_its_bound(kind: ConstraintKind, source: object, message: str) -> None:
    answer = refusal(kind, source)
    assert answer.startswith("schema_too_complex: ") and message in answer


def test_sixteen_schemas_may_nest() -> None:
    assert compiled("json_schema", nested(15))


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("regex", "["),
        ("regex", r"(a)\1"),
        ("regex", r"\bword"),
        ("grammar", "start: missing"),
        ("grammar", "x ::= "),
        ("grammar", "start: <[5]>"),
        ("grammar", 'start: <|eot_id|> "a"'),
    ],
)
def test_what_is_no_expression_or_grammar_is_unsupported(kind: ConstraintKind, source: str) -> None:
    assert refusal(kind, source).startswith("unsupported_schema: field: ")


@pytest.mark.parametrize(
    ("kind", "source"), [("json_schema", "{"), ("choice", "["), ("choice", "[1]"), ("choice", '[""]')]
)
def test_what_is_not_as_it_should_be_is_a_bad_request(kind: ConstraintKind, source: str) -> None:
    assert refusal(kind, source).startswith("None: field ")


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no constraint xml; there are json_object, json_schema, regex"):
        compile_constraint(Constraint("xml"))  # type: ignore[arg-type]


def test_a_schema_bomb_is_refused_at_once() -> None:
    level: dict[str, object] = {"type": "string"}
    for depth in range(7):
        level = {
            "allOf": [{"anyOf": [level, {"properties": {f"k{depth}": {}}}]}, {"anyOf": [level, {"minItems": depth}]}]
        }
    assert "schema_too_complex" in refusal("json_schema", level)


def test_errors_are_of_the_classes_that_callers_catch() -> None:
    with pytest.raises(UnsupportedSchema):
        compiled("regex", "[")
    with pytest.raises(SchemaTooComplex):
        compiled("regex", "a" * 2000)
