"""Check this machine and this installation: a line each, with what to do about what is wrong."""

import os
import platform
import socket
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Literal

import typer

from tampu import __version__
from tampu.cli.program import VARIABLE, as_called
from tampu.cli.terminal import print_json
from tampu.errors import ModelError, TampuError, did_you_mean
from tampu.kernels import available_isas, refused_isas, usable_cores
from tampu.model.adapter_store import all_stores, is_whole
from tampu.model.fit import largest_known
from tampu.model.hub import BUNDLED, hub_cache, local_models
from tampu.model.machine import available_memory, free_disk, human_size, total_memory
from tampu.model.names import DEMO
from tampu.model.packed import open_packed
from tampu.settings import EngineSettings, Paths, ServerSettings, environment_name, load

LEAST_MEMORY = 1_000_000_000
LEAST_DISK = 5_000_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at and what was found; `fix` says what to do when it is not well."""

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    fix: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON, for a report.")] = False,
) -> None:
    """Print the checks; exit code 1 when one fails."""
    checks = list(examine(os.environ))
    if as_json:
        print_json({"version": __version__, "checks": list(map(asdict, checks))})
    else:
        for check in checks:
            print(f"{check.status:4}  {check.name:12}  {as_called(check.detail)}")
            if check.status != "ok":
                print(f"      {'':12}  → {as_called(check.fix)}")
    if any(check.status == "fail" for check in checks):
        raise typer.Exit(1)


def examine(environment: Mapping[str, str]) -> Iterator[Check]:
    """Every check, one after the other."""
    yield check_python()
    yield check_kernels(available_isas(), refused_isas())
    yield check_memory(available_memory(), total_memory())
    cache = hub_cache(environment)
    yield check_disk(str(cache), free_disk(cache))
    yield from check_settings(environment)
    yield check_demo()
    yield check_models(environment)
    yield check_adapters(Paths.find(environment))
    yield check_token(environment)
    yield check_port(environment)


def check_python() -> Check:
    """The interpreter."""
    return Check("python", "ok", f"{platform.python_version()}, {platform.system()} {platform.machine()}")


def check_kernels(isas: tuple[str, ...], refused: tuple[str, ...]) -> Check:
    """The instruction sets that the kernels can use here, fastest first."""
    detail = f"{isas[0]} (of {', '.join(isas)}) on {usable_cores()} cores"
    if isas == ("reference",):
        fix = "Install a C++ compiler (Debian: apt-get install g++) and reinstall tampu."
        return Check("kernels", "fail", "no native kernels: numpy computes, some 100 times slower", fix)
    if isas[0] == "portable":
        return Check("kernels", "warn", detail, "This processor has no AVX2: expect a few tokens per second at best.")
    if refused:
        fix = "Results are the same, only slower. A newer kernel, or the host of this virtual machine, may allow it."
        return Check("kernels", "warn", f"{detail}; not used: {'; '.join(refused)}", fix)
    return Check("kernels", "ok", detail)


def check_memory(available: int, total: int) -> Check:
    """The memory."""
    detail = f"{human_size(available)} free of {human_size(total)}: enough for {largest_known(available)}"
    if available < LEAST_MEMORY:
        return Check("memory", "warn", detail, "Close other programs, or run a smaller model.")
    return Check("memory", "ok", detail)


def check_disk(where: str, free: int) -> Check:
    """The disk that pulled models go to."""
    detail = f"{human_size(free)} free at {where}"
    if free < LEAST_DISK:
        return Check("disk", "warn", detail, "Free some space, or set HF_HUB_CACHE to a larger disk, before you pull.")
    return Check("disk", "ok", detail)


def check_settings(environment: Mapping[str, str]) -> Iterator[Check]:
    """The TAMPU_ variables: values that are read, names that nobody reads."""
    kinds = (EngineSettings, ServerSettings)
    known = {environment_name(item.name) for kind in kinds for item in fields(kind)} | {"TAMPU_HOME"}
    given = sorted(name for name in environment if name.startswith("TAMPU_") and name != VARIABLE)
    for name in given:
        if name not in known:
            fix = f"{did_you_mean(name, known)} Unset it otherwise.".strip()
            yield Check("settings", "warn", f"{name} is no setting", fix)
    try:
        for kind in kinds:
            load(kind, {}, environment)
    except TampuError as error:
        yield Check("settings", "fail", str(error), "Correct or unset the variable.")
    else:
        yield Check("settings", "ok", ", ".join(name for name in given if name in known) or "all at their defaults")


def check_demo() -> Check:
    """The demo model in this installation, every byte of it."""
    path = BUNDLED / f"{DEMO}.tampu"
    fix = "Reinstall tampu."
    if not path.exists():
        return Check(DEMO, "fail", f"{path} is missing", fix)
    try:
        open_packed(path, verify=True)
    except ModelError as error:
        return Check(DEMO, "fail", str(error), fix)
    return Check(DEMO, "ok", f"{human_size(path.stat().st_size)}, checksums right")


def check_models(environment: Mapping[str, str]) -> Check:
    """What can be run without a network."""
    names = [model.name for model in local_models(Paths.find(environment), environment) if model.source == "hub"]
    return Check("models", "ok", ", ".join(names) or f"only {DEMO}; `tampu pull llama3.1:8b` gets another")


def check_adapters(paths: Paths) -> Check:
    """The LoRA adapters that are stored, their files there and of the size they had."""
    found = [(model, adapter) for model, store in all_stores(paths).items() for adapter in store.list()]
    broken = [f"{model}:{adapter.name}" for model, adapter in found if not is_whole(adapter)]
    if broken:
        fix = "`tampu adapters add` them again, or `tampu adapters remove` them."
        return Check("adapters", "warn", f"damaged: {', '.join(broken)}", fix)
    names = ", ".join(f"{model}:{adapter.name}" for model, adapter in found)
    return Check("adapters", "ok", names or "none; `tampu adapters add` stores one")


def check_token(environment: Mapping[str, str]) -> Check:
    """Whether the hub knows who asks; only licensed models need it."""
    if environment.get("HF_TOKEN"):
        return Check("hub token", "ok", "from HF_TOKEN")
    home = environment.get("HF_HOME") or os.path.expanduser("~/.cache/huggingface")
    if os.path.exists(os.path.join(home, "token")):
        return Check("hub token", "ok", "from `hf auth login`")
    return Check("hub token", "ok", "none; Meta's models need one: `hf auth login`")


def check_port(environment: Mapping[str, str]) -> Check:
    """Whether `tampu serve` can listen."""
    try:
        settings = load(ServerSettings, {}, environment)
    except TampuError as error:
        return Check("port", "fail", str(error), "Correct or unset the variable.")
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            detail = f"{settings.host}:{settings.port}: {error.strerror}"
            return Check("port", "warn", detail, "A server may already run there; else `tampu serve --port N`.")
    where = f"{settings.host}:{settings.port} is free" if settings.port else f"{settings.host}, any free port"
    return Check("port", "ok", where)
