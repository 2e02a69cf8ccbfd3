"""Where a weight lies in its tiles."""

from typing import Any

import numpy as np
import pytest

from tampu.kernels.interface import Kind
from tampu.kernels.layout import linear_size, pack_linear, packed_shape, unpack_linear
from tampu.kernels.numerics import from_bf16, to_bf16


def counting(out_features: int, in_features: int) -> np.ndarray:
    return np.arange(out_features * in_features).reshape(out_features, in_features)


def test_an_int8_tile_row_holds_sixteen_columns_of_four_k() -> None:
    values = (counting(40, 70) % 251 - 125).astype(np.int8)
    packed = pack_linear(values, "int8", np.ones(40, np.float32))
    assert packed.data.shape == (2, 2, 2, 16, 16, 4)
    # panel 0, tile 1 (k from 64), half 1 (columns from 16), group 1 (k from 4): n = 16 + 5, k = 64 + 4 + 1
    assert packed.data[0, 1, 1, 1, 5, 1] == values[21, 69]
    assert packed.data[1, 0, 0, 15, 7, 3] == values[39, 63]
    assert not packed.data[1, :, 1].any()  # columns 48 to 63 are padding


def test_a_bf16_tile_row_holds_sixteen_columns_of_two_k() -> None:
    values = to_bf16(counting(33, 40).astype(np.float32))
    packed = pack_linear(values, "bf16")
    assert packed.data.shape == (2, 2, 2, 16, 16, 2)
    assert packed.data[0, 1, 1, 3, 4, 1] == values[20, 39]


def test_an_f32_tile_holds_all_columns_of_one_k_after_another() -> None:
    values = counting(33, 40).astype(np.float32)
    packed = pack_linear(values, "f32")
    assert packed.data.shape == (2, 2, 1, 32, 32, 1)
    assert packed.data[0, 1, 0, 7, 31, 0] == values[31, 39]


def test_an_int4_tile_row_holds_four_k_of_sixteen_columns_in_either_nibble() -> None:
    codes = (counting(40, 70) % 16).astype(np.uint8)
    numbers = (counting(40, 3) % 31 - 15).astype(np.int8)
    packed = pack_linear(codes, "int4", np.ones(40, np.float32), numbers)
    assert packed.data.shape == packed_shape("int4", 40, 70) == (2, 2, 16, 16, 4)
    # panel 0, tile 1 (k from 64), group 1 (k from 4): columns 5 and 21, k = 64 + 4 + 1
    assert packed.data[0, 1, 1, 5, 1] == codes[5, 69] | codes[21, 69] << 4
    assert packed.group_scales is not None and packed.group_scales.shape == (2, 2, 2, 32)
    assert packed.group_scales[1, 1, 0, 7] == numbers[39, 2]
    expected = (codes.astype(np.int8) - 8) * np.repeat(numbers, 32, axis=1)[:, :70]
    np.testing.assert_array_equal(unpack_linear(packed), expected)


@pytest.mark.parametrize(("kind", "size"), [("int8", 40 * 4 + 64 * 128), ("int4", 40 * 4 + 64 * 64 + 64 * 4)])
def test_the_size_of_a_weight_is_that_of_its_arrays(kind: Kind, size: int) -> None:
    assert linear_size(kind, 40, 70) == size
    values: Any = np.ones((40, 70), np.int8 if kind == "int8" else np.uint8)
    packed = pack_linear(values, kind, np.ones(40, np.float32), np.ones((40, 3), np.int8) if kind == "int4" else None)
    assert packed.nbytes == size


def test_int4_weights_need_numbers_in_range_and_group_scales() -> None:
    codes, scales = np.zeros((2, 40), np.uint8), np.ones(2, np.float32)
    with pytest.raises(ValueError, match=r"need int8 group scales \(2, 2\)"):
        pack_linear(codes, "int4", scales)
    with pytest.raises(ValueError, match=r"\[0, 15\]"):
        pack_linear(codes + np.uint8(16), "int4", scales, np.ones((2, 2), np.int8))
    with pytest.raises(ValueError, match=r"\[-15, 15\]"):
        pack_linear(codes, "int4", scales, np.full((2, 2), -16, np.int8))


@pytest.mark.parametrize("shape", [(1, 1), (32, 64), (33, 65), (70, 100)])
@pytest.mark.parametrize("kind", ["int8", "bf16", "f32"])
def test_unpacking_returns_what_was_packed(kind: Kind, shape: tuple[int, int]) -> None:
    dtype = {"int8": np.int8, "bf16": np.uint16, "f32": np.float32}[kind]
    numbers = (counting(*shape) % 100).astype(np.float32)
    values = to_bf16(numbers) if kind == "bf16" else numbers.astype(dtype)
    packed = pack_linear(values, kind, np.ones(shape[0], np.float32) if kind == "int8" else None)
    assert packed.data.shape == packed_shape(kind, *shape)
    assert packed.data.flags.c_contiguous
    np.testing.assert_array_equal(unpack_linear(packed), values)


def test_bf16_weights_below_the_smallest_become_zero() -> None:
    tiny = np.array([[0x2380, 0x237F, 0xA37F, 0x3F80]], np.uint16)
    assert from_bf16(unpack_linear(pack_linear(tiny, "bf16"))).tolist() == [[2**-56, 0, 0, 1]]


def test_int8_weights_need_scales_and_never_minus_128() -> None:
    with pytest.raises(ValueError, match=r"need float32 scales \[2\]"):
        pack_linear(np.zeros((2, 3), np.int8), "int8")
    with pytest.raises(ValueError, match=r"\[-127, 127\]"):
        pack_linear(np.full((2, 3), -128, np.int8), "int8", np.ones(2, np.float32))


def test_a_wrong_dtype_is_named() -> None:
    with pytest.raises(ValueError, match=r"bf16 weights are uint16\[N, K\], not float32\(2, 3\)"):
        pack_linear(np.zeros((2, 3), np.float32), "bf16")
