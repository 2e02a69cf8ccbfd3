"""The adapters on this machine: one directory per model, one in it per adapter, with PEFT's two files and a record.

What comes in is staged beside its place and renamed into it once it has been checked, so that a name always stands for
a whole adapter. What is taken out while somebody may still read it is renamed first, and deleted by `sweep`.
"""

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from tampu.errors import AdapterNotFound, InvalidAdapter
from tampu.model.adapter_config import CONFIG_FILE
from tampu.model.adapter_file import WEIGHTS_FILE, check_finite, open_adapter
from tampu.model.config import ModelConfig
from tampu.model.lora import num_elements
from tampu.model.names import known_model
from tampu.settings import Paths

FOLDER = "adapters"  # of all models, under Paths.data
RECORD_FILE = "tampu.json"
STAGED, RETIRED = ".staged-", ".retired-"  # beginnings that no adapter's name has
STALE = 24 * 3600.0  # seconds after which what was staged is nobody's any more
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")


CopyProgress = Callable[[int, int], None]
COPY_PIECE = 2**22


def _silent(done: int, total: int) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class StoredAdapter:
    """An adapter whose files were checked when it was added. `elements` is the size of its matrices in memory."""

    name: str
    directory: str
    fingerprint: str
    rank: int
    modules: tuple[str, ...]  # the kinds of linears that it changes
    elements: int
    size: int  # of the files in bytes
    created: int  # Unix time in seconds


class AdapterStore:
    """The adapters of one model."""

    def __init__(self, paths: Paths, model: str) -> None:
        known = known_model(model)
        self.directory = paths.data / FOLDER / quote(known.repository if known else model, safe="")

    def list(self) -> list[StoredAdapter]:
        """All of them, by name."""
        directories = sorted(self.directory.iterdir()) if self.directory.is_dir() else []
        found = [read_record(path) for path in directories if NAME.fullmatch(path.name)]
        return [adapter for adapter in found if adapter is not None]

    def stage(self) -> Path:
        """An empty directory for the two files of an adapter that is to be added."""
        self.directory.mkdir(parents=True, exist_ok=True)
        staged = self.directory / f"{STAGED}{secrets.token_hex(8)}"
        staged.mkdir()
        return staged

    def copy(self, source: Path, progress: CopyProgress = _silent) -> Path:
        """An adapter's two files, and nothing else of its directory, staged; InvalidAdapter where one is missing.

        progress(bytes done, bytes in all) is called after every piece.
        """
        check_files(source)
        staged, done = self.stage(), 0
        total = sum((source / name).stat().st_size for name in (CONFIG_FILE, WEIGHTS_FILE))
        for name in (CONFIG_FILE, WEIGHTS_FILE):
            with (source / name).open("rb") as read, (staged / name).open("xb") as written:
                while piece := read.read(COPY_PIECE):
                    done += written.write(piece)
                    progress(done, total)
        return staged

    def add(self, name: str, staged: Path, config: ModelConfig) -> StoredAdapter:
        """Take what was staged under this name, in place of what had it before; InvalidAdapter, and nothing changed,
        if it is not fit for the model. What was staged is gone in either case."""
        try:
            check_name(name)
            adapter = describe(name, staged, config)
            check_finite(open_adapter(staged, config))
            (staged / RECORD_FILE).write_text(json.dumps({**asdict(adapter), "directory": ""}, indent=2))
            self._retire(name)
            os.replace(staged, self.directory / name)
        finally:
            discard(staged)
        return _at(adapter, self.directory / name)

    def remove(self, name: str) -> None:
        """Take an adapter out; AdapterNotFound when there is none of this name."""
        if not NAME.fullmatch(name) or not self._retire(name):
            raise AdapterNotFound(name, [adapter.name for adapter in self.list()])

    def retired(self, fingerprint: str) -> Path:
        """Where the files of an adapter lie that was taken out, until they are swept."""
        return self.directory / f"{RETIRED}{fingerprint}"

    def sweep(self, in_use: Collection[str] = ()) -> None:
        """Delete what was taken out, but for adapters of these fingerprints, and what was staged long ago."""
        for path in list(self.directory.iterdir()) if self.directory.is_dir() else []:
            is_retired = path.name.startswith(RETIRED) and path.name.removeprefix(RETIRED) not in in_use
            is_stale = path.name.startswith(STAGED) and time.time() - path.stat().st_mtime > STALE
            if is_retired or is_stale:
                discard(path)

    def _retire(self, name: str) -> bool:
        adapter = read_record(self.directory / name)
        if adapter is None:
            discard(self.directory / name)
            return False
        target = self.retired(adapter.fingerprint)
        discard(target)
        os.replace(self.directory / name, target)
        return True


def all_stores(paths: Paths) -> dict[str, AdapterStore]:
    """The adapters of every model that has some, by the model's name."""
    folder = paths.data / FOLDER
    models = sorted(unquote(path.name) for path in folder.iterdir()) if folder.is_dir() else []
    return {model: AdapterStore(paths, model) for model in models}


def check_name(name: str) -> None:
    """InvalidAdapter unless it is a name that an adapter can have."""
    if not NAME.fullmatch(name):
        raise InvalidAdapter(
            "An adapter's name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with none of "
            f"dot and dash; got {name!r:.80}.",
            param="name",
        )


def check_files(source: Path) -> None:
    """InvalidAdapter unless both of PEFT's files are there."""
    for name, param in ((CONFIG_FILE, "config"), (WEIGHTS_FILE, "weights")):
        if not (source / name).is_file():
            pickle = source / "adapter_model.bin"
            hint = f" {pickle.name} is a pickle, which tampu never opens: save it as safetensors." * pickle.is_file()
            raise InvalidAdapter(f"{source} is no adapter: {name} is missing.{hint}", param=param)


def describe(name: str, directory: Path, config: ModelConfig) -> StoredAdapter:
    """The adapter in a directory; InvalidAdapter when it does not fit the model."""
    file = open_adapter(directory, config)
    return StoredAdapter(
        name=name,
        directory=str(directory),
        fingerprint=file.fingerprint,
        rank=file.rank(),
        modules=tuple(sorted({module.rpartition(".")[2] for module in file.modules})),
        elements=num_elements(file, config),
        size=file.path.stat().st_size,
        created=int(time.time()),
    )


def discard(path: Path) -> None:
    """Delete a directory with all that is in it, if it is there."""
    shutil.rmtree(path, ignore_errors=True)


def read_record(directory: Path) -> StoredAdapter | None:
    """The adapter in this directory of the store; None where there is none, or not a whole one."""
    try:
        values: Mapping[str, Any] = json.loads((directory / RECORD_FILE).read_bytes())
        return StoredAdapter(**{**values, "modules": tuple(values["modules"]), "directory": str(directory)})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def is_whole(adapter: StoredAdapter) -> bool:
    """Whether its files are where they were put, and as long."""
    weights, config = (Path(adapter.directory) / name for name in (WEIGHTS_FILE, CONFIG_FILE))
    return config.is_file() and weights.is_file() and weights.stat().st_size == adapter.size


def _at(adapter: StoredAdapter, directory: Path) -> StoredAdapter:
    values = {**asdict(adapter), "modules": adapter.modules, "directory": str(directory)}
    return StoredAdapter(**values)
