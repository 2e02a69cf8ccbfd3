"""Rows of a planned weight as they go into the packed file: read from their sources, checked, and rotated."""

import numpy as np

from tampu.errors import DamagedFile
from tampu.kernels.interface import F32
from tampu.model.checkpoint import Checkpoint, tensor_shapes
from tampu.model.plan import PlannedWeight
from tampu.model.rotation import Rotation


class FoldedRows:
    """The rows of one weight, a few at a time, the same however they are cut."""

    def __init__(self, checkpoint: Checkpoint, planned: PlannedWeight, rotation: Rotation) -> None:
        self._checkpoint = checkpoint
        self._planned = planned
        self._rotation = rotation
        shapes = tensor_shapes(checkpoint.config)
        self._sizes = {source: shapes[source][0] for source in planned.sources}

    def read(self, start: int, stop: int) -> F32:
        """Rows [start, stop) of the sources stacked on one another; DamagedFile where one holds NaN or infinity."""
        pieces, first = [], 0  # this source holds rows [first, last)
        for source, size in self._sizes.items():
            last = first + size
            if start < last and stop > first:
                rows = self._read(source, max(start - first, 0), min(stop, last) - first)
                pieces.append(self._rotation.fold(self._planned.projection(source), rows))
            first = last
        return np.concatenate(pieces)

    def _read(self, name: str, start: int, stop: int) -> F32:
        rows = self._checkpoint.read(name, start, stop)
        if not np.isfinite(rows).all():
            raise DamagedFile(f"{self._checkpoint.path}: tensor {name} holds NaN or infinity.")
        return rows
