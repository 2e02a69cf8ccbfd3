"""Paged attention: an online softmax over chunks of 32 absolute positions, whatever the block size.

Each query row (token, head) is computed on its own, so neither the batch, nor the chunking of the prompt, nor the
block size can change its bits. With a bf16 cache queries and probabilities are rounded to bf16 too: all products are
then exact. With an int8 cache queries are int8 as well, and the weights of a chunk, times the scales of its values, are
whole numbers up to 255 of one scale: sums are exact integers (SageAttention, arXiv 2410.02367). The running maximum and
the rescaled sum: Milakov & Gimelshein, arXiv 1805.02867.
"""

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.cache import CHUNK, SlotRows, read_slots
from tampu.kernels.interface import F32, I32, AttentionRows, LayerCache
from tampu.kernels.numerics import exp, from_bf16, lane_sum, paired_matmul, quantize, to_bf16

TOKENS_AT_A_TIME = 32


def attention(queries: F32, cache: LayerCache, rows: AttentionRows) -> F32:
    """f32[N, H * D]: causal grouped-query attention of queries f32[N, H, D] over the paged cache."""
    num_tokens, num_heads, head_size = queries.shape
    groups = cache.keys.shape[1]
    grouped = queries.reshape(num_tokens, groups, num_heads // groups, head_size)
    out = np.empty_like(grouped)
    for row in np.unique(rows.row_of_token):
        tokens = np.flatnonzero(rows.row_of_token == row)
        for start in range(0, len(tokens), TOKENS_AT_A_TIME):
            some = tokens[start : start + TOKENS_AT_A_TIME]
            out[some] = _attend(grouped[some], cache, rows.block_tables[row], rows.positions[some])
    return out.reshape(num_tokens, num_heads * head_size)


def _attend(queries: F32, cache: LayerCache, block_table: I32, positions: I32) -> F32:
    """queries [n, G, R, D] of one sequence, R heads per group."""
    queries, scales = _scaled(queries, cache)
    highest = np.full(queries.shape[:3], -np.inf, np.float32)
    total = np.zeros(queries.shape[:3], np.float32)
    out = np.zeros(queries.shape, np.float32)
    end = int(positions.max()) + 1
    for start in range(0, end, CHUNK):
        stop = min(start + CHUNK, end)
        chunk = _gather(cache, block_table, start, stop, queries.shape[-1])
        active = positions >= start
        visible = np.arange(start, stop) <= positions[active, None, None, None]  # [n, 1, 1, chunk]
        scores = _score(queries[active], scales[active], chunk)  # [n, G, R, chunk]
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
        out[active] = out[active] * decay[..., None] + _add_up(weights, shown, chunk)
    return out / total[..., None]


def _scaled(queries: F32, cache: LayerCache) -> tuple[F32, F32]:
    """Queries over sqrt(D) as the cache takes them, and the scales [n, G, R] of int8 (else ones)."""
    scale = np.float32(1) / np.sqrt(np.float32(queries.shape[-1]))
    if cache.keys.dtype == np.int8:
        whole, scales = quantize(queries, 127)
        return whole, scales * scale
    return _rounded(queries * scale, cache), np.ones(queries.shape[:3], np.float32)


def _gather(cache: LayerCache, block_table: I32, start: int, stop: int, head_size: int) -> SlotRows:
    """Keys and values [G, stop - start, D] of positions [start, stop), and their scales; no other slot is read."""
    block_size = cache.keys.shape[2] * CHUNK
    block, offset = np.divmod(np.arange(start, stop, dtype=np.int32), np.int32(block_size))
    rows = read_slots(cache, block_table[block] * np.int32(block_size) + offset, head_size)
    keys, values = rows.keys.swapaxes(0, 1), rows.values.swapaxes(0, 1)
    if rows.key_scales is None or rows.value_scales is None:
        return SlotRows(keys, values)
    return SlotRows(keys, values, rows.key_scales.T, rows.value_scales.T)


def _score(queries: F32, scales: F32, chunk: SlotRows) -> F32:
    keys = np.swapaxes(chunk.keys, 1, 2)  # [G, D, chunk]
    if chunk.key_scales is None:
        return paired_matmul(queries, keys)
    return _exact_matmul(queries, keys) * scales[..., None] * chunk.key_scales[:, None]


def _add_up(weights: F32, visible: NDArray[np.bool_], chunk: SlotRows) -> F32:
    """[n, G, R, D]: the values, each times its weight; what is not visible adds nothing, not even NaN."""
    if chunk.value_scales is None:
        return paired_matmul(weights, chunk.values, visible)
    scaled = np.where(visible, weights * chunk.value_scales[:, None], np.float32(0))
    whole, scales = quantize(scaled, 255)
    return _exact_matmul(whole, chunk.values) * scales[..., None]


def _exact_matmul(a: F32, b: F32) -> F32:
    """Of whole numbers whose sums of products stay below 2^24; float64 is exact in any order."""
    product: F32 = (a.astype(np.float64) @ b.astype(np.float64)).astype(np.float32)
    return product


def _rounded(x: NDArray[np.float32], cache: LayerCache) -> F32:
    return from_bf16(to_bf16(x)) if cache.keys.dtype == np.uint16 else x
