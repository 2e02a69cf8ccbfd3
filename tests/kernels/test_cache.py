"""The order of the cache, element by element, and what it costs."""

import numpy as np
import pytest

from tampu.errors import BadSetting
from tampu.kernels.cache import block_bytes, new_layer_cache, read_slots, write_slots
from tampu.kernels.numerics import to_bf16


def numbered(slots: list[int], head_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys slot + d and values 64 more, for two heads of which the second has them negative: exact in bf16."""
    at = np.array(slots)[:, None, None] + np.arange(head_size)
    keys = (at * np.array([[1], [-1]])).astype(np.float32)
    return keys, keys + np.float32(64) * np.sign(keys)


def bf16(*values: float) -> list[int]:
    return [int(half) for half in to_bf16(np.array(values, np.float32))]


def test_a_word_of_a_bf16_cache_has_two_d_of_a_key_or_two_positions_of_a_value() -> None:
    cache = new_layer_cache(1, 2, 32, 64, "bf16")
    write_slots(cache, np.array([6, 7, 20], np.int32), *numbered([6, 7, 20], 64))
    # [block, head, chunk, tile, half, word, column, neighbour]
    assert cache.keys[0, 0, 0, 1, 0, 3, 7].tolist() == bf16(7 + 38, 7 + 39)  # tile 1, word 3: d 38, 39; position 7
    assert cache.keys[0, 1, 0, 0, 1, 0, 4].tolist() == bf16(-20, -21)  # second half, column 4: position 20
    assert cache.values[0, 0, 0, 1, 0, 3, 7].tolist() == bf16(6 + 39 + 64, 7 + 39 + 64)  # positions 6, 7; d 32 + 7


def test_a_word_of_an_f32_cache_is_one_number() -> None:
    cache = new_layer_cache(1, 2, 64, 64, "f32")
    write_slots(cache, np.array([38], np.int32), *numbered([38], 64))
    assert cache.keys[0, 0, 1, 1, 0, 5, 6].tolist() == [38 + 37]
    assert cache.values[0, 1, 1, 1, 1, 6, 5].tolist() == [-(38 + 53 + 64)]


def test_a_word_of_an_int8_cache_has_four_numbers_and_a_slot_its_scales() -> None:
    cache = new_layer_cache(1, 2, 64, 64, "int8")
    write_slots(cache, np.array([38], np.int32), *numbered([64], 64))  # keys up to 127, values up to 191
    assert cache.keys[0, 0, 1, 0, 0, 2, 6].tolist() == [72, 73, 74, 75]  # word 2: d 8 to 11
    assert cache.values[0, 1, 1, 1, 1, 1, 5].tolist() == [0, 0, -120, 0]  # 181 * 127 / 191; d 53, position 4 + 2
    assert cache.key_scales is not None and cache.value_scales is not None
    assert cache.key_scales[0, :, 38].tolist() == [1, 1]
    assert cache.value_scales[0, :, 38].tolist() == [np.float32(191) / np.float32(127)] * 2
    assert np.count_nonzero(cache.key_scales) == 2


@pytest.mark.parametrize("kv_dtype", ["bf16", "f32"])
@pytest.mark.parametrize("head_size", [2, 32, 80])
def test_what_was_written_is_read_and_the_padding_is_zero(kv_dtype: str, head_size: int) -> None:
    cache = new_layer_cache(3, 2, 64, head_size, kv_dtype)
    slots = np.array([0, 33, 95, 128, 191], np.int32)
    keys, values = numbered([1, 2, 3, 4, 5], head_size)
    write_slots(cache, slots, keys, values)
    rows = read_slots(cache, slots, head_size)
    assert (rows.keys.tolist(), rows.values.tolist()) == (keys.tolist(), values.tolist())
    assert np.count_nonzero(cache.keys) == np.count_nonzero(cache.values) == keys.size


def test_a_block_costs_its_numbers_and_padding_to_whole_tiles() -> None:
    assert block_bytes(8, 32, 128, "bf16") == 2 * 8 * 32 * 128 * 2
    assert block_bytes(8, 64, 128, "f32") == 2 * 8 * 64 * 128 * 4
    assert block_bytes(1, 32, 80, "bf16") == 2 * 32 * 96 * 2
    assert block_bytes(8, 32, 128, "int8") == 2 * 8 * 32 * (128 + 4)


def test_an_unknown_kind_or_a_broken_chunk_is_refused_by_name() -> None:
    with pytest.raises(BadSetting, match="kv_dtype must be one of int8, bf16, f32, got 'int4'"):
        new_layer_cache(1, 1, 32, 64, "int4")
    with pytest.raises(BadSetting, match="block_size must be a multiple of 32, got 16"):
        new_layer_cache(1, 1, 16, 64, "bf16")
