"""int8 scales: one per output channel, the largest magnitude becomes 127."""

import numpy as np

from tampu.model.quantize import encode_rows, quantize_int8


def test_the_largest_magnitude_of_a_row_becomes_127() -> None:
    values, scales = quantize_int8(np.array([[1.0, -2.54, 0.02], [-127.0, 64.0, 0.0]], np.float32))
    assert values.tolist() == [[50, -127, 1], [-127, 64, 0]]
    np.testing.assert_allclose(scales, [0.02, 1.0], rtol=1e-6)


def test_halves_round_to_even() -> None:
    values, _ = quantize_int8(np.array([[127.0, 0.5, 1.5, 2.5, -0.5, -1.5]], np.float32))
    assert values.tolist() == [[127, 0, 2, 2, 0, -2]]


def test_a_row_of_zeros_stays_zero() -> None:
    values, scales = quantize_int8(np.zeros((2, 3), np.float32))
    assert values.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert scales.tolist() == [0.0, 0.0]


def test_the_error_is_at_most_half_a_step() -> None:
    weight = np.random.default_rng(0).standard_normal((16, 64), dtype=np.float32)
    values, scales = quantize_int8(weight)
    assert (np.abs(values * scales[:, None] - weight) <= scales[:, None] * 0.5001).all()


def test_the_smallest_and_largest_floats_stay_in_range() -> None:
    values, scales = quantize_int8(np.array([[1e-45, -1e-45], [3.4e38, -3.4e38]], np.float32))
    assert np.isfinite(scales).all()
    assert values[1].tolist() == [127, -127]


def test_bf16_keeps_the_upper_half_rounded_to_even() -> None:
    # 1 + 2^-8 lies between two bf16 numbers and goes to the even one, 1; a little more goes up
    values, scales = encode_rows(np.array([[1.0, 1.00390625, 1.00390637]], np.float32), "bf16")
    assert values.tolist() == [[0x3F80, 0x3F80, 0x3F81]]
    assert scales is None


def test_f32_is_left_as_it_is() -> None:
    weight = np.array([[0.1, -3.0]], np.float32)
    values, scales = encode_rows(weight, "f32")
    assert values.tobytes() == weight.tobytes()
    assert scales is None
