"""An adapter's weights: PEFT's adapter_model.safetensors, checked to the last byte against the model it is to fit.

The reader is our own: about a hundred lines, numpy views and nothing that could be executed. It trusts no number of
the file before it has been compared with the file's length and the model's shape.
"""

import hashlib
import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tampu.errors import InvalidAdapter
from tampu.kernels.interface import F32
from tampu.kernels.numerics import from_bf16
from tampu.model.adapter_config import CONFIG_FILE, MAX_CONFIG, AdapterConfig
from tampu.model.checkpoint import Shape, tensor_shapes
from tampu.model.config import ModelConfig

WEIGHTS_FILE = "adapter_model.safetensors"
MAX_WEIGHTS = 512 * 2**20
MAX_HEADER = 2**20
MAX_TENSORS = 4096
CHUNK = 2**22  # values that are looked at together
PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")
# `default` is what PEFT calls an adapter that has no name.
NAME = re.compile(
    r"base_model\.model\.model\.(?P<module>layers\.(?:0|[1-9]\d{0,3})"
    r"\.(?:self_attn\.[qkvo]_proj|mlp\.(?:gate|up|down)_proj))\.lora_(?P<side>[AB])(?:\.default)?\.weight"
)
DTYPES: Mapping[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One matrix: bytes [start, stop) of the file."""

    name: str
    dtype: str
    shape: Shape
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class AdapterFile:
    """A checked adapter on disk. `modules` are those it changes: `layers.0.self_attn.q_proj`."""

    path: Path
    config: AdapterConfig
    tensors: Mapping[tuple[str, str], Tensor]  # by module and side, "A" or "B"
    fingerprint: str  # of all that its effect depends on

    @property
    def modules(self) -> list[str]:
        """The linears that it changes, in the order of the file."""
        return [module for module, side in self.tensors if side == "A"]

    def rank(self) -> int:
        """The largest of its ranks."""
        return max(self.config.rank_of(module) for module in self.modules)

    def read(self, module: str, side: str) -> F32:
        """A [rank, K] or B [N, rank] of a module."""
        return _widen(self.path, self.tensors[module, side])


def open_adapter(directory: Path, model: ModelConfig) -> AdapterFile:
    """The adapter in a directory, if it fits the model; InvalidAdapter says what is wrong with it.

    Everything but the numbers' being finite is checked: `check_finite` reads them all.
    """
    weights = directory / WEIGHTS_FILE
    config = AdapterConfig.from_bytes(_read_small(directory / CONFIG_FILE))
    if not weights.is_file():
        raise _missing(directory)
    tensors = _read_header(weights)
    pairs = _check_names(tensors)
    _check_shapes(pairs, config, model)
    return AdapterFile(weights, config, pairs, _fingerprint(weights, config))


def check_finite(adapter: AdapterFile) -> None:
    """InvalidAdapter names the first tensor that holds NaN or infinity."""
    for tensor in adapter.tensors.values():
        if not np.isfinite(_widen(adapter.path, tensor)).all():
            raise InvalidAdapter(f"{WEIGHTS_FILE}: tensor {tensor.name} holds NaN or infinity.", param="weights")


def _widen(path: Path, tensor: Tensor) -> F32:
    values: NDArray[Any] = np.fromfile(path, DTYPES[tensor.dtype], int(np.prod(tensor.shape)), offset=tensor.start)
    values = values.reshape(tensor.shape)
    return from_bf16(values) if tensor.dtype == "BF16" else values.astype(np.float32)


def _read_small(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_CONFIG + 1)
    except OSError:
        raise InvalidAdapter(f"{CONFIG_FILE} is missing or cannot be read.", param="config") from None


def _missing(directory: Path) -> InvalidAdapter:
    pickles = sorted(path.name for pattern in PICKLES for path in directory.glob(f"adapter_model{pattern[1:]}"))
    if pickles:
        return InvalidAdapter(
            f"{pickles[0]} is a pickle, which can run code when it is loaded, so tampu never opens one: save the "
            "adapter again with save_pretrained(..., safe_serialization=True).",
            param="weights",
        )
    return InvalidAdapter(f"{WEIGHTS_FILE} is missing.", param="weights")


def _wrong(reason: str) -> InvalidAdapter:
    return InvalidAdapter(f"{WEIGHTS_FILE}: {reason}.", param="weights")


def _read_header(path: Path) -> list[Tensor]:
    size = path.stat().st_size
    if size > MAX_WEIGHTS:
        raise _wrong(f"{size} bytes are more than the {MAX_WEIGHTS} that an adapter may have")
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else MAX_HEADER + 1
        if length > MAX_HEADER or 8 + length > size:
            raise _wrong("this is no safetensors file, or its header is cut off or above 1 MiB")
        header = file.read(length)
    return _check_layout(_parse(header), 8 + length, size)


def _parse(header: bytes) -> dict[str, Any]:
    try:
        entries = json.loads(header, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"the header is not JSON: {str(error)[:100]}") from None
    if not isinstance(entries, dict):
        raise _wrong("the header is not an object")
    entries.pop("__metadata__", None)
    if not 1 <= len(entries) <= MAX_TENSORS:
        raise _wrong(f"an adapter has 1 to {MAX_TENSORS} tensors, this one has {len(entries)}")
    return entries


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name is there twice")
    return values


def _check_layout(entries: Mapping[str, Any], base: int, size: int) -> list[Tensor]:
    """Tensors in the order of the file, one after the other from `base` to its end."""
    tensors = sorted((_tensor(name, entry, base) for name, entry in entries.items()), key=lambda tensor: tensor.start)
    end = base
    for tensor in tensors:
        if tensor.start != end:
            raise _wrong(f"tensor {tensor.name} does not begin where the one before it ends")
        end = tensor.stop
    if end != size:
        raise _wrong(f"the tensors end at byte {end} and the file at {size}: it is cut off, or something follows")
    return tensors


def _tensor(name: str, entry: Any, base: int) -> Tensor:
    shown = name[:150]
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise _wrong(f"the entry of tensor {shown!r} is malformed")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise _wrong(f"tensor {shown!r} has type {str(dtype)[:20]}; {', '.join(DTYPES)} are read")
    if not _are_sizes(shape, 2) or not _are_sizes(offsets, 2):
        raise _wrong(f"tensor {shown!r} is no matrix with two offsets")
    start, stop = offsets
    if stop - start != shape[0] * shape[1] * DTYPES[dtype].itemsize:
        raise _wrong(f"tensor {shown!r} has {stop - start} bytes, which are not those of {dtype} {shape}")
    return Tensor(name, dtype, tuple(shape), base + start, base + stop)


def _are_sizes(values: Any, count: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all(type(value) is int and 0 <= value <= MAX_WEIGHTS for value in values)
    )


def _check_names(tensors: Sequence[Tensor]) -> dict[tuple[str, str], Tensor]:
    pairs: dict[tuple[str, str], Tensor] = {}
    for tensor in tensors:
        found = NAME.fullmatch(tensor.name)
        if found is None:
            raise _wrong(
                f"tensor {tensor.name[:150]!r} is not supported: adapters change q, k, v, o, gate, up and down "
                "projections, by base_model.model.model.layers.N.<...>_proj.lora_A.weight and lora_B.weight"
            )
        half = found["module"], found["side"]
        if half in pairs:
            raise _wrong(f"tensors {pairs[half].name} and {tensor.name} stand for the same matrix")
        pairs[half] = tensor
    for module, side in pairs:
        if (module, "B" if side == "A" else "A") not in pairs:
            raise _wrong(f"{module} has lora_{side} and not the other half")
    return pairs


def _check_shapes(pairs: Mapping[tuple[str, str], Tensor], config: AdapterConfig, model: ModelConfig) -> None:
    shapes = tensor_shapes(model)
    for (module, side), tensor in pairs.items():
        base = shapes.get(f"model.{module}.weight")
        if base is None:
            raise _wrong(f"{module} is not in this model, which has {model.num_hidden_layers} layers")
        rank = config.rank_of(module)
        expected = (rank, base[1]) if side == "A" else (base[0], rank)
        if tensor.shape != expected:
            raise _wrong(
                f"tensor {tensor.name} has shape {list(tensor.shape)}; with this model and rank {rank} it has "
                f"{list(expected)}"
            )


def _fingerprint(weights: Path, config: AdapterConfig) -> str:
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(repr(_effect(config)).encode())
    return digest.hexdigest()


def _effect(config: AdapterConfig) -> list[object]:
    patterns = [sorted(pattern.items()) for pattern in (config.rank_pattern, config.alpha_pattern)]
    return [config.rank, config.alpha, config.use_rslora, *patterns]
