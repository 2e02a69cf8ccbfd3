"""The output of a batch: the first so many lines' answers, in their order. It only grows, or is replaced as a whole.

An answer's `id` has digests of its line and of the model, so that a later run knows what it answers.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO

from tampu.cli.failure import complain
from tampu.errors import InvalidRequest

LINE_DIGITS, MODEL_DIGITS = 24, 8  # of SHA-256 and of the model's fingerprint
LEFT = "It is left as it is: name another file for the output, or move this one away."


@dataclass(frozen=True, slots=True)
class Mark:
    """What an answer belongs to: a line by its name, and by its text and the model."""

    custom_id: str
    id: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """An answer of an earlier run."""

    mark: Mark
    failed: bool


def id_of(line: bytes, model: str) -> str:
    """The id of the answer that a model of this fingerprint gives to a line."""
    return f"batch_req_{hashlib.sha256(line.strip()).hexdigest()[:LINE_DIGITS]}{model[:MODEL_DIGITS]}"


def read_answers(output: Path) -> list[Earlier]:
    """The answers in this file. A last line that is broken off is cut away, and a broken-off retry is made whole."""
    if not output.is_file():
        return []
    with output.open("rb") as file:
        _lock(file, output)
        complete_retry(output)
    with output.open("rb+") as file:
        found = [_earlier(output, line) for line in whole_lines(file)]
        file.truncate(sum(length for length, _ in found))
    return [earlier for _, earlier in found]


def check(output: Path, earlier: Sequence[Earlier], marks: Iterable[Mark]) -> None:
    """Raise InvalidRequest unless these are the answers to the first of these lines, by this model."""
    for found, mark in zip_longest(earlier, marks):
        if found is None:
            return
        if found.mark != mark:
            raise InvalidRequest(f"{output} {_difference(found.mark, mark)}. {LEFT}")


@contextlib.contextmanager
def appending(output: Path) -> Iterator[BinaryIO]:
    """The file, to be written at its end by this process alone."""
    with output.open("ab") as file:
        if output.is_file():
            _lock(file, output)
        yield file


@contextlib.contextmanager
def retrying(output: Path) -> Iterator[tuple[BinaryIO, Iterator[bytes]]]:
    """A file that will take the place of `output`, and the lines of that one. Whatever ends the block, the lines that
    were not written anew are kept."""
    with output.open("rb") as old:
        _lock(old, output)
        try:
            with part_of(output).open("wb") as new:
                yield new, whole_lines(old)
        finally:
            complete_retry(output)


def complete_retry(output: Path) -> None:
    """Put a retry's answers, and behind them those that it did not come to, in the place of the old ones."""
    part = part_of(output)
    if not part.is_file():
        return
    with part.open("rb+") as new, output.open("rb") as old:
        lines = list(map(len, whole_lines(new)))
        new.seek(sum(lines))
        new.truncate()
        new.writelines(line for place, line in enumerate(whole_lines(old)) if place >= len(lines))
        new.flush()
        os.fsync(new.fileno())
    part.replace(output)


def part_of(output: Path) -> Path:
    """The file that a retry writes until it is whole."""
    return output.with_name(f"{output.name}.part")


def whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines that have an end."""
    return (line for line in file if line.endswith(b"\n"))


def encoded(answer: dict[str, Any]) -> bytes:
    """An answer as a line."""
    try:
        return json.dumps(answer, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # half a surrogate pair, in a custom_id perhaps
        return json.dumps(answer).encode() + b"\n"


def _earlier(output: Path, line: bytes) -> tuple[int, Earlier]:
    """The length of a line, and what it says."""
    try:
        answer = json.loads(line)
        mark = Mark(str(answer["custom_id"]), str(answer.get("id", "")))
        return len(line), Earlier(mark, answer["response"]["status_code"] >= 400)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InvalidRequest(f"{output} holds something other than answers; name another file.") from error


def _difference(found: Mark, mark: Mark | None) -> str:
    if not found.id.startswith("batch_req_"):
        return "was written by an earlier version, which did not note what its answers belong to"
    if mark is None:
        return f"has more answers than there are lines: {found.custom_id} is none of them"
    if found.custom_id != mark.custom_id:
        return f"has an answer to {found.custom_id} where the requests now have {mark.custom_id}"
    if found.id[:-MODEL_DIGITS] != mark.id[:-MODEL_DIGITS]:
        return f"has an answer to {found.custom_id} as it was before it changed"
    return f"has answers of another model: {found.custom_id} is the first"


def _lock(file: BinaryIO, output: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InvalidRequest(f"Another run is writing to {output}. Let it end, or name another file.") from None
    except OSError as error:  # a file system without locks
        complain(f"{output} cannot be locked ({error.strerror}): let no other run write to it.")
