"""Schemas of every style that people's programs send: enforced, or refused in our words, and no answer is invalid."""

import json
from collections import Counter
from typing import Any

import jsonschema
import pytest

from tampu.errors import InvalidRequest
from tests.grammar.corpus import PER_STYLE, STYLES, Schema, corpus
from tests.grammar.walks import Walker, schema_grammar

LEAST_TAKEN = 145  # of 200: about a quarter holds something that stays refused
OWN_WORDS = (
    "cannot be enforced",
    "is no keyword",
    "may match",
    "must be",
    "only references",
    "nothing matches it",
)


def compiled(schema: Schema) -> tuple[str, str]:
    """The grammar, or what is said of a schema that is refused."""
    try:
        return schema_grammar(schema), ""
    except InvalidRequest as error:
        return "", error.message


def judge(schema: Schema) -> Any:
    """Who says whether an answer is valid; by draft 7, where `items` may be an array, as older generators write it."""
    default = jsonschema.Draft7Validator if "definitions" in schema else jsonschema.Draft202012Validator
    return jsonschema.validators.validator_for(schema, default)(_without_openapi(schema))


def _without_openapi(part: Any) -> Any:
    """OpenAPI 3.0's `nullable` and `exclusiveMinimum: true` as other validators know them."""
    if isinstance(part, list):
        return [_without_openapi(each) for each in part]
    if not isinstance(part, dict):
        return part
    found = {key: _without_openapi(value) for key, value in part.items()}
    if found.get("exclusiveMinimum") is True:
        found["exclusiveMinimum"] = found.pop("minimum")
    if found.pop("nullable", False) is True and "type" in found:
        found["type"] = [found["type"], "null"]
    return found


def test_the_corpus_has_200_schemas_no_two_alike() -> None:
    texts = Counter(json.dumps(schema, sort_keys=True) for schema in corpus().values())
    assert len(texts) == len(STYLES) * PER_STYLE == 200


def test_most_schemas_are_taken_and_the_others_refused_in_our_words() -> None:
    said = {name: compiled(schema)[1] for name, schema in corpus().items()}
    assert sum(not message for message in said.values()) >= LEAST_TAKEN
    for name, message in said.items():
        assert not message or any(words in message for words in OWN_WORDS), (name, message)


@pytest.mark.parametrize("style", STYLES)
def test_no_answer_is_invalid(style: str) -> None:
    walker, ended = Walker(haste=0.6), 0
    for number in range(PER_STYLE):
        schema = STYLES[style](number)
        grammar, _ = compiled(schema)
        text = walker.text(grammar, seed=number, max_tokens=200) if grammar else None
        if text is not None:
            ended += 1
            faults = [error.message for error in judge(schema).iter_errors(json.loads(text))]
            assert not faults, (number, text)
    assert ended >= PER_STYLE // 4
