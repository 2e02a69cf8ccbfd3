"""The kernels: one interface, a numpy twin that defines it, and native code for the instruction sets of the machine."""

import os
import sys

from tampu.errors import BadSetting
from tampu.kernels.interface import Kernels
from tampu.kernels.reference import ReferenceKernels

# Part of the system fingerprint: raise it whenever any kernel's bits change.
ARITHMETIC_VERSION = 1


def available_isas() -> tuple[str, ...]:
    """The instruction sets this machine can run, fastest first; always ends with "reference"."""
    return ("reference",)


def load_kernels(isa: str = "auto", num_threads: int = 0) -> Kernels:
    """The kernels of `isa` ("auto": the fastest here) with `num_threads` threads (0: every core we may use)."""
    known = available_isas()
    if isa not in ("auto", *known):
        raise BadSetting(f"isa {isa!r} is not available on this machine: choose auto or one of {', '.join(known)}")
    chosen = known[0] if isa == "auto" else isa
    if isa == "auto" and chosen == "reference":
        print("tampu: built without native kernels; the numpy ones are some 100 times slower", file=sys.stderr)
    return _LOADERS[chosen](num_threads or usable_cores())


def usable_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _reference(num_threads: int) -> Kernels:  # noqa: ARG001 - numpy's one thread is enough for a definition
    return ReferenceKernels()


_LOADERS = {"reference": _reference}
