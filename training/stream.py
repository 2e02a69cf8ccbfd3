"""Dialogues as batches of token ids: rows of like length together, so that little is padding.

A *pool* of conversations is generated from (seed, pool number) alone, sorted by length into buckets, and cut into
batches of about `tokens_per_batch`; the order of batches is shuffled. The stream can start again at any pool.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.dialogue import Dialogue
from training.mixture import EARLY_POOLS, next_dialogue
from training.render import Piece, render

BUCKETS = (32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)  # row lengths; longer conversations are left out
POOL_DIALOGUES = 3000

Change = Callable[[Dialogue], Dialogue]
Row = tuple[list[int], list[int]]  # token ids, and 1 where the token is a target


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Right-padded rows; `weights` is 1 where cria should have predicted the token, else 0."""

    token_ids: Tensor  # (B, T) int64
    weights: Tensor  # (B, T) float32
    pool: int


def unchanged(dialogue: Dialogue) -> Dialogue:
    """The dialogue as it is."""
    return dialogue


def encode(tokenizer: Tokenizer, pieces: list[Piece]) -> Row:
    """Token ids of rendered pieces and their target marks."""
    token_ids: list[int] = []
    targets: list[int] = []
    for piece in pieces:
        ids = _piece_ids(tokenizer, piece)
        token_ids += ids
        targets += [int(piece.target)] * len(ids)
    return token_ids, targets


def _piece_ids(tokenizer: Tokenizer, piece: Piece) -> list[int]:
    if not piece.control:
        return list(tokenizer.encode(piece.text, add_special_tokens=False).ids)
    token_id = tokenizer.token_to_id(piece.text)
    assert token_id is not None, f"the tokenizer lacks {piece.text}"
    return [token_id]


def batches(
    tokenizer: Tokenizer, seed: int, first_pool: int, tokens_per_batch: int, change: Change = unchanged
) -> Iterator[TokenBatch]:
    """Training batches without end, from pool `first_pool` on, every dialogue as `change` makes it."""
    carried: dict[int, list[Row]] = {bucket: [] for bucket in BUCKETS}
    pool = first_pool
    while True:
        rng = random.Random(f"{seed}/{pool}")
        for _ in range(POOL_DIALOGUES):
            row = encode(tokenizer, render(change(next_dialogue(rng, early=pool < EARLY_POOLS))))
            bucket = next((b for b in BUCKETS if b >= len(row[0])), None)
            if bucket is not None:
                carried[bucket].append(row)
        ready = []
        for bucket, rows in carried.items():
            size = max(1, tokens_per_batch // bucket)
            while len(rows) >= size:
                ready.append(_pad(rows[:size], bucket, pool))
                del rows[:size]
        rng.shuffle(ready)
        yield from ready
        pool += 1


def _pad(rows: list[Row], length: int, pool: int) -> TokenBatch:
    token_ids = torch.zeros((len(rows), length), dtype=torch.int64)
    weights = torch.zeros((len(rows), length), dtype=torch.float32)
    for i, (ids, targets) in enumerate(rows):
        token_ids[i, : len(ids)] = torch.tensor(ids)
        weights[i, : len(ids)] = torch.tensor(targets, dtype=torch.float32)
    return TokenBatch(token_ids, weights, pool)
