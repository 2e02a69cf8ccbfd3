"""The packed file, `.tampu`: weights in the kernels' own order, so that a start is one `mmap` and no copy.

    [0, 64)             preamble: magic, format version, offset, length and SHA-256 of the index
    [4096, index)       arrays, each at a multiple of 4096, zeros between
    [index, end)        JSON: configuration, and of each array its type, shape, offset and SHA-256; the tokenizer is one

The index lies at the end because the checksums are known only when the arrays are written. The preamble is written
last: a file that was cut short anywhere has none, or is shorter than its preamble says.
"""

import hashlib
import json
import mmap
import os
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from io import RawIOBase
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from tampu.errors import DamagedFile, TensorMismatch, UnsupportedModel, reason
from tampu.kernels.interface import F32, Kind, PackedLinear
from tampu.kernels.layout import SCALED, TILES, group_scales_shape, packed_shape
from tampu.model.checkpoint import Shape, naming
from tampu.model.config import GenerationDefaults, ModelConfig
from tampu.model.plan import EMBED_TOKENS, LM_HEAD, PlannedWeight, packed_plan, weight_kind
from tampu.model.rotation import Rotation
from tampu.request import PromptDates

MAGIC = b"\x89TAMPU\r\n"  # a transfer that changes line ends breaks it
FORMAT_VERSION = 4  # raise it whenever the file or the layout of the kernels changes
ALIGNMENT = 4096
PARTS = ("data", "scales", "group_scales")  # arrays of a weight
PREAMBLE = struct.Struct("<8sIIQQ32s")  # magic, version, zero, offset and length of the index, its SHA-256
DTYPES: Mapping[str, np.dtype[Any]] = {
    "uint8": np.dtype("<u1"),
    "int8": np.dtype("<i1"),
    "uint16": np.dtype("<u2"),
    "float32": np.dtype("<f4"),
}
SUFFIX, UNFINISHED = ".tampu", ".part"
WAY_OUT = "Pack it again with `tampu pack`."

Array = NDArray[Any]
# Device, inode, size and time of the last change in nanoseconds: equal while nobody touches the file.
FileId = tuple[int, ...]
VERIFIED_AT_ONCE = 4 * 2**20  # bytes
Weight = PackedLinear | F32


@dataclass(frozen=True, slots=True)
class PackedModel:
    """A packed file, mapped. The weights are views of the file.

    weights: `embed_tokens`, `layers.N.{input_layernorm, qkv_proj, o_proj, post_attention_layernorm, gate_up_proj,
    down_proj}`, `norm`, `lm_head` (the embedding itself where tied and not rotated) and `inverse_frequencies`,
    f32[D / 2].

    rotation: how the inputs of the linears are to be rotated.

    tokenizer_json: None when the source has no tokenizer, else JSON in one of three forms:
    * a Hugging Face tokenizer.json, byte for byte;
    * `{"format": "gguf", "model": "gpt2", "pre": "llama-bpe", "tokens": [...], "merges": [...], "token_type": [...],
      "bos": id, "eos": id, "eot": id}`, the vocabulary of a GGUF file; `eot` only where the file names it;
    * `{"format": "tiktoken", "ranks": "<base64>"}`, the bytes of Meta's tokenizer.model.

    source: the name of the checkpoint it was packed from.

    dates: those in the checkpoint's chat template; None in files of version 0.1.0, which did not keep them.

    fingerprint: hash of everything that the logits depend on; equal for equal models, whatever file they came from.
    """

    config: ModelConfig
    tokenizer_json: bytes | None
    generation: GenerationDefaults
    kind: Kind
    weights: Mapping[str, Weight]
    rotation: Rotation
    fingerprint: str
    source: str
    dates: PromptDates | None = None
    file_id: FileId = ()


def open_packed(path: Path, verify: bool = False) -> PackedModel:
    """The model in a packed file, in milliseconds; with `verify`, after `verify_packed`.

    DamagedFile when it is truncated or altered, UnsupportedModel when another version of tampu wrote it.
    """
    if verify:
        verify_packed(path)
    mapping, file_id = _map(path)
    index = _read_index(path, mapping)
    try:
        with naming(path):
            return replace(_read_model(path, mapping, index), file_id=file_id)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedFile(f"{path}: the index is malformed ({error!r}). {WAY_OUT}") from error


def verify_packed(path: Path, rest: Callable[[float], object] = float) -> None:
    """Read every weight and compare its checksum; `rest` is called with the seconds that each piece took.

    DamagedFile when a weight is not what was packed, or the file is no packed file.
    """
    mapping, _ = _map(path)
    index = _read_index(path, mapping)
    try:
        # Read, not mapped: pages that are mapped would stay in the memory of this process.
        with path.open("rb", buffering=0) as file:
            for name, entry in index["weights"].items():
                for part in PARTS:
                    if (array := entry.get(part)) and _read_checksum(file, array, rest) != array["sha256"]:
                        raise DamagedFile(f"{path}: {part} of tensor {name} fails its checksum. {WAY_OUT}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedFile(f"{path}: the index is malformed ({error!r}). {WAY_OUT}") from error
    except OSError as error:
        raise DamagedFile(f"{path} cannot be read: {reason(error)}.") from error


def file_id_of(path: Path) -> FileId | None:
    """What tells the file of this name from others; None where there is none."""
    try:
        return _file_id(path.stat())
    except OSError:
        return None


def _file_id(found: os.stat_result) -> FileId:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read_checksum(file: RawIOBase, entry: Mapping[str, Any], rest: Callable[[float], object]) -> str:
    digest, left = hashlib.sha256(), int(np.prod(entry["shape"], dtype=np.int64)) * DTYPES[entry["dtype"]].itemsize
    file.seek(entry["offset"])
    while left > 0 and (piece := file.read(min(left, VERIFIED_AT_ONCE))):
        began = time.monotonic()
        digest.update(piece)
        left -= len(piece)
        rest(time.monotonic() - began)
    return digest.hexdigest()


def _map(path: Path) -> tuple[mmap.mmap, FileId]:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), _file_id(os.fstat(file.fileno()))
    except (ValueError, OSError) as error:  # ValueError: an empty file
        raise DamagedFile(f"{path} cannot be read: {reason(error)}.") from error


def _read_index(path: Path, mapping: mmap.mmap) -> dict[str, Any]:
    if len(mapping) < ALIGNMENT or mapping[: len(MAGIC)] != MAGIC:
        raise DamagedFile(f"{path} is not a packed file, or its beginning is damaged. {WAY_OUT}")
    _, version, _, offset, length, checksum = PREAMBLE.unpack_from(mapping)
    if version != FORMAT_VERSION:
        raise UnsupportedModel(
            f"{path} has format version {version}, this tampu reads version {FORMAT_VERSION}. {WAY_OUT}"
        )
    if offset + length != len(mapping):
        raise DamagedFile(f"{path} has {len(mapping)} bytes and should have {offset + length}. {WAY_OUT}")
    index = mapping[offset : offset + length]
    if hashlib.sha256(index).digest() != checksum:
        raise DamagedFile(f"{path}: the index fails its checksum. {WAY_OUT}")
    values: dict[str, Any] = json.loads(index)
    return values


def _read_model(path: Path, mapping: mmap.mmap, index: Mapping[str, Any]) -> PackedModel:
    config = ModelConfig.from_json(index["config"])
    kind = index["kind"]
    if kind not in get_args(Kind):
        raise UnsupportedModel(f"kind is {kind!r}; tampu runs {', '.join(get_args(Kind))}.")
    rotation = Rotation.from_json(index["rotation"], config)
    weights = {name: _read_weight(mapping, entry) for name, entry in index["weights"].items()}
    _check_weights(path, packed_plan(config, kind), kind, weights)
    weights.setdefault(LM_HEAD, weights[EMBED_TOKENS])
    return PackedModel(
        config=config,
        tokenizer_json=_read_tokenizer(path, mapping, index["tokenizer"]),
        generation=GenerationDefaults.from_json(index["generation"], config),
        kind=kind,
        weights=weights,
        rotation=rotation,
        fingerprint=_fingerprint(config, kind, index),
        source=index["source"],
        dates=PromptDates(**index["dates"]) if index.get("dates") else None,
    )


def _read_tokenizer(path: Path, mapping: mmap.mmap, entry: Mapping[str, Any] | None) -> bytes | None:
    if entry is None:
        return None
    if _checksum(mapping, entry) != entry["sha256"]:
        raise DamagedFile(f"{path}: the tokenizer fails its checksum. {WAY_OUT}")
    return _read_array(mapping, entry).tobytes()


def _read_weight(mapping: mmap.mmap, entry: Mapping[str, Any]) -> Weight:
    data = _read_array(mapping, entry["data"])
    if entry["kind"] == "vector":
        return data
    scales, group_scales = (
        _read_array(mapping, entry[part]) if part in entry else None for part in ("scales", "group_scales")
    )
    return PackedLinear(entry["kind"], data, entry["out_features"], entry["in_features"], scales, group_scales)


def _read_array(mapping: mmap.mmap, entry: Mapping[str, Any]) -> Array:
    count = int(np.prod(entry["shape"], dtype=np.int64))
    return np.frombuffer(mapping, DTYPES[entry["dtype"]], count, entry["offset"]).reshape(entry["shape"])


def _check_weights(path: Path, plan: list[PlannedWeight], kind: Kind, weights: Mapping[str, Weight]) -> None:
    """The kernels trust these shapes: whatever the index says, no read leaves the file."""
    if weights.keys() != {planned.name for planned in plan}:
        raise TensorMismatch(f"{path}: the tensors are not those of its configuration. {WAY_OUT}")
    for planned in plan:
        if not _fits(weights[planned.name], planned.shape, weight_kind(kind, planned.name)):
            raise TensorMismatch(f"{path}: tensor {planned.name} does not have the shape and kind expected. {WAY_OUT}")


def _fits(weight: Weight, shape: Shape, kind: Kind) -> bool:
    if not isinstance(weight, PackedLinear):
        return _is_array(weight, shape, np.float32)
    if (weight.kind, weight.out_features, weight.in_features) != (kind, *shape):
        return False
    return (
        _is_array(weight.data, packed_shape(kind, *shape), TILES[kind].dtype)
        and _is_array(weight.scales, shape[:1] if kind in SCALED else None, np.float32)
        and _is_array(weight.group_scales, group_scales_shape(*shape) if kind == "int4" else None, np.int8)
    )


def _is_array(array: Array | None, shape: Shape | None, dtype: type[np.generic]) -> bool:
    """Whether the array has this shape and type; without a shape, whether there is none."""
    if array is None or shape is None:
        return array is None and shape is None
    return array.shape == shape and array.dtype == dtype


def _checksum(mapping: mmap.mmap, entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(_read_array(mapping, entry).data).hexdigest()


def _fingerprint(config: ModelConfig, kind: Kind, index: Mapping[str, Any]) -> str:
    checksums = {
        name: [entry[part]["sha256"] for part in PARTS if part in entry]
        for name, entry in sorted(index["weights"].items())
    }
    # the other fields of the configuration are in the arrays, or change no logit
    shape = [config.num_attention_heads, config.num_key_value_heads, config.head_dim, config.vocab_size]
    content = {"kind": kind, "shape": shape, "rms_norm_eps": config.rms_norm_eps, "weights": checksums}
    content |= {"rotation": index["rotation"]}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
