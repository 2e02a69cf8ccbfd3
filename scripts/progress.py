"""Keeps what pip says on standard input in a log, and tells in one line what is fetched and compiled."""

import re
import sys
from pathlib import Path

FETCHED = re.compile(r"\s*(?:Collecting|Requirement already satisfied:) ([\w.-]+)")
COMPILED = re.compile(r"\s*\[(\d+)/(\d+)\] Building CXX object .*?(?:isa_(\w+)\.dir|/(\w+)\.\w+\.o)")
SHOWN_AT_ONCE = sys.stderr.isatty()  # a terminal has one line, written over and over; a log a line per object
TAIL = 30  # lines shown of a log that ends in an error


class Progress:
    """What was said last."""

    def __init__(self) -> None:
        self.packages = 0
        self.line = ""

    def take(self, line: str) -> None:
        """Look at a line of pip's."""
        if fetched := FETCHED.match(line):
            self.packages += 1
            if SHOWN_AT_ONCE:
                self.show(f"package {self.packages}: {fetched[1]}")
        elif compiled := COMPILED.match(line):
            self.show(f"compiled {compiled[1]} of {compiled[2]}: {compiled[3] or compiled[4]}")

    def show(self, line: str) -> None:
        """Say it, in place of what was said before where that can be."""
        self.line = line
        sys.stderr.write(f"\r\033[K  {line}" if SHOWN_AT_ONCE else f"  {line}\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line as it is."""
        if SHOWN_AT_ONCE and self.line:
            sys.stderr.write("\r\033[K")


def main(log: Path) -> None:
    """Follow standard input to its end; the end of the log too, when pip says that it failed."""
    progress, lines = Progress(), list[str]()
    with log.open("a", encoding="utf-8") as kept:
        for line in sys.stdin:
            kept.write(line)
            lines.append(line)
            progress.take(line)
    progress.end()
    if any(line.lstrip().lower().startswith("error:") for line in lines):
        sys.stderr.writelines(lines[-TAIL:])
        sys.stderr.write(f"Setting up failed. All of pip's words are in {log}.\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
