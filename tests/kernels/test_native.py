"""Every native instruction set has the bits of the twin, whatever the shape and the number of threads."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tampu.kernels import available_isas, emulated_isas
from tampu.kernels.interface import AttentionRows, Kernels, Kind, LayerCache, PackedLinear, Rows, RowsKind, rows_kind
from tampu.kernels.layout import pack_linear
from tampu.kernels.native import NativeKernels
from tampu.kernels.reference import ReferenceKernels
from tests.kernels.cases import (
    CACHE_KINDS,
    KINDS,
    ROWS_KINDS,
    all_tokens,
    assert_same_bits,
    block_tables,
    controls,
    empty_cache,
    normal,
    random_controls,
    slots,
    some,
    weight,
)

TWIN = ReferenceKernels()
NATIVE = [(isa, threads) for isa in (*available_isas()[:-1], *emulated_isas()) for threads in (1, 2)]


@pytest.fixture(scope="module", params=NATIVE, ids=lambda param: f"{param[0]}-{param[1]}")
def native(request: pytest.FixtureRequest) -> Kernels:
    isa, num_threads = request.param
    return NativeKernels(isa, num_threads)


def hostile(rng: np.random.Generator, num_rows: int, size: int) -> np.ndarray:
    """Rows of all magnitudes, with zeros, subnormals, infinities and NaN in some."""
    x = normal(rng, num_rows, size) * rng.choice([1e-40, 1e-20, 1, 30, 1e20], (num_rows, 1)).astype(np.float32)
    for value in (0, np.nan, np.inf, -np.inf, 1e-45):
        if num_rows > 2:
            x[rng.integers(num_rows), rng.integers(size)] = value
    return x


@pytest.mark.parametrize("kind", ROWS_KINDS)
@pytest.mark.parametrize("size", [1, 16, 33, 64, 576, 1000])
def test_rows_have_the_twins_bits(native: Kernels, kind: RowsKind, size: int) -> None:
    rng = np.random.default_rng(size)
    for num_rows in (1, 7, 130):
        x, gain, gate_up = hostile(rng, num_rows, size), normal(rng, size), hostile(rng, num_rows, 2 * size)
        with np.errstate(all="ignore"):
            assert_same_bits(native.quantize_rows(x, kind), TWIN.quantize_rows(x, kind))
            assert_same_bits(native.rms_norm(x, gain, 1e-5, kind), TWIN.rms_norm(x, gain, 1e-5, kind))
            assert_same_bits(native.silu_mul(gate_up, kind), TWIN.silu_mul(gate_up, kind))


@pytest.mark.parametrize("kind", ROWS_KINDS)
@pytest.mark.parametrize(
    ("size", "width"), [(3, 1), (6, 2), (100, 4), (40, 8), (48, 16), (96, 32), (320, 64), (768, 256), (1536, 512)]
)
def test_rows_mixed_by_hadamard_blocks_have_the_twins_bits(
    native: Kernels, kind: RowsKind, size: int, width: int
) -> None:
    rng = np.random.default_rng(size)
    for num_rows in (1, 7, 33):
        gate_up = hostile(rng, num_rows, 2 * size)
        with np.errstate(all="ignore"):
            x, gain = np.ascontiguousarray(gate_up[:, :size]), normal(rng, size)
            assert_same_bits(native.quantize_rows(x, kind, width), TWIN.quantize_rows(x, kind, width))
            assert_same_bits(native.rms_norm(x, gain, 1e-5, kind, width), TWIN.rms_norm(x, gain, 1e-5, kind, width))
            assert_same_bits(native.silu_mul(gate_up, kind, width), TWIN.silu_mul(gate_up, kind, width))


@pytest.mark.parametrize("width", [-1, 3, 128, 1024])
def test_a_hadamard_block_that_does_not_divide_the_row_is_refused(native: Kernels, width: int) -> None:
    for kernels in (native, TWIN):
        with pytest.raises(ValueError, match=f"a power of two up to 512 that divides 1088, not {width}"):
            kernels.silu_mul(np.zeros((1, 2176), np.float32), "int8", width)


def assert_same_linear(native: Kernels, kind: Kind, num_rows: int, in_features: int, out_features: int) -> None:
    rng = np.random.default_rng(num_rows * 1000 + in_features)
    rows = TWIN.quantize_rows(normal(rng, num_rows, in_features), rows_kind(kind))
    packed, residual = weight(rng, kind, out_features, in_features), normal(rng, num_rows, out_features)
    assert_same_bits(native.linear(rows, packed), TWIN.linear(rows, packed))
    assert_same_bits(native.linear(rows, packed, residual), TWIN.linear(rows, packed, residual))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("in_features", "out_features"), [(1, 1), (64, 32), (65, 33), (100, 70), (256, 31), (130, 257), (512, 200)]
)
def test_linears_have_the_twins_bits(native: Kernels, kind: Kind, in_features: int, out_features: int) -> None:
    for num_rows in (1, 2, 3, 5, 8, 11):
        assert_same_linear(native, kind, num_rows, in_features, out_features)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_rows", [16, 31, 127, 129, 513])
def test_linears_of_many_rows_have_the_twins_bits(native: Kernels, kind: Kind, num_rows: int) -> None:
    assert_same_linear(native, kind, num_rows, 72, 40)


@pytest.mark.parametrize("kind", ["int8", "int4"])
@pytest.mark.parametrize("in_features", [512, 513, 1090])
@pytest.mark.parametrize("num_rows", [12, 13, 16, 25, 530])
def test_integer_linears_of_several_slabs_have_the_twins_bits(
    native: Kernels, kind: Kind, num_rows: int, in_features: int
) -> None:
    assert_same_linear(native, kind, num_rows, in_features, 70)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["int8", "int4"]), st.integers(1, 513), st.integers(1, 1100), st.integers(1, 100))
def test_integer_linears_of_any_shape_have_the_twins_bits(
    native: Kernels, kind: Kind, num_rows: int, in_features: int, out_features: int
) -> None:
    assert_same_linear(native, kind, num_rows, in_features, out_features)


def test_the_largest_int8_sums_are_exact(native: Kernels) -> None:
    size = 14336  # of Llama 3 8B: 14336 * 127 * 127 needs 28 bits
    rows = Rows("int8", np.full((2, size), 127, np.int8), np.ones(2, np.float32))
    rows.values[1] = -127
    values = np.full((3, size), 127, np.int8)
    values[1] = -127
    values[2, ::2] = -127
    out = native.linear(rows, pack_linear(values, "int8", np.ones(3, np.float32)))
    most = size * 127 * 127
    assert out.tolist() == [[most, -most, 0], [-most, most, 0]]


def test_the_largest_int4_sums_are_exact(native: Kernels) -> None:
    size = 14336
    rows = Rows("int8", np.full((2, size), 127, np.int8), np.ones(2, np.float32))
    rows.values[1] = -127
    codes = np.zeros((3, size), np.uint8)  # of value -8
    codes[1] = 15
    numbers = np.full((3, size // 32), 15, np.int8)
    numbers[2] = -15
    out = native.linear(rows, pack_linear(codes, "int4", np.ones(3, np.float32), numbers))
    most, other = 8 * 15 * 127 * size, 7 * 15 * 127 * size
    assert out.tolist() == [[-most, other, most], [most, -other, -most]]


@pytest.mark.parametrize("kind", KINDS)
def test_gathered_rows_have_the_twins_bits(native: Kernels, kind: Kind) -> None:
    rng = np.random.default_rng(5)
    packed, token_ids = weight(rng, kind, 99, 130), rng.integers(0, 99, 40).astype(np.int32)
    assert_same_bits(native.gather_rows(packed, token_ids), TWIN.gather_rows(packed, token_ids))


def test_the_rotary_table_has_the_twins_bits(native: Kernels) -> None:
    positions = np.array([0, 1, 2, 8191, 8192, 131_071], np.int32)
    frequencies = (500_000.0 ** -(np.arange(64) / 64)).astype(np.float32)
    assert_same_bits(native.rotary_table(positions, frequencies), TWIN.rotary_table(positions, frequencies))


def assert_same_attention(
    native: Kernels, heads: int, groups: int, head_size: int, block_size: int, kv_dtype: str, lengths: list[int]
) -> None:
    """Cache and attention over rows of these lengths, all at once and a few tokens alone."""
    rng = np.random.default_rng(head_size)
    tables, num_blocks = block_tables(rng, lengths, block_size)
    rows = all_tokens(tables, lengths)
    mine, theirs = (empty_cache(num_blocks, groups, block_size, head_size, kv_dtype) for _ in range(2))
    qkv = normal(rng, sum(lengths), (heads + 2 * groups) * head_size) * np.float32(2)
    table = TWIN.rotary_table(rows.positions, np.geomspace(1, 1e-4, head_size // 2).astype(np.float32))
    where = slots(rows, block_size)
    queries = TWIN.rotate_and_cache(qkv, *table, where, heads, theirs)
    assert_same_bits(native.rotate_and_cache(qkv, *table, where, heads, mine), queries)
    assert_same_bits(mine, theirs)
    expected = TWIN.attention(queries, theirs, rows)
    assert not np.isnan(expected).any()
    assert_same_bits(native.attention(queries, mine, rows), expected)
    tokens = rng.permutation(sum(lengths))[:5].astype(np.int32)
    assert_same_bits(native.attention(queries[tokens], mine, some(rows, tokens)), expected[tokens])


@pytest.mark.parametrize("kv_dtype", CACHE_KINDS)
@pytest.mark.parametrize("head_size", [16, 32, 48, 64, 80, 128])
def test_attention_has_the_twins_bits_for_any_head_size(native: Kernels, head_size: int, kv_dtype: str) -> None:
    assert_same_attention(native, 4, 2, head_size, 32, kv_dtype, [70, 1, 33])


@pytest.mark.parametrize("block_size", [32, 64, 96])
@pytest.mark.parametrize(("heads", "groups"), [(1, 1), (3, 3), (6, 2), (40, 2), (70, 1)])
def test_attention_has_the_twins_bits_for_any_heads_and_blocks(
    native: Kernels, heads: int, groups: int, block_size: int
) -> None:
    for kv_dtype in ("int8", "bf16"):
        assert_same_attention(native, heads, groups, 16, block_size, kv_dtype, [40, 3])


@pytest.mark.parametrize(("heads", "groups"), [(5, 1), (6, 3), (8, 8)])
def test_a_single_row_parted_among_many_threads_has_the_twins_bits(native: Kernels, heads: int, groups: int) -> None:
    many = NativeKernels(native.isa, 3 * native.num_threads)
    for kv_dtype in CACHE_KINDS:
        assert_same_attention(many, heads, groups, 32, 32, kv_dtype, [1])
        assert_same_attention(many, heads, groups, 32, 64, kv_dtype, [2, 1])


def test_attention_has_the_twins_bits_over_nan_and_infinity(native: Kernels) -> None:
    rng = np.random.default_rng(6)
    for kv_dtype in CACHE_KINDS:
        cache = empty_cache(2, 1, 32, 16, kv_dtype)
        positions, still = np.arange(40, dtype=np.int32), np.ones((40, 8), np.float32)
        rows = AttentionRows(np.arange(2, dtype=np.int32)[None], np.zeros(40, np.int32), positions)
        with np.errstate(all="ignore"):
            queries = TWIN.rotate_and_cache(hostile(rng, 40, 48), still, 0 * still, positions, 1, cache)
            expected = TWIN.attention(queries, cache, rows)
        assert_same_bits(native.attention(queries, cache, rows), expected)


def hostile_logits(rng: np.random.Generator, vocab_size: int) -> np.ndarray:
    """40 rows, some with NaN, infinities, ties, or nothing to draw."""
    logits = normal(rng, 40, vocab_size) * np.float32(3)
    logits[3, -1] = np.nan
    logits[4, 0] = np.inf
    logits[5] = -np.inf
    logits[6] = 1
    logits[7, 1:] = -np.inf
    logits[8:12] = np.round(logits[8:12])
    return logits


@pytest.mark.parametrize("vocab_size", [1, 5, 16, 1000, 4099])
def test_samples_and_logprobs_are_the_twins(native: Kernels, vocab_size: int) -> None:
    rng = np.random.default_rng(vocab_size)
    for _ in range(3):
        logits, rows = hostile_logits(rng, vocab_size), random_controls(rng, 40, vocab_size)
        token_ids = rng.integers(0, vocab_size, 40).astype(np.int32)
        with np.errstate(all="ignore"):
            assert_same_bits(native.sample(logits, rows), TWIN.sample(logits, rows))
            for top in {0, 1, min(20, vocab_size)}:
                assert_same_bits(native.logprobs(logits, token_ids, top), TWIN.logprobs(logits, token_ids, top))


def test_a_llama_vocabulary_is_sampled_like_the_twin(native: Kernels) -> None:
    rng = np.random.default_rng(8)
    logits = normal(rng, 4, 128_256) * np.float32(2)
    cut = controls(
        4,
        top_k=np.array([0, 40, 0, 1000], np.int32),
        top_p=np.array([1, 1, 0.9, 0.5], np.float32),
        seed=np.array([1, 2, 3, 4], np.uint64),
    )
    assert_same_bits(native.sample(logits, cut), TWIN.sample(logits, cut))


def test_a_cut_among_equals_neighbours_and_outliers_is_the_twins(native: Kernels) -> None:
    rng = np.random.default_rng(9)
    logits = np.zeros((7, 3001), np.float32)
    logits[1, 2000] = 20  # all others are equal, far below
    logits[2] = 1 + rng.integers(0, 2, 3001) * np.float32(2**-23)  # two numbers that have no third between them
    logits[3] = rng.standard_normal(3001) * np.float32(1e-30)
    logits[4] = -(np.float32(2.0) ** -rng.integers(0, 140, 3001).astype(np.float32))  # as many in every octave
    logits[5] = np.where(rng.random(3001) < 0.5, -1, -rng.random(3001) * 20)  # half of them at one number
    logits[6] = np.arange(3001, dtype=np.float32) / 500  # rising with the id
    for top_k in (0, 1, 40, 1500, 2999, 3000):
        for top_p in (0.001, 0.5, 0.999, 1):
            cut = controls(7, top_k=np.full(7, top_k, np.int32), top_p=np.full(7, top_p, np.float32))
            assert_same_bits(native.sample(logits, cut), TWIN.sample(logits, cut))
    chosen = np.zeros(7, np.int32)
    assert_same_bits(native.logprobs(logits, chosen, 20), TWIN.logprobs(logits, chosen, 20))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(KINDS),
    num_rows=st.integers(1, 40),
    in_features=st.integers(1, 200),
    out_features=st.integers(1, 100),
)
def test_any_linear_has_the_twins_bits(
    native: Kernels, kind: Kind, num_rows: int, in_features: int, out_features: int
) -> None:
    assert_same_linear(native, kind, num_rows, in_features, out_features)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    groups=st.integers(1, 3),
    ratio=st.integers(1, 6),
    half_head=st.integers(1, 40),
    block_size=st.sampled_from([32, 64]),
    kv_dtype=st.sampled_from(CACHE_KINDS),
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=3),
)
def test_any_attention_has_the_twins_bits(
    native: Kernels, groups: int, ratio: int, half_head: int, block_size: int, kv_dtype: str, lengths: list[int]
) -> None:
    assert_same_attention(native, groups * ratio, groups, 2 * half_head, block_size, kv_dtype, lengths)


def test_no_rows_are_no_work(native: Kernels) -> None:
    rng = np.random.default_rng(9)
    rows = native.quantize_rows(np.zeros((0, 64), np.float32), "int8")
    assert native.linear(rows, weight(rng, "int8", 40, 64)).shape == (0, 40)
    assert native.sample(np.zeros((0, 10), np.float32), controls(0)).shape == (0,)


def test_wrong_arrays_are_refused_by_name(native: Kernels) -> None:
    rng = np.random.default_rng(10)
    x = normal(rng, 3, 64)
    with pytest.raises(ValueError, match=r"x must be contiguous float32\[3, 64\], not float64\[3, 64\]"):
        native.quantize_rows(x.astype(np.float64), "f32")
    with pytest.raises(ValueError, match="x must be contiguous"):
        native.quantize_rows(normal(rng, 64, 3).T, "f32")
    with pytest.raises(ValueError, match=r"gain must be contiguous float32\[64\], not float32\[63\]"):
        native.rms_norm(x, normal(rng, 63), 1e-5, "f32")
    with pytest.raises(ValueError, match=r"rows must be contiguous float32\[3, 65\], not float32\[3, 64\]"):
        native.linear(native.quantize_rows(x, "f32"), weight(rng, "f32", 4, 65))
    with pytest.raises(ValueError, match="rows must be contiguous uint16"):
        native.linear(native.quantize_rows(x, "f32"), weight(rng, "bf16", 4, 64))
    packed = weight(rng, "f32", 40, 64)
    with pytest.raises(ValueError, match="weight must be contiguous"):
        native.linear(native.quantize_rows(x, "f32"), PackedLinear("f32", packed.data[:1], 40, 64))


def test_indices_out_of_range_are_refused_by_name(native: Kernels) -> None:
    rng = np.random.default_rng(11)
    with pytest.raises(ValueError, match=r"token_ids\[1\] is 40, outside \[0, 40\)"):
        native.gather_rows(weight(rng, "f32", 40, 8), np.array([0, 40], np.int32))
    cache = empty_cache(2, 1, 32, 8, "f32")
    one_token = (normal(rng, 1, 24), normal(rng, 1, 4), normal(rng, 1, 4))
    with pytest.raises(ValueError, match=r"slot_mapping\[0\] is 64, outside \[0, 64\)"):
        native.rotate_and_cache(*one_token, np.array([64], np.int32), 1, cache)
    queries, zero = normal(rng, 1, 1, 8), np.zeros(1, np.int32)
    for tables, row_of_token, positions, name in (
        ([[0, 2]], [0], [32], "block_tables"),
        ([[0, 1]], [1], [32], "row_of_token"),
        ([[0, 1]], [0], [64], "positions"),
        ([[0, 1]], [0], [-1], "positions"),
    ):
        rows = AttentionRows(*(np.array(x, np.int32) for x in (tables, row_of_token, positions)))
        with pytest.raises(ValueError, match=name):
            native.attention(queries, cache, rows)
    with pytest.raises(ValueError, match=r"token_ids\[0\] is -1"):
        native.logprobs(normal(rng, 1, 9), zero - 1, 0)
    with pytest.raises(ValueError, match="top must be at most"):
        native.logprobs(normal(rng, 1, 9), zero, 10)


def test_a_negative_or_nan_temperature_is_refused(native: Kernels) -> None:
    for temperature in (-1, np.nan):
        with pytest.raises(ValueError, match="temperature must be 0 or more"):
            native.sample(np.zeros((1, 9), np.float32), controls(1, temperature=np.array([temperature], np.float32)))


def test_read_only_weights_are_fine(native: Kernels) -> None:
    rng = np.random.default_rng(12)
    packed = weight(rng, "int8", 40, 64)
    packed.data.flags.writeable = False
    rows = TWIN.quantize_rows(normal(rng, 2, 64), "int8")
    assert_same_bits(native.linear(rows, packed), TWIN.linear(rows, packed))


def test_a_read_only_cache_is_not_written(native: Kernels) -> None:
    cache = empty_cache(1, 1, 32, 8, "f32")
    keys = cache.keys.copy()
    keys.flags.writeable = False
    qkv, table = np.ones((1, 24), np.float32), np.ones((1, 4), np.float32)
    with pytest.raises(TypeError):
        native.rotate_and_cache(qkv, table, table, np.zeros(1, np.int32), 1, LayerCache(keys, cache.values))


def test_every_thread_multiplies_in_its_registers(native: Kernels) -> None:
    assert isinstance(native, NativeKernels)
    once, twice = native.multiply_registers(10), native.multiply_registers(20)
    assert twice == 2 * once
    assert once % (10 * native.num_threads) == 0
    with pytest.raises(ValueError, match="rounds must be 1 or more, not 0"):
        native.multiply_registers(0)


def test_memory_is_read_by_any_number_of_threads(native: Kernels) -> None:
    assert isinstance(native, NativeKernels)
    native.read_memory(np.zeros(3_000_000, np.int8))
    with pytest.raises(ValueError, match="array must be contiguous int8"):
        native.read_memory(np.zeros(8, np.int64))
