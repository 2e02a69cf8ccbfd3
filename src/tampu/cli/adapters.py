"""Add, list or remove the LoRA adapters of a model.

add DIRECTORY checks the adapter that PEFT saved there and copies it; a server that runs offers it at once, as
MODEL:NAME. remove NAME takes it out; answers under way go on with it.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from tampu.cli.program import as_called
from tampu.cli.terminal import print_json, progress_bar, table
from tampu.engine.loading import model_id
from tampu.errors import FileUnreadable
from tampu.model.adapter_store import AdapterStore, StoredAdapter, all_stores
from tampu.model.config import ModelConfig
from tampu.model.hub import resolve
from tampu.model.load import open_checkpoint
from tampu.model.machine import human_size
from tampu.model.packed import SUFFIX, open_packed
from tampu.settings import EngineSettings, Paths, load


def adapters(
    action: Annotated[str, typer.Argument(metavar="add|list|remove", help="What to do.")],
    which: Annotated[str, typer.Argument(metavar="DIRECTORY|NAME", help="The adapter.", show_default=False)] = "",
    model: Annotated[str, typer.Option("--model", "-m", help="The model it belongs to. [TAMPU_MODEL]")] = "",
    name: Annotated[str, typer.Option("--name", help="What to call it; else as its directory is called.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Do it."""
    if action == "list" and not which:
        show(model, as_json)
        return
    if action not in ("add", "remove") or not which:
        raise typer.BadParameter(
            "Use `add DIRECTORY`, `list` or `remove NAME`.", param_hint="add|list|remove [DIRECTORY|NAME]"
        )
    if action == "add":
        add(Path(which).expanduser(), chosen(model), name, as_json)
    else:
        remove(which, chosen(model), as_json)


def add(directory: Path, model: str, name: str, as_json: bool) -> None:
    """Check an adapter and copy it into the store."""
    try:
        os.listdir(directory)
    except OSError as error:
        raise FileUnreadable(directory, error) from error
    paths = Paths.find()
    config, store = config_of(resolve(model, paths)), AdapterStore(paths, model_id(model))
    with progress_bar("bytes") as advance:
        staged = store.copy(directory, lambda done, total: advance("copying", done, total))
        added = store.add(name or directory.resolve().name, staged, config)
    store.sweep()
    if as_json:
        print_json(as_object(model_id(model), added))
    else:
        print(f"{added.name} is here: rank {added.rank}, {', '.join(added.modules)}\n")
        print(as_called(f'  tampu chat --model {model} --adapter {added.name} "Who are you?"'))


def remove(name: str, model: str, as_json: bool) -> None:
    """Take an adapter out of the store."""
    store = AdapterStore(Paths.find(), model_id(model))
    store.remove(name)
    store.sweep()
    if as_json:
        print_json({"model": model_id(model), "name": name, "removed": True})
    else:
        print(f"{name} is removed.")


def show(model: str, as_json: bool) -> None:
    """List the adapters of one model, or of all."""
    paths = Paths.find()
    stores = {model_id(model): AdapterStore(paths, model_id(model))} if model else all_stores(paths)
    found = [(owner, adapter) for owner, store in stores.items() for adapter in store.list()]
    if as_json:
        print_json([as_object(*each) for each in found])
    elif found:
        headings = ("name", "model", "rank", "size", "changes")
        print(table(headings, [as_row(*each) for each in found]))
    else:
        print(as_called("No adapters are here. `tampu adapters add DIRECTORY` adds one that PEFT saved."))


def chosen(model: str) -> str:
    """The model meant: the flag's, else the environment's or the default."""
    return model or load(EngineSettings, {}).model


def config_of(reference: Path) -> ModelConfig:
    """The shape of a model, whatever form it has."""
    is_packed = reference.is_file() and reference.suffix == SUFFIX
    return open_packed(reference).config if is_packed else open_checkpoint(reference).config


def as_row(model: str, adapter: StoredAdapter) -> tuple[str, ...]:
    """An adapter for people."""
    return (adapter.name, model, str(adapter.rank), human_size(adapter.size), " ".join(adapter.modules))


def as_object(model: str, adapter: StoredAdapter) -> dict[str, object]:
    """An adapter for programs."""
    return {
        "name": adapter.name,
        "model": model,
        "directory": adapter.directory,
        "rank": adapter.rank,
        "modules": list(adapter.modules),
        "size": adapter.size,
        "fingerprint": adapter.fingerprint,
        "created": adapter.created,
    }
