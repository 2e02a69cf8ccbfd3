"""Packed weights: the order in which every instruction set reads them, on disk and in memory.

One tile holds 32 output columns. An int8 tile is [2][16][16][4]: two halves of 16 columns, 16 groups of 4 k, so that
one 64-byte row is 16 columns x 4 k: a row of an AMX B tile and a VNNI operand alike. bf16 has 2 k in those 4 bytes.
N and K are padded with zeros to whole tiles; tiles of one column panel lie one after the other, k ascending.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.interface import F32, Kind, PackedLinear
from tampu.kernels.numerics import BF16_SMALLEST

PANEL = 32  # output columns of one tile


@dataclass(frozen=True, slots=True)
class Tile:
    """How `k` consecutive inputs of one column panel are laid out, `group` of them side by side."""

    dtype: type[np.generic]
    k: int
    halves: int
    group: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Halves, groups of k, columns of a half, k of a group."""
        return self.halves, self.k // self.group, PANEL // self.halves, self.group


TILES: dict[Kind, Tile] = {
    "int8": Tile(np.int8, k=64, halves=2, group=4),  # [N/32][K/64][2][16][16][4]
    "bf16": Tile(np.uint16, k=32, halves=2, group=2),  # [N/32][K/32][2][16][16][2]
    "f32": Tile(np.float32, k=32, halves=1, group=1),  # [N/32][K/32][1][32][32][1]
}


def packed_shape(kind: Kind, out_features: int, in_features: int) -> tuple[int, ...]:
    """Shape of `PackedLinear.data` for a weight [out_features, in_features]."""
    tile = TILES[kind]
    return (-(-out_features // PANEL), -(-in_features // tile.k), *tile.shape)


def pack_linear(values: NDArray[np.generic], kind: Kind, scales: F32 | None = None) -> PackedLinear:
    """A weight [N, K] in tile order: int8 in [-127, 127] with f32 scales [N], uint16 holding bf16, or f32.

    bf16 magnitudes below 2^-56 become zero, see `numerics.to_bf16`.
    """
    tile = TILES[kind]
    _check(values, kind, scales)
    out_features, in_features = values.shape
    if kind == "bf16":
        bits = values.astype(np.uint16)
        values = np.where((bits & np.uint16(0x7FFF)) < BF16_SMALLEST, np.uint16(0), bits)
    panels, tiles, halves, groups, columns, group = packed_shape(kind, out_features, in_features)
    padded = np.zeros((panels * PANEL, tiles * tile.k), tile.dtype)
    padded[:out_features, :in_features] = values
    # [panel, half, column, tile, group, k] -> [panel, tile, half, group, column, k]
    data = padded.reshape(panels, halves, columns, tiles, groups, group).transpose(0, 3, 1, 4, 2, 5)
    return PackedLinear(kind, np.ascontiguousarray(data), out_features, in_features, scales)


def unpack_linear(weight: PackedLinear) -> NDArray[np.generic]:
    """The values [N, K] of a packed weight, without their scales."""
    panels, tiles, *_ = weight.data.shape
    padded = weight.data.transpose(0, 2, 4, 1, 3, 5).reshape(panels * PANEL, tiles * TILES[weight.kind].k)
    return padded[: weight.out_features, : weight.in_features]


def _check(values: NDArray[np.generic], kind: Kind, scales: F32 | None) -> None:
    if values.ndim != 2 or values.dtype != TILES[kind].dtype:
        raise ValueError(f"{kind} weights are {np.dtype(TILES[kind].dtype)}[N, K], not {values.dtype}{values.shape}")
    if kind == "int8" and (scales is None or scales.shape != values.shape[:1] or scales.dtype != np.float32):
        raise ValueError(f"int8 weights {values.shape} need float32 scales [{values.shape[0]}]")
    if kind == "int8" and (values == np.int8(-128)).any():
        raise ValueError("int8 weights lie in [-127, 127]: the kernels negate them")
