"""From float32 to what a packed linear stores: whole rows at a time, so any split over rows gives the same numbers."""

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.interface import F32, Kind
from tampu.kernels.numerics import to_bf16

MAX_INT8 = np.float32(127)


def quantize_int8(values: F32) -> tuple[NDArray[np.int8], F32]:
    """int8[N, K] and its scales f32[N]: values ~ int8 * scales[:, None], symmetric, one scale per output channel.

    The scale is amax / 127, halves round to even; a row of zeros has scale 0.
    """
    scales = np.abs(values).max(axis=1) / MAX_INT8
    divisors = np.where(scales > 0, scales, np.float32(1))
    quantized = np.rint(values / divisors[:, None])
    return np.clip(quantized, -MAX_INT8, MAX_INT8).astype(np.int8), scales


def encode_rows(values: F32, kind: Kind) -> tuple[NDArray[np.generic], F32 | None]:
    """Rows of a linear as `kind` stores them, and the scales of int8; the same [N, K]."""
    if kind == "int8":
        return quantize_int8(values)
    return (to_bf16(values) if kind == "bf16" else values), None
