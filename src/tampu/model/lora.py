"""Adapters as the kernels run them: scaled, rotated as their model is, and stacked as its linears are.

LoRA, Hu et al., arXiv 2106.09685: a linear W becomes W + scale * B A. Rows reach the linears of an integer model
rotated, so A is folded just as W was when it was packed. Numbers are bf16, and float32 where the model's are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from tampu.errors import InvalidAdapter
from tampu.kernels.interface import F32, I32, Kernels, LowRank, Rows
from tampu.kernels.low_rank import GROUP, Slice, pack_low_rank
from tampu.kernels.numerics import LANES
from tampu.model.adapter_file import WEIGHTS_FILE, AdapterFile
from tampu.model.checkpoint import tensor_shapes
from tampu.model.config import ModelConfig
from tampu.model.packed import PackedModel
from tampu.model.plan import LAYER_PLAN

LayerAdapter = Mapping[str, LowRank]
PROJECTIONS = {name: sources for name, sources in LAYER_PLAN.items() if name.endswith("_proj")}


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter in memory: for every layer, what it adds to `qkv_proj`, `o_proj`, `gate_up_proj` and `down_proj`."""

    fingerprint: str
    layers: tuple[LayerAdapter, ...]

    @property
    def num_bytes(self) -> int:
        """Memory that it takes."""
        return sum(low_rank.data.nbytes for layer in self.layers for low_rank in layer.values())


@dataclass(frozen=True, slots=True)
class AdapterRows:
    """Which tokens of a step have which adapter: token t has adapters[owners[t]], or none where that is -1."""

    adapters: Sequence[Adapter]
    owners: I32  # [N]

    def take(self, tokens: I32) -> "AdapterRows":
        """The same for some of the tokens."""
        return AdapterRows(self.adapters, self.owners.take(tokens))

    def add(self, kernels: Kernels, layer: int, name: str, rows: Rows, out: F32) -> None:
        """Add to `out`, the output of this linear, what the adapters make of its input."""
        low_ranks = [adapter.layers[layer][name] for adapter in self.adapters]
        if any(low_rank.data.size for low_rank in low_ranks):
            kernels.lora_add(out, rows, low_ranks, self.owners)


def load_adapter(file: AdapterFile, packed: PackedModel) -> Adapter:
    """The adapter, folded for this model; InvalidAdapter where numbers are not finite once folded."""
    loader = _Loader(file, packed)
    return Adapter(
        file.fingerprint,
        tuple(
            {name: loader.low_rank(layer, name) for name in PROJECTIONS}
            for layer in range(packed.config.num_hidden_layers)
        ),
    )


def num_elements(file: AdapterFile, config: ModelConfig) -> int:
    """How many numbers the adapter will have in memory once it is loaded, of two bytes each, and of four for f32."""
    shapes, elements = tensor_shapes(config), 0
    for layer in range(config.num_hidden_layers):
        for sources in PROJECTIONS.values():
            own = [module for module in _modules(layer, sources) if (module, "A") in file.tensors]
            ranks = [file.config.rank_of(module) for module in own]
            sizes = [shapes[f"model.{module}.weight"] for module in own]
            if own:
                elements += _whole(sum(ranks), GROUP) * _whole(sizes[0][1], LANES)
            elements += sum(_whole(size[0], LANES) * rank for size, rank in zip(sizes, ranks, strict=True))
    return elements


def fingerprint_with(fingerprint: str, adapter: str) -> str:
    """The fingerprint of a model with an adapter of that fingerprint, "" being none."""
    return sha256(f"{fingerprint} {adapter}".encode()).hexdigest() if adapter else fingerprint


class _Loader:
    def __init__(self, file: AdapterFile, packed: PackedModel) -> None:
        self._file = file
        self._packed = packed
        self._shapes = tensor_shapes(packed.config)

    def low_rank(self, layer: int, name: str) -> LowRank:
        first, slices = 0, []
        in_features = 0
        for module in _modules(layer, PROJECTIONS[name]):
            size, in_features = self._shapes[f"model.{module}.weight"]
            if (module, "A") in self._file.tensors:
                slices.append(Slice(first, self._down(module), self._up(module)))
            first += size
        is_bf16 = self._packed.kind != "f32"
        if not slices:
            data = np.empty(0, np.uint16 if is_bf16 else np.float32)
            return LowRank(data, in_features, np.empty((0, 3), np.int32))
        return pack_low_rank(slices, is_bf16)

    def _down(self, module: str) -> F32:
        down = self._file.read(module, "A")
        return self._finite(module, self._packed.rotation.fold(module.rpartition(".")[2], down))

    def _up(self, module: str) -> F32:
        return self._finite(module, self._file.read(module, "B") * np.float32(self._file.config.scale_of(module)))

    @staticmethod
    def _finite(module: str, values: F32) -> F32:
        if not np.isfinite(values).all():
            raise InvalidAdapter(f"{WEIGHTS_FILE}: the numbers of {module} are too large.", param="weights")
        return values


def _modules(layer: int, sources: Sequence[str]) -> list[str]:
    return [f"layers.{layer}.{source}" for source in sources]


def _whole(size: int, group: int) -> int:
    return -(-size // group) * group
