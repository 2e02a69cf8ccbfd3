import json
from pathlib import Path

import pytest

from tampu.cli.doctor import check_adapters, check_kernels, check_memory, check_port, check_settings
from tampu.model.hub import BUNDLED
from tampu.settings import Paths
from tests.adapters import write_adapter
from tests.cli.conftest import Tampu


def test_every_line_is_a_check_and_json_has_the_same(tampu: Tampu) -> None:
    checks = json.loads(tampu("doctor", "--json").stdout)["checks"]
    assert [check["name"] for check in checks] == [
        *("python", "kernels", "memory", "disk", "settings", "cria", "models", "adapters", "hub token", "port")
    ]
    lines = [line for line in tampu("doctor").stdout.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in lines] == [check["status"] for check in checks]


def test_all_is_well_when_the_demo_model_is_there(tampu: Tampu) -> None:
    failed = {
        check["name"] for check in json.loads(tampu("doctor", "--json").stdout)["checks"] if check["status"] == "fail"
    }
    assert failed <= (set() if (BUNDLED / "cria.tampu").exists() else {"cria"}) | {"kernels"}
    assert tampu("doctor").exit_code == (1 if failed else 0)


def test_the_name_that_tampu_was_called_by_is_no_setting() -> None:
    (well,) = check_settings({"TAMPU_CALLED_AS": "scripts/tampu"})
    assert (well.status, well.detail) == ("ok", "all at their defaults")


def test_a_bad_setting_fails_and_a_mistyped_one_is_noticed() -> None:
    bad, *_ = check_settings({"TAMPU_PORT": "x", "OTHER": "1"})
    assert bad.status == "fail"
    assert bad.detail.startswith("TAMPU_PORT='x' is not a")
    mistyped, well = check_settings({"TAMPU_PROT": "1", "TAMPU_HOME": "/x"})
    assert (mistyped.status, mistyped.detail) == ("warn", "TAMPU_PROT is no setting")
    assert mistyped.fix.startswith("Did you mean TAMPU_PORT, ")
    assert (well.status, well.detail) == ("ok", "TAMPU_HOME")


@pytest.mark.parametrize(
    ("isas", "status"),
    [
        (("avx512", "avx2", "portable", "reference"), "ok"),
        (("portable", "reference"), "warn"),
        (("reference",), "fail"),
    ],
)
def test_slow_kernels_are_pointed_out(isas: tuple[str, ...], status: str) -> None:
    check = check_kernels(isas, ())
    assert check.status == status
    assert bool(check.fix) == (status != "ok")


def test_an_instruction_set_that_is_not_used_is_named_with_the_reason() -> None:
    check = check_kernels(("avx512", "reference"), ("amx: the operating system refused the tile registers",))
    assert check.status == "warn"
    assert "not used: amx: the operating system refused the tile registers" in check.detail


def test_a_damaged_adapter_is_pointed_out(tampu: Tampu, tmp_path: Path) -> None:
    assert tampu("adapters", "add", str(write_adapter(tmp_path / "pirate"))).exit_code == 0
    (store,) = (tmp_path / "home").rglob("adapter_model.safetensors")
    paths = Paths.find({"TAMPU_HOME": str(tmp_path / "home")})
    assert (check_adapters(paths).status, check_adapters(paths).detail) == ("ok", "tiny:pirate")
    store.write_bytes(b"")
    assert (check_adapters(paths).status, check_adapters(paths).detail) == ("warn", "damaged: tiny:pirate")


def test_little_memory_is_pointed_out() -> None:
    assert check_memory(500_000_000, 8_000_000_000).status == "warn"
    assert check_memory(5_000_000_000, 8_000_000_000).detail == (
        "5.0 GB free of 8.0 GB: enough for llama3.2:3b as int8"
    )


def test_a_port_that_cannot_be_listened_on_is_pointed_out() -> None:
    taken = check_port({"TAMPU_HOST": "192.0.2.1"})  # an address that no machine has
    assert (taken.status, taken.detail) == ("warn", "192.0.2.1:8267: Cannot assign requested address")
