"""A circuit breaker for each address: one that keeps failing is left alone a while, so that others get their turn."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

FAILURES: Final = 4
"""In a row, before an address is left alone; a restart of a server costs one or two."""
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=5)
"""Documents wait for the list meanwhile, so an address that is well again is noticed soon."""


@dataclass(slots=True)
class _Line:
    failures: int = 0
    closed_until: datetime | None = None


@dataclass(slots=True)
class CircuitBreaker:
    """Remembers of each address how often in a row it failed, and until when it is not asked."""

    _lines: dict[str, _Line] = field(default_factory=dict)

    def open_until(self, address: str, now: datetime) -> datetime | None:
        """Give the moment until which an address is left alone; None if it may be asked."""
        until = self._lines.get(address, _Line()).closed_until
        return until if until is not None and until > now else None

    def succeeded(self, address: str) -> None:
        """Forget the failures of an address."""
        self._lines.pop(address, None)

    def failed(self, address: str, now: datetime) -> None:
        """Count a failure; each one from the fourth in a row doubles the pause."""
        line = self._lines.setdefault(address, _Line())
        line.failures += 1
        if line.failures >= FAILURES:
            line.closed_until = now + min(FIRST_PAUSE * 2 ** min(line.failures - FAILURES, 8), LONGEST_PAUSE)
