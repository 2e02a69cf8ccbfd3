"""What a newcomer waits for: first token from a cold process, time to ready, installed size, memory."""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import httpx2

from bench.machine import machine

TAMPU = [sys.executable, "-m", "tampu"]
PORT = 18267


def first_token_seconds(model: str) -> float:
    """Seconds from starting `tampu chat "hi"` to the first byte of its answer."""
    started = time.perf_counter()
    command = [*TAMPU, "chat", "--model", model, "hi"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as chat:
        assert chat.stdout is not None
        first = os.read(chat.stdout.fileno(), 1)
        seconds = time.perf_counter() - started
        chat.stdout.read()
    assert first, "tampu chat said nothing"
    return seconds


def serve(model: str) -> tuple[float, float]:
    """Seconds from starting `tampu serve` until /readyz says 200, and the memory of its processes in MiB after one
    answer."""
    started = time.perf_counter()
    command = [*TAMPU, "serve", "--model", model, "--port", str(PORT)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not ready():
            assert server.poll() is None, "tampu serve ended"
            time.sleep(0.005)
        seconds = time.perf_counter() - started
        body = {"model": Path(model).stem, "messages": [{"role": "user", "content": "hi"}]}
        httpx2.post(f"http://127.0.0.1:{PORT}/v1/chat/completions", json=body, timeout=60).raise_for_status()
        return seconds, sum(resident_mebibytes(pid) for pid in family(server.pid))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def ready() -> bool:
    """Whether the server at PORT says that it is."""
    try:
        return httpx2.get(f"http://127.0.0.1:{PORT}/readyz", timeout=1).status_code == 200
    except httpx2.TransportError:
        return False


def family(pid: int) -> Iterator[int]:
    """The process and all its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from family(int(child))


def resident_mebibytes(pid: int) -> float:
    """Memory of a process, pages shared with others counted in parts (PSS)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def installed_megabytes() -> dict[str, float]:
    """Size on disk of tampu and of everything it needs at run time, by distribution."""
    sizes: dict[str, float] = {}
    wanted = ["tampu"]
    while wanted:
        name = re.split(r"[^\w.-]", wanted.pop(), maxsplit=1)[0].lower().replace("_", "-")
        if name in sizes:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # needed on another system or Python only
        paths = [Path(str(distribution.locate_file(file))) for file in distribution.files or ()]
        if name == "tampu":
            paths += Path(__file__).parent.parent.joinpath("src").rglob("*.*")
        sizes[name] = (
            sum(path.stat().st_size for path in paths if path.is_file() and "__pycache__" not in path.parts) / 1e6
        )
        wanted += [line for line in distribution.requires or () if needed(line)]
    return sizes


def needed(requirement: str) -> bool:
    """Whether a requirement line is one of those that `pip install tampu` follows (uvicorn[standard] included)."""
    marker = requirement.partition(";")[2]
    return "extra ==" not in marker or 'extra == "standard"' in marker


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="cria")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    first = [first_token_seconds(arguments.model) for _ in range(arguments.runs)]
    served = [serve(arguments.model) for _ in range(3)]
    sizes = installed_megabytes()
    figures = {
        "first token of a cold `tampu chat`, median": f"{statistics.median(first):.2f} s",
        "time to ready of `tampu serve`, median": f"{statistics.median(seconds for seconds, _ in served):.2f} s",
        "memory while serving, both processes": f"{served[-1][1]:.0f} MiB",
        "installed, everything it needs": f"{sum(sizes.values()):.0f} MB",
        "machine": machine(),
    }
    if arguments.json:
        print(json.dumps({**figures, "sizes": sizes}, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:46} {value}")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:8]:
        print(f"    {name:42} {size:.1f} MB")


if __name__ == "__main__":
    main()
