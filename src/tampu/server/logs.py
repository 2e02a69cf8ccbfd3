"""Log lines for people, or one JSON object per line. No prompt and no completion is ever in one."""

import atexit
import contextlib
import json
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tampu.server.records import RequestRecord
from tampu.server.redaction import shorten
from tampu.settings import LogFormat

MAX_WAITING = 10_000  # lines
BURST = 20  # lines of a kind of error at once
PAUSE = 3.0  # seconds for each further line of it
MAX_KINDS = 1000
ENDS = ("stop", "tool_calls")  # of an answer that needs no remark


class LineFormatter(logging.Formatter):
    """`time level message key=value ...`"""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback after it if there is one."""
        fields: Mapping[str, Any] = getattr(record, "fields", {})
        words = [moment(record).strftime("%H:%M:%S"), record.levelname.lower(), record.getMessage()]
        words += [f"{name}={word(value)}" for name, value in fields.items() if value not in (None, "")]
        return with_trace(self, " ".join(words), record)


class TerminalFormatter(LineFormatter):
    """`20:44:26 200 chat cria 11→14 tokens 68 ms`, in the time of this machine."""

    def format(self, record: logging.LogRecord) -> str:
        """One short line for a request, and for anything else what a pipe gets."""
        request: RequestRecord | None = getattr(record, "request", None)
        if request is None:
            return super().format(record)
        unshown = getattr(record, "fields", {}).get("unshown")
        words = [datetime.fromtimestamp(record.created).strftime("%H:%M:%S"), str(request.status or "---")]
        words += [summary(request), f"({unshown} more like it)" if unshown else ""]
        return " ".join(filter(None, words))


def summary(request: RequestRecord) -> str:
    """What was asked for and what became of it."""
    asked = request.operation or f"{request.method} {shorten(request.path)}"
    if request.error:
        return f"{asked} {request.error}"
    if not request.model:
        return asked
    usage, ends = request.usage, sorted(set(request.finish_reasons) - set(ENDS))
    counts = f"{usage.prompt_tokens}→{usage.completion_tokens} tokens"
    return " ".join((asked, shorten(request.model), counts, f"{1000 * request.seconds:.0f} ms", *ends))


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, message, the fields, and the traceback as one string."""
        fields: Mapping[str, Any] = getattr(record, "fields", {})
        head = {"time": moment(record).isoformat(), "level": record.levelname.lower(), "logger": record.name}
        trace = {"trace": self.formatException(record.exc_info)} if record.exc_info else {}
        return json.dumps({**head, "message": record.getMessage(), **fields, **trace}, ensure_ascii=False)


def word(value: Any) -> str:
    """A value as one word that starts no line of its own, whatever a client wrote into it: with spaces, in quotes."""
    text = str(value)
    printable = text.isprintable()
    return text if printable and " " not in text and '"' not in text else json.dumps(text, ensure_ascii=not printable)


def with_trace(formatter: logging.Formatter, line: str, record: logging.LogRecord) -> str:
    """The line, and the traceback after it if there is one."""
    return f"{line}\n{formatter.formatException(record.exc_info)}" if record.exc_info else line


def moment(record: logging.LogRecord) -> datetime:
    """When it happened, in UTC."""
    return datetime.fromtimestamp(record.created, UTC)


@dataclass(slots=True)
class Allowance:
    """How many lines of a kind may still be written, as of a time, and how many were not."""

    left: float
    at: float
    unshown: int = 0


class Sparing(logging.Filter):
    """Lets through `BURST` errors of a kind at once and then one every `PAUSE` seconds, with the number of those left
    out: whoever sends nonsense without end does not fill the disk.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: dict[str, Allowance] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it."""
        kind = getattr(record, "kind", "") or (record.levelno >= logging.WARNING and f"{record.name} {record.msg}")
        if not kind:
            return True
        allowance = self._allowance(kind)
        if allowance.left < 1:
            allowance.unshown += 1
            return False
        allowance.left -= 1
        if allowance.unshown:
            record.fields = {**getattr(record, "fields", {}), "unshown": allowance.unshown}
            allowance.unshown = 0
        return True

    def _allowance(self, kind: str) -> Allowance:
        if len(self._kinds) >= MAX_KINDS:
            self._kinds.clear()
        now = self._clock()
        allowance = self._kinds.setdefault(kind, Allowance(BURST, now))
        allowance.left = min(BURST, allowance.left + (now - allowance.at) / PAUSE)
        allowance.at = now
        return allowance


class Unbuffered:
    """A text stream that holds no lock while it writes: at its end Python waits for those of its own streams."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, text: str) -> None:
        """Write all of it."""
        os.write(self._descriptor, text.encode(errors="replace"))

    def flush(self) -> None:
        """Nothing is kept back."""


class Patient(logging.Handler):
    """Hands lines to a thread that writes them, so that whoever does not read the log (a stopped terminal, a full pipe)
    stops no stream. What does not fit the queue is dropped.
    """

    def __init__(self, writer: logging.Handler, capacity: int = MAX_WAITING) -> None:
        super().__init__()
        self._lines: queue.Queue[logging.LogRecord | None] = queue.Queue(capacity)
        self._writer = writer
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()
        atexit.register(self.flush)

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(record)

    def flush(self) -> None:
        """Write what waits, for at most a second, and stop."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        self._thread.join(1.0)

    def _write(self) -> None:
        while (record := self._lines.get()) is not None:
            # Not `handle`, which holds a lock that `logging` wants at the end of the process.
            self._writer.emit(record)


def configure(log_format: LogFormat) -> None:
    """Send tampu's and the HTTP server's log lines to standard error in this format."""
    writer = logging.StreamHandler(Unbuffered(sys.stderr.fileno()))
    writer.setFormatter(formatter_for(log_format, sys.stderr.isatty()))
    handler = Patient(writer)
    handler.addFilter(Sparing())
    for name, level in (("tampu", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False


def formatter_for(log_format: LogFormat, terminal: bool) -> logging.Formatter:
    """Short lines for a terminal, long ones for a pipe or a file, JSON where it is asked for."""
    if log_format == "json":
        return JsonFormatter()
    return TerminalFormatter() if terminal else LineFormatter()
