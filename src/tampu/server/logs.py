"""Log lines for people, or one JSON object per line. No prompt and no completion is ever in one."""

import atexit
import contextlib
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tampu.settings import LogFormat

MAX_WAITING = 10_000  # lines


class LineFormatter(logging.Formatter):
    """`time level message key=value ...`"""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback after it if there is one."""
        fields: Mapping[str, Any] = getattr(record, "fields", {})
        words = [moment(record).strftime("%H:%M:%S"), record.levelname.lower(), record.getMessage()]
        words += [f"{name}={value}" for name, value in fields.items() if value not in (None, "")]
        line = " ".join(words)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, message, the fields, and the traceback as one string."""
        fields: Mapping[str, Any] = getattr(record, "fields", {})
        head = {"time": moment(record).isoformat(), "level": record.levelname.lower(), "logger": record.name}
        trace = {"trace": self.formatException(record.exc_info)} if record.exc_info else {}
        return json.dumps({**head, "message": record.getMessage(), **fields, **trace}, ensure_ascii=False)


def moment(record: logging.LogRecord) -> datetime:
    """When it happened, in UTC."""
    return datetime.fromtimestamp(record.created, UTC)


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
    writer.setFormatter(JsonFormatter() if log_format == "json" else LineFormatter())
    handler = Patient(writer)
    for name, level in (("tampu", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
