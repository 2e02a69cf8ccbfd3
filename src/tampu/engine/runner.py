"""From the rows of a step to arrays, through the model, to logits.

N tokens of all rows laid flat, guesses included, B rows, L = draws of the sampled rows + scored prompt positions.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from tampu.engine.batch import Batch
from tampu.kernels.interface import F32, I32, AttentionRows, Kernels, LayerCache
from tampu.model.config import ModelConfig
from tampu.model.llama import ForwardInput
from tampu.model.lora import Adapter, AdapterRows


class Model(Protocol):
    """What the engine needs of a model; `Llama` is one."""

    config: ModelConfig
    kernels: Kernels
    fingerprint: str

    def new_cache(self, num_blocks: int, block_size: int, kv_dtype: str) -> list[LayerCache]:
        """Empty blocks for keys and values, one LayerCache per layer."""
        ...

    def forward(self, inputs: ForwardInput, cache: list[LayerCache]) -> F32:
        """Logits f32[L, V] of the wanted tokens; keys and values of all tokens are written to the cache."""
        ...


def no_adapter(fingerprint: str) -> Adapter:
    """Stands where no sequence has one."""
    raise KeyError(fingerprint)


class Runner:
    """A model and its paged cache; `adapter_of` gives the adapter of a fingerprint."""

    def __init__(
        self,
        model: Model,
        num_blocks: int,
        block_size: int,
        kv_dtype: str,
        adapter_of: Callable[[str], Adapter] = no_adapter,
    ) -> None:
        self._model = model
        self._adapter_of = adapter_of
        self._block_size = block_size
        self._cache = model.new_cache(num_blocks, block_size, kv_dtype)

    def forward(self, batch: Batch) -> F32:
        """Logits f32[L, V]: first those that each sampled row draws from, then those of the scored prompt positions."""
        return self._model.forward(self._inputs(batch), self._cache)

    def _inputs(self, batch: Batch) -> ForwardInput:
        stops = np.array([row.stop for row in batch], np.int32)
        counts = stops - np.array([row.start for row in batch], np.int32)  # [B]
        ends = np.cumsum(counts, dtype=np.int32)  # row b is [ends[b] - counts[b], ends[b]) of the N tokens
        row_of_token = np.repeat(np.arange(len(batch), dtype=np.int32), counts)
        # Distance from a row's place among the N tokens to its positions.
        shifts = stops - ends
        positions = np.arange(ends[-1], dtype=np.int32) + shifts[row_of_token]
        block_tables = _block_tables(batch)
        blocks = block_tables[row_of_token, positions // self._block_size]
        return ForwardInput(
            token_ids=_token_ids(batch),
            slot_mapping=blocks * np.int32(self._block_size) + positions % self._block_size,
            attention=AttentionRows(block_tables, row_of_token, positions),
            logits_indices=_logits_indices(batch, shifts),
            adapters=self._adapters(batch, row_of_token),
        )

    def _adapters(self, batch: Batch, row_of_token: I32) -> AdapterRows | None:
        found = dict.fromkeys(row.sequence.spec.adapter for row in batch if row.sequence.spec.adapter)
        if not found:
            return None
        places = {fingerprint: place for place, fingerprint in enumerate(found)}
        owners = np.array([places.get(row.sequence.spec.adapter, -1) for row in batch], np.int32)
        return AdapterRows([self._adapter_of(fingerprint) for fingerprint in found], owners[row_of_token])


def _token_ids(batch: Batch) -> I32:
    token_ids: list[int] = []
    for row in batch:
        token_ids.extend(row.token_ids)
    return np.array(token_ids, np.int32)


def _block_tables(batch: Batch) -> I32:
    """[B, longest table]; zeros past a row's own blocks."""
    tables = [row.sequence.block_table for row in batch]
    block_tables = np.zeros((len(tables), max(map(len, tables))), np.int32)
    for row, table in enumerate(tables):
        block_tables[row, : len(table)] = table
    return block_tables


def _logits_indices(batch: Batch, shifts: I32) -> I32:
    shifted = list(zip(batch, shifts.tolist(), strict=True))
    wanted: list[int] = []
    for row, shift in shifted:
        if row.is_sampled:
            wanted.extend(range(row.end - 1 - shift, row.stop - shift))
    for row, shift in shifted:
        if scored := row.scored:
            wanted.extend(range(scored.start - shift, scored.stop - shift))
    return np.array(wanted, np.int32)
