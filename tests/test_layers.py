"""Imports only point downward, lazy and typing-only ones included."""

import ast
from collections.abc import Iterable, Iterator
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
    {"request", "strict_json", "lane"},
    {"errors"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
NUMPY = {"kernels", "model", "engine", "grammar"}  # of grammar the masks only
WORKER = "tampu.engine.worker"  # the process that knows token ids only
READS_TEXT = "tampu.engine.vocabulary"  # the one module that may read a vocabulary for it


def module_name(path: Path) -> str:
    """What a file is imported as."""
    return ".".join(("tampu", *path.relative_to(SRC).with_suffix("").parts)).removesuffix(".__init__")


MODULES = {module_name(path): path for path in FILES}


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


def modules_behind(name: str, shut: frozenset[str] = frozenset()) -> set[str]:
    """The modules that importing `name` can load, at once or later, without those behind the `shut` ones."""
    found, new = set[str](), {name}
    while new:
        found |= new
        named = {each for module in new - shut for each, _ in imports(MODULES[module])}
        # `tampu.text.stop.StopStrings` loads tampu.text, too.
        parents = {".".join(each.split(".")[:depth]) for each in named for depth in range(2, each.count(".") + 2)}
        new = (parents & MODULES.keys()) - found
    return found


def of_text(modules: Iterable[str]) -> list[str]:
    return sorted(name for name in modules if name.startswith("tampu.text"))


def test_the_worker_process_knows_no_text() -> None:
    behind = modules_behind(WORKER, shut=frozenset({READS_TEXT}))
    assert "tampu.model.llama" in behind, "the walk follows imports of imports"
    assert of_text(behind) == []


def test_only_the_vocabulary_leads_the_worker_process_to_text() -> None:
    assert of_text(modules_behind(WORKER)) != [], "then READS_TEXT is not needed any more"
