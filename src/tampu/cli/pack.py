"""Pack a checkpoint into one file that loads at once. Chat and serve do this by themselves the first time.

MODEL is a name, a Hugging Face directory or a GGUF file.
"""

import time
from pathlib import Path
from typing import Annotated, get_args

import typer

from tampu.cli.terminal import print_json, progress_bar
from tampu.errors import BadSetting
from tampu.kernels.interface import Kind
from tampu.model.hub import packed_cache, resolve
from tampu.model.load import DEFAULT_KIND, pack_file, prepare
from tampu.model.machine import human_size
from tampu.model.packed import SUFFIX
from tampu.settings import Paths


def pack(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="What to pack.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The file to write; else the cache.")
    ] = None,
    quant: Annotated[
        str,
        typer.Option("--quant", metavar="|".join(get_args(Kind)), help=f"Kind of weights. [default {DEFAULT_KIND}]"),
    ] = DEFAULT_KIND,
    as_json: Annotated[bool, typer.Option("--json", help="Print where it is as JSON.")] = False,
) -> None:
    """Pack it."""
    kind = next((known for known in get_args(Kind) if known == quant), None)
    if kind is None:
        raise BadSetting(f"quant must be one of {', '.join(get_args(Kind))}, got {quant!r}.")
    if output is not None and output.suffix != SUFFIX:
        raise typer.BadParameter(f"The name of a packed file ends in {SUFFIX}.", param_hint="--output")
    paths = Paths.find()
    reference = resolve(model, paths)
    started = time.monotonic()
    with progress_bar() as advance:
        if output is None:
            output = prepare(reference, kind, lambda phase, share: advance(phase, share, 1.0), packed_cache(paths))
        else:
            pack_file(reference, kind, output, lambda phase, share: advance(phase, share, 1.0))
    if as_json:
        print_json({"path": str(output), "size": output.stat().st_size, "quant": kind})
    else:
        size, seconds = output.stat().st_size, time.monotonic() - started
        print(f"{output}  {human_size(size)} in {seconds:.1f} s, {human_size(int(size / seconds))}/s")
