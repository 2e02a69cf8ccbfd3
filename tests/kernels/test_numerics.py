"""Own arithmetic against float64, and the two orders of summation by hand."""

import numpy as np
import pytest

from tampu.kernels.interface import F32
from tampu.kernels.numerics import exp, from_bf16, lane_sum, log, paired_matmul, sin_cos, to_bf16


def ulps(actual: F32, exact: np.ndarray) -> float:
    """The largest distance in units of the last place of `actual`."""
    return float(np.max(np.abs(actual - exact) / np.spacing(np.abs(actual))))


def test_exp_is_within_one_unit_in_the_last_place() -> None:
    x = np.linspace(-87.3, 88.3, 300_001).astype(np.float32)
    assert ulps(exp(x), np.exp(x.astype(np.float64))) < 1


def test_exp_of_what_does_not_fit() -> None:
    x = np.array([-np.inf, -1000, -87.4, 0, -0.0, 88.4, 1000, np.inf], np.float32)
    assert exp(x).tolist() == [0, 0, 0, 1, 1, np.inf, np.inf, np.inf]
    assert np.isnan(exp(np.array([np.nan], np.float32)))[0]


def test_log_is_within_one_unit_in_the_last_place() -> None:
    x = np.exp(np.linspace(-80, 80, 300_001)).astype(np.float32)
    assert ulps(log(x), np.log(x.astype(np.float64))) < 1


def test_log_of_one_infinity_and_nan() -> None:
    assert log(np.array([1, np.inf], np.float32)).tolist() == [0, np.inf]
    assert np.isnan(log(np.array([np.nan], np.float32)))[0]


@pytest.mark.parametrize("largest", [1, 1000, 131_072])
def test_sin_and_cos_are_correctly_rounded(largest: int) -> None:
    angle = np.linspace(-largest, largest, 200_001).astype(np.float32)
    sin, cos = sin_cos(angle)
    assert ulps(sin[sin != 0], np.sin(angle.astype(np.float64))[sin != 0]) <= 0.5001
    assert ulps(cos[cos != 0], np.cos(angle.astype(np.float64))[cos != 0]) <= 0.5001


def test_sin_and_cos_in_each_quadrant() -> None:
    sin, cos = sin_cos(np.array([0, 1, 2, 4, 6], np.float32))
    assert np.round(sin, 4).tolist() == pytest.approx([0, 0.8415, 0.9093, -0.7568, -0.2794])
    assert np.round(cos, 4).tolist() == pytest.approx([1, 0.5403, -0.4161, -0.6536, 0.9602])


def test_bf16_rounds_to_nearest_even() -> None:
    x = np.array([1, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -2.5, np.inf], np.float32)
    assert from_bf16(to_bf16(x)).tolist() == [1, 1, 1 + 2**-6, 1 + 2**-7, -2.5, np.inf]


def test_bf16_flushes_what_would_have_subnormal_products() -> None:
    x = np.array([2**-56, -(2**-56), 2**-57, -1e-30, 0], np.float32)
    assert from_bf16(to_bf16(x)).tolist() == [2**-56, -(2**-56), 0, 0, 0]


def test_bf16_of_any_nan_is_nan() -> None:
    nans = np.array([0x7FFFFFFF, 0x7F800001, 0xFFFFFFFF], np.uint32).view(np.float32)
    assert np.isnan(from_bf16(to_bf16(nans))).all()


def test_lane_sum_adds_every_sixteenth_element_in_order() -> None:
    x = np.zeros(33, np.float32)
    x[[0, 16, 32]] = 1e8, 1, -1e8  # one lane: the 1 is lost in 1e8
    assert lane_sum(x) == 0
    x = np.zeros(33, np.float32)
    x[[0, 17, 32]] = 1e8, 1, -1e8  # two lanes: it is not
    assert lane_sum(x) == 1


def test_lane_sum_joins_the_far_half_first() -> None:
    x = np.zeros(16, np.float32)
    x[[0, 8, 1]] = 1e8, -1e8, 1
    assert lane_sum(x) == 1
    x[[0, 8, 1, 9]] = 1e8, 1, -1e8, 0
    assert lane_sum(x) == 0


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ((0, 2, 4), 0),  # all in the chain of even k: the 1 is lost
        ((0, 1, 2), 1),  # the 1 waits in the chain of odd k
        ((0, 33, 34), 0),  # blocks of 32 are added in order: 1e8, then 1 - 1e8, which is -1e8
        ((0, 32, 64), 0),
        ((0, 64, 32), 1),
    ],
)
def test_paired_matmul_adds_like_an_amx_tile(places: tuple[int, int, int], expected: float) -> None:
    a = np.zeros((1, 70), np.float32)
    a[0, list(places)] = 1e8, 1, -1e8
    assert paired_matmul(a, np.ones((70, 1), np.float32))[0, 0] == expected


def test_paired_matmul_ignores_what_is_not_visible_even_nan() -> None:
    b = np.array([[1], [np.nan]], np.float32)
    visible = np.array([[True, False]])
    assert paired_matmul(np.array([[3, 0]], np.float32), b, visible).tolist() == [[3]]


def test_paired_matmul_is_a_matmul() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((5, 77), np.float32), rng.standard_normal((77, 9), np.float32)
    np.testing.assert_allclose(paired_matmul(a, b), a.astype(np.float64) @ b.astype(np.float64), atol=2e-5)
