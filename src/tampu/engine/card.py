"""What the engine tells about itself: the model it runs and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tampu.kernels.interface import Kind

Phase = Literal["loading", "ready", "restarting", "draining", "failed"]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A loaded model: what a request can be checked against, and what operators want to see."""

    id: str
    context: int  # longest sequence in tokens, prompt and completion together
    vocab_size: int
    kind: Kind
    kv_dtype: str
    fingerprint: str
    eos_token_ids: tuple[int, ...]
    num_blocks: int
    block_size: int
    isa: str
    threads: int
    packed: str  # path of the packed file
    # How the model's makers recommend to sample, in fields of SamplingParams: what a request that is silent gets.
    recommended: Mapping[str, float] = field(default_factory=dict)
    file_id: tuple[int, ...] = ()  # of the packed file that was mapped: device, inode, size, time of the last change
    choice: str = ""  # for people: how large the weights are, and why they are of this kind


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Where the engine stands. `progress` in [0, 1] belongs to `phase`, `detail` is for people."""

    phase: Phase
    progress: float = 0.0
    detail: str = ""
    # False when no step was made for a while though work is pending: send no further clients here.
    healthy: bool = True
