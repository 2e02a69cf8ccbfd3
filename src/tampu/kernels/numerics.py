"""Arithmetic with one answer on every machine: only + - * / sqrt, rounding to nearest even, and integers.

Never np.exp, np.sum, np.dot: their last bits depend on the library and the vector width. Two orders of summation
are all there is. `lane_sum` has 16 lanes; `paired_matmul` has the order of an AMX bf16 tile.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.interface import F32

F64 = NDArray[np.float64]
U16 = NDArray[np.uint16]
Scalar = TypeVar("Scalar", bound=np.generic)

LANES = 16
BLOCK = 32  # k of one block of `paired_matmul`
# Bits of 2^-56 as bf16. Two bf16 of at least that size have products that are multiples of 2^-126: exact in float32,
# as are their tiny sums, so fused and separate multiply-adds, and units that flush subnormals, all agree.
BF16_SMALLEST = np.uint16(0x2380)
MAX_FINITE_BITS = 0x7F7FFFFF
# Rows smaller than this quantise to zeros: 127 / amax must not overflow.
SMALLEST_AMAX = np.float32(2.0**-100)

# exp and log: polynomials of Cephes (Moshier), ln 2 in two parts of which the first times an exponent is exact.
LOG2_E = np.float32(1.44269504)
LN2_HIGH = np.float32(0.693359375)
LN2_LOW = np.float32(-2.12194440e-4)
EXP_LOWEST = np.float32(-87.3)
EXP_HIGHEST = np.float32(88.3)
EXP_POLYNOMIAL = [
    np.float32(c)
    for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
]
LOG_POLYNOMIAL = [
    np.float32(c)
    for c in (
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    )
]
# pi / 2 in two parts: 33 bits, which times a quadrant below 2^20 is exact, and the rest.
TWO_OVER_PI = float.fromhex("0x1.45f306dc9c883p-1")
HALF_PI_HIGH = float.fromhex("0x1.921fb54400000p+0")
HALF_PI_LOW = float.fromhex("0x1.0b4611a626331p-34")


def to_bf16(x: F32) -> U16:
    """x rounded to nearest even, as the upper half of the float32 bits; below 2^-56 it becomes zero, NaN stays NaN."""
    bits = np.ascontiguousarray(x).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
    half = rounded.astype(np.uint16)
    half = np.where((half & np.uint16(0x7FFF)) < BF16_SMALLEST, np.uint16(0), half)
    return np.where(np.isnan(x), np.uint16(0x7FC0), half)


def from_bf16(half: NDArray[np.generic]) -> F32:
    """The float32 with the upper half of its bits in `half` uint16."""
    return (half.astype(np.uint32) << np.uint32(16)).view(np.float32)


def exp(x: F32) -> F32:
    """e^x within 2 units in the last place; 0 below -87.3, infinity above 88.3."""
    with np.errstate(invalid="ignore"):
        inside = np.clip(x, EXP_LOWEST, EXP_HIGHEST)
        n = np.rint(inside * LOG2_E)
        r = (inside - n * LN2_HIGH) - n * LN2_LOW
        y = _horner(EXP_POLYNOMIAL, r) * (r * r) + r + np.float32(1)
        power = ((n.astype(np.int32) + np.int32(127)) << np.int32(23)).view(np.float32)
        y = np.where(x < EXP_LOWEST, np.float32(0), y * power)
        y = np.where(x > EXP_HIGHEST, np.float32(np.inf), y)
    return np.where(np.isnan(x), x, y)


def log(x: F32) -> F32:
    """Natural logarithm of positive normal x, within 2 units in the last place; NaN and infinity as they are."""
    bits = np.ascontiguousarray(x).view(np.int32)
    exponent = (bits >> np.int32(23)) - np.int32(126)
    m = ((bits & np.int32(0x007FFFFF)) | np.int32(0x3F000000)).view(np.float32)  # [0.5, 1)
    small = m < np.float32(0.707106781186547524)
    e = (exponent - small).astype(np.float32)
    m = np.where(small, m + m, m) - np.float32(1)  # [sqrt(1/2) - 1, sqrt(2) - 1)
    z = m * m
    y = _horner(LOG_POLYNOMIAL, m) * m * z
    y = (y + LN2_LOW * e) - np.float32(0.5) * z
    return np.where(bits > MAX_FINITE_BITS, x, (m + y) + LN2_HIGH * e)


def sin_cos(angle: F32) -> tuple[F32, F32]:
    """Sine and cosine of angle in radians, |angle| below 1.6 million; computed in float64, rounded once."""
    x = angle.astype(np.float64)
    quadrant = np.rint(x * TWO_OVER_PI)
    r = (x - quadrant * HALF_PI_HIGH) - quadrant * HALF_PI_LOW
    z = r * r
    sine = r + r * z * _horner(SIN_TAYLOR, z)
    cosine = 1.0 + z * _horner(COS_TAYLOR, z)
    turn = quadrant.astype(np.int64) & 3
    odd = (turn & 1) == 1
    sin = np.where(odd, cosine, sine)
    cos = np.where(odd, sine, cosine)
    sin = np.where(turn >= 2, -sin, sin)
    cos = np.where((turn == 1) | (turn == 2), -cos, cos)
    return sin.astype(np.float32), cos.astype(np.float32)


def hadamard(x: F32, width: int, axis: int = -1) -> F32:
    """x times the Hadamard matrix (Sylvester's, over sqrt(width)) in blocks of `width`, a power of two, along an axis.

    Elements i and i + h of a block become their sum and difference for h = 1, 2, 4, ...; the scaling comes last.
    """
    y = np.array(np.moveaxis(x, axis, 0), np.float32, order="C")  # a copy, the axis first
    h = 1
    while h < width:
        pairs = y.reshape(len(y) // (2 * h), 2, -1)
        first, second = pairs[:, 0], pairs[:, 1]
        difference = first - second
        first += second
        second[...] = difference
        h *= 2
    if width > 1:
        y *= np.float32(1 / np.sqrt(width))
    return np.moveaxis(y, 0, axis)


def quantize(x: F32, most: int) -> tuple[F32, F32]:
    """x ~ values * scales: whole numbers of at most `most` in magnitude, halves to even, and a scale per last axis.

    Where x has a NaN or infinity the scale is NaN.
    """
    amax = np.max(np.abs(x), axis=-1, initial=0.0)
    finite = np.isfinite(amax)
    usable = finite & (amax >= SMALLEST_AMAX)
    inverse = np.where(usable, np.float32(most) / np.where(usable, amax, np.float32(1)), np.float32(0))
    scales = np.where(usable, amax / np.float32(most), np.float32(0))
    with np.errstate(invalid="ignore"):
        values = np.where(usable[..., None], np.rint(x * inverse[..., None]), np.float32(0))
    return values, np.where(finite, scales, np.float32(np.nan))


def lane_sum(x: F32) -> F32:
    """Sum over the last axis: lane l adds elements l, l + 16, ... in order; then lanes l + 8, 4, 2, 1 join lane l."""
    chunks = -(-x.shape[-1] // LANES)
    padded = _pad_last(x, chunks * LANES).reshape(*x.shape[:-1], chunks, LANES)
    # accumulate is sequential by definition; the added zero makes lanes start from +0.
    lanes = np.add.accumulate(padded, axis=-2)[..., -1, :] + np.float32(0)
    for half in (8, 4, 2, 1):
        lanes = lanes[..., :half] + lanes[..., half : 2 * half]
    return lanes[..., 0]


def paired_matmul(a: F32, b: F32, visible: NDArray[np.bool_] | None = None) -> F32:
    """a [..., M, K] @ b [..., K, N] as an AMX bf16 tile adds it; products with `visible` [..., M, K] false are zero.

    K goes in blocks of 32. In a block even k are added in order, and odd k; then the two; blocks are added in order.
    """
    blocks = -(-a.shape[-1] // BLOCK)
    left = _pad_last(a, blocks * BLOCK).reshape(*a.shape[:-1], blocks, BLOCK, 1)
    columns = _pad_last(np.swapaxes(b, -1, -2), blocks * BLOCK)
    right = np.swapaxes(columns, -1, -2).reshape(*b.shape[:-2], 1, blocks, BLOCK, b.shape[-1])
    if visible is not None:
        visible = _pad_last(visible, blocks * BLOCK).reshape(left.shape)
    even, odd = np.zeros((), np.float32), np.zeros((), np.float32)
    for k in range(0, BLOCK, 2):
        even = even + _product(left, right, visible, k)  # [..., M, blocks, N]
        odd = odd + _product(left, right, visible, k + 1)
    sums = even + odd
    total = np.zeros((), np.float32)
    for block in range(blocks):
        total = total + sums[..., block, :]
    return total


def _product(left: F32, right: F32, visible: NDArray[np.bool_] | None, k: int) -> F32:
    product = left[..., k, :] * right[..., k, :]
    return product if visible is None else np.where(visible[..., k, :], product, np.float32(0))


def _horner(coefficients: list[np.float32] | list[float], x: NDArray[np.floating]) -> NDArray[np.floating]:
    y = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        y = y * x + coefficient
    return y


def _pad_last(x: NDArray[Scalar], size: int) -> NDArray[Scalar]:
    if x.shape[-1] == size:
        return x
    padded = np.zeros((*x.shape[:-1], size), x.dtype)
    padded[..., : x.shape[-1]] = x
    return padded


def _taylor(first: int) -> list[float]:
    """Coefficients of z^6 .. z^0 (z = r * r) of the alternating series that starts at -r^first / first!."""
    factorials = [1]
    for n in range(1, first + 14):
        factorials.append(factorials[-1] * n)
    return [(-1.0) ** (i + 1) / factorials[first + 2 * i] for i in range(7)][::-1]


# On [-pi / 4, pi / 4] the first term left out is below 5e-17.
SIN_TAYLOR = _taylor(3)
COS_TAYLOR = _taylor(2)
