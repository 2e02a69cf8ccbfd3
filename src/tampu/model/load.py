"""From whatever the user has to a packed file: pack once, into the cache, and find it there the next time."""

import fcntl
import glob
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from tampu.errors import BadSetting, ModelError, ModelMissing, UnsupportedModel, reason
from tampu.kernels.interface import Kind
from tampu.model.checkpoint import Checkpoint, model_name
from tampu.model.config import ModelConfig
from tampu.model.machine import free_disk, human_size
from tampu.model.pack import Progress, pack, packed_size
from tampu.model.packed import FORMAT_VERSION, SUFFIX, UNFINISHED, open_packed
from tampu.model.weights import PICKLES, SafetensorsCheckpoint

DEFAULT_KIND: Kind = "int8"
Choose = Callable[[ModelConfig, Kind | None], Kind]  # the kind for a model, or None for auto; it may raise
Inspect = Callable[[Checkpoint], None]  # raises ModelError for a checkpoint that could be packed and not be run


def take_any(_: Checkpoint) -> None:
    """Raise nothing."""


def take_default(_: ModelConfig, kind: Kind | None) -> Kind:
    """What was asked for, and for auto DEFAULT_KIND, whatever the machine."""
    return kind or DEFAULT_KIND


def prepare(
    reference: Path,
    quant: str,
    progress: Progress,
    cache: Path,
    choose: Choose = take_default,
    inspect: Inspect = take_any,
) -> Path:
    """The packed file of a Hugging Face directory, a GGUF file or a packed file; packed into `cache` the first time.

    `progress` gets a phase ("packing", "waiting") and how much of it is done, in [0, 1]. Before anything is packed
    `inspect` may refuse the checkpoint, and `choose` has the last word on the kind. Errors: ModelMissing; BadSetting
    for `quant`; ModelError when the disk is too small, or as one of its kinds says.
    """
    if quant not in ("auto", *get_args(Kind)):
        raise BadSetting(f"quant must be auto or one of {', '.join(get_args(Kind))}, got {quant!r}.")
    if not reference.exists():
        raise ModelMissing(f"{reference} does not exist.")
    if reference.suffix == SUFFIX:
        return _check_packed(reference, quant)
    kind = choose(_config(reference, cache), _kind(quant))
    target = cache / _cache_name(reference, kind)
    if target.exists():
        return target
    with _writing(cache), _locked(cache, progress):
        if not target.exists():  # another process may have packed it while this one waited
            _clear(cache, target)
            pack_file(reference, kind, target, progress, inspect=inspect)
    return target


def _kind(quant: str) -> Kind | None:
    """The kind of this name; None for auto."""
    return next((known for known in get_args(Kind) if known == quant), None)


def _config(reference: Path, cache: Path) -> ModelConfig:
    """The configuration of a checkpoint; from a packed file of it where there is one, as a vocabulary takes seconds."""
    packed = (cache / _cache_name(reference, kind) for kind in get_args(Kind))
    known = next((path for path in packed if path.exists()), None)
    return open_checkpoint(reference).config if known is None else open_packed(known).config


def pack_file(
    reference: Path,
    quant: str,
    target: Path,
    progress: Progress,
    choose: Choose = take_default,
    inspect: Inspect = take_any,
) -> None:
    """Pack a Hugging Face directory or a GGUF file into `target`; ModelError when the disk is too small for it, or as
    `inspect` says."""
    progress("packing", 0.0)
    if reference.suffix == SUFFIX:
        raise UnsupportedModel(f"{reference} is packed already. Pack its original, or copy it.")
    checkpoint = open_checkpoint(reference)
    inspect(checkpoint)
    kind = choose(checkpoint.config, _kind(quant))
    check_disk(target.parent, packed_size(checkpoint.config, kind))
    with _writing(target.parent):
        pack(checkpoint, kind, target, progress)


def open_checkpoint(reference: Path) -> Checkpoint:
    """The checkpoint in a Hugging Face directory or a GGUF file, its tensors checked; UnsupportedModel for the rest."""
    if reference.is_dir():
        return SafetensorsCheckpoint(reference)
    if reference.suffix == ".gguf":
        # The gguf package takes 0.1 s to import; the start of a packed model must not wait for it.
        from tampu.model.gguf import GGUFCheckpoint

        return GGUFCheckpoint(reference)
    if any(reference.match(pattern) for pattern in PICKLES):
        raise UnsupportedModel(
            f"{reference} is a pickle, which can run code when it is loaded, so tampu never opens one. "
            "Use the safetensors or GGUF files of this model."
        )
    raise UnsupportedModel(
        f"{reference} is none of the things tampu loads: a Hugging Face directory, a .gguf file, a {SUFFIX} file."
    )


def check_disk(directory: Path, needed: int) -> None:
    """ModelError unless the disk of this directory, which need not exist yet, has `needed` bytes free."""
    free = free_disk(directory)
    if free < needed:
        raise ModelError(
            f"Packing needs {human_size(needed)} in {directory}, where {human_size(free)} are free. "
            "Free some space, or set TAMPU_HOME to a directory on a larger disk."
        )


def _check_packed(path: Path, quant: str) -> Path:
    kind = open_packed(path).kind
    if quant not in ("auto", kind):
        raise BadSetting(f"quant is {quant}, but {path} holds {kind} weights. Pack the original checkpoint instead.")
    return path


def _cache_name(reference: Path, kind: Kind) -> str:
    """`<name>-<kind>-<hash of the path>-<hash of files and format>.tampu`: another name when a file has changed."""
    resolved = reference.resolve()
    files = sorted(resolved.glob("*")) if resolved.is_dir() else [resolved]
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]
    return f"{model_name(reference)}-{kind}-{_short_hash(str(resolved))}-{_short_hash([stats, FORMAT_VERSION])}{SUFFIX}"


def _short_hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]


def _clear(cache: Path, target: Path) -> None:
    """Delete what killed processes left unfinished, and the packed files that `target` supersedes."""
    unfinished = cache.glob(f".*{UNFINISHED}")
    superseded = cache.glob(f"{glob.escape(target.stem.rpartition('-')[0])}-*{SUFFIX}")
    for path in (*unfinished, *superseded):
        path.unlink(missing_ok=True)


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"{directory} cannot be written: {reason(error)}. Set TAMPU_HOME to a directory you may use."
        ) from error


@contextmanager
def _locked(cache: Path, progress: Progress) -> Iterator[None]:
    """Only one process at a time packs; the system opens the lock when its holder dies."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting", 0.0)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
