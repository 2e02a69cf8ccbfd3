"""The twin's rows, linears, rotary embedding and attention against plain numpy in float64."""

import numpy as np
import pytest

from tampu.kernels.cache import read_slots, write_slots
from tampu.kernels.interface import AttentionRows, Kind, rows_kind
from tampu.kernels.layout import unpack_linear
from tampu.kernels.numerics import from_bf16, hadamard
from tampu.kernels.reference import ReferenceKernels
from tests.kernels.cases import KINDS, all_tokens, block_tables, empty_cache, normal, slots, weight

KERNELS = ReferenceKernels()


def test_int8_rows_have_their_amax_at_127_and_round_halves_to_even() -> None:
    rows = KERNELS.quantize_rows(np.array([[254, -1, 3, 1, -254], [0, 0, 0, 0, 0]], np.float32), "int8")
    assert rows.values.tolist() == [[127, 0, 2, 0, -127], [0, 0, 0, 0, 0]]
    assert rows.scales is not None and rows.scales.tolist() == [2, 0]


def test_an_int8_row_with_nan_or_infinity_poisons_only_itself() -> None:
    rows = KERNELS.quantize_rows(np.array([[1, np.nan], [np.inf, 1], [1, 1]], np.float32), "int8")
    assert rows.scales is not None
    assert np.isnan(rows.scales).tolist() == [True, True, False]


def test_rms_norm_divides_by_the_root_mean_square() -> None:
    x = np.array([[3, 4, 0, 0]], np.float32)
    out = KERNELS.rms_norm(x, np.array([1, 2, 1, 1], np.float32), 0.0, "f32").values
    np.testing.assert_allclose(out.astype(np.float32), np.array([[1.2, 3.2, 0, 0]]), rtol=1e-6)


def test_silu_mul_is_silu_of_the_gate_times_up() -> None:
    out = KERNELS.silu_mul(np.array([[0, 1, -200, 3, 2, 5]], np.float32), "f32").values
    np.testing.assert_allclose(out.astype(np.float32), np.array([[0, 2 / (1 + np.exp(-1.0)), 0]]), rtol=1e-6)


def test_hadamard_blocks_are_sylvesters_matrix_in_their_order() -> None:
    four = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], np.float32) / 2
    assert np.array_equal(hadamard(np.eye(4, dtype=np.float32), 4), four)
    assert np.array_equal(hadamard(np.eye(8, dtype=np.float32), 4)[4:, 4:], four)
    assert np.array_equal(hadamard(np.eye(4, dtype=np.float32), 4, axis=0), four)


def test_mixing_twice_gives_back_the_row() -> None:
    x = np.random.default_rng(1).integers(-99, 99, (3, 1024)).astype(np.float32)
    assert np.array_equal(hadamard(hadamard(x, 256), 256), x)
    assert np.array_equal(hadamard(x, 1), x)


def test_mixing_spreads_one_large_number_over_its_block() -> None:
    row = np.zeros((1, 64), np.float32)
    row[0, 40] = 32
    mixed = hadamard(row, 16)
    assert set(np.abs(mixed[0, 32:48])) == {8.0}
    assert not mixed[0, :32].any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_linear_is_the_product_of_what_its_operands_stand_for(kind: Kind) -> None:
    rng = np.random.default_rng(1)
    packed, x, residual = weight(rng, kind, 70, 100), normal(rng, 5, 100), normal(rng, 5, 70)
    rows = KERNELS.quantize_rows(x, rows_kind(kind))
    values = KERNELS.gather_rows(packed, np.arange(70, dtype=np.int32)).astype(np.float64)
    stands_for = rows.values.astype(np.float64)
    if rows.scales is not None:
        stands_for *= rows.scales[:, None]
    if kind == "bf16":
        stands_for = from_bf16(rows.values).astype(np.float64)
    np.testing.assert_allclose(
        KERNELS.linear(rows, packed, residual), stands_for @ values.T + residual, rtol=1e-5, atol=2e-5
    )


def test_rows_of_another_size_are_refused() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match=r"f32 rows \(2, 3\) do not fit a f32 weight \[4, 5\]"):
        KERNELS.linear(KERNELS.quantize_rows(normal(rng, 2, 3), "f32"), weight(rng, "f32", 4, 5))


def test_gathered_int8_rows_are_scaled() -> None:
    packed = weight(np.random.default_rng(2), "int8", 40, 70)
    assert packed.scales is not None
    row = KERNELS.gather_rows(packed, np.array([33], np.int32))[0]
    np.testing.assert_array_equal(row, unpack_linear(packed)[33].astype(np.float32) * packed.scales[33])


def test_the_rotary_table_holds_cos_and_sin_of_position_times_frequency() -> None:
    cos, sin = KERNELS.rotary_table(np.array([0, 1, 100_000], np.int32), np.array([1, 0.01], np.float32))
    angle = np.array([[0, 0], [1, 0.01], [100_000, np.float32(100_000) * np.float32(0.01)]])
    np.testing.assert_allclose(cos, np.cos(angle), atol=1e-7)
    np.testing.assert_allclose(sin, np.sin(angle), atol=1e-7)


def test_rotation_pairs_the_halves_of_a_head_and_fills_the_cache() -> None:
    cache = empty_cache(3, 1, 32, 4, "f32")
    qkv = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]], np.float32)  # one query, key and value head
    cos, sin = np.array([[0, 1]], np.float32), np.array([[1, 0]], np.float32)  # a quarter turn; none
    queries = KERNELS.rotate_and_cache(qkv, cos, sin, np.array([65], np.int32), 1, cache)
    assert queries.tolist() == [[[-3, 2, 1, 4]]]
    rows = read_slots(cache, np.array([64, 65], np.int32), 4)
    assert (rows.keys[1].tolist(), rows.values[1].tolist()) == ([[-7, 6, 5, 8]], [[9, 10, 11, 12]])
    assert np.isnan(cache.keys[:2]).all() and np.isnan(rows.keys[0]).all() and np.isnan(rows.values[0]).all()


def plain_attention(queries: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Causal softmax attention in float64; queries [n, H, D], keys and values [n, G, D]."""
    n, heads, size = queries.shape
    keys, values = (np.repeat(x, heads // x.shape[1], axis=1).astype(np.float64) for x in (keys, values))
    scores = np.einsum("nhd,mhd->hnm", queries, keys) / np.sqrt(size)
    scores = np.where(np.tril(np.ones((n, n), bool)), scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    out: np.ndarray = np.einsum("hnm,mhd->nhd", weights, values)
    return out.reshape(n, heads * size)


@pytest.mark.parametrize(("kv_dtype", "tolerance"), [("f32", 2e-6), ("bf16", 3e-2), ("int8", 3e-2)])
@pytest.mark.parametrize("block_size", [32, 64])
def test_attention_is_a_causal_softmax_over_each_rows_own_tokens(
    kv_dtype: str, tolerance: float, block_size: int
) -> None:
    rng = np.random.default_rng(3)
    lengths = [70, 5]
    tables, num_blocks = block_tables(rng, lengths, block_size)
    rows = all_tokens(tables, lengths)
    cache = empty_cache(num_blocks, 2, block_size, 48, kv_dtype)
    qkv = normal(rng, 75, (4 + 2 * 2) * 48)
    still = np.ones((75, 24), np.float32), np.zeros((75, 24), np.float32)  # no rotation
    queries = KERNELS.rotate_and_cache(qkv, *still, slots(rows, block_size), 4, cache)
    out = KERNELS.attention(queries, cache, rows)
    heads = qkv.reshape(75, 8, 48)
    for part in (slice(0, 70), slice(70, 75)):
        expected = plain_attention(heads[part, :4], heads[part, 4:6], heads[part, 6:])
        np.testing.assert_allclose(out[part], expected, atol=tolerance)


def attention_error(kv_dtype: str, large_channels: list[int], mixed: bool = True) -> float:
    """Of 96 tokens, relative to float64; some channels of the keys are large; an int8 cache may go without mixing."""
    rng, positions = np.random.default_rng(5), np.arange(96, dtype=np.int32)
    queries, keys, values = normal(rng, 96, 4, 64), normal(rng, 96, 2, 64), normal(rng, 96, 2, 64)
    keys[:, :, large_channels] += np.float32(40)
    expected = plain_attention(queries, keys, values)
    cache = empty_cache(3, 2, 32, 64, kv_dtype)
    if mixed:
        qkv = np.concatenate([x.reshape(96, -1) for x in (queries, keys, values)], axis=1)
        still = np.ones((96, 32), np.float32), np.zeros((96, 32), np.float32)
        queries = KERNELS.rotate_and_cache(qkv, *still, positions, 4, cache)
    else:
        write_slots(cache, positions, keys, values)
    rows = AttentionRows(np.arange(3, dtype=np.int32)[None], np.zeros(96, np.int32), positions)
    out = KERNELS.attention(queries, cache, rows)
    return float(np.linalg.norm(out - expected) / np.linalg.norm(expected))


def test_an_int8_cache_attends_within_one_and_a_half_percent() -> None:
    assert attention_error("bf16", []) < 0.004
    assert 0.004 < attention_error("int8", []) < 0.015


def test_large_channels_of_keys_are_mixed_away_in_an_int8_cache() -> None:
    mixed, plain = attention_error("int8", [3, 40]), attention_error("int8", [3, 40], mixed=False)
    assert mixed < 0.03
    assert plain > 2 * mixed


def test_the_block_size_does_not_change_a_bit_of_attention() -> None:
    outs = []
    for block_size in (32, 64, 96):
        rng = np.random.default_rng(4)
        qkv = normal(rng, 70, 3 * 16)
        tables, num_blocks = block_tables(rng, [70], block_size)
        rows = all_tokens(tables, [70])
        cache = empty_cache(num_blocks, 1, block_size, 16, "bf16")
        table = KERNELS.rotary_table(rows.positions, np.geomspace(1, 1e-4, 8).astype(np.float32))
        queries = KERNELS.rotate_and_cache(qkv, *table, slots(rows, block_size), 1, cache)
        outs.append(KERNELS.attention(queries, cache, rows).tobytes())
    assert len(set(outs)) == 1


def test_a_nan_in_a_later_value_does_not_reach_an_earlier_query() -> None:
    cache, ones = empty_cache(1, 1, 32, 16, "f32"), np.ones((2, 1, 16), np.float32)
    write_slots(cache, np.array([0, 1], np.int32), ones, ones * np.array([3, np.nan], np.float32)[:, None, None])
    rows = AttentionRows(np.zeros((1, 1), np.int32), np.zeros(2, np.int32), np.array([0, 1], np.int32))
    out = KERNELS.attention(np.ones((2, 1, 16), np.float32), cache, rows)
    assert out[0].tolist() == [3] * 16
    assert np.isnan(out[1]).all()
