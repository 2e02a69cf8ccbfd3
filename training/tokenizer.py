"""Train cria's byte-level BPE: Llama 3's pre-tokenizer with single digits, 4096 tokens and Llama 3's 256 special ones.

python -m training.tokenizer OUT.json        # from dialogues of every skill, fixed seed
"""

import random
import sys
from collections.abc import Iterator

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from training.mixture import next_dialogue
from training.render import render

VOCABULARY = 4096
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL_TOKENS = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|reserved_special_token_0|>",
    "<|reserved_special_token_1|>",
    "<|finetune_right_pad_id|>",
    "<|reserved_special_token_2|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
    *(f"<|reserved_special_token_{i}|>" for i in range(3, 248)),
)


def new_tokenizer() -> Tokenizer:
    """An untrained tokenizer with the pre-tokenizer and decoder of the Llama 3 family."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def train_tokenizer(texts: Iterator[str]) -> Tokenizer:
    """A tokenizer of `VOCABULARY` byte-level tokens learnt from `texts`, then the special tokens."""
    assert len(SPECIAL_TOKENS) == 256
    tokenizer = new_tokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    assert tokenizer.get_vocab_size() == VOCABULARY, "too little text for the vocabulary"
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    return tokenizer


def corpus(dialogues: int, seed: int = 1) -> Iterator[str]:
    """The plain pieces of that many training dialogues."""
    rng = random.Random(seed)
    for _ in range(dialogues):
        yield from (piece.text for piece in render(next_dialogue(rng)) if not piece.control)


if __name__ == "__main__":
    train_tokenizer(corpus(60_000)).save(sys.argv[1])
