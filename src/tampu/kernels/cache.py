"""The key-value cache: chunks of 32 absolute positions, laid out so that attention reads them in order.

A chunk's keys are the weight of a linear from a query to 32 scores, its values that of a linear from 32 softmax weights
to the output, in tiles like those of `layout`: words of four bytes hold neighbours, d in keys and positions in values,
and sixteen words, of sixteen positions or sixteen d, make a row of 64 bytes. Such a row is what one instruction of
AVX-512 multiplies, and a row of an AMX tile.

    keys    [P, G, S / 32, D / k, 2, k / group, 16, group]      half, d, position of the half, d
    values  [P, G, S / 32, D / 32, 2, 32 / group, 16, group]    half, position, d of the half, position

D is padded with zeros to whole tiles. A block holds whole chunks.
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tampu.errors import BadSetting
from tampu.kernels.interface import I32, LayerCache

CacheKind = Literal["bf16", "f32"]
CHUNK = 32  # positions of one softmax step
COLUMNS = 16  # of one half of a tile
DTYPES: dict[str, type[np.generic]] = {"bf16": np.uint16, "f32": np.float32}


def new_layer_cache(num_blocks: int, groups: int, block_size: int, head_size: int, kv_dtype: str) -> LayerCache:
    """Empty blocks of one layer; BadSetting for a `kv_dtype` that is none or blocks that are not whole chunks."""
    shapes = cache_shapes(num_blocks, groups, block_size, head_size, kv_dtype)
    return LayerCache(*(np.zeros(shape, DTYPES[kv_dtype]) for shape in shapes))


def block_bytes(groups: int, block_size: int, head_size: int, kv_dtype: str) -> int:
    """Bytes of one block of one layer."""
    shapes = cache_shapes(1, groups, block_size, head_size, kv_dtype)
    return sum(int(np.prod(shape)) for shape in shapes) * np.dtype(DTYPES[kv_dtype]).itemsize


def cache_shapes(
    num_blocks: int, groups: int, block_size: int, head_size: int, kv_dtype: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of keys and of values."""
    if kv_dtype not in get_args(CacheKind):
        raise BadSetting(f"kv_dtype must be one of {', '.join(get_args(CacheKind))}, got {kv_dtype!r}.")
    if block_size < CHUNK or block_size % CHUNK:
        raise BadSetting(f"block_size must be a multiple of {CHUNK}, got {block_size}.")
    group = 4 // np.dtype(DTYPES[kv_dtype]).itemsize
    chunks = (num_blocks, groups, block_size // CHUNK)
    k = max(CHUNK, COLUMNS * group)  # d of a tile of keys
    keys = (*chunks, -(-head_size // k), 2, k // group, COLUMNS, group)
    return keys, (*chunks, -(-head_size // CHUNK), 2, CHUNK // group, COLUMNS, group)


def write_slots(cache: LayerCache, slots: I32, keys: NDArray[np.generic], values: NDArray[np.generic]) -> None:
    """Keys and values [N, G, D], in the cache's own element, into these slots (block * block_size + offset)."""
    block, chunk, place = _find(cache, slots)
    half, column = np.divmod(place, COLUMNS)
    *_, tiles, _, words, _, group = cache.keys.shape
    padded = _pad(keys, tiles * words * group)
    cache.keys[block, :, chunk, :, half, :, column] = padded.reshape(*keys.shape[:2], tiles, words, group)
    *_, tiles, halves, _, columns, group = cache.values.shape
    word, neighbour = np.divmod(place, group)
    padded = _pad(values, tiles * halves * columns)
    cache.values[block, :, chunk, :, :, word, :, neighbour] = padded.reshape(*values.shape[:2], tiles, halves, columns)


def read_slots(cache: LayerCache, slots: I32, head_size: int) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Keys and values [N, G, D] of these slots, as they are stored; no other slot is read."""
    block, chunk, place = _find(cache, slots)
    half, column = np.divmod(place, COLUMNS)
    word, neighbour = np.divmod(place, cache.values.shape[-1])
    keys = cache.keys[block, :, chunk, :, half, :, column]  # [N, G, tile, word, neighbour]
    values = cache.values[block, :, chunk, :, :, word, :, neighbour]  # [N, G, tile, half, column]
    flat = (len(slots), cache.keys.shape[1], -1)
    return keys.reshape(flat)[..., :head_size], values.reshape(flat)[..., :head_size]


def _find(cache: LayerCache, slots: I32) -> tuple[I32, I32, I32]:
    """Block, chunk within the block, and position within the chunk."""
    chunk, place = np.divmod(slots, CHUNK)
    block, chunk = np.divmod(chunk, cache.keys.shape[2])
    return block, chunk, place


def _pad(x: NDArray[np.generic], size: int) -> NDArray[np.generic]:
    padded = np.zeros((*x.shape[:-1], size), x.dtype)
    padded[..., : x.shape[-1]] = x
    return padded
