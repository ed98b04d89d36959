"""Logs: JSON lines on standard error or in a file, times in UTC; never a secret, never a name from a document."""

import logging
import sys
from pathlib import Path
from typing import Any, TextIO

import structlog


def configure_logs(*, file: Path | None = None, level: int = logging.INFO) -> None:
    """Set logging up for this process; called once, at its edge."""
    target: TextIO = sys.stderr if file is None else file.open("a", encoding="utf-8", buffering=1)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_AsStructured(target)], force=True)


class _AsStructured(logging.Handler):
    """Writes what libraries log in the same form."""

    def __init__(self, target: TextIO) -> None:
        super().__init__()
        self._logger: Any = structlog.wrap_logger(structlog.PrintLogger(target))

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname.lower()
        say = getattr(self._logger, level if level in {"info", "warning", "error", "critical"} else "info")
        say(record.getMessage(), library=record.name)


def errors_only() -> None:
    """Log the errors of a command to its standard error; standard output belongs to its results."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
