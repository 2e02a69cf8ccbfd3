"""The linear of each kind: exact integers for int8 and int4, the paired order for bf16 and f32."""

import numpy as np

from tampu.kernels.interface import F32, PackedLinear, Rows, rows_kind
from tampu.kernels.layout import unpack_linear
from tampu.kernels.numerics import from_bf16, paired_matmul

# Rows of activations at a time, so that the products of the float linears stay in cache.
ROWS_AT_A_TIME = 8


def linear(rows: Rows, weight: PackedLinear, residual: F32 | None = None) -> F32:
    """rows @ weight.T, plus the residual: f32[M, N]."""
    if rows.kind != rows_kind(weight.kind) or rows.values.shape[1] != weight.in_features:
        raise ValueError(
            f"{rows.kind} rows {rows.values.shape} do not fit a {weight.kind} weight "
            f"[{weight.out_features}, {weight.in_features}]"
        )
    product = _int8_linear(rows, weight) if rows.kind == "int8" else _float_linear(rows, weight)
    return product if residual is None else product + residual


def _int8_linear(rows: Rows, weight: PackedLinear) -> F32:
    assert rows.scales is not None and weight.scales is not None
    # float64 is exact here in any order: |sum| <= K * 127 * 127 stays far below 2^53, and BLAS is fast.
    sums = rows.values.astype(np.float64) @ unpack_linear(weight).astype(np.float64).T
    return sums.astype(np.float32) * rows.scales[:, None] * weight.scales


def _float_linear(rows: Rows, weight: PackedLinear) -> F32:
    widen = from_bf16 if rows.kind == "bf16" else np.asarray
    columns = np.ascontiguousarray(widen(unpack_linear(weight)).T)  # [K, N]
    out = np.empty((len(rows.values), weight.out_features), np.float32)
    for start in range(0, len(out), ROWS_AT_A_TIME):
        stop = start + ROWS_AT_A_TIME
        out[start:stop] = paired_matmul(widen(rows.values[start:stop]), columns)
    return out
