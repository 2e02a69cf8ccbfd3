"""Files that a command reads: FileUnreadable for one that is missing, a directory, forbidden, endless or no text."""

import sys
from typing import BinaryIO

from tampu.errors import FileUnreadable
from tampu.model.machine import human_size

MOST = 64_000_000  # bytes that are read at once: more than the longest context has, and /dev/zero has an end


def open_input(path: str) -> BinaryIO:
    """The file, open for reading."""
    try:
        return open(path, "rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise FileUnreadable(path or "''", error) from error


def read_input(path: str) -> bytes:
    """All of a file; of standard input for -."""
    if path == "-":
        return _read(sys.stdin.buffer, "Standard input")
    with open_input(path) as file:
        return _read(file, path)


def read_text(path: str) -> str:
    """The text of a file; of standard input for -."""
    try:
        return read_input(path).decode()
    except UnicodeDecodeError as error:
        raise FileUnreadable("Standard input" if path == "-" else path, error) from error


def _read(file: BinaryIO, name: str) -> bytes:
    try:
        data = file.read(MOST + 1)
    except OSError as error:
        raise FileUnreadable(name, error) from error
    if len(data) > MOST:
        raise FileUnreadable(name, ValueError(f"it has more than {human_size(MOST)}"))
    return data
