"""What adapters add to the output of a linear (LoRA, Hu et al., arXiv 2106.09685)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.interface import F32, I32, LowRank, Rows
from tampu.kernels.low_rank import unpack_low_rank
from tampu.kernels.numerics import from_bf16, lane_sum


def lora_add(out: F32, rows: Rows, low_ranks: Sequence[LowRank], owners: I32) -> None:
    """Adds rows @ down.T @ up.T of its owner to each row of `out`.

    The products with down are summed in lanes, an int8 row's scale is multiplied in, then the ranks are added in order.
    """
    check_owners(low_ranks, owners, rows, out)
    for owner, low_rank in enumerate(low_ranks):
        for row in np.flatnonzero(owners == owner):
            _add(out[row], _widen(rows.values[row]), None if rows.scales is None else rows.scales[row], low_rank)


def check_owners(low_ranks: Sequence[LowRank], owners: I32, rows: Rows, out: F32) -> None:
    """ValueError unless every owner is -1 or one of the adapters, and all shapes fit."""
    if owners.shape != (len(out),) or ((owners < -1) | (owners >= len(low_ranks))).any():
        raise ValueError(f"owners must be [{len(out)}] numbers in [-1, {len(low_ranks)})")
    for low_rank in low_ranks:
        if low_rank.in_features != rows.values.shape[1]:
            raise ValueError(f"rows have {rows.values.shape[1]} inputs, an adapter takes {low_rank.in_features}")
        if any(first < 0 or first + size > out.shape[1] for first, size, _ in low_rank.slices.tolist()):
            raise ValueError(f"an adapter writes past the {out.shape[1]} outputs")


def _add(out: F32, row: F32, scale: np.float32 | None, low_rank: LowRank) -> None:
    down, ups = unpack_low_rank(low_rank)
    with np.errstate(invalid="ignore", over="ignore"):
        inner = lane_sum(row * _widen(down))  # [R]
        inner = inner if scale is None else inner * scale
        start = 0
        for (first, size, rank), up in zip(low_rank.slices.tolist(), ups, strict=True):
            total = np.zeros(size, np.float32)
            for value, column in zip(inner[start : start + rank], _widen(up).T, strict=True):
                total = total + value * column
            out[first : first + size] += total
            start += rank


def _widen(values: NDArray[np.generic]) -> F32:
    return from_bf16(values) if values.dtype == np.uint16 else values.astype(np.float32)
