"""No name of an object comes twice, whatever is drawn, and no answer gets to where only such a name could follow."""

import json
from itertools import product
from typing import Any

import numpy as np
import pytest

from tampu.grammar.guard import MAX_TRIES, NameGuard
from tampu.grammar.matcher import GrammarFailure, Grammars, MaskWriter
from tests.grammar.walks import END, TEXTS, Walker, accepts, next_tokens, schema_grammar, span_vocabulary

FREE = {"type": "object", "additionalProperties": {"type": "boolean"}}
FEW_NAMES = {"type": "object", "propertyNames": {"pattern": "^[ab]{1,2}$"}, "additionalProperties": {"type": "null"}}


def pairs_of(text: str) -> list[list[tuple[str, Any]]]:
    found: list[list[tuple[str, Any]]] = []
    json.loads(text, object_pairs_hook=found.append)
    return found


@pytest.mark.parametrize(
    "schema",
    [
        FREE | {"minProperties": 3, "maxProperties": 3},
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
        {"type": "array", "items": {"type": "object", "minProperties": 2}, "minItems": 2},
        FEW_NAMES | {"minProperties": 6},
        {"patternProperties": {"^(a|b)$": {"type": "null"}}, "type": "object", "additionalProperties": False},
    ],
)
def test_no_name_comes_twice_and_counts_are_right(schema: dict[str, Any]) -> None:
    grammar, ended = schema_grammar(schema), 0
    for seed in range(30):
        if (text := Walker(haste=seed % 3 / 3).text(grammar, seed)) is None:
            continue
        ended += 1
        for pairs in pairs_of(text):
            assert len(dict(pairs)) == len(pairs), text
        low, high = schema.get("minProperties", 0), schema.get("maxProperties", 1000)
        assert not isinstance(json.loads(text), dict) or low <= len(json.loads(text)) <= high
    assert ended > 15


def test_a_dictionary_is_taken_with_as_many_names_as_a_model_likes() -> None:
    assert accepts(FREE, {"a": True, "b": False, "a b": True, "ab": True})
    assert accepts({}, {"a": [{"a": {"a": 1}}, {"a": 2}]})
    assert not accepts(FREE, b'{"a": true, "a": true}')


@pytest.mark.parametrize("name", ["\\u0061", "\\ud83d\\ude00", "\\u000a", "\\/"])
def test_a_name_has_one_spelling(name: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}, "/": {"type": "null"}}}
    assert not accepts(schema, f'{{"{name}": 1}}'.encode())


def test_a_matcher_that_is_built_again_allows_the_same_at_every_place() -> None:
    for schema in (FREE, FEW_NAMES):
        grammar, grammars = schema_grammar(schema), Grammars(span_vocabulary())
        matcher = grammars.matcher(grammar)
        tokens = Walker(haste=0.2).tokens(grammar, seed=5)
        assert tokens
        for index, token in enumerate(tokens):
            assert next_tokens(grammars.matcher(grammar, tokens[:index])) == next_tokens(matcher)
            matcher.advance([token])


def test_masks_after_guesses_are_those_that_come_once_the_guesses_are_taken() -> None:
    text = b'{"a": null, "b": null, "a'
    matcher = Grammars(span_vocabulary()).matcher(schema_grammar(FEW_NAMES))
    masks = np.zeros((1 + len(text), END // 32 + 1), np.uint32)
    MaskWriter().write([(matcher, 0, tuple(text))], masks)
    for mask, byte in zip(masks, text, strict=False):
        assert next_tokens(matcher) == {
            token for token in range(len(TEXTS)) if mask[token // 32] >> np.uint32(token % 32) & np.uint32(1)
        }
        matcher.advance([byte])
    assert {TEXTS[token] for token in next_tokens(matcher)} == {b"a", b"b", b'a"'}


def test_guesses_and_forced_tokens_end_before_a_name_that_is_there() -> None:
    matcher = Grammars(span_vocabulary()).matcher(schema_grammar(FREE), list(b'{"ab": true, "'))
    assert matcher.allowed(list(b'ab": true}')) == 2
    assert matcher.allowed(list(b'abc": true}')) == 11
    with pytest.raises(GrammarFailure, match="a name would come twice"):
        matcher.advance(list(b'ab"'))


def test_an_object_that_has_all_names_there_are_ends() -> None:
    text = b'{"a": null, "b": null, "aa": null, "ab": null, "ba": null, "bb": null'
    matcher = Grammars(span_vocabulary()).matcher(schema_grammar(FEW_NAMES), list(text))
    assert {TEXTS[token] for token in next_tokens(matcher)} == {b"}"}


def test_an_object_with_hundreds_of_names_is_not_looked_through_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = FEW_NAMES | {"propertyNames": {"pattern": "^[ab]{8}$"}}
    names = ("".join(letters) for letters in product("ab", repeat=8))
    text = json.dumps(dict.fromkeys(names))[:-1].encode()
    matcher = Grammars(span_vocabulary()).matcher(schema_grammar(schema), list(text))
    calls: list[int] = []
    forbid = NameGuard.forbid

    def counting(*values: Any) -> None:
        calls.append(1)
        forbid(*values)

    monkeypatch.setattr(NameGuard, "forbid", counting)
    assert {TEXTS[token] for token in next_tokens(matcher)} >= {b"}"}
    assert 10 < len(calls) <= MAX_TRIES + 1


def test_where_more_names_are_wanted_than_there_are_the_answer_fails_and_is_not_wrong() -> None:
    schema = FEW_NAMES | {"propertyNames": {"pattern": "^[ab]$"}, "minProperties": 3}
    with pytest.raises(GrammarFailure, match="no name is left"):
        Walker().text(schema_grammar(schema), seed=1)
