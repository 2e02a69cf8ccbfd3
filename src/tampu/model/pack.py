"""Packing: every weight of a checkpoint read, rotated, quantised and laid out for the kernels, a few rows at a time."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.interface import Kind, PackedLinear
from tampu.kernels.layout import PANEL, TILES, pack_linear, packed_shape
from tampu.model.checkpoint import Checkpoint, Shape
from tampu.model.fold import FoldedRows
from tampu.model.packed import Weight, write_packed
from tampu.model.plan import INVERSE_FREQUENCIES, PlannedWeight, packed_plan
from tampu.model.quantize import encode_rows
from tampu.model.rotation import Rotation, rotation_for

Progress = Callable[[str, float], None]

# float32 values in memory at a time: 64 MB
CHUNK_VALUES = 2**24


def pack(
    checkpoint: Checkpoint,
    kind: Kind,
    target: Path,
    progress: Progress,
    chunk_values: int = CHUNK_VALUES,
    rotated: bool | None = None,
) -> None:
    """Write the packed file of a checkpoint to `target`; progress("packing", done) with done in [0, 1].

    The file does not depend on `chunk_values`, the memory that packing takes does. Whether it is `rotated` is the
    kind's choice unless given, to measure what rotation is worth.
    """
    wanted = Rotation.of(checkpoint.config) if rotated else None
    rotation = rotation_for(kind, checkpoint.config) if rotated is None else wanted
    weights = _pack_weights(checkpoint, kind, rotation, progress, chunk_values)
    write_packed(target, checkpoint, kind, rotation, weights)


def packed_size(checkpoint: Checkpoint, kind: Kind) -> int:
    """Bytes of the arrays in the packed file of a checkpoint, give or take the alignment."""
    plan = packed_plan(checkpoint.config, rotated=rotation_for(kind, checkpoint.config) is not None)
    linears = [planned.shape for planned in plan if len(planned.shape) == 2]
    item = np.dtype(TILES[kind].dtype).itemsize
    return sum(int(np.prod(packed_shape(kind, *shape))) * item + 4 * shape[0] for shape in linears)


def _pack_weights(
    checkpoint: Checkpoint, kind: Kind, rotation: Rotation | None, progress: Progress, chunk_values: int
) -> Iterator[tuple[str, Weight]]:
    plan = packed_plan(checkpoint.config, rotated=rotation is not None)
    total, done = sum(int(np.prod(planned.shape)) for planned in plan), 0
    for planned in plan:
        progress("packing", done / total)
        yield planned.name, _pack_weight(checkpoint, planned, kind, rotation, chunk_values)
        done += int(np.prod(planned.shape))
    progress("packing", 1.0)


def _pack_weight(
    checkpoint: Checkpoint, planned: PlannedWeight, kind: Kind, rotation: Rotation | None, chunk_values: int
) -> Weight:
    if planned.name == INVERSE_FREQUENCIES:
        return checkpoint.inverse_frequencies()
    rows = FoldedRows(checkpoint, planned, rotation)
    if len(planned.shape) == 1:
        return rows.read(0, planned.shape[0])
    return _pack_linear(rows, planned.shape, kind, chunk_values)


def _pack_linear(rows: FoldedRows, shape: Shape, kind: Kind, chunk_values: int) -> PackedLinear:
    out_features, in_features = shape
    data: NDArray[np.generic] = np.empty(packed_shape(kind, out_features, in_features), TILES[kind].dtype)
    scales = np.empty(out_features, np.float32) if kind == "int8" else None
    # a chunk is whole panels, which the layout keeps together: packed apart or at once, the bytes are the same
    chunk = max(1, chunk_values // (in_features * PANEL)) * PANEL
    for start in range(0, out_features, chunk):
        stop = min(start + chunk, out_features)
        values, row_scales = encode_rows(rows.read(start, stop), kind)
        data[start // PANEL : -(-stop // PANEL)] = pack_linear(values, kind, row_scales).data
        if scales is not None and row_scales is not None:
            scales[start:stop] = row_scales
    return PackedLinear(kind, data, out_features, in_features, scales)
