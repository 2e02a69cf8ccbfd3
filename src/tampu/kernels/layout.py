"""Packed weights: the order in which every instruction set reads them, on disk and in memory.

One tile holds 32 output columns. An int8 tile is [2][16][16][4]: two halves of 16 columns, 16 groups of 4 k, so that
one 64-byte row is 16 columns x 4 k: a row of an AMX B tile and a VNNI operand alike. bf16 has 2 k in those 4 bytes.
int4 has both halves in one: low nibbles are the first 16 columns, high nibbles the second, each as value + 8.
N and K are padded with zeros to whole tiles; tiles of one column panel lie one after the other, k ascending.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.interface import F32, Kind, PackedLinear
from tampu.kernels.numerics import BF16_SMALLEST

PANEL = 32  # output columns of one tile
GROUP = 32  # inputs of a column that share a group scale
MAX_GROUP_SCALE = 15
SCALED: tuple[Kind, ...] = ("int8", "int4")  # kinds with a scale per output channel


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
    "int4": Tile(np.uint8, k=64, halves=2, group=4),  # [N/32][K/64][16][16][4], two halves to a byte
    "bf16": Tile(np.uint16, k=32, halves=2, group=2),  # [N/32][K/32][2][16][16][2]
    "f32": Tile(np.float32, k=32, halves=1, group=1),  # [N/32][K/32][1][32][32][1]
}


def packed_shape(kind: Kind, out_features: int, in_features: int) -> tuple[int, ...]:
    """Shape of `PackedLinear.data` for a weight [out_features, in_features]."""
    tile = TILES[kind]
    whole = (-(-out_features // PANEL), -(-in_features // tile.k), *tile.shape)
    return whole if kind != "int4" else (*whole[:2], *whole[3:])


def group_scales_shape(out_features: int, in_features: int) -> tuple[int, ...]:
    """Shape of `PackedLinear.group_scales`: [N/32][K/64][2][32], a tile's two groups of 32 k by column."""
    return (-(-out_features // PANEL), -(-in_features // TILES["int4"].k), TILES["int4"].k // GROUP, PANEL)


def linear_size(kind: Kind, out_features: int, in_features: int) -> int:
    """Bytes of a packed weight [out_features, in_features], its scales included."""
    size = math.prod(packed_shape(kind, out_features, in_features)) * np.dtype(TILES[kind].dtype).itemsize
    size += 4 * out_features if kind in SCALED else 0
    return size + (math.prod(group_scales_shape(out_features, in_features)) if kind == "int4" else 0)


def pack_linear(
    values: NDArray[np.generic],
    kind: Kind,
    scales: F32 | None = None,
    group_scales: NDArray[np.int8] | None = None,
) -> PackedLinear:
    """A weight [N, K] in tile order: int8 in [-127, 127] with f32 scales [N], uint16 holding bf16, f32; or uint8 in
    [0, 15], the values + 8 of int4, with scales and int8 group scales [N, K / 32] in [-15, 15].

    bf16 magnitudes below 2^-56 become zero, see `numerics.to_bf16`.
    """
    tile = TILES[kind]
    _check(values, kind, scales, group_scales)
    out_features, in_features = values.shape
    if kind == "bf16":
        bits = values.astype(np.uint16)
        values = np.where((bits & np.uint16(0x7FFF)) < BF16_SMALLEST, np.uint16(0), bits)
    panels, tiles = packed_shape(kind, out_features, in_features)[:2]
    halves, groups, columns, group = tile.shape
    padded = np.zeros((panels * PANEL, tiles * tile.k), tile.dtype)
    padded[:out_features, :in_features] = values
    # [panel, half, column, tile, group, k] -> [panel, tile, half, group, column, k]
    data = padded.reshape(panels, halves, columns, tiles, groups, group).transpose(0, 3, 1, 4, 2, 5)
    if kind == "int4":
        assert group_scales is not None
        data = data[:, :, 0] | data[:, :, 1] << 4
        group_scales = _pack_group_scales(group_scales, out_features, in_features)
    return PackedLinear(kind, np.ascontiguousarray(data), out_features, in_features, scales, group_scales)


def unpack_linear(weight: PackedLinear) -> NDArray[np.generic]:
    """The values [N, K] of a packed weight, without their scales; int4 as the int8 that it stands for."""
    data: NDArray[Any] = weight.data
    panels, tiles, *_ = data.shape
    if weight.kind == "int4":
        data = np.stack([data & 15, data >> 4], axis=2).astype(np.int8) - np.int8(8)
    padded = data.transpose(0, 2, 4, 1, 3, 5).reshape(panels * PANEL, tiles * TILES[weight.kind].k)
    if weight.group_scales is not None:
        by_column = weight.group_scales.transpose(0, 3, 1, 2).reshape(panels * PANEL, -1)
        padded = padded * np.repeat(by_column, GROUP, axis=1)
    return padded[: weight.out_features, : weight.in_features]


def _pack_group_scales(values: NDArray[np.int8], out_features: int, in_features: int) -> NDArray[np.int8]:
    panels, tiles, groups, _ = group_scales_shape(out_features, in_features)
    padded = np.zeros((panels * PANEL, tiles * groups), np.int8)
    padded[: values.shape[0], : values.shape[1]] = values
    return np.ascontiguousarray(padded.reshape(panels, PANEL, tiles, groups).transpose(0, 2, 3, 1))


def _check(values: NDArray[np.generic], kind: Kind, scales: F32 | None, group_scales: NDArray[np.int8] | None) -> None:
    if values.ndim != 2 or values.dtype != TILES[kind].dtype:
        raise ValueError(f"{kind} weights are {np.dtype(TILES[kind].dtype)}[N, K], not {values.dtype}{values.shape}")
    has_scales = scales is not None and scales.shape == values.shape[:1] and scales.dtype == np.float32
    if kind in SCALED and not has_scales:
        raise ValueError(f"{kind} weights {values.shape} need float32 scales [{values.shape[0]}]")
    if kind == "int4":
        _check_int4(values, group_scales)
    if kind == "int8" and (values == np.int8(-128)).any():
        raise ValueError("int8 weights lie in [-127, 127]: the kernels negate them")


def _check_int4(values: NDArray[np.generic], group_scales: NDArray[np.int8] | None) -> None:
    out_features, in_features = values.shape
    if values.size and values.max() > 15:
        raise ValueError("int4 weights are given as value + 8, in [0, 15]")
    shape = (out_features, -(-in_features // GROUP))
    if group_scales is None or group_scales.shape != shape or group_scales.dtype != np.int8:
        raise ValueError(f"int4 weights {values.shape} need int8 group scales {shape}")
    if group_scales.size and np.abs(group_scales.astype(np.int16)).max() > MAX_GROUP_SCALE:
        raise ValueError(f"int4 group scales lie in [-{MAX_GROUP_SCALE}, {MAX_GROUP_SCALE}]: 8 times one is an int8")
