"""Which kernels a machine and an installation get."""

import subprocess
import sys

import pytest

from tampu.errors import BadSetting
from tampu.kernels import available_isas, load_kernels

WITHOUT_NATIVE = """
import sys
sys.modules["tampu.kernels._native"] = None
from tampu.kernels import available_isas, load_kernels
print(available_isas(), load_kernels().isa, load_kernels("reference").isa)
"""


def test_the_native_kernels_are_built_and_chosen() -> None:
    assert available_isas()[-2:] == ("portable", "reference")
    assert load_kernels("auto", 2).isa == available_isas()[0]
    assert load_kernels("auto", 2).num_threads == 2
    assert load_kernels("portable").num_threads >= 1
    assert load_kernels("reference", 4).isa == "reference"


def test_an_unknown_isa_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadSetting, match=r"isa 'sse9' cannot run on this machine: choose auto or one of .*reference"):
        load_kernels("sse9")


def test_without_the_compiled_module_the_twin_stands_in_and_says_so_once() -> None:
    result = subprocess.run([sys.executable, "-c", WITHOUT_NATIVE], capture_output=True, text=True, check=True)
    assert result.stdout == "('reference',) reference reference\n"
    assert result.stderr == "tampu: built without native kernels; the numpy ones are some 100 times slower\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            'kernels.NATIVE_ISAS = ("portable",)',
            "this processor has no AVX2; the portable kernels are several times slower",
        ),
        (
            'kernels.NATIVE_ISAS, kernels.REFUSED_ISAS = ("avx2", "portable"), ("amx: no permission",)',
            "amx: no permission; avx2 is used, with the same results",
        ),
    ],
)
def test_a_machine_on_slower_kernels_is_told_so_once(change: str, said: str) -> None:
    program = (
        f'from tampu import kernels\n{change}\nkernels.load_kernels("auto", 1), kernels.load_kernels("portable", 1)'
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stderr == f"tampu: {said}\n"
