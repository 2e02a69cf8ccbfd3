"""The kernels: one interface, a numpy twin that defines it, and native code for the instruction sets of the machine."""

import os
import sys

from tampu.errors import BadSetting
from tampu.kernels.interface import Kernels
from tampu.kernels.reference import ReferenceKernels

try:
    from tampu.kernels import _native
    from tampu.kernels.native import NativeKernels
except ImportError:  # built without a compiler
    NATIVE_ISAS: tuple[str, ...] = ()
    EMULATED_ISAS: tuple[str, ...] = ()
    REFUSED_ISAS: tuple[str, ...] = ()
else:
    NATIVE_ISAS = tuple(_native.available_isas())
    EMULATED_ISAS = tuple(_native.emulated_isas())
    REFUSED_ISAS = tuple(_native.refused_isas())

# Part of the system fingerprint: raise it whenever any kernel's bits change.
ARITHMETIC_VERSION = 1


def available_isas() -> tuple[str, ...]:
    """The instruction sets this machine can run, fastest first; always ends with "reference"."""
    return (*NATIVE_ISAS, "reference")


def emulated_isas() -> tuple[str, ...]:
    """Sets that `NativeKernels` runs for tests only: the kernels of amx on tiles that software imitates bit by bit."""
    return EMULATED_ISAS


def refused_isas() -> tuple[str, ...]:
    """Sets that this processor has and that are not used: the name and the reason of each."""
    return REFUSED_ISAS


def load_kernels(isa: str = "auto", num_threads: int = 0) -> Kernels:
    """The kernels of `isa` ("auto": the fastest here) with `num_threads` threads (0: every core we may use).

    Raises BadSetting where this machine cannot run `isa`.
    """
    known = available_isas()
    if isa not in ("auto", *known):
        raise BadSetting(f"isa {isa!r} cannot run on this machine: choose auto or one of {', '.join(known)}.")
    if isa == "auto":
        for reason in what_slows():
            print(f"tampu: {reason}", file=sys.stderr)
    chosen = known[0] if isa == "auto" else isa
    if chosen != "reference":
        return NativeKernels(chosen, num_threads or usable_cores())
    return ReferenceKernels()


def what_slows() -> tuple[str, ...]:
    """Why the kernels chosen here are slower than they could be, a sentence each."""
    fastest = available_isas()[0]
    if fastest == "reference":
        return ("built without native kernels; the numpy ones are some 100 times slower",)
    if fastest == "portable":
        return ("this processor has no AVX2; the portable kernels are several times slower",)
    return tuple(f"{refused}; {fastest} is used, with the same results" for refused in refused_isas())


def usable_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
