"""What this machine can do at most, measured: the roof over every kernel."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tampu.kernels.interface import Kernels
from tampu.kernels.native import NativeKernels

STREAM_BYTES = 400_000_000  # more than most caches hold
MULTIPLY_ROUNDS = 20_000  # some milliseconds
REPEATS = 9


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes read from memory and int8 operations in registers, per second. A product counts as two operations."""

    read: float
    multiply: float


def measure_limits(kernels: Kernels) -> Limits:
    """The limits of as many threads as `kernels` has, and of its instruction set: the best of several tries."""
    native = NativeKernels("portable" if kernels.isa == "reference" else kernels.isa, kernels.num_threads)
    array = np.ones(STREAM_BYTES, np.int8)
    operations = native.multiply_registers(MULTIPLY_ROUNDS)
    return Limits(
        read=STREAM_BYTES / shortest_seconds(lambda: native.read_memory(array)),
        multiply=operations / shortest_seconds(lambda: native.multiply_registers(MULTIPLY_ROUNDS)),
    )


def shortest_seconds(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """The shortest time of a call, after one to warm up: limits are what the machine can do undisturbed."""
    call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)
