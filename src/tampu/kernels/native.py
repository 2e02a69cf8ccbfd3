"""The native kernels: allocates outputs, unpacks the dataclasses, and calls the compiled module."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tampu.kernels._native import Kernels as CompiledKernels
from tampu.kernels.interface import (
    F32,
    I32,
    AttentionRows,
    LayerCache,
    LowRank,
    PackedLinear,
    Rows,
    RowsKind,
    SampleRows,
    TopLogprobs,
)
from tampu.kernels.layout import TILES


class NativeKernels:
    """`Kernels` of one instruction set. A wrong dtype, shape or index is a ValueError that names the argument."""

    def __init__(self, isa: str, num_threads: int) -> None:
        self._native = CompiledKernels(isa, num_threads)
        self.isa = isa
        self.num_threads = num_threads

    def quantize_rows(self, x: F32, kind: RowsKind, hadamard: int = 0) -> Rows:
        """See `Kernels.quantize_rows`; likewise below."""
        rows = _empty_rows(kind, *x.shape)
        self._native.quantize_rows(x, kind, hadamard, rows.values, rows.scales)
        return rows

    def rms_norm(self, x: F32, gain: F32, eps: float, kind: RowsKind, hadamard: int = 0) -> Rows:
        rows = _empty_rows(kind, *x.shape)
        self._native.rms_norm(x, gain, eps, kind, hadamard, rows.values, rows.scales)
        return rows

    def silu_mul(self, gate_up: F32, kind: RowsKind, hadamard: int = 0) -> Rows:
        rows = _empty_rows(kind, gate_up.shape[0], gate_up.shape[1] // 2)
        self._native.silu_mul(gate_up, kind, hadamard, rows.values, rows.scales)
        return rows

    def linear(self, rows: Rows, weight: PackedLinear, residual: F32 | None = None) -> F32:
        out = np.empty((len(rows.values), weight.out_features), np.float32)
        self._native.linear(
            rows.values,
            rows.scales,
            weight.kind,
            weight.data,
            weight.scales,
            weight.group_scales,
            weight.out_features,
            weight.in_features,
            residual,
            out,
        )
        return out

    def lora_add(self, out: F32, rows: Rows, low_ranks: Sequence[LowRank], owners: I32) -> None:
        self._native.lora_add(
            rows.values,
            rows.scales,
            [low_rank.data for low_rank in low_ranks],
            [low_rank.in_features for low_rank in low_ranks],
            [low_rank.slices for low_rank in low_ranks],
            owners,
            out,
        )

    def gather_rows(self, weight: PackedLinear, token_ids: I32) -> F32:
        out = np.empty((len(token_ids), weight.in_features), np.float32)
        self._native.gather_rows(
            weight.kind,
            weight.data,
            weight.scales,
            weight.group_scales,
            weight.out_features,
            weight.in_features,
            token_ids,
            out,
        )
        return out

    def rotary_table(self, positions: I32, inverse_frequencies: F32) -> tuple[F32, F32]:
        cos, sin = (np.empty((len(positions), len(inverse_frequencies)), np.float32) for _ in range(2))
        self._native.rotary_table(positions, inverse_frequencies, cos, sin)
        return cos, sin

    def rotate_and_cache(
        self, qkv: F32, cos: F32, sin: F32, slot_mapping: I32, num_heads: int, cache: LayerCache
    ) -> F32:
        queries = np.empty((len(qkv), num_heads, 2 * cos.shape[1]), np.float32)
        self._native.rotate_and_cache(
            qkv,
            cos,
            sin,
            slot_mapping,
            num_heads,
            *_arrays(cache),
            queries,
        )
        return queries

    def attention(self, queries: F32, cache: LayerCache, rows: AttentionRows) -> F32:
        num_tokens, num_heads, head_size = queries.shape
        out = np.empty((num_tokens, num_heads * head_size), np.float32)
        self._native.attention(
            queries,
            *_arrays(cache),
            rows.block_tables,
            rows.row_of_token,
            rows.positions,
            out,
        )
        return out

    def sample(self, logits: F32, rows: SampleRows) -> I32:
        token_ids = np.empty(len(logits), np.int32)
        self._native.sample(
            logits,
            rows.temperature,
            rows.top_p,
            rows.top_k,
            rows.min_p,
            rows.top_a,
            rows.repetition_penalty,
            rows.presence_penalty,
            rows.frequency_penalty,
            rows.logit_bias.offsets,
            rows.logit_bias.token_ids,
            rows.logit_bias.values,
            rows.seen.offsets,
            rows.seen.token_ids,
            rows.seen.values,
            rows.seed,
            rows.choice,
            rows.position,
            rows.mask,
            token_ids,
        )
        return token_ids

    def logprobs(self, logits: F32, token_ids: I32, top: int) -> TopLogprobs:
        result = TopLogprobs(
            chosen=np.empty(len(logits), np.float32),
            top_ids=np.empty((len(logits), top), np.int32),
            top_logprobs=np.empty((len(logits), top), np.float32),
        )
        self._native.logprobs(logits, token_ids, result.chosen, result.top_ids, result.top_logprobs)
        return result

    def read_memory(self, array: NDArray[np.int8]) -> None:
        """Reads all of `array` [bytes] once with every thread: timed, the limit of what a decode step can reach."""
        self._native.read_memory(array)

    def multiply_registers(self, rounds: int) -> int:
        """Multiplies int8 in the registers of every thread, `rounds` (1 or more) times; the number of operations done.

        Timed, the limit of what an integer linear can reach; a product counts as two operations.
        """
        return self._native.multiply_registers(rounds)


def _arrays(cache: LayerCache) -> tuple[NDArray[np.generic], NDArray[np.generic], F32 | None, F32 | None]:
    return cache.keys, cache.values, cache.key_scales, cache.value_scales


def _empty_rows(kind: RowsKind, num_rows: int, size: int) -> Rows:
    scales = np.empty(num_rows, np.float32) if kind == "int8" else None
    return Rows(kind, np.empty((num_rows, size), TILES[kind].dtype), scales)
