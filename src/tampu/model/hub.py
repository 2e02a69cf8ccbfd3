"""Models on this machine: found by name, listed. No network; `pull` fetches what is missing."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tampu.errors import ModelMissing, did_you_mean
from tampu.model.names import DEMO, HubName, hub_name, known_names
from tampu.settings import Paths

BUNDLED = Path(__file__).parent.parent / "bundled"
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "original/tokenizer.model")
INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that can be run without a network. `size` is what its files take on disk, in bytes."""

    name: str
    source: Literal["bundled", "packed", "hub"]
    path: Path
    size: int


def resolve(name: str, paths: Paths, environment: Mapping[str, str] = os.environ) -> Path:
    """The packed file, GGUF file or checkpoint directory that this name or path means.

    Raises ModelMissing with what to type instead when it is not on this machine.
    """
    if name == DEMO:
        return _bundled()
    if not name.strip():
        raise ModelMissing(_unknown("''", paths, environment))
    path = Path(name).expanduser()
    if os.path.exists(path):  # False, where Path would raise, for a name too long to be one
        return path
    packed = packed_cache(paths) / f"{name}.tampu"
    if "/" not in name and os.path.exists(packed):
        return packed
    wanted = hub_name(name)
    if wanted is None or path.is_absolute():
        raise ModelMissing(_unknown(name, paths, environment))
    found = find_snapshot(wanted, hub_cache(environment))
    if found is None:
        raise ModelMissing(
            f"{name} is not on this machine.\n\n  tampu pull {name}    gets it\n  tampu models"
            f"{' ' * (len(name) - 1)}    lists what is here"
        )
    return found


def hub_cache(environment: Mapping[str, str] = os.environ) -> Path:
    """Where Hugging Face keeps models: HF_HUB_CACHE, or HF_HOME/hub, or the cache directory's huggingface/hub."""
    if directory := environment.get("HF_HUB_CACHE"):
        return Path(directory).expanduser()
    if directory := environment.get("HF_HOME"):
        return Path(directory).expanduser() / "hub"
    cache = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "huggingface" / "hub"


def packed_cache(paths: Paths) -> Path:
    """Where checkpoints lie once they are packed."""
    return paths.cache / "packed"


def find_snapshot(wanted: HubName, cache: Path) -> Path | None:
    """The complete directory, or the GGUF file, of this model in the hub's cache; None when there is none."""
    home = cache / f"models--{wanted.repository.replace('/', '--')}"
    for snapshot in _snapshots(home):
        if wanted.file is None and wanted.quant is None and is_complete(snapshot):
            return snapshot
        files = [path for path in sorted(snapshot.rglob("*.gguf")) if path.exists()]
        matching = [path for path in files if wanted.matches(path.relative_to(snapshot).as_posix())]
        if len(matching) == 1:
            return matching[0]
    return None


def is_complete(directory: Path) -> bool:
    """Whether a checkpoint directory has its configuration, its tokenizer and all its weights."""
    if not (directory / "config.json").exists() or not any((directory / name).exists() for name in TOKENIZERS):
        return False
    if (directory / "model.safetensors").exists():
        return True
    try:
        shards = set(json.loads((directory / INDEX).read_text())["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return all((directory / shard).exists() for shard in shards)


def local_models(paths: Paths, environment: Mapping[str, str] = os.environ) -> list[LocalModel]:
    """Every model on this machine, the bundled one first."""
    return [*_bundled_models(), *_hub_models(hub_cache(environment)), *_packed_models(packed_cache(paths))]


def _bundled() -> Path:
    path = BUNDLED / f"{DEMO}.tampu"
    if not path.exists():
        raise ModelMissing(f"The demo model {DEMO} is not in this installation: {path} is missing. Reinstall tampu.")
    return path


def _snapshots(home: Path) -> Iterator[Path]:
    """Directories of a repository's snapshots: what `main` points at first, then the newest."""
    main = home / "refs" / "main"
    if main.exists():
        yield home / "snapshots" / main.read_text().strip()
    yield from sorted((home / "snapshots").glob("*"), key=lambda path: path.stat().st_mtime, reverse=True)


def _bundled_models() -> Iterator[LocalModel]:
    for path in sorted(BUNDLED.glob("*.tampu")):
        yield LocalModel(path.stem, "bundled", path, path.stat().st_size)


def _packed_models(cache: Path) -> Iterator[LocalModel]:
    for path in sorted(cache.glob("*.tampu")):
        yield LocalModel(path.stem, "packed", path, path.stat().st_size)


def _hub_models(cache: Path) -> Iterator[LocalModel]:
    for home in sorted(cache.glob("models--*--*")):
        repository = home.name.removeprefix("models--").replace("--", "/", 1)
        snapshot = next((path for path in _snapshots(home) if path.is_dir()), None)
        if snapshot is None:
            continue
        if is_complete(snapshot):
            size = sum(path.stat().st_size for path in snapshot.glob("*.safetensors") if path.exists())
            yield LocalModel(repository, "hub", snapshot, size)
        for path in sorted(snapshot.rglob("*.gguf")):
            if path.exists():
                file = path.relative_to(snapshot).as_posix()
                yield LocalModel(f"{repository}/{file}", "hub", path, path.stat().st_size)


def _unknown(name: str, paths: Paths, environment: Mapping[str, str]) -> str:
    here = ", ".join(model.name for model in local_models(paths, environment) if model.source != "packed")
    hint = did_you_mean(name, known_names())
    return f"There is no model or file called {name}.{hint}\n\nModels here: {here or 'none'}."
