"""Files that a command reads: FileUnreadable for one that is missing, a directory, forbidden or no text."""

import sys
from typing import BinaryIO

from tampu.errors import FileUnreadable


def open_input(path: str) -> BinaryIO:
    """The file, open for reading."""
    try:
        return open(path, "rb")
    except OSError as error:
        raise FileUnreadable(path or "''", error) from error


def read_input(path: str) -> bytes:
    """All of a file; of standard input for -."""
    if path == "-":
        return sys.stdin.buffer.read()
    with open_input(path) as file:
        return file.read()


def read_text(path: str) -> str:
    """The text of a file."""
    with open_input(path) as file:
        try:
            return file.read().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise FileUnreadable(path, error) from error
