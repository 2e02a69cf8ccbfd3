"""Row-wise kernels: quantisation, norm, activation, embedding rows, rotary embedding and the write to the cache."""

import numpy as np

from tampu.kernels.cache import write_slots
from tampu.kernels.interface import F32, I32, MAX_HADAMARD, Kind, LayerCache, PackedLinear, Rows
from tampu.kernels.layout import unpack_linear
from tampu.kernels.numerics import exp, from_bf16, hadamard, lane_sum, sin_cos, to_bf16

# Rows smaller than this quantise to zeros: 127 / amax must not overflow.
SMALLEST_AMAX = np.float32(2.0**-100)


def quantize_rows(x: F32, kind: Kind) -> Rows:
    """x f32[M, K] in the form a linear of `kind` takes. A row with a NaN or infinity gets the scale NaN."""
    if kind == "f32":
        return Rows(kind, np.ascontiguousarray(x))
    if kind == "bf16":
        return Rows(kind, to_bf16(x))
    amax = np.max(np.abs(x), axis=1, initial=0.0)
    usable = np.isfinite(amax) & (amax >= SMALLEST_AMAX)
    inverse = np.where(usable, np.float32(127) / np.where(usable, amax, np.float32(1)), np.float32(0))
    scales = np.where(usable, amax / np.float32(127), np.float32(0))
    scales = np.where(np.isfinite(amax), scales, np.float32(np.nan))
    with np.errstate(invalid="ignore"):
        values = np.where(usable[:, None], np.rint(x * inverse[:, None]), np.float32(0))
    return Rows(kind, values.astype(np.int8), scales)


def rms_norm(x: F32, gain: F32, eps: float, kind: Kind) -> Rows:
    """x / sqrt(mean(x^2) + eps) * gain, per row."""
    mean = lane_sum(x * x) / np.float32(x.shape[1])
    inverse = np.float32(1) / np.sqrt(mean + np.float32(eps))
    return quantize_rows((x * inverse[:, None]) * gain, kind)


def silu_mul(gate_up: F32, kind: Kind, width: int = 0) -> Rows:
    """gate / (1 + exp(-gate)) * up, mixed in Hadamard blocks of `width`; gate_up f32[M, 2 * K] has gate first."""
    gate, up = np.split(gate_up, 2, axis=1)
    check_hadamard(width, gate.shape[1])
    with np.errstate(invalid="ignore", over="ignore"):
        product = gate / (np.float32(1) + exp(-gate)) * up
        return quantize_rows(hadamard(product, width) if width else product, kind)


def check_hadamard(width: int, size: int) -> None:
    """ValueError unless rows of this size can be mixed in Hadamard blocks of this width, or in none."""
    if width < 0 or width > MAX_HADAMARD or width & (width - 1) or (width and size % width):
        raise ValueError(f"hadamard must be 0 or a power of two up to {MAX_HADAMARD} that divides {size}, not {width}")


def gather_rows(weight: PackedLinear, token_ids: I32) -> F32:
    """Rows of a packed embedding as float32."""
    values = unpack_linear(weight)[token_ids]
    if weight.kind == "int8":
        assert weight.scales is not None
        return values.astype(np.float32) * weight.scales[token_ids, None]
    return from_bf16(values) if weight.kind == "bf16" else np.ascontiguousarray(values, np.float32)


def rotary_table(positions: I32, inverse_frequencies: F32) -> tuple[F32, F32]:
    """cos and sin f32[N, D / 2] of the float32 product position * frequency."""
    sin, cos = sin_cos(positions.astype(np.float32)[:, None] * inverse_frequencies)
    return cos, sin


def rotate_and_cache(qkv: F32, cos: F32, sin: F32, slot_mapping: I32, num_heads: int, cache: LayerCache) -> F32:
    """Rotated queries f32[N, H, D]; rotated keys, and values, go to their slots of the cache."""
    groups = cache.keys.shape[1]
    heads = qkv.reshape(len(qkv), num_heads + 2 * groups, 2 * cos.shape[1])
    first, second = np.split(heads[:, : num_heads + groups], 2, axis=2)
    cos, sin = cos[:, None], sin[:, None]
    rotated = np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=2)
    store = to_bf16 if cache.keys.dtype == np.uint16 else np.asarray
    write_slots(cache, slot_mapping, store(rotated[:, num_heads:]), store(heads[:, num_heads + groups :]))
    return np.ascontiguousarray(rotated[:, :num_heads])
