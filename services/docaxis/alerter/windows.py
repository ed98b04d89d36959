"""When changes are planned: hours of weekdays in Vietnam's time."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from docaxis_schemas.moments import VIETNAM

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeWindow:
    """From ``begins`` until before ``ends`` on each of some days; one over midnight is written as two."""

    days: tuple[str, ...]
    begins: time
    ends: time

    def __post_init__(self) -> None:
        """Be a window."""
        if unknown := set(self.days) - set(DAYS):
            raise ValueError(f"no such day: {', '.join(sorted(unknown))}")
        if not self.days or self.begins >= self.ends:
            raise ValueError("a window has days, and begins before it ends")

    def holds(self, at: datetime) -> bool:
        """Say whether a moment lies in it."""
        local = at.astimezone(VIETNAM)
        return DAYS[local.weekday()] in self.days and self.begins <= local.time() < self.ends
