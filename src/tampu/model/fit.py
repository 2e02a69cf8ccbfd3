"""Which kind of weights a machine has the memory for, and what is said when it has too little."""

from dataclasses import dataclass

from tampu.catalogue import CatalogueModel
from tampu.errors import TooLittleMemory
from tampu.kernels.interface import Kind
from tampu.model.config import ModelConfig
from tampu.model.machine import human_size
from tampu.model.names import DEMO, KNOWN
from tampu.model.pack import packed_size

CHOICES: tuple[Kind, ...] = ("int8", "int4")  # what `auto` takes, the better one first
RESERVE = 500_000_000  # bytes beside weights and cache: two processes, activations, a margin
LEAST_CONTEXT = 4096  # tokens of cache without which a model is of little use; fewer if it has fewer
KNOWN_CACHE = 600_000_000  # bytes for so many tokens of the largest known model
BYTES_PER_WEIGHT = {"int8": 1.1, "int4": 0.65}  # roughly, of a model that is not here to be looked at


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes of memory that a model takes as one kind: its weights, the least useful cache, and RESERVE."""

    kind: Kind
    weights: int
    cache: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.cache + RESERVE

    def __str__(self) -> str:
        return (
            f"{human_size(self.total)} as {self.kind} ({human_size(self.weights)} of weights, "
            f"{human_size(self.cache)} of key-value cache, {human_size(RESERVE)} for the rest)"
        )


def need_of(config: ModelConfig, kind: Kind, cache: int) -> Need:
    """What a checkpoint of this configuration needs once it is packed."""
    return Need(kind, packed_size(config, kind), cache)


def choose_kind(model: str, config: ModelConfig, cache: int, memory: int) -> Kind:
    """The best kind for which this memory is enough; TooLittleMemory when there is none."""
    for kind in CHOICES:
        if need_of(config, kind, cache).total <= memory:
            return kind
    raise _too_little(model, need_of(config, CHOICES[-1], cache), memory)


def check_fits(model: str, config: ModelConfig, need: Need, memory: int) -> None:
    """TooLittleMemory, with what would fit, when this memory is not enough."""
    if need.total <= memory:
        return
    others = (need_of(config, kind, need.cache) for kind in CHOICES if kind != need.kind)
    smaller = [other for other in others if other.total <= memory]
    raise _too_little(model, need, memory, f"`--quant {smaller[0].kind}`" if smaller else "")


def largest_known(memory: int) -> str:
    """The largest known model that this memory is enough for, and as what kind; the demo model at the least."""
    for known in sorted(KNOWN, key=lambda known: -known.parameters):
        if (kind := best_known_kind(known, memory)) is not None:
            return f"{known.name_in('short')} as {kind}"
    return DEMO


def best_known_kind(model: CatalogueModel, memory: int) -> Kind | None:
    """The best kind of a model of the catalogue for which this memory is enough."""
    return next((kind for kind in CHOICES if known_need(model, kind) <= memory), None)


def known_need(model: CatalogueModel, kind: Kind) -> int:
    """Bytes of memory that a model of the catalogue takes, roughly."""
    return int(model.parameters * BYTES_PER_WEIGHT[kind]) + KNOWN_CACHE + RESERVE


def _too_little(model: str, need: Need, memory: int, first: str = "") -> TooLittleMemory:
    fitting = f"{first}, or {largest_known(memory)}" if first else largest_known(memory)
    return TooLittleMemory(f"{model} needs {need}; {human_size(memory)} are free. What would fit: {fitting}.")
