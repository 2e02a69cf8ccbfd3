"""Log lines for people, or one JSON object per line. No prompt and no completion is ever in one."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tampu.settings import LogFormat


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


def configure(log_format: LogFormat) -> None:
    """Send tampu's and the HTTP server's log lines to standard error in this format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else LineFormatter())
    for name, level in (("tampu", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
