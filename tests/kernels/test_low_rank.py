"""What adapters add to a linear: the definition, the layout, and the same bits from every instruction set."""

import numpy as np
import pytest

from tampu.kernels import NATIVE_ISAS, load_kernels
from tampu.kernels.interface import F32, I32, Kernels, LowRank, Rows, RowsKind
from tampu.kernels.low_rank import Slice, pack_low_rank, unpack_low_rank
from tampu.kernels.numerics import from_bf16, to_bf16
from tampu.kernels.reference import ReferenceKernels
from tests.kernels.cases import assert_same_bits

TWIN = ReferenceKernels()


@pytest.fixture(scope="module", params=[(isa, threads) for isa in NATIVE_ISAS for threads in (1, 3)], ids=str)
def native(request: pytest.FixtureRequest) -> Kernels:
    return load_kernels(*request.param)


def normal(seed: int, *shape: int) -> F32:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def low_rank(in_features: int, slices: list[tuple[int, int, int]], is_bf16: bool, seed: int = 0) -> LowRank:
    parts = [
        Slice(first, normal(seed + 2 * i, rank, in_features), normal(seed + 2 * i + 1, size, rank))
        for i, (first, size, rank) in enumerate(slices)
    ]
    return pack_low_rank(parts, is_bf16)


def added(kernels: Kernels, out: F32, rows: Rows, low_ranks: list[LowRank], owners: list[int]) -> F32:
    result = out.copy()
    kernels.lora_add(result, rows, low_ranks, np.array(owners, np.int32))
    return result


@pytest.mark.parametrize("is_bf16", [True, False])
def test_packed_matrices_come_back_as_they_were_stored(is_bf16: bool) -> None:
    down, up = normal(1, 5, 37), normal(2, 19, 5)
    packed = pack_low_rank([Slice(3, down, up), Slice(40, down[:2], up[:7, :2])], is_bf16)
    stored = to_bf16 if is_bf16 else np.asarray
    found, (first, second) = unpack_low_rank(packed)
    assert found.tobytes() == stored(np.concatenate([down, down[:2]])).tobytes()
    assert np.array_equal(first, stored(up))
    assert np.array_equal(second, stored(up[:7, :2]))
    assert packed.slices.tolist() == [[3, 19, 5], [40, 7, 2]]


def test_each_slice_gets_rows_times_down_times_up_and_other_columns_nothing() -> None:
    rows, down, up = normal(1, 4, 48), normal(2, 6, 48), normal(3, 10, 6)
    pair = pack_low_rank([Slice(7, down, up)], is_bf16=False)
    out = added(TWIN, np.zeros((4, 30), np.float32), Rows("f32", rows), [pair], [0] * 4)
    assert np.allclose(out[:, 7:17], rows @ down.T @ up.T, rtol=1e-4, atol=1e-4)
    assert not out[:, :7].any()
    assert not out[:, 17:].any()


def test_int8_rows_are_scaled_after_the_exact_sum() -> None:
    rows = Rows("int8", np.array([[2, -3]], np.int8), np.array([0.5], np.float32))
    pair = pack_low_rank([Slice(0, np.array([[1.0, 4.0]], np.float32), np.array([[3.0]], np.float32))], True)
    assert added(TWIN, np.array([[1.0]], np.float32), rows, [pair], [0]).tolist() == [[1 + (2 - 12) * 0.5 * 3]]


SHAPES: list[tuple[int, int, list[tuple[int, int, int]]]] = [
    (1, 1, [(0, 1, 1)]),
    (16, 33, [(0, 17, 4), (17, 16, 8)]),
    (100, 70, [(5, 65, 7)]),
    (64, 1300, [(0, 1100, 16), (1100, 100, 3), (1200, 100, 64)]),
    (2100, 40, [(0, 40, 16)]),
]


@pytest.mark.parametrize("kind", ["int8", "bf16", "f32"])
@pytest.mark.parametrize(("in_features", "out_features", "slices"), SHAPES)
def test_every_instruction_set_has_the_twins_bits(
    native: Kernels, kind: RowsKind, in_features: int, out_features: int, slices: list[tuple[int, int, int]]
) -> None:
    for num_rows in (1, 6):
        rows = TWIN.quantize_rows(normal(num_rows, num_rows, in_features), kind)
        out, owners = normal(9, num_rows, out_features), [1, -1, 0, 1, 1, 0][:num_rows]
        for is_bf16 in (True, False):
            pairs = [low_rank(in_features, slices, is_bf16), low_rank(in_features, slices[:1], is_bf16, seed=50)]
            expected = added(TWIN, out, rows, pairs, owners)
            assert_same_bits(added(native, out, rows, pairs, owners), expected)


def test_a_rows_bits_do_not_depend_on_the_rows_around_it(native: Kernels) -> None:
    rows, out = TWIN.quantize_rows(normal(1, 150, 96), "int8"), normal(2, 150, 80)
    pairs = [low_rank(96, [(0, 80, 8)], True, seed) for seed in range(3)]
    owners: I32 = np.random.default_rng(3).integers(-1, 3, 150).astype(np.int32)
    together = added(native, out, rows, pairs, owners.tolist())
    assert rows.scales is not None
    for row in (0, 17, 149):
        alone = Rows("int8", rows.values[[row]], rows.scales[[row]])
        assert_same_bits(added(native, out[[row]], alone, pairs, [int(owners[row])]), together[[row]])


def test_a_row_that_could_not_be_quantised_stays_without_a_number(native: Kernels) -> None:
    rows = TWIN.quantize_rows(np.array([[np.nan, 1.0], [1.0, 2.0]], np.float32), "int8")
    out = added(native, np.zeros((2, 3), np.float32), rows, [low_rank(2, [(0, 3, 2)], True)], [0, 0])
    assert np.isnan(out[0]).all()
    assert np.isfinite(out[1]).all()


def test_owners_and_shapes_that_do_not_fit_are_refused(native: Kernels) -> None:
    rows, out = Rows("f32", normal(1, 2, 8)), np.zeros((2, 4), np.float32)
    pair = low_rank(8, [(0, 4, 2)], False)
    for kernels in (native, TWIN):
        with pytest.raises(ValueError, match=r"in \[-1, 1\)"):
            added(kernels, out, rows, [pair], [0, 1])
        with pytest.raises(ValueError, match="rows have 8 inputs, an adapter takes 9"):
            added(kernels, out, rows, [low_rank(9, [(0, 4, 2)], False)], [0, 0])
        with pytest.raises(ValueError, match="writes past the 4 outputs"):
            added(kernels, out, rows, [low_rank(8, [(2, 4, 2)], False)], [0, 0])


def test_bf16_keeps_eight_bits_of_each_number() -> None:
    data = pack_low_rank([Slice(0, np.full((1, 1), 1.00390625, np.float32), np.ones((1, 1), np.float32))], True).data
    assert from_bf16(data)[0] == 1.0
