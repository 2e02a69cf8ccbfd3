import json

import numpy as np
import pytest

from tampu.grammar.compile import compile_constraint
from tampu.grammar.matcher import GrammarFailure, Grammars, MaskWriter, Matcher, Vocabulary, weight
from tampu.request import Constraint, ConstraintKind

VOCAB_SIZE = 300  # every byte, two ends, and ids that stand for nothing
END = {256, 257}
OBJECT = {
    "type": "object",
    "properties": {"ab": {"type": "integer"}},
    "required": ["ab"],
    "additionalProperties": False,
}


def byte_vocabulary() -> Vocabulary:
    tokens = [bytes([byte]) for byte in range(256)] + [b""] * (VOCAB_SIZE - 256)
    return Vocabulary(tokens, {256: "<|one|>", 257: "<|two|>"}, [256, 257], lambda text: list(text.encode()))


def grammar(kind: ConstraintKind, source: object) -> str:
    return compile_constraint(Constraint(kind, source if isinstance(source, str) else json.dumps(source)))


def matcher(kind: ConstraintKind, source: object, text: bytes = b"") -> Matcher:
    return Grammars(byte_vocabulary()).matcher(grammar(kind, source), list(text))


def allowed_after(one: Matcher, guesses: bytes = b"") -> list[set[int]]:
    """The tokens that may come next, and those that may after each guess."""
    masks = np.zeros((1 + len(guesses), -(-VOCAB_SIZE // 32)), np.uint32)
    MaskWriter().write([(one, 0, tuple(guesses))], masks)
    return [set(np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).tolist()) for row in masks]


def test_a_mask_has_what_may_come_next() -> None:
    assert allowed_after(matcher("json_schema", OBJECT, b'{"ab": 1')) == [{*b"0123456789}"}]
    assert allowed_after(matcher("regex", "[ab]c", b"a")) == [{*b"c"}]


def test_an_end_may_come_where_the_text_may_end() -> None:
    assert allowed_after(matcher("regex", "ab*", b"a")) == [{*b"b"} | END]
    assert allowed_after(matcher("choice", ["yes", "yesterday"], b"ye")) == [{*b"s"}]


def test_masks_after_guesses_are_those_that_come_once_the_guesses_are_taken() -> None:
    one = matcher("json_schema", OBJECT)
    after_guesses = allowed_after(one, b'{"ab": 7}')
    for index, byte in enumerate(b'{"ab": 7'):
        assert allowed_after(one) == [after_guesses[index]]
        assert not one.advance([byte])
    assert one.advance(b"}")
    assert after_guesses[-1] == END


def test_guesses_leave_a_matcher_where_it_is() -> None:
    one = matcher("regex", "(ab)+c")
    allowed_after(one, b"abab")
    allowed_after(one, b"axxx")
    assert allowed_after(one) == [{*b"a"}]


def test_what_leaves_no_choice_is_forced() -> None:
    one = matcher("json_schema", OBJECT)
    assert bytes(one.forced(99)) == b'{"ab": '
    assert bytes(one.forced(3)) == b'{"a'
    one.advance(b'{"ab": 1')
    assert one.forced(99) == ()


def test_guesses_are_allowed_up_to_the_first_wrong_one() -> None:
    assert matcher("json_schema", OBJECT).allowed(b'{"ab"x') == 5


def test_a_text_that_nothing_can_follow_is_finished() -> None:
    one = matcher("choice", ["yes", "yesterday"])
    assert not one.advance(b"yes")
    assert one.advance(b"terday")


def test_a_token_that_does_not_fit_is_a_failure() -> None:
    with pytest.raises(GrammarFailure, match="cannot be followed"):
        matcher("regex", "abc").advance(b"abx")
    with pytest.raises(GrammarFailure, match="cannot be followed"):
        matcher("regex", "abc", b"x")


def test_a_grammar_beyond_a_limit_fails_instead_of_ending_the_text() -> None:
    one = matcher("regex", "(a?){500}a{500}")
    allowed_after(one)
    with pytest.raises(GrammarFailure, match="too many"):
        one.advance(b"a")


def test_matchers_of_one_grammar_do_not_disturb_each_other() -> None:
    grammars, text = Grammars(byte_vocabulary()), grammar("regex", "[ab]*")
    one, other = grammars.matcher(text), grammars.matcher(text)
    one.advance(b"abba")
    assert allowed_after(other) == [{*b"ab"} | END]
    assert grammars.num_cached == 1


def test_the_cache_of_grammars_is_bounded_by_bytes() -> None:
    texts = [grammar("regex", f"{letter}+") for letter in "abcdefgh"]
    grammars = Grammars(byte_vocabulary(), cache_bytes=3 * weight(texts[0]))
    for text in texts * 2:
        grammars.matcher(text)
    assert grammars.num_cached == 3
