"""List the models on this machine: bundled, from the Hugging Face cache, and packed ones."""

from pathlib import Path
from typing import Annotated

import typer

from tampu.cli.program import as_called
from tampu.cli.terminal import print_json, table
from tampu.errors import ModelError
from tampu.model.fit import CHOICES, RESERVE
from tampu.model.hub import LocalModel, local_models
from tampu.model.load import open_checkpoint
from tampu.model.machine import human_size, total_memory
from tampu.model.pack import packed_size
from tampu.settings import Paths


def models(as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False) -> None:
    """Print the list."""
    found = [(model, memory_needed(model)) for model in local_models(Paths.find())]
    if as_json:
        print_json([as_object(model, needed) for model, needed in found])
        return
    rows = [
        (model.name, model.source, human_size(model.size), "?" if needed is None else human_size(needed), fits(needed))
        for model, needed in found
    ]
    print(table(("name", "source", "on disk", "in memory", "fits"), rows))
    hint = "`tampu pull` shows what else there is."
    print(as_called(f"\nThis machine has {human_size(total_memory())} of memory. {hint}"))


def memory_needed(model: LocalModel) -> int | None:
    """Bytes that its weights take in memory, packed as what `auto` would choose; None when it cannot be read."""
    if model.source != "hub":
        return model.size
    try:
        config = open_checkpoint(Path(model.path)).config
    except ModelError:
        return None
    sizes = [packed_size(config, kind) for kind in CHOICES]
    return next((size for size in sizes if size + RESERVE < total_memory()), sizes[-1])


def fits(needed: int | None) -> str:
    """Whether so many bytes fit this machine, in a word."""
    if needed is None:
        return "not a model tampu runs"
    return "yes" if needed < total_memory() else "no"


def as_object(model: LocalModel, needed: int | None) -> dict[str, object]:
    """An entry for programs."""
    return {
        "name": model.name,
        "source": model.source,
        "path": str(model.path),
        "size": model.size,
        "memory": needed,
        "fits": None if needed is None else needed < total_memory(),
    }
