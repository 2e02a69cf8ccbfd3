"""Fetch a model from the Hugging Face hub into its cache. What has come stays: pulling again goes on from there.

NAME is an alias (llama3.1:8b), owner/repository, owner/repository:Q4_K_M, or owner/repository/file.gguf.
"""

from typing import Annotated

import typer

from tampu.cli.terminal import note, print_json, progress_bar
from tampu.errors import NetworkUnavailable
from tampu.model.hub import local_models
from tampu.model.machine import human_size
from tampu.model.pull import Hub, Plan
from tampu.model.pull import pull as fetch
from tampu.settings import Paths


def pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to fetch.")],
    force: Annotated[bool, typer.Option("--force", help="Fetch it though it does not fit the memory.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print where it is as JSON.")] = False,
) -> None:
    """Check, then fetch."""
    try:
        with progress_bar("bytes") as advance:
            path = fetch(name, Hub.find(), advance, force, announce)
    except NetworkUnavailable as error:
        here = ", ".join(model.name for model in local_models(Paths.find()) if model.source != "packed")
        raise NetworkUnavailable(f"{error} Models already here: {here or 'none'}.") from error
    if as_json:
        print_json({"name": name, "path": str(path)})
    else:
        print(f"{name} is here: {path}\n\n  tampu chat --model {name}\n  tampu serve --model {name}")


def announce(plan: Plan) -> None:
    """Say what is about to come."""
    note(f"{plan.wanted.repository}: {human_size(plan.size)}, {human_size(plan.missing)} of it to fetch")
