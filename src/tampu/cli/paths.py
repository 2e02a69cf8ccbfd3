"""Show where tampu keeps what it writes, and where models are looked for. TAMPU_HOME moves what is tampu's own."""

from pathlib import Path
from typing import Annotated

import typer

from tampu.cli.terminal import print_json, table
from tampu.model.adapter_store import FOLDER
from tampu.model.hub import BUNDLED, hub_cache, packed_cache
from tampu.settings import Paths


def paths(as_json: Annotated[bool, typer.Option("--json", help="Print the paths as JSON.")] = False) -> None:
    """Print the paths."""
    found = places(Paths.find())
    if as_json:
        print_json({name.replace(" ", "_"): str(path) for name, path in found.items()})
    else:
        print(table(("what", "where"), [(name, str(path)) for name, path in found.items()]))


def places(ours: Paths) -> dict[str, Path]:
    """What is kept, and where."""
    return {
        "bundled models": BUNDLED,
        "pulled models": hub_cache(),
        "packed models": packed_cache(ours),
        "adapters": ours.data / FOLDER,
        "records": ours.records,
        "chat history": ours.state / "history",
        "server log": ours.state / "serve.log",
    }
