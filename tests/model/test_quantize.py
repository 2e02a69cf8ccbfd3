"""int8: the largest magnitude of a row becomes 127. int4: the least squared error of every 32 weights."""

import numpy as np

from tampu.kernels.interface import F32
from tampu.kernels.layout import unpack_linear
from tampu.model.quantize import encode_rows, quantize_int4, quantize_int8


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
    packed = encode_rows(np.array([[1.0, 1.00390625, 1.00390637]], np.float32), "bf16")
    assert unpack_linear(packed).tolist() == [[0x3F80, 0x3F80, 0x3F81]]
    assert packed.scales is None


def test_f32_is_left_as_it_is() -> None:
    weight = np.array([[0.1, -3.0]], np.float32)
    packed = encode_rows(weight, "f32")
    assert unpack_linear(packed).tobytes() == weight.tobytes()
    assert packed.scales is None


def as_floats(weight: F32) -> F32:
    """What a weight becomes in int4."""
    packed = encode_rows(weight, "int4")
    assert packed.scales is not None
    return unpack_linear(packed).astype(np.float32) * packed.scales[:, None]


def relative_error(weight: F32) -> float:
    return float(((as_floats(weight) - weight) ** 2).sum() / (weight**2).sum())


def test_sixteen_even_steps_of_a_group_are_kept() -> None:
    steps = np.tile(np.arange(-8, 8), 2).astype(np.float32)
    weight = np.stack([np.concatenate([steps, steps * 0.2]), np.concatenate([-steps, steps])])
    np.testing.assert_allclose(as_floats(weight), weight, rtol=1e-6)


def test_the_largest_value_of_a_group_gets_the_eighth_step_whatever_its_sign() -> None:
    codes, scales, numbers = quantize_int4(np.array([[1.0] + [0.1] * 31 + [-1.0] + [0.1] * 31], np.float32))
    assert (codes[0, 0], codes[0, 32]) == (0, 0)
    assert (numbers < 0).tolist() == [[True, False]] and scales[0] > 0


def test_normal_weights_lose_less_than_a_hundred_and_fortieth_of_their_power() -> None:
    # 21.5 dB; Q4_0 with 4.5 bits has 21.3
    assert relative_error(np.random.default_rng(0).standard_normal((32, 2048), dtype=np.float32)) < 1 / 140


def test_groups_of_unlike_size_have_each_its_own_number() -> None:
    sizes = np.repeat(np.array([1.0, 0.5, 0.25], np.float32), 32)
    weight = np.random.default_rng(0).standard_normal((32, 96), dtype=np.float32) * sizes
    assert relative_error(weight) < 1 / 110


def test_rows_of_zeros_and_rows_that_end_within_a_group_are_fine() -> None:
    weight = np.random.default_rng(0).standard_normal((3, 45), dtype=np.float32)
    weight[1] = 0
    assert not as_floats(weight)[1].any()
    assert relative_error(weight) < 1 / 80


def test_int4_of_a_row_does_not_depend_on_the_other_rows() -> None:
    weight = np.random.default_rng(0).standard_normal((64, 100), dtype=np.float32)
    whole = encode_rows(weight, "int4")
    part = encode_rows(weight[32:], "int4")
    assert whole.data[1:].tobytes() == part.data.tobytes()
    assert whole.group_scales is not None and part.group_scales is not None
    assert whole.group_scales[1:].tobytes() == part.group_scales.tobytes()
