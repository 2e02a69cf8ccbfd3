"""Software tiles are Intel's, bit by bit, and the kernels of amx on them have the bits of the twin at every cut."""

import numpy as np
import pytest

from tampu.errors import BadSetting
from tampu.kernels import _native, available_isas, emulated_isas, load_kernels
from tampu.kernels.interface import Kind, rows_kind
from tampu.kernels.native import NativeKernels
from tampu.kernels.reference import ReferenceKernels
from tests.kernels.cases import assert_same_bits, normal, weight

TWIN = ReferenceKernels()
SMALLEST = np.float32(2.0**-126)  # the smallest normal number: what is smaller counts as zero
SHAPES = [(16, 16, 16), (1, 1, 1), (5, 16, 3), (16, 7, 16)]  # rows, words of k, columns


@pytest.fixture(params=[(isa, threads) for isa in emulated_isas() for threads in (1, 2)], ids=str)
def emulated(request: pytest.FixtureRequest) -> NativeKernels:
    return NativeKernels(*request.param)


def multiply(instruction: str, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """c + a * b by one instruction; all as bytes."""
    result = c.copy()
    _native.multiply_software_tiles(instruction, a, b, result.view(np.uint8))
    return result


def flush(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < SMALLEST, np.copysign(np.float32(0), x), x).astype(np.float32)


def widen(halves: np.ndarray) -> np.ndarray:
    return flush((halves.astype(np.uint32) << 16).view(np.float32))


@pytest.mark.parametrize(("rows", "depth", "width"), SHAPES)
@pytest.mark.parametrize(("instruction", "left"), [("TDPBSSD", np.int8), ("TDPBUSD", np.uint8)])
def test_bytes_are_multiplied_as_whole_numbers(instruction: str, left: type, rows: int, depth: int, width: int) -> None:
    rng = np.random.default_rng(rows)
    a, b = (rng.integers(0, 256, (n, 4 * m), dtype=np.uint8) for n, m in ((rows, depth), (depth, width)))
    c = rng.integers(-(2**30), 2**30, (rows, width), dtype=np.int32)
    columns = b.view(np.int8).reshape(depth, width, 4).swapaxes(1, 2).reshape(4 * depth, width)
    expected = c + a.view(left).astype(np.int32) @ columns.astype(np.int32)
    np.testing.assert_array_equal(multiply(instruction, a, b, c), expected)


def random_halves(rng: np.random.Generator, rows: int, words: int) -> np.ndarray:
    """bf16 of all exponents up to 2^-20, so that products are normal, denormal, and nothing."""
    sign, mantissa = rng.integers(0, 2, (rows, 2 * words)) << 15, rng.integers(0, 128, (rows, 2 * words))
    exponent = np.where(rng.random((rows, 2 * words)) < 0.5, rng.integers(0, 107, (rows, 2 * words)), 100)
    return (sign | exponent << 7 | mantissa).astype(np.uint16)


@pytest.mark.parametrize(("rows", "depth", "width"), SHAPES)
def test_halves_are_added_even_and_odd_apart_without_denormals(rows: int, depth: int, width: int) -> None:
    rng = np.random.default_rng(depth)
    a, b = random_halves(rng, rows, depth), random_halves(rng, depth, width)
    c = widen(random_halves(rng, rows, width)[:, ::2]) * np.float32(1.1)
    sums = np.zeros((2, rows, width), np.float32)
    for k in range(depth):
        for odd in (0, 1):
            # float64 holds the product and, of such magnitudes, all of the sum that rounding looks at.
            product = widen(a[:, 2 * k + odd]).astype(np.float64)[:, None] * widen(b[k, odd::2]).astype(np.float64)
            sums[odd] = flush((product + sums[odd]).astype(np.float32))
    expected = flush(flush(c) + flush(sums[0] + sums[1]))
    assert_same_bits(multiply("TDPBF16PS", a.view(np.uint8), b.view(np.uint8), c), expected)


@pytest.mark.parametrize("instruction", ["TDPBSSD", "TDPBUSD", "TDPBF16PS"])
def test_an_instruction_with_one_wrong_bit_is_found_before_it_is_used(instruction: str) -> None:
    assert _native.find_disturbed_instruction(instruction) == instruction


def test_emulated_sets_are_never_chosen() -> None:
    assert emulated_isas()[-1] == "amx_emulated_portable"
    assert not set(emulated_isas()) & set(available_isas())
    with pytest.raises(BadSetting, match="isa 'amx_emulated_portable' cannot run on this machine"):
        load_kernels("amx_emulated_portable")


@pytest.mark.parametrize(
    ("kind", "num_rows", "in_features", "out_features"),
    [
        ("int8", 9, 200, 40),  # one tile of rows, padded
        ("int8", 33, 130, 300),  # an odd tile of rows, several groups of panels
        ("int8", 512, 2500, 40),  # K in two blocks: sums wait between them
        ("int8", 545, 70, 33),  # rows of two chunks
        ("int4", 12, 100, 40),  # not yet on tiles
        ("int4", 13, 200, 40),
        ("int4", 33, 130, 300),
        ("int4", 512, 2500, 70),  # K in two blocks, each expanded once for all rows
        ("int4", 545, 70, 33),
        ("bf16", 5, 100, 70),
        ("bf16", 530, 34, 65),
        ("bf16", 129, 3300, 33),  # K in two blocks
    ],
)
def test_tiles_have_the_twins_bits_however_a_product_is_cut(
    emulated: NativeKernels, kind: Kind, num_rows: int, in_features: int, out_features: int
) -> None:
    rng = np.random.default_rng(in_features)
    rows = TWIN.quantize_rows(normal(rng, num_rows, in_features), rows_kind(kind))
    packed, residual = weight(rng, kind, out_features, in_features), normal(rng, num_rows, out_features)
    assert_same_bits(emulated.linear(rows, packed, residual), TWIN.linear(rows, packed, residual))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["int8", "int4", "bf16"])
def test_linears_of_any_shape_have_the_twins_bits_on_tiles(emulated: NativeKernels, kind: Kind, seed: int) -> None:
    rng = np.random.default_rng(seed)
    num_rows, in_features, out_features = (int(rng.integers(1, most)) for most in (514, 600, 100))
    rows = TWIN.quantize_rows(normal(rng, num_rows, in_features), rows_kind(kind))
    packed = weight(rng, kind, out_features, in_features)
    assert_same_bits(emulated.linear(rows, packed), TWIN.linear(rows, packed))
