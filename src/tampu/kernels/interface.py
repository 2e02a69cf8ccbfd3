"""The kernel interface: what the forward pass is written against, and what `reference` defines bit by bit.

Shapes: M rows of activations, K in_features, N out_features or tokens laid flat, B sequences, H query heads,
G key-value heads, D head size, V vocabulary, S block_size, P blocks of the cache.
All arrays are C-contiguous. Activations between kernels are float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Kind = Literal["int8", "int4", "bf16", "f32"]  # of a weight
RowsKind = Literal["int8", "bf16", "f32"]  # of activations
F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
U32 = NDArray[np.uint32]

MAX_HADAMARD = 512  # width of the widest block that a row is mixed by


def rows_kind(kind: Kind) -> RowsKind:
    """The activations that a linear of this kind takes."""
    return "int8" if kind == "int4" else kind


@dataclass(frozen=True, slots=True)
class Rows:
    """Activations in the form a linear takes; int4 weights take int8.

    int8: values int8[M, K], scales f32[M], x ~ values * scales[:, None]. bf16: values uint16[M, K], the upper half of
    the float32 bits rounded to nearest even. f32: values f32[M, K].
    """

    kind: RowsKind
    values: NDArray[np.generic]
    scales: F32 | None = None


@dataclass(frozen=True, slots=True)
class PackedLinear:
    """The weight of a linear, [N, K], in the tile order of `layout`; int8 and int4 have a scale per output channel.

    int4 also has a whole number for every 32 inputs of a channel, by which its values in [-8, 7] are multiplied: what
    comes of it is an int8, exactly (two-level scales: QServe, arXiv 2405.04532).
    """

    kind: Kind
    data: NDArray[np.generic]
    out_features: int
    in_features: int
    scales: F32 | None = None
    group_scales: NDArray[np.int8] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes that a linear reads of it."""
        return sum(part.nbytes for part in (self.data, self.scales, self.group_scales) if part is not None)


@dataclass(frozen=True, slots=True)
class LowRank:
    """What an adapter adds to slices of the outputs of one linear, in the order of `low_rank`; uint16 holds bf16."""

    data: NDArray[np.generic]
    in_features: int
    slices: I32  # [S, 3]: first output column, number of columns, rank


@dataclass(frozen=True, slots=True)
class LayerCache:
    """Keys and values of one layer in the order of `cache`: chunks [P, G, S / 32] of 32 slots; uint16 holds bf16.

    int8 has one scale per slot and head, f32[P, G, S].
    """

    keys: NDArray[np.generic]
    values: NDArray[np.generic]
    key_scales: F32 | None = None
    value_scales: F32 | None = None


@dataclass(frozen=True, slots=True)
class AttentionRows:
    """Which cache each query token attends to: token t of sequence row_of_token[t] sees positions [0, positions[t]]."""

    block_tables: I32  # [B, longest table]; entries past a row's own blocks are never read
    row_of_token: I32  # [N]
    positions: I32  # [N]


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Token ids with a number each, row b being [offsets[b], offsets[b + 1])."""

    offsets: I32  # [B + 1]
    token_ids: I32
    values: F32


@dataclass(frozen=True, slots=True)
class SampleRows:
    """The sampling controls of B rows, one array per control.

    `seen` has the distinct tokens of prompt and output; the value is how often one was generated (0: prompt only).
    Draws depend on (seed, choice, position) alone: Philox4x32-10, Salmon et al., SC 2011.
    """

    temperature: F32
    top_p: F32
    top_k: I32
    min_p: F32
    top_a: F32
    repetition_penalty: F32
    presence_penalty: F32
    frequency_penalty: F32
    logit_bias: SparseRows
    seen: SparseRows
    seed: NDArray[np.uint64]
    choice: NDArray[np.uint32]
    position: NDArray[np.uint32]
    # [B, ceil(V / 32)]: token t of row b may be drawn where bit t % 32 of mask[b, t // 32] is 1; None: all may.
    mask: U32 | None = None


@dataclass(frozen=True, slots=True)
class TopLogprobs:
    """Log-softmax of raw logits: of the chosen tokens, and of the `top` likeliest (ties by token id)."""

    chosen: F32  # [B]
    top_ids: I32  # [B, top]
    top_logprobs: F32  # [B, top]


class Kernels(Protocol):
    """One instruction set's kernels. Every result has the bits of `reference`, for any M and any thread count."""

    isa: str
    num_threads: int

    def quantize_rows(self, x: F32, kind: RowsKind, hadamard: int = 0) -> Rows:
        """x f32[M, K] as Rows: one scale per row for int8, amax / 127, halves to even.

        `hadamard`, a power of two up to 512 that divides K, is the width of the Hadamard blocks that first mix each
        row (`numerics.hadamard`); 0: none. Likewise below.
        """
        ...

    def rms_norm(self, x: F32, gain: F32, eps: float, kind: RowsKind, hadamard: int = 0) -> Rows:
        """RMSNorm of each row of x f32[M, K] with gain f32[K], as Rows (Zhang & Sennrich, arXiv 1910.07467)."""
        ...

    def silu_mul(self, gate_up: F32, kind: RowsKind, hadamard: int = 0) -> Rows:
        """silu(gate) * up, as Rows; gate_up f32[M, 2 * K] has gate first."""
        ...

    def linear(self, rows: Rows, weight: PackedLinear, residual: F32 | None = None) -> F32:
        """rows @ weight.T, plus `residual` f32[M, N] where given; f32[M, N]. int8 products are summed exactly."""
        ...

    def lora_add(self, out: F32, rows: Rows, low_ranks: Sequence[LowRank], owners: I32) -> None:
        """Adds to each row of `out` f32[M, N], the linear of `rows`, what its adapter low_ranks[owners[m]] makes of the
        same row; -1 in owners [M]: nothing. A row's bits do not depend on the other rows."""
        ...

    def gather_rows(self, weight: PackedLinear, token_ids: I32) -> F32:
        """Rows of a packed embedding, dequantised: f32[len(token_ids), K]."""
        ...

    def rotary_table(self, positions: I32, inverse_frequencies: F32) -> tuple[F32, F32]:
        """cos and sin of positions * frequencies, f32[N, D / 2] each; the angle is rounded to float32 first."""
        ...

    def rotate_and_cache(
        self, qkv: F32, cos: F32, sin: F32, slot_mapping: I32, num_heads: int, cache: LayerCache
    ) -> F32:
        """Rotate the queries and keys of qkv f32[N, (H + 2 G) * D] (halves convention of Hugging Face), write keys and
        values to their slots (block * S + offset), return the queries f32[N, H, D], as `attention` over this cache
        takes them."""
        ...

    def attention(self, queries: F32, cache: LayerCache, rows: AttentionRows) -> F32:
        """Causal grouped-query attention over the paged cache, f32[N, H * D]; online softmax in block order."""
        ...

    def sample(self, logits: F32, rows: SampleRows) -> I32:
        """One token id per row of logits f32[B, V]; -1 where the logit of a token that may be drawn is NaN, or where
        none may. The logits are left as they are."""
        ...

    def logprobs(self, logits: F32, token_ids: I32, top: int) -> TopLogprobs:
        """Log-probabilities of `token_ids` [B] and of the `top` likeliest tokens of each row of logits f32[B, V]."""
        ...
