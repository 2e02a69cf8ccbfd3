"""Packing: every weight of a checkpoint read, rotated, quantised and laid out for the kernels, a few rows at a time."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from tampu.kernels import usable_cores
from tampu.kernels.interface import F32, Kind, PackedLinear
from tampu.kernels.layout import PANEL, linear_size
from tampu.model.checkpoint import Checkpoint
from tampu.model.config import ModelConfig
from tampu.model.fold import FoldedRows
from tampu.model.plan import INVERSE_FREQUENCIES, PlannedWeight, packed_plan, weight_kind
from tampu.model.quantize import encode_rows
from tampu.model.rotation import Rotation, rotation_for
from tampu.model.write import Pieces, write_packed

Progress = Callable[[str, float], None]
Item = TypeVar("Item")
Result = TypeVar("Result")

# float32 values that a thread works on at a time: 256 kB stay in its core's cache
CHUNK_VALUES = 2**16


def pack(
    checkpoint: Checkpoint,
    kind: Kind,
    target: Path,
    progress: Progress,
    chunk_values: int = CHUNK_VALUES,
    rotation: Rotation | None = None,
) -> None:
    """Write the packed file of a checkpoint to `target`; progress("packing", done) with done in [0, 1].

    The file does not depend on `chunk_values` nor on the number of cores. The kind says how it is rotated unless
    `rotation` is given, to measure what it is worth.
    """
    rotation = rotation_for(kind, checkpoint.config) if rotation is None else rotation
    with ThreadPoolExecutor(usable_cores()) as threads:
        packer = _Packer(checkpoint, kind, rotation, chunk_values, threads)
        write_packed(target, checkpoint, kind, rotation, packer.weights(progress))


def packed_size(config: ModelConfig, kind: Kind) -> int:
    """Bytes of the arrays in the packed file of such a model, give or take the alignment."""
    plan = packed_plan(config, kind)
    linears = [planned for planned in plan if len(planned.shape) == 2]
    return sum(linear_size(weight_kind(kind, planned.name), *planned.shape) for planned in linears)


class _Packer:
    """Makes the weights of one packed file in order, the rows of each on all cores."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        kind: Kind,
        rotation: Rotation,
        chunk_values: int,
        threads: ThreadPoolExecutor,
    ) -> None:
        self._checkpoint = checkpoint
        self._kind: Kind = kind
        self._rotation = rotation
        self._chunk_values = chunk_values
        self._threads = threads

    def weights(self, progress: Progress) -> Iterator[tuple[str, F32 | Pieces]]:
        """Every weight; one must be used up before the next is asked for."""
        plan = packed_plan(self._checkpoint.config, self._kind)
        total = sum(math.prod(planned.shape) for planned in plan)
        done = 0  # values of the weights before this one

        def counted(pieces: Pieces) -> Pieces:
            num_rows = 0
            for piece in pieces:
                progress("packing", (done + num_rows * piece.in_features) / total)
                yield piece
                num_rows += piece.out_features

        progress("packing", 0.0)
        for planned in plan:
            weight = self._weight(planned)
            yield planned.name, weight if isinstance(weight, np.ndarray) else counted(weight)
            done += math.prod(planned.shape)
        progress("packing", 1.0)

    def _weight(self, planned: PlannedWeight) -> F32 | Pieces:
        if planned.name == INVERSE_FREQUENCIES:
            return self._checkpoint.inverse_frequencies()
        rows = FoldedRows(self._checkpoint, planned, self._rotation)
        if len(planned.shape) == 1:
            return rows.read(0, planned.shape[0])
        return self._pieces(rows, weight_kind(self._kind, planned.name), *planned.shape)

    def _pieces(self, rows: FoldedRows, kind: Kind, out_features: int, in_features: int) -> Pieces:
        # A piece is whole panels, which the layout keeps together: packed apart or at once, the bytes are the same.
        chunk = max(1, self._chunk_values // (in_features * PANEL)) * PANEL

        def piece(start: int) -> PackedLinear:
            return encode_rows(rows.read(start, min(start + chunk, out_features)), kind)

        return _in_order(self._threads, piece, range(0, out_features, chunk))


def _in_order(
    threads: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item], ahead: int = 8
) -> Iterator[Result]:
    """`work` of every item, in order; at most `ahead` results wait for the taker."""
    waiting: deque[Future[Result]] = deque()
    for item in items:
        if len(waiting) == ahead:
            yield waiting.popleft().result()
        waiting.append(threads.submit(work, item))
    while waiting:
        yield waiting.popleft().result()
