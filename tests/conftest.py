"""What every test shares: where logs go, that no time is judged, and that stages are left as they were found."""

import sys
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from docaxis_schemas.topics import STAGE_INPUTS

# How long an example takes, or making one, tells of the machine and what else it does.
settings.register_profile("timeless", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeless")


@pytest.fixture(autouse=True)
def logs_outlive_captured_streams() -> Iterator[None]:
    """A logger bound while a test captures its output would write to a closed stream later on, and raise."""
    structlog.reset_defaults()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
    yield
    structlog.reset_defaults()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))


@pytest.fixture(autouse=True)
def stages_stay_as_they_are() -> Iterator[None]:
    """A stage left in the table is looked for by every axis started afterwards, and its topics are not there."""
    before = dict(STAGE_INPUTS)
    yield
    assert before == STAGE_INPUTS
