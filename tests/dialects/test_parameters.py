"""Fields in words follow from the kinds that read them."""

import pytest

from tampu.dialects.base import Operation, Policy
from tampu.dialects.fields import Field, Nested, example_body
from tampu.dialects.kinds import Boolean, Either, Integer, Kind, Listing, OneOf, Refused, Text, TokenBias, TokenIds
from tampu.dialects.parameters import default_of, in_words, parameters
from tampu.dialects.table import build_dialects
from tampu.request import Range, SamplingParams
from tests.dialects.examples import CONTEXT, OPERATIONS

EVERY_OPERATION = [
    pytest.param(operation, id=f"{dialect.name}-{operation.name}")
    for dialect in build_dialects(Policy())
    for operation in dialect.operations
]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("temperature", "a number, 0 to 2"),
        ("top_p", "a number, 0 to 1"),
        ("repetition_penalty", "a number, 0.01 to 5"),
        ("n", "an integer, 1 to 4"),
        ("stream", "a boolean"),
        ("functions", "left out or []"),
        ("seed", "an integer, 0 to 9,223,372,036,854,775,807, or -1 for none"),
    ],
)
def test_a_field_is_described_with_its_bounds(name: str, words: str) -> None:
    (field,) = [field for field in OPERATIONS["chat"].table if field.name == name]
    assert in_words(field.kind) == words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Integer(Range(0, 1, above=True)), "an integer, above 0 up to 1"),
        (TokenIds(1_000), "an array of up to 1,000 token ids"),
        (TokenBias(300, Range(-100, 100)), "an object of token ids and numbers, -100 to 100"),
        (Listing(Boolean(), 4, min_items=1), "an array of 1 to 4 (a boolean each)"),
        (Either((Boolean(), OneOf(("a", "b")))), "a boolean or one of a, b"),
        (Text(2**31), "a string"),
        (Text(2**31, min_length=1), "a string that is not empty"),
        (Refused("why", harmless=(1,)), "left out or 1"),
    ],
)
def test_a_kind_is_described_with_its_bounds(kind: Kind, words: str) -> None:
    assert in_words(kind) == words


def test_fields_of_objects_have_the_objects_name_before_theirs() -> None:
    inner = (Field("type", Text(8), "Which."),)
    table = (Field("format", Nested(inner), "Form."), Field("tools", Listing(Nested(inner), 2), "Tools."))
    assert [row.name for row in parameters(table)] == ["format", "format.type", "tools", "tools[].type"]


def test_a_default_is_the_tables_then_the_models_unless_the_field_would_refuse_it() -> None:
    top_k = Field("top_k", Integer(Range(1, 50)), "", target="top_k")
    open_ = SamplingParams(temperature=0.6, top_k=0)
    assert default_of(Field("temperature", Integer(Range(0, 2)), "", "temperature", default=1), open_) == 1
    assert default_of(Field("n", Integer(Range(1, 4)), "", "n"), open_) == 1
    assert default_of(top_k, open_) is None
    assert default_of(Field("seed", Integer(Range(0, 9)), "", "seed"), SamplingParams(seed=3)) is None


@pytest.mark.parametrize("operation", EVERY_OPERATION)
def test_the_example_of_every_operation_is_a_body_that_it_takes(operation: Operation) -> None:
    body = example_body(operation.table, "cria")
    call = operation.parse({"model": "cria", "account_id": "me"}, body, CONTEXT)
    assert call.model == "cria"
    assert "Peru" in str(call.requests[0].prompt)
