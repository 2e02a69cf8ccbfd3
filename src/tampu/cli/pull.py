"""Fetch a model from the Hugging Face hub into its cache. What has come stays: pulling again goes on from there.

NAME is an alias (llama3.1:8b), owner/repository, owner/repository:Q4_K_M, or owner/repository/file.gguf.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from tampu.catalogue import CatalogueModel
from tampu.cli.program import as_called
from tampu.cli.terminal import note, print_json, progress_bar, table
from tampu.errors import NetworkUnavailable
from tampu.model.fit import best_known_kind, known_need
from tampu.model.hub import local_models, resolve
from tampu.model.machine import human_size, total_memory
from tampu.model.names import DEMO, KNOWN, all_names
from tampu.model.pull import Hub, Plan
from tampu.model.pull import pull as fetch
from tampu.settings import Paths

OTHERS = """
Any other Llama of the hub: tampu pull owner/repository, or tampu pull owner/repository:Q4_K_M for one GGUF file.
cria needs no pull, it comes with tampu."""


def pull(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="What to fetch; without it, a table of what there is.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Fetch it though it does not fit the memory.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check, then fetch."""
    if name is None:
        show_offers(as_json)
    elif name in all_names(DEMO):
        show_fetched(DEMO, resolve(DEMO, Paths.find()), f"{DEMO} comes with tampu: there is nothing to fetch.", as_json)
    else:
        path = fetch_announced(name, force)
        show_fetched(name, path, f"{name} is here: {path}", as_json)


def fetch_announced(name: str, force: bool) -> Path:
    """Fetch with a bar; where it is now."""
    try:
        with progress_bar("bytes") as advance:
            return fetch(name, Hub.find(), advance, force, announce)
    except NetworkUnavailable as error:
        here = ", ".join(model.name for model in local_models(Paths.find()) if model.source != "packed")
        raise NetworkUnavailable(f"{error} Models already here: {here or 'none'}.") from error


def announce(plan: Plan) -> None:
    """Say what is about to come."""
    note(f"{plan.wanted.repository}: {human_size(plan.size)}, {human_size(plan.missing)} of it to fetch")


def show_fetched(name: str, path: Path, words: str, as_json: bool) -> None:
    """Say where it is, and what to do with it."""
    if as_json:
        print_json({"name": name, "path": str(path)})
    else:
        print(as_called(f"{words}\n\n  tampu chat --model {name}\n  tampu serve --model {name}"))


def show_offers(as_json: bool) -> None:
    """What can be pulled under a short name, the smallest first."""
    memory = total_memory()
    found = [offer(model, memory) for model in sorted(KNOWN, key=lambda model: model.parameters)]
    if as_json:
        print_json(found)
        return
    headings = ("name", "download", "in memory", "fits here", "licence")
    print(table(headings, [as_row(each) for each in found]))
    print(as_called(OTHERS))


def offer(model: CatalogueModel, memory: int) -> dict[str, object]:
    """A model to pull, for programs. Sizes follow from the number of its weights."""
    kind = best_known_kind(model, memory)
    return {
        "name": model.name_in("short"),
        "repository": model.repository,
        "download": 2 * model.parameters,  # the hub has them as bfloat16
        "memory": known_need(model, kind or "int4"),
        "fits": kind,
        "licence": model.licence.name,
        "licence_url": model.licence.url,
    }


def as_row(offered: dict[str, Any]) -> tuple[str, ...]:
    """The same for people."""
    fits = f"yes, as {offered['fits']}" if offered["fits"] else "no"
    sizes = (human_size(offered["download"]), human_size(offered["memory"]))
    return (offered["name"], *sizes, fits, offered["licence"])
