"""What the router asks the directory; a snapshot of `docaxis.directory` answers it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol


class MemberStanding(Protocol):
    """A member, and from when its keys may have been in other hands."""

    @property
    def compromised_since(self) -> datetime | None: ...


class Directory(Protocol):
    """Bodies and members at one version of the directory."""

    @property
    def members(self) -> Mapping[str, MemberStanding]:
        """Every member that was made active once, suspended ones included."""

    def canonical(self, code: str) -> str | None:
        """Give the canonical code of a body."""

    def member_of(self, code: str, at: datetime) -> str | None:
        """Give the member that receives for a body."""


CurrentDirectory = Callable[[], Directory]
"""Gives the newest snapshot; asked once for each record."""
