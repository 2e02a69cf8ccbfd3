"""Paged attention: an online softmax over chunks of 32 absolute positions, whatever the block size.

Each query row (token, head) is computed on its own, so neither the batch, nor the chunking of the prompt, nor the
block size can change its bits. With a bf16 cache queries and probabilities are rounded to bf16 too: all products are
then exact. The running maximum and the rescaled sum: Milakov & Gimelshein, arXiv 1805.02867.
"""

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.cache import CHUNK, read_slots
from tampu.kernels.interface import F32, I32, AttentionRows, LayerCache
from tampu.kernels.numerics import exp, from_bf16, lane_sum, paired_matmul, to_bf16

TOKENS_AT_A_TIME = 32


def attention(queries: F32, cache: LayerCache, rows: AttentionRows) -> F32:
    """f32[N, H * D]: causal grouped-query attention of queries f32[N, H, D] over the paged cache."""
    num_tokens, num_heads, head_size = queries.shape
    groups = cache.keys.shape[1]
    scaled = _rounded(queries * (np.float32(1) / np.sqrt(np.float32(head_size))), cache)
    scaled = scaled.reshape(num_tokens, groups, num_heads // groups, head_size)
    out = np.empty_like(scaled)
    for row in np.unique(rows.row_of_token):
        tokens = np.flatnonzero(rows.row_of_token == row)
        for start in range(0, len(tokens), TOKENS_AT_A_TIME):
            some = tokens[start : start + TOKENS_AT_A_TIME]
            out[some] = _attend(scaled[some], cache, rows.block_tables[row], rows.positions[some])
    return out.reshape(num_tokens, num_heads * head_size)


def _attend(queries: F32, cache: LayerCache, block_table: I32, positions: I32) -> F32:
    """queries [n, G, R, D] of one sequence, R heads per group."""
    highest = np.full(queries.shape[:3], -np.inf, np.float32)
    total = np.zeros(queries.shape[:3], np.float32)
    out = np.zeros(queries.shape, np.float32)
    end = int(positions.max()) + 1
    for start in range(0, end, CHUNK):
        stop = min(start + CHUNK, end)
        keys, values = _gather(cache, block_table, start, stop, queries.shape[-1])  # [G, chunk, D] each
        active = positions >= start
        visible = np.arange(start, stop) <= positions[active, None, None, None]  # [n, 1, 1, chunk]
        scores = paired_matmul(queries[active], np.swapaxes(keys, 1, 2))  # [n, G, R, chunk]
        scores = np.where(visible, scores, np.float32(-np.inf))
        before = highest[active]
        after = np.fmax(before, np.fmax.reduce(scores, axis=-1))
        with np.errstate(invalid="ignore"):
            decay = exp(before - after)
            weights = np.where(visible, exp(scores - after[..., None]), np.float32(0))
        weights = _rounded(weights, cache)
        shown = np.broadcast_to(visible, weights.shape)
        highest[active] = after
        total[active] = total[active] * decay + lane_sum(weights)
        out[active] = out[active] * decay[..., None] + paired_matmul(weights, values, shown)
    return out / total[..., None]


def _gather(cache: LayerCache, block_table: I32, start: int, stop: int, head_size: int) -> tuple[F32, F32]:
    """Keys and values [G, stop - start, D] of positions [start, stop); no other slot is read."""
    block_size = cache.keys.shape[2] * CHUNK
    block, offset = np.divmod(np.arange(start, stop, dtype=np.int32), np.int32(block_size))
    keys, values = read_slots(cache, block_table[block] * np.int32(block_size) + offset, head_size)
    widen = from_bf16 if cache.keys.dtype == np.uint16 else np.asarray
    return widen(keys).swapaxes(0, 1), widen(values).swapaxes(0, 1)


def _rounded(x: NDArray[np.float32], cache: LayerCache) -> F32:
    return from_bf16(to_bf16(x)) if cache.keys.dtype == np.uint16 else x
