"""The order of the cache, element by element, and what it costs."""

import numpy as np
import pytest

from tampu.errors import BadSetting
from tampu.kernels.cache import block_bytes, new_layer_cache, read_slots, write_slots


def numbered(slots: list[int], head_size: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Keys slot * 1000 + d and values 500 more, for two heads of which the second has another 20,000."""
    at = np.array(slots)[:, None, None] * 1000 + np.array([[0], [20_000]]) + np.arange(head_size)
    return at.astype(dtype), (at + 500).astype(dtype)


def test_a_word_of_a_bf16_cache_has_two_d_of_a_key_or_two_positions_of_a_value() -> None:
    cache = new_layer_cache(1, 2, 32, 64, "bf16")
    write_slots(cache, np.array([6, 7, 20], np.int32), *numbered([6, 7, 20], 64, "uint16"))
    # [block, head, chunk, tile, half, word, column, neighbour]
    assert cache.keys[0, 0, 0, 1, 0, 3, 7].tolist() == [7038, 7039]  # tile 1, word 3: d 38 and 39; column 7: position 7
    assert cache.keys[0, 1, 0, 0, 1, 0, 4].tolist() == [40_000, 40_001]  # second half, column 4: position 20
    assert cache.values[0, 0, 0, 1, 0, 3, 7].tolist() == [6539, 7539]  # word 3: positions 6 and 7; d 32 + 7


def test_a_word_of_an_f32_cache_is_one_number() -> None:
    cache = new_layer_cache(1, 2, 64, 64, "f32")
    write_slots(cache, np.array([38], np.int32), *numbered([38], 64, "float32"))
    assert cache.keys[0, 0, 1, 1, 0, 5, 6].tolist() == [38_037]
    assert cache.values[0, 1, 1, 1, 1, 6, 5].tolist() == [58_553]


@pytest.mark.parametrize("kv_dtype", ["bf16", "f32"])
@pytest.mark.parametrize("head_size", [2, 32, 80])
def test_what_was_written_is_read_and_the_padding_is_zero(kv_dtype: str, head_size: int) -> None:
    cache = new_layer_cache(3, 2, 64, head_size, kv_dtype)
    slots = np.array([0, 33, 95, 128, 191], np.int32)
    keys, values = numbered([1, 2, 3, 4, 5], head_size, cache.keys.dtype.name)
    write_slots(cache, slots, keys, values)
    read_keys, read_values = read_slots(cache, slots, head_size)
    assert (read_keys.tolist(), read_values.tolist()) == (keys.tolist(), values.tolist())
    assert cache.keys.sum(dtype=np.float64) == keys.sum(dtype=np.float64)
    assert cache.values.sum(dtype=np.float64) == values.sum(dtype=np.float64)


def test_a_block_costs_its_numbers_and_padding_to_whole_tiles() -> None:
    assert block_bytes(8, 32, 128, "bf16") == 2 * 8 * 32 * 128 * 2
    assert block_bytes(8, 64, 128, "f32") == 2 * 8 * 64 * 128 * 4
    assert block_bytes(1, 32, 80, "bf16") == 2 * 32 * 96 * 2


def test_an_unknown_kind_or_a_broken_chunk_is_refused_by_name() -> None:
    with pytest.raises(BadSetting, match="kv_dtype must be one of bf16, f32, got 'int4'"):
        new_layer_cache(1, 1, 32, 64, "int4")
    with pytest.raises(BadSetting, match="block_size must be a multiple of 32, got 16"):
        new_layer_cache(1, 1, 16, 64, "bf16")
