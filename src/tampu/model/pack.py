"""Packing: every weight of a checkpoint read, quantised and laid out as the kernels want it, a few rows at a time."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tampu.errors import DamagedFile
from tampu.kernels.interface import F32, Kind, PackedLinear
from tampu.kernels.layout import PANEL, TILES, pack_linear, packed_shape
from tampu.model.checkpoint import Checkpoint, tensor_shapes
from tampu.model.packed import Weight, write_packed
from tampu.model.plan import INVERSE_FREQUENCIES, PlannedWeight, packed_plan
from tampu.model.quantize import encode_rows

Progress = Callable[[str, float], None]

# float32 values in memory at a time: 64 MB
CHUNK_VALUES = 2**24


def pack(
    checkpoint: Checkpoint, kind: Kind, target: Path, progress: Progress, chunk_values: int = CHUNK_VALUES
) -> None:
    """Write the packed file of a checkpoint to `target`; progress("packing", done) with done in [0, 1].

    The file does not depend on `chunk_values`, the memory that packing takes does.
    """
    write_packed(target, checkpoint, kind, _pack_weights(checkpoint, kind, progress, chunk_values))


def packed_size(checkpoint: Checkpoint, kind: Kind) -> int:
    """Bytes of the arrays in the packed file of a checkpoint, give or take the alignment."""
    linears = [planned.shape for planned in packed_plan(checkpoint.config) if len(planned.shape) == 2]
    item = np.dtype(TILES[kind].dtype).itemsize
    return sum(int(np.prod(packed_shape(kind, *shape))) * item + 4 * shape[0] for shape in linears)


def _pack_weights(
    checkpoint: Checkpoint, kind: Kind, progress: Progress, chunk_values: int
) -> Iterator[tuple[str, Weight]]:
    plan = packed_plan(checkpoint.config)
    total, done = sum(int(np.prod(planned.shape)) for planned in plan), 0
    for planned in plan:
        progress("packing", done / total)
        yield planned.name, _pack_weight(checkpoint, planned, kind, chunk_values)
        done += int(np.prod(planned.shape))
    progress("packing", 1.0)


def _pack_weight(checkpoint: Checkpoint, planned: PlannedWeight, kind: Kind, chunk_values: int) -> Weight:
    if planned.name == INVERSE_FREQUENCIES:
        return checkpoint.inverse_frequencies()
    if len(planned.shape) == 1:
        return _read_rows(checkpoint, planned, 0, planned.shape[0])
    return _pack_linear(checkpoint, planned, kind, chunk_values)


def _pack_linear(checkpoint: Checkpoint, planned: PlannedWeight, kind: Kind, chunk_values: int) -> PackedLinear:
    out_features, in_features = planned.shape
    data: NDArray[np.generic] = np.empty(packed_shape(kind, out_features, in_features), TILES[kind].dtype)
    scales = np.empty(out_features, np.float32) if kind == "int8" else None
    # a chunk is whole panels, which the layout keeps together: packed apart or at once, the bytes are the same
    chunk = max(1, chunk_values // (in_features * PANEL)) * PANEL
    for start in range(0, out_features, chunk):
        stop = min(start + chunk, out_features)
        values, row_scales = encode_rows(_read_rows(checkpoint, planned, start, stop), kind)
        data[start // PANEL : -(-stop // PANEL)] = pack_linear(values, kind, row_scales).data
        if scales is not None and row_scales is not None:
            scales[start:stop] = row_scales
    return PackedLinear(kind, data, out_features, in_features, scales)


def _read_rows(checkpoint: Checkpoint, planned: PlannedWeight, start: int, stop: int) -> F32:
    """Rows [start, stop) of the sources stacked on one another."""
    shapes = tensor_shapes(checkpoint.config)
    pieces, first = [], 0  # this source holds rows [first, last)
    for source in planned.sources:
        last = first + shapes[source][0]
        if start < last and stop > first:
            rows = checkpoint.read(source, max(start - first, 0), min(stop, last) - first)
            _check_finite(checkpoint, source, rows)
            pieces.append(rows)
        first = last
    return np.concatenate(pieces)


def _check_finite(checkpoint: Checkpoint, name: str, rows: F32) -> None:
    if not np.isfinite(rows).all():
        raise DamagedFile(f"{checkpoint.path}: tensor {name} holds NaN or infinity.")
