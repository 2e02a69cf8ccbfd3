"""How a command ends that does not succeed: one message and an exit code, never a traceback."""

import contextlib
import os
import re
import sys
import traceback

from tampu.cli.program import as_called
from tampu.cli.terminal import UNPRINTABLE
from tampu.errors import TampuError

_LONG = re.compile(r"[^\s/]{300,}")  # a name that nobody reads to its end


def report(error: BaseException) -> int | None:
    """Say on standard error what went wrong; its exit code. None for what no user can mend."""
    match error:
        case KeyboardInterrupt():
            return 130
        case TampuError():
            complain(str(error))
            return error.exit_code
        case BrokenPipeError():
            forget_output()
            return 0
        case MemoryError():
            complain("There is not enough memory for this.")
            return 1
        case OSError() if error.errno is not None:
            if error.filename is None:  # most likely standard output, to a disk that is full
                forget_output()
            where = "" if error.filename is None else f"{error.filename}: "
            complain(f"{where}{error.strerror}")
            return 1
    return None


def fault(error: Exception) -> None:
    """Say that tampu itself is wrong, and keep for a report where it went wrong."""
    from tampu.settings import Paths  # here, for it takes a while to load

    path = Paths.find().state / "fault.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)), errors="backslashreplace")
    except OSError:
        traceback.print_exception(error)
        where = "above"
    else:
        where = f"in {path}"
    complain(
        f"This is a fault of tampu: {type(error).__name__}: {error}\n"
        f"Please report it with the traceback {where} and with what `tampu doctor --json` prints."
    )


def complain(text: str) -> None:
    """A message on standard error, if there is one to write to."""
    with contextlib.suppress(OSError):
        print(f"tampu: {_LONG.sub(_shortened, as_called(text)).translate(UNPRINTABLE)}", file=sys.stderr)


def _shortened(word: "re.Match[str]") -> str:
    return f"{word[0][:100]}…"


def forget_output() -> None:
    """Nobody reads standard output any more; Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
