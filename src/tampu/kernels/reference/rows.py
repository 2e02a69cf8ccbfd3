"""Row-wise kernels: quantisation, norm, activation, embedding rows, rotary embedding and the write to the cache."""

import numpy as np

from tampu.kernels.cache import write_slots
from tampu.kernels.interface import F32, I32, MAX_HADAMARD, LayerCache, PackedLinear, Rows, RowsKind
from tampu.kernels.layout import SCALED, unpack_linear
from tampu.kernels.numerics import exp, from_bf16, hadamard, lane_sum, quantize, sin_cos, to_bf16


def quantize_rows(x: F32, kind: RowsKind, width: int = 0) -> Rows:
    """x f32[M, K], mixed in Hadamard blocks of `width`, in the form a linear of `kind` takes.

    A row with a NaN or infinity gets the scale NaN.
    """
    check_hadamard(width, x.shape[1])
    if width:
        with np.errstate(invalid="ignore", over="ignore"):
            x = hadamard(x, width)
    if kind == "f32":
        return Rows(kind, np.ascontiguousarray(x))
    if kind == "bf16":
        return Rows(kind, to_bf16(x))
    values, scales = quantize(x, 127)
    return Rows(kind, values.astype(np.int8), scales)


def rms_norm(x: F32, gain: F32, eps: float, kind: RowsKind, width: int = 0) -> Rows:
    """x / sqrt(mean(x^2) + eps) * gain, per row."""
    mean = lane_sum(x * x) / np.float32(x.shape[1])
    inverse = np.float32(1) / np.sqrt(mean + np.float32(eps))
    return quantize_rows((x * inverse[:, None]) * gain, kind, width)


def silu_mul(gate_up: F32, kind: RowsKind, width: int = 0) -> Rows:
    """gate / (1 + exp(-gate)) * up; gate_up f32[M, 2 * K] has gate first."""
    gate, up = np.split(gate_up, 2, axis=1)
    with np.errstate(invalid="ignore"):
        return quantize_rows(gate / (np.float32(1) + exp(-gate)) * up, kind, width)


def check_hadamard(width: int, size: int) -> None:
    """ValueError unless rows of this size can be mixed in Hadamard blocks of this width, or in none."""
    if width < 0 or width > MAX_HADAMARD or width & (width - 1) or (width and size % width):
        raise ValueError(f"hadamard must be 0 or a power of two up to {MAX_HADAMARD} that divides {size}, not {width}")


def gather_rows(weight: PackedLinear, token_ids: I32) -> F32:
    """Rows of a packed embedding as float32."""
    values = unpack_linear(weight)[token_ids]
    if weight.kind in SCALED:
        assert weight.scales is not None
        return values.astype(np.float32) * weight.scales[token_ids, None]
    return from_bf16(values) if weight.kind == "bf16" else np.ascontiguousarray(values, np.float32)


def rotary_table(positions: I32, inverse_frequencies: F32) -> tuple[F32, F32]:
    """cos and sin f32[N, D / 2] of the float32 product position * frequency."""
    sin, cos = sin_cos(positions.astype(np.float32)[:, None] * inverse_frequencies)
    return cos, sin


def rotate_and_cache(qkv: F32, cos: F32, sin: F32, slot_mapping: I32, num_heads: int, cache: LayerCache) -> F32:
    """Rotated queries f32[N, H, D]; rotated keys, and values, go to their slots of the cache.

    For an int8 cache queries and keys are mixed in Hadamard blocks too, as wide as D allows: their products stay as
    they were, and the few large channels of keys are spread over all (QuaRot, arXiv 2404.00456).
    """
    groups = cache.keys.shape[1]
    heads = qkv.reshape(len(qkv), num_heads + 2 * groups, 2 * cos.shape[1])
    first, second = np.split(heads[:, : num_heads + groups], 2, axis=2)
    cos, sin = cos[:, None], sin[:, None]
    rotated = np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=2)
    if cache.keys.dtype == np.int8:
        with np.errstate(invalid="ignore", over="ignore"):
            rotated = hadamard(rotated, rotated.shape[2] & -rotated.shape[2])
    write_slots(cache, slot_mapping, rotated[:, num_heads:], heads[:, num_heads + groups :])
    return np.ascontiguousarray(rotated[:, :num_heads])
