"""Pack a checkpoint into one file that loads at once. Chat and serve do this by themselves the first time.

MODEL is a name, a Hugging Face directory or a GGUF file.
"""

import time
from pathlib import Path
from typing import Annotated, get_args

import typer

from tampu.cli.terminal import print_json, progress_bar
from tampu.engine.loading import chooser, inspect_tokenizer
from tampu.errors import BadSetting
from tampu.kernels.interface import Kind
from tampu.model.config import ModelConfig
from tampu.model.hub import packed_cache, resolve
from tampu.model.load import pack_file, prepare
from tampu.model.machine import available_memory, human_size
from tampu.model.packed import SUFFIX, open_packed
from tampu.settings import EngineSettings, Paths

KINDS = ("auto", *get_args(Kind))


def choose(config: ModelConfig, kind: Kind | None) -> Kind:
    """What was asked for, wherever it is to run; for auto, what a start on this machine would take."""
    return kind or chooser(EngineSettings(), available_memory())(config, None)


def pack(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="What to pack.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The file to write; else the cache.")
    ] = None,
    quant: Annotated[
        str,
        typer.Option("--quant", metavar="|".join(KINDS), help="Kind of weights; auto: the best for this memory."),
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print where it is as JSON.")] = False,
) -> None:
    """Pack it."""
    if quant not in KINDS:
        raise BadSetting(f"quant must be one of {', '.join(KINDS)}, got {quant!r}.")
    if output is not None and output.suffix != SUFFIX:
        raise typer.BadParameter(f"The name of a packed file ends in {SUFFIX}.", param_hint="--output")
    paths = Paths.find()
    reference = resolve(model, paths)
    started = time.monotonic()
    with progress_bar() as advance:

        def report(phase: str, share: float) -> None:
            advance(phase, share, 1.0)

        if output is None:
            output = prepare(reference, quant, report, packed_cache(paths), choose, inspect_tokenizer)
        else:
            pack_file(reference, quant, output, report, choose, inspect_tokenizer)
    if as_json:
        print_json({"path": str(output), "size": output.stat().st_size, "quant": open_packed(output).kind})
    else:
        size, seconds = output.stat().st_size, time.monotonic() - started
        speed = f"{human_size(size)} in {seconds:.1f} s, {human_size(int(size / seconds))}/s"
        print(f"{output}  {open_packed(output).kind}, {speed}")
