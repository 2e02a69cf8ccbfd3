"""Rotation: linears whose inputs have no outliers, so that int8 holds them well.

A few channels of a Llama's activations are huge, and one int8 scale per token must cover them. An orthogonal matrix H
spreads each over many channels: W x is (W H^T) (H x). Every linear's weight is multiplied by H^T when it is packed, and
the kernel that quantises its inputs multiplies them by H first, a Hadamard matrix in blocks of at most 512, which takes
512 * 9 additions a block. QuaRot (arXiv 2404.00456) and SpinQuant (arXiv 2405.16406) fold most of these H into the
weights before, R x instead of x in the residual stream. That mixes the rows of the weights that write to the stream:
those of a huge channel then cost all others their accuracy. So none is folded here, see docs/log.md.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tampu.kernels.interface import F32, MAX_HADAMARD, Kind, rows_kind
from tampu.kernels.numerics import hadamard
from tampu.model.config import ModelConfig

# projection: which of `Rotation`'s blocks its inputs are mixed by; an embedding has no inputs
INPUTS: Mapping[str, str] = {
    "q_proj": "hidden",
    "k_proj": "hidden",
    "v_proj": "hidden",
    "o_proj": "heads",
    "gate_proj": "hidden",
    "up_proj": "hidden",
    "down_proj": "inner",
    "lm_head": "hidden",
}


@dataclass(frozen=True, slots=True)
class Rotation:
    """How wide the Hadamard blocks are that mix the inputs of linears: powers of two up to MAX_HADAMARD, 0 for none."""

    hidden: int = 0  # what norms give
    heads: int = 0  # what attention gives
    inner: int = 0  # the MLP's hidden state

    @classmethod
    def of(cls, config: ModelConfig) -> "Rotation":
        """The widest that fits a model of this shape."""
        return cls(_widest(config.hidden_size), _widest(config.q_size), _widest(config.intermediate_size))

    def to_json(self) -> dict[str, int]:
        """As the packed file records it."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any], config: ModelConfig) -> "Rotation":
        """What `to_json` gave; ValueError when it is not of a model of this shape."""
        if (rotation := cls(**values)) not in (cls(), cls.of(config)):
            raise ValueError(f"a model of this shape is not rotated by {rotation}")
        return rotation

    def fold(self, projection: str, rows: F32) -> F32:
        """Rows [.., K] over the inputs of a projection ("q_proj"), made for inputs that are rotated.

        Rows of a weight, and of the matrix A of a LoRA pair; its B stays as it is.
        """
        width = getattr(self, INPUTS[projection]) if projection in INPUTS else 0
        return hadamard(rows, width) if width else rows


def rotation_for(kind: Kind, config: ModelConfig) -> Rotation:
    """How a model packed as this kind is rotated: where activations are int8; floats keep outliers well."""
    return Rotation.of(config) if rows_kind(kind) == "int8" else Rotation()


def _widest(size: int) -> int:
    """The largest power of two that divides `size`, at most MAX_HADAMARD."""
    return min(size & -size, MAX_HADAMARD)
