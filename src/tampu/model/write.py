"""Writing a packed file, whose form `tampu.model.packed` describes: straight through, a piece of a weight in memory."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.interface import F32, Kind, PackedLinear
from tampu.model.checkpoint import Checkpoint, model_name
from tampu.model.packed import ALIGNMENT, FORMAT_VERSION, MAGIC, PREAMBLE, UNFINISHED
from tampu.model.rotation import Rotation

Array = NDArray[Any]
Pieces = Iterable[PackedLinear]  # of one linear: whole panels of its rows, in order


def write_packed(
    path: Path,
    checkpoint: Checkpoint,
    kind: Kind,
    rotation: Rotation,
    weights: Iterable[tuple[str, F32 | Pieces]],
) -> None:
    """Write a packed file; `path` stays absent or as it was until all is whole."""
    with _replacing(path) as file:
        file.write(bytes(ALIGNMENT))
        index = {
            "config": checkpoint.config.to_json(),
            "generation": checkpoint.generation.to_json(),
            "kind": kind,
            "rotation": rotation.to_json(),
            "source": model_name(checkpoint.path),
            "dates": checkpoint.dates and asdict(checkpoint.dates),
            "tokenizer": _write_tokenizer(file, checkpoint.tokenizer_json),
            "weights": {name: _write_weight(file, weight) for name, weight in weights},
        }
        content = json.dumps(index).encode()
        offset = _align(file)
        file.write(content)
        file.seek(0)
        file.write(PREAMBLE.pack(MAGIC, FORMAT_VERSION, 0, offset, len(content), hashlib.sha256(content).digest()))


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when all went well, and leaves nothing behind otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _align(file: BinaryIO) -> int:
    file.write(bytes(-file.tell() % ALIGNMENT))
    return file.tell()


def _write_tokenizer(file: BinaryIO, tokenizer_json: bytes | None) -> dict[str, Any] | None:
    return None if tokenizer_json is None else _write_array(file, [np.frombuffer(tokenizer_json, np.uint8)])


def _write_weight(file: BinaryIO, weight: F32 | Pieces) -> dict[str, Any]:
    if isinstance(weight, np.ndarray):
        return {"kind": "vector", "data": _write_array(file, [weight])}
    pieces = iter(weight)
    first = next(pieces)
    out_features, kept = first.out_features, [_scales(first)]

    def data() -> Iterator[Array]:
        nonlocal out_features
        yield first.data
        for piece in pieces:
            out_features += piece.out_features
            kept.append(_scales(piece))
            yield piece.data

    entry: dict[str, Any] = {"kind": first.kind, "data": _write_array(file, data())}
    entry |= {"out_features": out_features, "in_features": first.in_features}
    return entry | {part: _write_array(file, [scales[part] for scales in kept]) for part in kept[0]}


def _scales(piece: PackedLinear) -> dict[str, Array]:
    """What a piece has besides its data; small enough to be kept until all data is written."""
    parts = {"scales": piece.scales, "group_scales": piece.group_scales}
    return {name: part for name, part in parts.items() if part is not None}


def _write_array(file: BinaryIO, parts: Iterable[Array]) -> dict[str, Any]:
    """One array, given in parts along its first axis."""
    offset, checksum, length = _align(file), hashlib.sha256(), 0
    for part in parts:
        contiguous = np.ascontiguousarray(part)
        file.write(contiguous.data)
        checksum.update(contiguous.data)
        length += len(part)
    return {
        "dtype": contiguous.dtype.name,
        "shape": [length, *contiguous.shape[1:]],
        "offset": offset,
        "sha256": checksum.hexdigest(),
    }
