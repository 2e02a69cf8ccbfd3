"""The vocabulary of a model's packed file, as grammars need it: the only text that the worker half ever reads."""

from pathlib import Path

from tampu.engine.prepare import read_tokenizer
from tampu.grammar.matcher import Vocabulary
from tampu.text.tokenizer import Tokenizer


def read_vocabulary(packed: Path, vocab_size: int, eos_token_ids: tuple[int, ...]) -> Vocabulary:
    """What the ids [0, vocab_size) stand for. UnsupportedModel when the file holds no tokenizer."""
    return grammar_vocabulary(read_tokenizer(packed), vocab_size, eos_token_ids)


def grammar_vocabulary(tokenizer: Tokenizer, vocab_size: int, eos_token_ids: tuple[int, ...]) -> Vocabulary:
    """What the ids [0, vocab_size) stand for; ids past the tokenizer's stand for nothing, so that no grammar allows
    them. A model that names no end has its tokenizer's."""
    ends = eos_token_ids or tuple(id_ for id_ in (tokenizer.eot_id, tokenizer.eos_id) if id_ is not None)
    return Vocabulary(
        map(tokenizer.token_bytes, range(vocab_size)),
        {id_: tokenizer.token_name(id_) for id_ in tokenizer.special_ids if id_ < vocab_size},
        ends or (max(tokenizer.special_ids),),
        tokenizer.encode,
    )
