"""The vocabulary of a model's packed file, as grammars need it: the only text that the worker half ever reads."""

from pathlib import Path

from tampu.engine.prepare import read_tokenizer
from tampu.errors import DamagedFile, UnsupportedModel
from tampu.grammar.matcher import Vocabulary
from tampu.text.chat_format import end_ids
from tampu.text.tokenizer import Tokenizer


def check_tokenizer(path: Path, data: bytes) -> None:
    """Raise UnsupportedModel or DamagedFile, naming the checkpoint, unless these bytes are a tokenizer that we run."""
    try:
        Tokenizer.from_json(data)
    except (UnsupportedModel, DamagedFile) as error:
        raise type(error)(f"{path}: {error}") from error


def read_vocabulary(packed: Path, vocab_size: int, eos_token_ids: tuple[int, ...]) -> Vocabulary:
    """What the ids [0, vocab_size) stand for. UnsupportedModel when the file holds no tokenizer."""
    return grammar_vocabulary(read_tokenizer(packed), vocab_size, eos_token_ids)


def grammar_vocabulary(tokenizer: Tokenizer, vocab_size: int, eos_token_ids: tuple[int, ...]) -> Vocabulary:
    """What the ids [0, vocab_size) stand for; ids past the tokenizer's stand for nothing, so that no grammar allows
    them. A text may end with what the model's files name, and with what its chat format ends turns with."""
    turns = (id_ for id_ in end_ids(tokenizer) if id_ < vocab_size)
    ends = tuple(dict.fromkeys((*eos_token_ids, *turns)))
    return Vocabulary(
        map(tokenizer.token_bytes, range(vocab_size)),
        {id_: tokenizer.token_name(id_) for id_ in tokenizer.special_ids if id_ < vocab_size},
        ends or (max(tokenizer.special_ids),),
        tokenizer.encode,
    )
