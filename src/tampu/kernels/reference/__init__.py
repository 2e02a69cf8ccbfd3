"""The numpy twin: the definition, bit by bit, of every kernel, on any machine."""

from collections.abc import Sequence

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
from tampu.kernels.reference import attention, linear, low_rank, rows, sampling


class ReferenceKernels:
    """`Kernels` in numpy: slow, single-threaded, and what all others are compared with."""

    isa = "reference"
    num_threads = 1

    def quantize_rows(self, x: F32, kind: RowsKind, hadamard: int = 0) -> Rows:
        """See `Kernels.quantize_rows`; likewise below."""
        return rows.quantize_rows(x, kind, hadamard)

    def rms_norm(self, x: F32, gain: F32, eps: float, kind: RowsKind, hadamard: int = 0) -> Rows:
        return rows.rms_norm(x, gain, eps, kind, hadamard)

    def silu_mul(self, gate_up: F32, kind: RowsKind, hadamard: int = 0) -> Rows:
        return rows.silu_mul(gate_up, kind, hadamard)

    def linear(self, rows: Rows, weight: PackedLinear, residual: F32 | None = None) -> F32:
        return linear.linear(rows, weight, residual)

    def lora_add(self, out: F32, rows: Rows, low_ranks: Sequence[LowRank], owners: I32) -> None:
        low_rank.lora_add(out, rows, low_ranks, owners)

    def gather_rows(self, weight: PackedLinear, token_ids: I32) -> F32:
        return rows.gather_rows(weight, token_ids)

    def rotary_table(self, positions: I32, inverse_frequencies: F32) -> tuple[F32, F32]:
        return rows.rotary_table(positions, inverse_frequencies)

    def rotate_and_cache(
        self, qkv: F32, cos: F32, sin: F32, slot_mapping: I32, num_heads: int, cache: LayerCache
    ) -> F32:
        return rows.rotate_and_cache(qkv, cos, sin, slot_mapping, num_heads, cache)

    def attention(self, queries: F32, cache: LayerCache, rows: AttentionRows) -> F32:
        return attention.attention(queries, cache, rows)

    def sample(self, logits: F32, rows: SampleRows) -> I32:
        return sampling.sample(logits, rows)

    def logprobs(self, logits: F32, token_ids: I32, top: int) -> TopLogprobs:
        return sampling.logprobs(logits, token_ids, top)
