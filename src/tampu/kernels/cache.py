"""The key-value cache: chunks of 32 absolute positions, laid out so that attention reads them in order.

A chunk's keys are the weight of a linear from a query to 32 scores, its values that of a linear from 32 softmax weights
to the output, in tiles like those of `layout`: words of four bytes hold neighbours, d in keys and positions in values,
and sixteen words, of sixteen positions or sixteen d, make a row of 64 bytes. Such a row is what one instruction of
AVX-512 multiplies, and a row of an AMX tile.

    keys    [P, G, S / 32, D / k, 2, k / group, 16, group]      half, d, position of the half, d
    values  [P, G, S / 32, D / 32, 2, 32 / group, 16, group]    half, position, d of the half, position

D is padded with zeros to whole tiles. A block holds whole chunks. int8 has one scale per slot and head.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tampu.errors import BadSetting
from tampu.kernels.interface import F32, I32, LayerCache
from tampu.kernels.numerics import from_bf16, quantize, to_bf16

CacheKind = Literal["int8", "bf16", "f32"]
CHUNK = 32  # positions of one softmax step
COLUMNS = 16  # of one half of a tile
DTYPES: dict[str, type[np.generic]] = {"int8": np.int8, "bf16": np.uint16, "f32": np.float32}


@dataclass(frozen=True, slots=True)
class SlotRows:
    """Keys and values of some slots, [N, G, D] each; int8 has whole numbers, to be multiplied by scales [N, G]."""

    keys: F32
    values: F32
    key_scales: F32 | None = None
    value_scales: F32 | None = None


def new_layer_cache(num_blocks: int, groups: int, block_size: int, head_size: int, kv_dtype: str) -> LayerCache:
    """Empty blocks of one layer; BadSetting for a `kv_dtype` that is none or blocks that are not whole chunks."""
    shapes = _tile_shapes(num_blocks, groups, block_size, head_size, kv_dtype)
    keys, values = (np.zeros(shape, DTYPES[kv_dtype]) for shape in shapes)
    if kv_dtype != "int8":
        return LayerCache(keys, values)
    key_scales, value_scales = (np.zeros((num_blocks, groups, block_size), np.float32) for _ in range(2))
    return LayerCache(keys, values, key_scales, value_scales)


def block_bytes(groups: int, block_size: int, head_size: int, kv_dtype: str) -> int:
    """Bytes of one block of one layer."""
    cache = new_layer_cache(1, groups, block_size, head_size, kv_dtype)
    return sum(
        array.nbytes for array in (cache.keys, cache.values, cache.key_scales, cache.value_scales) if array is not None
    )


def write_slots(cache: LayerCache, slots: I32, keys: F32, values: F32) -> None:
    """Keys and values f32[N, G, D], rounded as the cache is, into these slots (block * block_size + offset)."""
    _write_keys(cache.keys, slots, _rounded(cache, slots, keys, cache.key_scales))
    _write_values(cache.values, slots, _rounded(cache, slots, values, cache.value_scales))


def read_slots(cache: LayerCache, slots: I32, head_size: int) -> SlotRows:
    """What these slots hold; no other slot is read."""
    block, chunk, place = _find(cache.keys, slots)
    half, column = np.divmod(place, COLUMNS)
    word, neighbour = np.divmod(place, cache.values.shape[-1])
    keys = cache.keys[block, :, chunk, :, half, :, column]  # [N, G, tile, word, neighbour]
    values = cache.values[block, :, chunk, :, :, word, :, neighbour]  # [N, G, tile, half, column]
    flat = (len(slots), cache.keys.shape[1], -1)
    rows = SlotRows(*(_widened(x.reshape(flat)[..., :head_size]) for x in (keys, values)))
    if cache.key_scales is None or cache.value_scales is None:
        return rows
    block, offset = np.divmod(slots, np.int32(cache.key_scales.shape[2]))
    return SlotRows(rows.keys, rows.values, cache.key_scales[block, :, offset], cache.value_scales[block, :, offset])


def _tile_shapes(
    num_blocks: int, groups: int, block_size: int, head_size: int, kv_dtype: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of keys and of values."""
    if kv_dtype not in get_args(CacheKind):
        raise BadSetting(f"kv_dtype must be one of {', '.join(get_args(CacheKind))}, got {kv_dtype!r}.")
    if block_size < CHUNK or block_size % CHUNK:
        raise BadSetting(f"block_size must be a multiple of {CHUNK}, got {block_size}.")
    group = 4 // np.dtype(DTYPES[kv_dtype]).itemsize
    chunks = (num_blocks, groups, block_size // CHUNK)
    k = max(CHUNK, COLUMNS * group)  # d of a tile of keys
    keys = (*chunks, -(-head_size // k), 2, k // group, COLUMNS, group)
    return keys, (*chunks, -(-head_size // CHUNK), 2, CHUNK // group, COLUMNS, group)


def _rounded(cache: LayerCache, slots: I32, x: F32, scales: F32 | None) -> NDArray[np.generic]:
    """x in the cache's own element; the scales of int8 go to their slots."""
    if scales is None:
        return to_bf16(x) if cache.keys.dtype == np.uint16 else x
    whole, new_scales = quantize(x, 127)
    block, offset = np.divmod(slots, np.int32(scales.shape[2]))
    scales[block, :, offset] = new_scales
    return whole.astype(np.int8)


def _widened(x: NDArray[np.generic]) -> F32:
    return from_bf16(x) if x.dtype == np.uint16 else x.astype(np.float32)


def _write_keys(array: NDArray[np.generic], slots: I32, keys: NDArray[np.generic]) -> None:
    block, chunk, place = _find(array, slots)
    half, column = np.divmod(place, COLUMNS)
    *_, tiles, _, words, _, group = array.shape
    padded = _pad(keys, tiles * words * group)
    array[block, :, chunk, :, half, :, column] = padded.reshape(*keys.shape[:2], tiles, words, group)


def _write_values(array: NDArray[np.generic], slots: I32, values: NDArray[np.generic]) -> None:
    block, chunk, place = _find(array, slots)
    *_, tiles, halves, _, columns, group = array.shape
    word, neighbour = np.divmod(place, group)
    padded = _pad(values, tiles * halves * columns)
    array[block, :, chunk, :, :, word, :, neighbour] = padded.reshape(*values.shape[:2], tiles, halves, columns)


def _find(array: NDArray[np.generic], slots: I32) -> tuple[I32, I32, I32]:
    """Block, chunk within the block, and position within the chunk."""
    chunk, place = np.divmod(slots, np.int32(CHUNK))
    block, chunk = np.divmod(chunk, np.int32(array.shape[2]))
    return block, chunk, place


def _pad(x: NDArray[np.generic], size: int) -> NDArray[np.generic]:
    padded = np.zeros((*x.shape[:-1], size), x.dtype)
    padded[..., : x.shape[-1]] = x
    return padded
