"""Imports only point downward, lazy and typing-only ones included."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src" / "tampu"
FILES = sorted(SRC.rglob("*.py"))
LAYERS = [
    {"__init__", "__main__"},
    {"cli"},
    {"server"},
    {"engine", "gateway"},
    {"model", "text", "grammar", "dialects"},
    {"kernels"},
    {"settings"},
    {"catalogue", "generation", "replay"},
    {"request"},
    {"errors"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
NUMPY = {"kernels", "model", "engine"}
WORKER = {
    *(
        "batch.py",
        "card.py",
        "engine.py",
        "fairness.py",
        "groups.py",
        "kv_cache.py",
        "loading.py",
        "output.py",
        "protocol.py",
        "runner.py",
    ),
    *("sampler.py", "scheduler.py", "sequence.py", "wire.py", "worker.py"),
}
WORKER_FILES = [path for path in FILES if path.parent.name == "engine" and path.name in WORKER]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_imports_point_downward(path: Path) -> None:
    home = path.relative_to(SRC).parts[0].removesuffix(".py")
    for name, line in imports(path):
        parts = name.split(".")
        if parts[0] == "numpy":
            assert home in NUMPY, f"{path}:{line} loads numpy"
        if parts[0] == "tampu" and len(parts) > 1 and parts[1] not in (home, "__version__"):
            assert RANK[parts[1]] > RANK[home], f"{path}:{line} {home} must not import {parts[1]}"


@pytest.mark.parametrize("path", WORKER_FILES, ids=lambda path: path.name)
def test_the_worker_half_of_the_engine_knows_no_text(path: Path) -> None:
    assert not [name for name, _ in imports(path) if name.startswith("tampu.text")]
