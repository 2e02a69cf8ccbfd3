"""The vocabularies of all forms of tokenizer, as grammars need them."""

import json

import numpy as np
import pytest

from tampu.engine.vocabulary import grammar_vocabulary
from tampu.grammar.compile import compile_constraint
from tampu.grammar.matcher import Grammars, MaskWriter, Matcher
from tampu.request import Constraint, ConstraintKind
from tampu.text.tokenizer import Tokenizer
from tests.text.vocabularies import META_FILE, gguf_container, needs_meta_file, ranks_file, tokenizer_json

FORMS = {"ranks": ranks_file(), "gguf": json.dumps(gguf_container()).encode(), "hugging face": tokenizer_json()}
PADDING = 40  # ids of the model that its tokenizer does not have


def ends_of(tokenizer: Tokenizer) -> tuple[int, ...]:
    assert tokenizer.eot_id is not None and tokenizer.eom_id is not None
    return tokenizer.eot_id, tokenizer.eom_id


def grammars_of(tokenizer: Tokenizer) -> Grammars:
    return Grammars(grammar_vocabulary(tokenizer, tokenizer.vocab_size + PADDING, ends_of(tokenizer)))


def matcher(tokenizer: Tokenizer, kind: ConstraintKind, source: str) -> Matcher:
    return grammars_of(tokenizer).matcher(compile_constraint(Constraint(kind, source)))


def allowed(one: Matcher, vocab_size: int) -> set[int]:
    mask = np.zeros((1, -(-(vocab_size + PADDING) // 32)), np.uint32)
    MaskWriter().write([(one, 0, ())], mask)
    return set(np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little")).tolist())


@pytest.fixture(params=FORMS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer.from_json(FORMS[request.param])


@pytest.mark.parametrize("text", ["hello world", "user 123", "🦙 says hello"])
def test_forced_text_has_the_tokens_that_the_tokenizer_gives_it(tokenizer: Tokenizer, text: str) -> None:
    one = matcher(tokenizer, "choice", json.dumps([text]))
    assert list(one.forced(99)) == tokenizer.encode(text)


def test_every_text_token_may_come_where_anything_may_and_of_the_others_the_ends(tokenizer: Tokenizer) -> None:
    one = matcher(tokenizer, "regex", "(?s:.*)")
    found = allowed(one, tokenizer.vocab_size)
    assert found & tokenizer.special_ids == {*ends_of(tokenizer), tokenizer.eos_id}
    whole = {id_ for id_ in range(tokenizer.vocab_size) if "\ufffd" not in tokenizer.decode([id_])}
    assert whole - tokenizer.special_ids <= found
    assert max(found) < tokenizer.vocab_size


@pytest.mark.parametrize("named", ["nothing", "the end of the text only"])
def test_a_text_may_end_as_the_chat_format_ends_turns_whatever_the_model_says(tokenizer: Tokenizer, named: str) -> None:
    assert tokenizer.eos_id is not None
    vocabulary = grammar_vocabulary(tokenizer, tokenizer.vocab_size, () if named == "nothing" else (tokenizer.eos_id,))
    assert set(vocabulary.eos_token_ids) == {tokenizer.eot_id, tokenizer.eom_id, tokenizer.eos_id}


@needs_meta_file
def test_metas_vocabulary_follows_a_schema_in_the_tokens_of_its_own_tokenizer() -> None:
    tokenizer = Tokenizer.from_file(META_FILE)
    schema = '{"type": "object", "properties": {"name": {"type": "string"}, "größe": {"type": "integer"}}}'
    grammars = grammars_of(tokenizer)
    grammar = compile_constraint(Constraint("json_schema", schema))
    one = grammars.matcher(grammar, tokenizer.encode('{"name": "Ana 🦙", "größe": 3'))
    assert allowed(one, tokenizer.vocab_size) & {*tokenizer.encode("}"), *ends_of(tokenizer)} == {
        *tokenizer.encode("}")
    }
