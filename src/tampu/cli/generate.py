"""Answer a JSONL file of requests, as a batch: lines of {"messages": [...]} or {"prompt": ...} with their parameters.

Answers come in the order of the lines. With --output a run that was broken off goes on where it stopped, as long as
the lines that it has answered, and the model, are the same.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from tampu.cli import options
from tampu.cli.answers import appending, check, encoded, read_answers, retrying
from tampu.cli.batch import Batch, numbered
from tampu.cli.files import open_input
from tampu.cli.opening import open_model
from tampu.cli.terminal import counted, duration, note, progress_bar

Write = Callable[[dict[str, Any] | None], None]
RESUME = "; the same command goes on from there"


@options.engine_flags()
def generate(
    requests: Annotated[str, typer.Argument(metavar="FILE", help="The requests; - is standard input.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where answers go; else to the screen.")
    ] = None,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Answer anew the lines that have an error in --output.")
    ] = False,
    **flags: Any,
) -> None:
    """Answer every line."""
    if output is not None and output.exists() and Path(requests).exists() and output.samefile(requests):
        raise typer.BadParameter("The requests would be written over: name another file.", param_hint="--output")
    if retry_errors and output is None:
        raise typer.BadParameter("Errors of which run? Name its file with --output.", param_hint="--retry-errors")
    earlier = read_answers(output) if output else []
    failed = {place for place, answer in enumerate(earlier) if answer.failed}
    again = failed if retry_errors else set()
    kept = set(range(len(earlier))) - again
    with ExitStack() as stack:
        source = open_requests(requests, stack, twice=bool(earlier))
        # A pipe is read once: counting its lines would leave none.
        total = sum(1 for _ in lines_of(requests)) if Path(requests).is_file() else 0
        batch = Batch(open_model(flags), int(time.time()))
        if output and earlier:
            start = source.tell()
            check(output, earlier, batch.marks(source))
            source.seek(start)
        write = stack.enter_context(writer(output, again=bool(again)))
        answer_all(batch.answers(source, kept), write, total, len(kept), RESUME if output else "")
    if num_failed := batch.num_failed + len(failed - again):
        hint = " --retry-errors answers them anew." if output else ""
        print(f"tampu: {counted(num_failed, 'line')} could not be answered: see the output.{hint}", file=sys.stderr)
        raise typer.Exit(1)


def answer_all(answers: Iterable[dict[str, Any] | None], write: Write, total: int, num_kept: int, resume: str) -> None:
    """Write every answer as it comes, and say how far it is and how long it took."""
    began, number = time.monotonic(), 0
    with progress_bar("count") as advance:
        advance("answering", 0, total)
        try:
            for number, answer in enumerate(answers, start=1):
                write(answer)
                advance("answering", number, total)
        except KeyboardInterrupt:
            note(f"stopped after {counted(number, 'line')}{resume}")
            raise
    note(f"{counted(number, 'line')} in {duration(time.monotonic() - began)}, {num_kept} of them answered before")


def open_requests(name: str, stack: ExitStack, twice: bool) -> BinaryIO:
    """The file, or standard input for -; where it is read twice and cannot be, a copy of it."""
    source = sys.stdin.buffer if name == "-" else stack.enter_context(open_input(name))
    if not twice or source.seekable():
        return source
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the stack closes it
    shutil.copyfileobj(source, stack.enter_context(copy))
    copy.seek(0)
    return copy


def lines_of(path: str) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank."""
    with open_input(path) as file:
        yield from numbered(file)


@contextmanager
def writer(output: Path | None, again: bool) -> Iterator[Write]:
    """What writes an answer on a line of its own, at once: what is written is not computed again.

    None stands for an answer that `output` has. With `again` the file is written anew, in the order of the lines.
    """
    if output is None:
        yield partial(write_line, sys.stdout.buffer)
    elif not again:
        with appending(output) as sink:
            yield partial(write_line, sink)
    else:
        with retrying(output) as (sink, old):
            yield lambda answer: write_line(sink, answer, next(old, b""))


def write_line(sink: BinaryIO, answer: dict[str, Any] | None, old: bytes = b"") -> None:
    """The answer, or the old line where there is none."""
    sink.write(old if answer is None else encoded(answer))
    sink.flush()
