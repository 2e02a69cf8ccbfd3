"""From float32 to what a packed linear stores: whole rows at a time, so any split over rows gives the same numbers."""

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.interface import F32, Kind, PackedLinear
from tampu.kernels.layout import GROUP, MAX_GROUP_SCALE, pack_linear
from tampu.kernels.numerics import to_bf16

MAX_INT8 = np.float32(127)
LEVELS = np.float32(8)  # int4 holds [-LEVELS, LEVELS)
WIDEST = np.float32(1.05)  # the first number tried, over the one that clips nothing
CANDIDATES = 4


def quantize_int8(values: F32) -> tuple[NDArray[np.int8], F32]:
    """int8[N, K] and its scales f32[N]: values ~ int8 * scales[:, None], symmetric, one scale per output channel.

    The scale is amax / 127, halves round to even; a row of zeros has scale 0.
    """
    scales = np.abs(values).max(axis=1) / MAX_INT8
    divisors = np.where(scales > 0, scales, np.float32(1))
    quantized = np.rint(values / divisors[:, None])
    return np.clip(quantized, -MAX_INT8, MAX_INT8).astype(np.int8), scales


def quantize_int4(values: F32) -> tuple[NDArray[np.uint8], F32, NDArray[np.int8]]:
    """uint8[N, K] in [0, 15], scales f32[N] and whole numbers int8[N, K / 32] in [-15, 15] such that
    values ~ (uint8 - 8) * number of the group * scale of the row.

    The number of a group is negative where its largest value is positive, which then takes the level -8; of four
    candidates it is the one with the least squared error. The scale of a row is the least-squares one in the end.
    4.25 bits a weight; error power of normal weights 21.5 dB below theirs, of Laplace's 19.4 dB (llama.cpp's Q4_0, with
    4.5 bits: 21.3 and 19.4 dB; groups of 64 or 128 lose another 0.7 and 1.2 dB).
    """
    num_rows, size = values.shape
    groups = np.zeros((num_rows, -(-size // GROUP), GROUP), np.float32)
    groups.reshape(num_rows, -1)[:, :size] = values
    highest, lowest = groups.max(axis=2), groups.min(axis=2)
    amax = np.maximum(highest, -lowest)
    steps = amax.max(axis=1) / np.float32(LEVELS * MAX_GROUP_SCALE)  # of each row: the level 1 of its largest group
    steps = np.where(steps > 0, steps, np.float32(1))
    in_steps = groups / steps[:, None, None]
    signs = np.where(highest > -lowest, np.float32(-1), np.float32(1))
    first = np.ceil(amax / (LEVELS * steps[:, None]) * WIDEST)
    numbers, levels = _best_numbers(
        in_steps.astype(np.float32, copy=False), first.astype(np.float32, copy=False), signs
    )
    expanded = levels * numbers[..., None]
    power = np.einsum("ngk,ngk->n", expanded, expanded, dtype=np.float64)
    fit = np.einsum("ngk,ngk->n", expanded, in_steps, dtype=np.float64) / np.where(power > 0, power, 1)
    codes = (levels.reshape(num_rows, -1)[:, :size] + LEVELS).astype(np.uint8)
    return codes, (steps * fit).astype(np.float32), numbers.astype(np.int8)


def _best_numbers(in_steps: F32, first: F32, signs: F32) -> tuple[F32, F32]:
    """The best of `first` and the CANDIDATES - 1 numbers below it, with its sign, for every group; and the levels."""
    least: F32 | None = None
    for below in range(CANDIDATES):
        some = np.clip(first - np.float32(below), 1, MAX_GROUP_SCALE) * signs
        quantized = np.clip(np.rint(in_steps / some[..., None]), -LEVELS, LEVELS - 1)
        rest = in_steps - quantized * some[..., None]
        errors = np.einsum("ngk,ngk->ng", rest, rest)
        if least is None:
            least, numbers, levels = errors, some, quantized
            continue
        better = errors < least
        least = np.where(better, errors, least)
        numbers = np.where(better, some, numbers)
        levels = np.where(better[..., None], quantized, levels)
    return numbers, levels


def encode_rows(values: F32, kind: Kind) -> PackedLinear:
    """Rows f32[N, K] of a linear, quantised as `kind` and laid out for the kernels."""
    if kind == "int8":
        quantized, scales = quantize_int8(values)
        return pack_linear(quantized, kind, scales)
    if kind == "int4":
        codes, scales, numbers = quantize_int4(values)
        return pack_linear(codes, kind, scales, numbers)
    return pack_linear(to_bf16(values) if kind == "bf16" else values, kind)
