"""Finetunes: adapters that come in file by file, and what their owner says of them.

One begins as a description in a directory beside the adapters of its model, where its files are gathered. Once both
are there it becomes an adapter of the same name, and the description goes with it.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tampu.model.adapter_config import CONFIG_FILE
from tampu.model.adapter_file import WEIGHTS_FILE
from tampu.model.adapter_store import STALE, AdapterStore, check_name, discard

FILES = (CONFIG_FILE, WEIGHTS_FILE)
ABOUT_FILE = "finetune.json"
GATHERED = ".finetune-"  # beginning of the directories; no adapter's name has it


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a finetune besides its files. `model` is its base as it was asked for."""

    name: str
    model: str
    description: str
    public: bool
    created: float  # Unix time in seconds


class Finetunes:
    """The finetunes of one model."""

    def __init__(self, store: AdapterStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def uuid(self, name: str) -> str:
        """The id of the adapter or finetune of this name: always the same one."""
        return str(uuid5(NAMESPACE_URL, f"tampu:adapters/{self._store.directory.name}/{name}"))

    def named(self, name_or_id: str, names: Iterable[str]) -> str | None:
        """That of these names which is meant, itself or by its id."""
        wanted = name_or_id.lower()
        return next((name for name in names if name == name_or_id or self.uuid(name) == wanted), None)

    def waiting(self) -> list[About]:
        """Those that wait for files, by name."""
        found = sorted(self._store.directory.glob(f"{GATHERED}*"))
        return [about for directory in found if (about := read_about(directory)) is not None]

    def begin(self, about: About) -> None:
        """Wait for the files of this one, from the beginning if some were there already."""
        check_name(about.name)
        self._forget()
        directory = self._directory(about.name)
        discard(directory)
        directory.mkdir(parents=True)
        write_about(directory, about)

    def put(self, name: str, file: str, received: Path) -> None:
        """Take one of FILES, in place of one that was there."""
        os.replace(received, self._directory(name) / file)

    def missing(self, name: str) -> tuple[str, ...]:
        """The files that have not come yet."""
        return tuple(file for file in FILES if not (self._directory(name) / file).is_file())

    def stage(self, name: str) -> Path:
        """The whole finetune as it is to be added to the shelf. Its files are no longer gathered; it still waits."""
        staged, directory = self._store.stage(), self._directory(name)
        for file in FILES:
            os.replace(directory / file, staged / file)
        (staged / ABOUT_FILE).write_bytes((directory / ABOUT_FILE).read_bytes())
        return staged

    def drop(self, name: str) -> None:
        """Wait for nothing more of this name."""
        discard(self._directory(name))

    def _forget(self) -> None:
        """Delete those that nobody went on with for a day."""
        for directory in list(self._store.directory.glob(f"{GATHERED}*")):
            if self._clock() - directory.stat().st_mtime > STALE:
                discard(directory)

    def _directory(self, name: str) -> Path:
        return self._store.directory / f"{GATHERED}{name}"


def read_about(directory: Path) -> About | None:
    """What is said of the finetune in this directory; None where nothing is."""
    try:
        values: Mapping[str, Any] = json.loads((directory / ABOUT_FILE).read_bytes())
        return About(**values)
    except (OSError, ValueError, TypeError):
        return None


def write_about(directory: Path, about: About) -> None:
    """Say this of the finetune in a directory."""
    (directory / ABOUT_FILE).write_text(json.dumps(asdict(about), indent=2))
