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
        (
            {"properties": {"a": {"anyOf": [{}, {"not": {"const": 1}}]}}},
            "not cannot be enforced but for types and required names; see /properties/a/anyOf/1/not.",
        ),
        (
            {"$ref": "https://example.com/schema"},
            "field/$ref: only references within the schema are followed, not https:",
        ),
        ({"items": {"$ref": "#/$defs/missing"}}, "field/items/$ref: there is no #/$defs/missing."),
        ({"$ref": "#/items/1", "items": [{}]}, "field/$ref: there is no #/items/1."),
        ({"propertes": {}}, "propertes is no keyword; see /propertes. Did you mean properties?"),
        ({"MinLength": 3}, "MinLength is no keyword; see /MinLength. Did you mean minLength?"),
        ({"items": {"tpye": "string"}}, "tpye is no keyword; see /items/tpye. Did you mean type?"),
        ({"properties": 3}, "field/properties must be an object that holds schemas by name."),
        ({"properties": {"a": 3}}, "a schema is an object or a boolean; see /properties/a."),
        ({"properties": {"a/b": {"required": True}}}, "field/properties/a~1b/required must be an array of names."),
        (
            {"type": "str"},
            "field/type must be one of null, boolean, integer, number, string, array, object, or an array",
        ),
        ({"items": {"maxItems": -1}}, "field/items/maxItems must be a whole number of at least 0."),
        ({"items": {"maxLength": 1.5}}, "field/items/maxLength must be a whole number of at least 0."),
        ({"items": {"minimum": "1"}}, "field/items/minimum must be a number."),
        ({"items": {"multipleOf": 0}}, "field/items/multipleOf must be a number above 0."),
        ({"anyOf": {}}, "field/anyOf must be an array of schemas."),
        ({"items": {"format": 3}}, "field/items/format must be a string."),
        ({"items": {"enum": "a"}}, "field/items/enum must be an array of values."),
        (
            {"items": {"type": "string", "pattern": "(?=a)b"}},
            "field: look-around in an expression cannot be enforced; see /items.",
        ),
        ({"type": "string", "pattern": "a\\bc"}, "look-around and word boundaries in an expression cannot be enforced"),
        ({"type": "string", "pattern": "["}, "an expression in it cannot be read; see /."),
        (
            {"items": {"oneOf": [{"type": "number"}, {"type": "integer"}]}},
            "parts 0 and 1 of oneOf may match together; make them differ in a type or in the const of a required",
        ),
        (
            {"properties": {"a": {}}, "minProperties": 2},
            "minProperties and maxProperties cannot be enforced where listed properties may be absent; see /.",
        ),
        (
            {"patternProperties": {"a": {}, "b": {}}},
            "two patterns of patternProperties may match the same name; see /.",
        ),
        (
            {"items": {"propertyNames": {"maxLength": 3}}},
            "propertyNames cannot be enforced but for an enum or a pattern",
        ),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"type": "null", "const": 3}}},
            "field: nothing matches it; see /$defs/a.",
        ),
        ({"type": "integer", "minimum": 5, "maximum": 3}, "field: nothing matches it; see /."),
        ({"$ref": "#"}, "field: nothing matches it; see /."),
        (
            {"properties": {"a": {"$ref": "#"}}, "required": ["a"], "type": "object"},
            "field: nothing matches it; see /.",
        ),
        (False, "field: nothing matches it; see /."),
        ([1], "a schema is an object or a boolean; see /."),
    ],
)
def test_a_keyword_that_cannot_be_enforced_is_named_with_its_place(schema: object, message: str) -> None:
    answer = refusal("json_schema", schema)
    assert answer.startswith("unsupported_schema: field") and message in answer


def wide(count: int) -> object:
    names = [f"property_{index}" for index in range(count)]
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}


def nested(depth: int) -> object:
    return {"items": nested(depth - 1)} if depth else {"type": "string"}


@pytest.mark.parametrize(
    ("kind", "source", "message"),
    [
        ("json_schema", nested(65), "schemas nest 64 deep at most"),
        (
            "json_schema",
            {"properties": {f"p{i}": {} for i in range(2001)}},
            "at most 2000 properties that are not required",
        ),
        ("json_schema", wide(5001), "at most 5000 properties, got 5001"),
        ("json_schema", {"enum": [str(i) for i in range(1001)]}, "at most 1000 values, got 1001"),
        ("json_schema", {"enum": ["x" * 140_000]}, "at most 131072 bytes"),
        ("json_schema", '{"title": "%s"}' % ("x" * 530_000), "at most 524288 bytes"),
        ("json_schema", {"pattern": "a" * 1025}, "at most 1024 bytes, got 1025"),
        ("json_schema", {"patternProperties": {"a" * 1025: {}}}, "at most 1024 bytes, got 1025"),
        ("regex", "a{1,9999999}", "repeats at most 1000 times, got 9999999"),
        ("regex", "a" * 1025, "at most 1024 bytes, got 1025"),
        ("choice", [str(i) for i in range(1001)], "1 to 1000 strings"),
        ("choice", [], "1 to 1000 strings"),
        ("grammar", "x" * 530_000, "1 to 524288 bytes"),
    ],
)
def test_what_is_too_large_is_refused_with_its_bound(kind: ConstraintKind, source: object, message: str) -> None:
    answer = refusal(kind, source)
    assert answer.startswith("schema_too_complex: ") and message in answer


def test_what_openai_takes_is_not_too_large() -> None:
    assert compiled("json_schema", wide(5000))
    assert compiled("json_schema", {"enum": [f"a value of some length {index}" for index in range(1000)]})
    assert compiled("json_schema", nested(63))


def test_an_object_of_many_properties_that_may_be_absent_is_taken() -> None:
    assert compiled("json_schema", {"properties": {f"p{i}": {"type": "string"} for i in range(2000)}})


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
