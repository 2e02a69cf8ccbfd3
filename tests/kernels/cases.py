"""Inputs for kernel tests, seeded, and the comparison of bits."""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from tampu.kernels.cache import new_layer_cache
from tampu.kernels.interface import (
    F32,
    I32,
    U32,
    AttentionRows,
    Kind,
    LayerCache,
    PackedLinear,
    RowsKind,
    SampleRows,
    SparseRows,
)
from tampu.kernels.layout import GROUP, pack_linear
from tampu.kernels.numerics import to_bf16

ROWS_KINDS: tuple[RowsKind, ...] = ("int8", "bf16", "f32")
KINDS: tuple[Kind, ...] = ("int8", "int4", "bf16", "f32")
CACHE_KINDS = ("int8", "bf16", "f32")
EMPTY = {"int8": -128, "bf16": 0x7FC0, "f32": np.nan}


def assert_same_bits(actual: Any, expected: Any) -> None:
    """Arrays, tuples and dataclasses of arrays agree in dtype, shape and every bit; any NaN equals any NaN."""
    if is_dataclass(expected):
        for field in fields(expected):
            assert_same_bits(getattr(actual, field.name), getattr(expected, field.name))
    elif isinstance(expected, tuple):
        for one, other in zip(actual, expected, strict=True):
            assert_same_bits(one, other)
    elif isinstance(expected, np.ndarray):
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
        np.testing.assert_array_equal(actual, expected)
        if expected.dtype == np.float32:  # equal, but -0.0 is not 0.0
            numbers = ~np.isnan(expected)
            np.testing.assert_array_equal(np.signbit(actual[numbers]), np.signbit(expected[numbers]))
    else:
        assert actual == expected


def normal(rng: np.random.Generator, *shape: int) -> F32:
    """Standard normal f32."""
    return rng.standard_normal(shape, np.float32)


def weight(rng: np.random.Generator, kind: Kind, out_features: int, in_features: int) -> PackedLinear:
    """A random packed weight."""
    if kind == "int8":
        values = rng.integers(-127, 128, (out_features, in_features), dtype=np.int8)
        return pack_linear(values, kind, rng.uniform(0.001, 0.01, out_features).astype(np.float32))
    if kind == "int4":
        codes = rng.integers(0, 16, (out_features, in_features), dtype=np.uint8)
        numbers = rng.integers(-15, 16, (out_features, -(-in_features // GROUP)), dtype=np.int8)
        return pack_linear(codes, kind, rng.uniform(0.001, 0.01, out_features).astype(np.float32), numbers)
    floats = normal(rng, out_features, in_features)
    return pack_linear(to_bf16(floats) if kind == "bf16" else floats, kind)


def empty_cache(num_blocks: int, groups: int, block_size: int, head_size: int, kv_dtype: str) -> LayerCache:
    """A cache full of NaN: whoever reads an empty slot will show it."""
    cache = new_layer_cache(num_blocks, groups, block_size, head_size, kv_dtype)
    for array in (cache.keys, cache.values):
        array.fill(EMPTY[kv_dtype])
    if cache.key_scales is not None and cache.value_scales is not None:
        cache.key_scales.fill(np.nan)
        cache.value_scales.fill(np.nan)
    return cache


def block_tables(rng: np.random.Generator, lengths: list[int], block_size: int) -> tuple[I32, int]:
    """Shuffled block tables for rows of these lengths, padded with an impossible block, and the number of blocks."""
    counts = [-(-length // block_size) for length in lengths]
    order = rng.permutation(sum(counts)).astype(np.int32)
    tables = np.full((len(lengths), max(counts) + 1), -1, np.int32)
    for row, blocks in enumerate(np.split(order, np.cumsum(counts)[:-1])):
        tables[row, : len(blocks)] = blocks
    return tables, sum(counts)


def all_tokens(tables: I32, lengths: list[int]) -> AttentionRows:
    """Every position of every row as a query."""
    row_of_token = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    positions = np.concatenate([np.arange(length, dtype=np.int32) for length in lengths])
    return AttentionRows(tables, row_of_token, positions)


def slots(rows: AttentionRows, block_size: int) -> I32:
    """Where the cache keeps the token of each query."""
    block, offset = np.divmod(rows.positions, block_size)
    result: I32 = (rows.block_tables[rows.row_of_token, block] * block_size + offset).astype(np.int32)
    return result


def some(rows: AttentionRows, tokens: I32) -> AttentionRows:
    """Only these queries."""
    return AttentionRows(rows.block_tables, rows.row_of_token[tokens], rows.positions[tokens])


def no_tokens(num_rows: int) -> SparseRows:
    """Nothing listed in any row."""
    return SparseRows(np.zeros(num_rows + 1, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))


def sparse(rows: list[dict[int, float]]) -> SparseRows:
    """One mapping of token id to number per row."""
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    ids = np.array([token for row in rows for token in row], np.int32)
    return SparseRows(offsets, ids, np.array([value for row in rows for value in row.values()], np.float32))


def controls(num_rows: int, **changed: Any) -> SampleRows:
    """Plain sampling for every row: temperature 1, nothing cut, seed 0, position = row; with `changed` fields."""

    def filled(value: float) -> F32:
        return np.full(num_rows, value, np.float32)

    fields_of_rows: dict[str, Any] = {
        "temperature": filled(1),
        "top_p": filled(1),
        "top_k": np.zeros(num_rows, np.int32),
        "min_p": filled(0),
        "top_a": filled(0),
        "repetition_penalty": filled(1),
        "presence_penalty": filled(0),
        "frequency_penalty": filled(0),
        "logit_bias": no_tokens(num_rows),
        "seen": no_tokens(num_rows),
        "seed": np.zeros(num_rows, np.uint64),
        "choice": np.zeros(num_rows, np.uint32),
        "position": np.arange(num_rows, dtype=np.uint32),
    }
    return SampleRows(**(fields_of_rows | changed))


def random_masks(rng: np.random.Generator, num_rows: int, vocab_size: int) -> U32:
    """Masks of all tokens, none, one, and as good as half of them."""
    words = (vocab_size + 31) // 32
    masks = rng.integers(0, 2**32, (num_rows, words), dtype=np.uint32)
    kinds = rng.integers(0, 4, num_rows)
    masks[kinds == 0] = 2**32 - 1
    masks[kinds == 1] = 0
    for row in np.flatnonzero(kinds == 1)[::2]:
        token = int(rng.integers(vocab_size))
        masks[row, token // 32] = 1 << token % 32
    return masks


def random_controls(rng: np.random.Generator, num_rows: int, vocab_size: int) -> SampleRows:
    """Every control in every combination."""

    def sparse_rows(most: int, values: list[float]) -> SparseRows:
        picks = [rng.permutation(vocab_size)[: rng.integers(0, min(most, vocab_size))] for _ in range(num_rows)]
        return sparse([{int(token): float(rng.choice(values)) for token in row} for row in picks])

    def choose(*values: float) -> F32:
        return rng.choice(values, num_rows).astype(np.float32)

    return SampleRows(
        temperature=choose(0, 0.01, 0.5, 1, 5),
        top_p=choose(0, 0.1, 0.5, 0.9, 1),
        top_k=rng.choice([0, 1, 2, 5, 50, 5000], num_rows).astype(np.int32),
        min_p=choose(0, 0.01, 0.3, 1),
        top_a=choose(0, 0, 0.001, 0.2, 1),
        repetition_penalty=choose(1, 1.3, 0.7),
        presence_penalty=choose(0, 0.5, -1.5),
        frequency_penalty=choose(0, 0.25, -0.1),
        logit_bias=sparse_rows(5, [-100, -1, 2]),
        seen=sparse_rows(9, [0, 1, 3]),
        seed=rng.integers(0, 2**64, num_rows, dtype=np.uint64),
        choice=rng.integers(0, 9, num_rows).astype(np.uint32),
        position=rng.integers(0, 2**32, num_rows).astype(np.uint32),
        mask=random_masks(rng, num_rows, vocab_size) if rng.random() < 0.7 else None,
    )
