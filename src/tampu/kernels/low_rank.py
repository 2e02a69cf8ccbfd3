"""Packed adapters: the order in which every instruction set reads the two thin matrices that a LoRA adds to a linear.

    down   [R / 4, K / 16, 4, 16]       of all slices stacked, R being the sum of their ranks
    up     [size / 16, rank, 16]        of each slice in turn: ranks of 16 output columns lie together

All in one flat array, K, R and sizes padded with zeros to whole groups: each is read once, from front to back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.interface import F32, LowRank
from tampu.kernels.numerics import LANES, to_bf16

GROUP = 4  # ranks that are computed side by side


@dataclass(frozen=True, slots=True)
class Slice:
    """What is added to output columns [first, first + size) of a linear: rows @ down.T @ up.T."""

    first: int
    down: F32  # [rank, K]
    up: F32  # [size, rank]


def pack_low_rank(slices: Sequence[Slice], is_bf16: bool) -> LowRank:
    """The slices of one linear in the kernels' order, rounded to bf16 or as they are."""
    down = np.concatenate([part.down for part in slices])
    pieces = [_pack_down(down), *(_pack_up(part.up) for part in slices)]
    flat = np.concatenate(pieces)
    table = np.array([(part.first, *part.up.shape) for part in slices], np.int32)
    return LowRank(to_bf16(flat) if is_bf16 else flat, down.shape[1], table)


def unpack_low_rank(low_rank: LowRank) -> tuple[NDArray[np.generic], list[NDArray[np.generic]]]:
    """down [R, K] and the up [size, rank] of each slice, in the element they are stored in."""
    num_ranks, in_features = int(low_rank.slices[:, 2].sum()), low_rank.in_features
    groups, chunks = -(-num_ranks // GROUP), -(-in_features // LANES)
    start = groups * chunks * GROUP * LANES
    down = low_rank.data[:start].reshape(groups, chunks, GROUP, LANES).swapaxes(1, 2).reshape(groups * GROUP, -1)
    return down[:num_ranks, :in_features], list(_unpack_ups(low_rank, start))


def _unpack_ups(low_rank: LowRank, start: int) -> Iterator[NDArray[np.generic]]:
    for _, size, rank in low_rank.slices.tolist():
        panels = -(-size // LANES)
        stop = start + panels * rank * LANES
        yield low_rank.data[start:stop].reshape(panels, rank, LANES).swapaxes(1, 2).reshape(-1, rank)[:size]
        start = stop


def _pack_down(down: F32) -> F32:
    padded = _pad(down, GROUP, LANES)
    return padded.reshape(len(padded) // GROUP, GROUP, -1, LANES).swapaxes(1, 2).reshape(-1)


def _pack_up(up: F32) -> F32:
    padded = _pad(up, LANES, 1)
    return padded.reshape(-1, LANES, up.shape[1]).swapaxes(1, 2).reshape(-1)


def _pad(matrix: F32, rows: int, columns: int) -> F32:
    """The matrix with zeros below and to the right, up to multiples of these."""
    return np.pad(matrix, [(0, -size % whole) for size, whole in zip(matrix.shape, (rows, columns), strict=True)])
