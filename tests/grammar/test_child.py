import json

import pytest

from tampu.errors import SchemaTooComplex, UnsupportedSchema
from tampu.grammar.child import answer_to, decode, encode
from tampu.grammar.compile import compile_constraint
from tampu.request import Constraint


def through(constraint: Constraint) -> str:
    return decode(json.dumps(answer_to(encode(constraint).decode())).encode())


def test_a_grammar_goes_through_as_it_is() -> None:
    constraint = Constraint("choice", '["ja", "nö"]')
    assert through(constraint) == compile_constraint(constraint)


@pytest.mark.parametrize(
    ("kind", "source"), [(UnsupportedSchema, "["), (SchemaTooComplex, "a" * 2000)], ids=["unsupported", "complex"]
)
def test_a_refusal_goes_through_with_its_class_field_and_words(kind: type[UnsupportedSchema], source: str) -> None:
    with pytest.raises(kind) as caught:
        through(Constraint("regex", source, param="guided_regex"))
    assert caught.value.param == "guided_regex" and "guided_regex" in caught.value.message
