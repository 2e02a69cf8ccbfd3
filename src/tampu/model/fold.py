"""Rows of a planned weight as they go into the packed file: read from their sources, checked, and rotated."""

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np

from tampu.errors import DamagedFile
from tampu.kernels.interface import F32
from tampu.model.checkpoint import Checkpoint, tensor_shapes
from tampu.model.plan import PlannedWeight
from tampu.model.rotation import SPACES, Rotation

PART = 64  # rows, or columns, of a source at a time: they stay in a core's cache


class Map(Protocol):
    """What `map` does."""

    def __call__(self, work: Callable[[int], None], items: Iterable[int], /) -> Iterable[None]:
        """`work` of every item."""
        ...


class FoldedRows:
    """The rows of one weight, a few at a time, the same however they are cut.

    Rotated outputs mix all rows of a source, so such a source (v_proj, o_proj, down_proj) is held whole. `each` is
    `map`, or one that uses several cores.
    """

    def __init__(self, checkpoint: Checkpoint, planned: PlannedWeight, rotation: Rotation | None, each: Map) -> None:
        self._checkpoint = checkpoint
        self._planned = planned
        self._rotation = rotation if len(planned.shape) == 2 else None
        self._each = each
        shapes = tensor_shapes(checkpoint.config)
        self._sizes = {source: shapes[source][0] for source in planned.sources}
        self._whole = {source: self._fold_outputs(source) for source in planned.sources if self._mixes_rows(source)}
        self._gains = {source: self._gain(source) for source in planned.sources}

    def read(self, start: int, stop: int) -> F32:
        """Rows [start, stop) of the sources stacked on one another; DamagedFile where one holds NaN or infinity."""
        pieces, first = [], 0  # this source holds rows [first, last)
        for source, size in self._sizes.items():
            last = first + size
            if start < last and stop > first:
                pieces.append(self._fold(source, max(start - first, 0), min(stop, last) - first))
            first = last
        return np.concatenate(pieces)

    def _fold(self, source: str, start: int, stop: int) -> F32:
        whole = self._whole.get(source)
        rows = self._read(source, start, stop) if whole is None else whole[start:stop]
        if self._rotation is None:
            return rows
        return self._rotation.fold_inputs(self._planned.projection(source), rows, self._gains[source])

    def _mixes_rows(self, source: str) -> bool:
        return self._rotation is not None and SPACES[self._planned.projection(source)][1] != "none"

    def _fold_outputs(self, source: str) -> F32:
        values = np.empty((self._sizes[source], self._planned.shape[1]), np.float32)

        def read(start: int) -> None:
            values[start : start + PART] = self._read(source, start, min(start + PART, len(values)))

        def fold(start: int) -> None:
            assert self._rotation is not None
            columns = values[:, start : start + PART]
            columns[...] = self._rotation.fold_outputs(self._planned.projection(source), columns)

        for work, size in ((read, len(values)), (fold, values.shape[1])):
            for _ in self._each(work, range(0, size, PART)):
                pass
        return values

    def _gain(self, source: str) -> F32 | None:
        norm = self._planned.gain(source)
        return None if self._rotation is None or norm is None else self._read(norm, 0, None)

    def _read(self, name: str, start: int, stop: int | None) -> F32:
        rows = self._checkpoint.read(name, start, stop)
        if not np.isfinite(rows).all():
            raise DamagedFile(f"{self._checkpoint.path}: tensor {name} holds NaN or infinity.")
        return rows
