"""What commands print: plain when piped, with bars and colour only on a terminal."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from tampu.cli.program import as_called

# C0 and C1 controls but newline and tab: a model's answer must not move the cursor or rename the window.
UNPRINTABLE = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
Advance = Callable[[str, float, float], None]  # what is being done, how much of it, out of how much


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at this stream."""
    return stream.isatty()


def shown(text: str, stream: TextIO) -> str:
    """The text as it may be written to this stream: a terminal gets no control characters."""
    return text.translate(UNPRINTABLE) if is_terminal(stream) else text


def named(word: str) -> str:
    """A word of the user's as messages repeat it, also where it is empty or has no end."""
    return word[:80].translate(UNPRINTABLE) or "''"


def counted(number: int, noun: str) -> str:
    """`1 token`, `2 tokens`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A stretch of time for people: `3 ms`, `1.25 s`."""
    return f"{1000 * seconds:.0f} ms" if seconds < 0.9995 else f"{seconds:.2f} s"


def print_json(value: Any) -> None:
    """A value on standard output, indented for people and one line for programs."""
    print(json.dumps(value, ensure_ascii=False, indent=2 if is_terminal(sys.stdout) else None))


def note(text: str) -> None:
    """A line beside the answer: on standard error, and only for a person; dim where colour is wanted."""
    if is_terminal(sys.stderr):
        text = as_called(text)
        dim = not os.environ.get("NO_COLOR")
        print(f"\033[2m{text}\033[0m" if dim else text, file=sys.stderr, flush=True)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under headings, as wide as their widest cell; the last one runs free."""
    lines = [list(headings), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


@contextmanager
def progress_bar(kind: str = "share") -> Iterator[Advance]:
    """A function to report progress to. On a terminal a bar is drawn, with rate and time left for `kind` "bytes"."""
    if not is_terminal(sys.stderr):
        yield lambda phase, done, total: None  # noqa: ARG005
        return
    # Only somebody who waits for a bar pays for loading rich.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = {
        "bytes": (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()),
        "count": (MofNCompleteColumn(), TimeRemainingColumn()),
        "share": (TaskProgressColumn(), TimeRemainingColumn()),
    }[kind]
    text = TextColumn("{task.description}")
    with Progress(text, BarColumn(), *columns, console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, Any] = {}

        def advance(phase: str, done: float, total: float) -> None:
            if phase not in tasks:
                tasks[phase] = progress.add_task(phase)
            progress.update(tasks[phase], completed=done, total=total or 1)

        yield advance
