"""Rotation: an equal model whose activations have no outliers, so that int8 holds them well.

A few channels of a Llama's residual stream are huge, and one int8 scale per token must cover them. An orthogonal
matrix R spreads each over many channels: the stream x becomes R x, every linear that writes to it R W, every linear
that reads it W R^T, and RMSNorm does not notice once its gain stands in the linears that follow. All of that is folded
into the weights when they are packed. Heads' values are rotated likewise between v_proj and o_proj; the MLP's hidden
state cannot be, as SiLU comes before it: `Kernels.silu_mul` rotates it as the model runs.
QuaRot, arXiv 2404.00456; SpinQuant, arXiv 2405.16406.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from tampu.kernels.interface import F32, MAX_HADAMARD, Kind, rows_kind
from tampu.kernels.numerics import hadamard
from tampu.model.config import ModelConfig

Space = Literal["residual", "head", "inner", "none"]

# projection: the space its inputs live in, the space of its outputs; an embedding's rows count as inputs
SPACES: Mapping[str, tuple[Space, Space]] = {
    "embed_tokens": ("residual", "none"),
    "q_proj": ("residual", "none"),
    "k_proj": ("residual", "none"),
    "v_proj": ("residual", "head"),
    "o_proj": ("head", "residual"),
    "gate_proj": ("residual", "none"),
    "up_proj": ("residual", "none"),
    "down_proj": ("inner", "residual"),
    "lm_head": ("residual", "none"),
}


@dataclass(frozen=True, slots=True)
class Rotation:
    """How wide the Hadamard blocks are that rotate each space of a model: powers of two, 1 leaves a space as it is.

    In the residual stream every channel first gets its sign, `signs`. A weight is folded on both sides, a gain (of the
    norm before it) on the input side: `fold_inputs` of A and `fold_outputs` of B make a LoRA pair fit a rotated model.
    """

    residual: int
    head: int
    inner: int

    @classmethod
    def of(cls, config: ModelConfig) -> "Rotation":
        """The widest that fits a model of this shape."""
        return cls(
            residual=_power_of_two(config.hidden_size),
            head=_power_of_two(config.head_dim),
            inner=min(_power_of_two(config.intermediate_size), MAX_HADAMARD),
        )

    def to_json(self) -> dict[str, int]:
        """As the packed file records it."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any], config: ModelConfig) -> "Rotation":
        """What `to_json` gave; ValueError when it is not of a model of this shape."""
        if (rotation := cls(**values)) != cls.of(config):
            raise ValueError(f"a model of this shape is not rotated by {rotation}")
        return rotation

    def fold_inputs(self, projection: str, rows: F32, gain: F32 | None = None) -> F32:
        """Rows [.., K] over the inputs of a projection ("q_proj"), for inputs that are rotated and had no gain."""
        rows = rows if gain is None else rows * gain
        return self._rotate(SPACES[projection][0], rows, axis=-1)

    def fold_outputs(self, projection: str, columns: F32) -> F32:
        """Columns [N, ..] over the outputs of a projection, so that its outputs come rotated."""
        return self._rotate(SPACES[projection][1], columns, axis=0)

    def _rotate(self, space: Space, values: F32, axis: int) -> F32:
        if space == "none":
            return values
        if space == "residual":
            size = values.shape[axis]
            values = values * signs(size).reshape((-1,) + (1,) * (values.ndim - 1) if axis == 0 else -1)
        return hadamard(values, getattr(self, space), axis)


def rotation_for(kind: Kind, config: ModelConfig) -> Rotation | None:
    """How a model packed as this kind is rotated: where activations are int8; floats keep outliers well."""
    return Rotation.of(config) if rows_kind(kind) == "int8" else None


def signs(size: int) -> F32:
    """The same +1 and -1 for ever: f32[size]. They keep a stream of one sign from meeting in one channel."""
    digest = hashlib.shake_128(b"tampu").digest(-(-size // 8))
    bits = np.unpackbits(np.frombuffer(digest, np.uint8))[:size]
    return np.float32(1) - np.float32(2) * bits.astype(np.float32)


def _power_of_two(size: int) -> int:
    """The largest power of two that divides `size`."""
    return size & -size
