"""What scripts/setup installs is pinned by version and by hash."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
NEEDED = {"run.txt": RUN, "test.txt": RUN + PROJECT["project"]["optional-dependencies"]["test"]}
LOCKS = [*(ROOT / "requirements").glob("*.txt"), *(ROOT / "sdks" / "python").glob("requirements*.txt")]
MARKER, HASHES = r"(?: ; [^\n\\]*[^\n\\ ])?", r"((?: \\\n    --hash=sha256:[0-9a-f]{64})*)"
ENTRY = re.compile(rf"^([\w.-]+)==([^ ;]+){MARKER}{HASHES}", re.MULTILINE)


def entries(lock: Path) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of every package of a lock."""
    found = ENTRY.findall(lock.read_text())
    return {canonicalize_name(name): (version, hashes.count("--hash")) for name, version, hashes in found}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_of_a_lock_is_an_entry_with_hashes(lock: Path) -> None:
    lines = [line for line in lock.read_text().splitlines() if line and line[0] not in " #"]
    assert len(lines) == len(entries(lock)) > 1
    assert [name for name, (_, hashes) in entries(lock).items() if not hashes] == []


@pytest.mark.parametrize("name", NEEDED)
def test_what_the_project_needs_is_locked_at_a_version_it_allows(name: str) -> None:
    locked = entries(ROOT / "requirements" / name)
    needed = [Requirement(text) for text in NEEDED[name]]
    missing = [need.name for need in needed if canonicalize_name(need.name) not in locked]
    assert missing == []
    assert [
        need.name for need in needed if Version(locked[canonicalize_name(need.name)][0]) not in need.specifier
    ] == []


def test_what_tests_run_with_is_what_users_run_with() -> None:
    run, test = entries(ROOT / "requirements" / "run.txt"), entries(ROOT / "requirements" / "test.txt")
    assert {name: entry for name, entry in test.items() if name in run} == run
