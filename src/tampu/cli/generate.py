"""Answer a JSONL file of requests, as a batch: lines of {"messages": [...]} or {"prompt": ...} with their parameters.

Answers come in the order of the lines. With --output a run that was broken off goes on where it stopped.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TextIO

import typer

from tampu.cli import options
from tampu.cli.batch import Batch, finished_ids
from tampu.cli.files import open_input
from tampu.cli.opening import open_model
from tampu.cli.terminal import counted, duration, note, progress_bar

RESUME = "; the same command goes on from there"


@options.engine_flags()
def generate(
    requests: Annotated[str, typer.Argument(metavar="FILE", help="The requests; - is standard input.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where answers go; else to the screen.")
    ] = None,
    **flags: Any,
) -> None:
    """Answer every line."""
    if output is not None and output.exists() and Path(requests).exists() and output.samefile(requests):
        raise typer.BadParameter("The requests would be written over: name another file.", param_hint="--output")
    done = finished_ids(output) if output else frozenset()
    with ExitStack() as stack:
        source = sys.stdin.buffer if requests == "-" else stack.enter_context(open_input(requests))
        # A pipe is read once: counting its lines would leave none.
        total = count_lines(Path(requests)) if Path(requests).is_file() else 0
        sink = stack.enter_context(output.open("a", encoding="utf-8")) if output else sys.stdout
        batch = Batch(open_model(flags), int(time.time()), done)
        began, number = time.monotonic(), 0
        advance = stack.enter_context(progress_bar("count"))
        advance("answering", 0, total)
        try:
            for number, answer in enumerate(batch.answers(lines(source)), start=1):
                if answer is not None:
                    write(answer, sink)
                advance("answering", number, total)
        except KeyboardInterrupt:
            note(f"stopped after {counted(number, 'line')}" + (RESUME if output else ""))
            raise
    note(f"{counted(number, 'line')} in {duration(time.monotonic() - began)}, {len(done)} of them answered before")
    if batch.num_failed:
        print(f"tampu: {counted(batch.num_failed, 'line')} could not be answered: see the output.", file=sys.stderr)
        raise typer.Exit(1)


def lines(source: BinaryIO) -> Iterator[bytes]:
    """The lines that are not blank."""
    return (line for line in source if line.strip())


def count_lines(path: Path) -> int:
    """How many lines are not blank."""
    with path.open("rb") as file:
        return sum(1 for _ in lines(file))


def write(answer: dict[str, Any], sink: TextIO) -> None:
    """An answer on a line of its own, at once: what is written is not computed again."""
    sink.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sink.flush()
