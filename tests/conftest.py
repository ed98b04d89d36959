"""What every test shares: logs go to the process's own standard error, whatever a test did to its streams."""

import sys
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_outlive_captured_streams() -> Iterator[None]:
    """A logger bound while a test captures its output would write to a closed stream later on, and raise."""
    structlog.reset_defaults()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
    yield
    structlog.reset_defaults()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
