"""The kernels: one interface, a numpy twin that defines it, and native code for the instruction sets of the machine."""

import os
import sys

from tampu.errors import BadSetting
from tampu.kernels.interface import Kernels
from tampu.kernels.reference import ReferenceKernels

try:
    from tampu.kernels._native import available_isas as native_isas
    from tampu.kernels.native import NativeKernels
except ImportError:  # built without a compiler
    NATIVE_ISAS: tuple[str, ...] = ()
else:
    NATIVE_ISAS = tuple(native_isas())

# Part of the system fingerprint: raise it whenever any kernel's bits change.
ARITHMETIC_VERSION = 1


def available_isas() -> tuple[str, ...]:
    """The instruction sets this machine can run, fastest first; always ends with "reference"."""
    return (*NATIVE_ISAS, "reference")


def load_kernels(isa: str = "auto", num_threads: int = 0) -> Kernels:
    """The kernels of `isa` ("auto": the fastest here) with `num_threads` threads (0: every core we may use).

    Raises BadSetting where this machine cannot run `isa`.
    """
    known = available_isas()
    if isa not in ("auto", *known):
        raise BadSetting(f"isa {isa!r} cannot run on this machine: choose auto or one of {', '.join(known)}.")
    chosen = known[0] if isa == "auto" else isa
    if chosen != "reference":
        return NativeKernels(chosen, num_threads or usable_cores())
    if isa == "auto":
        print("tampu: built without native kernels; the numpy ones are some 100 times slower", file=sys.stderr)
    return ReferenceKernels()


def usable_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
