"""Conditions over how the axis is at a moment: what no event says, because it is what does not happen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from docaxis.alerter.occurrences import Met, bucket


@dataclass(frozen=True, slots=True)
class KeptList:
    """A revocation list in force, and until when its authority promised to have issued the next."""

    authority: str
    sha256: str
    next_update: datetime | None


@dataclass(frozen=True, slots=True)
class UsedCertificate:
    """A certificate that documents were signed with, whose end is near."""

    sha256: str
    not_after: datetime
    used_at: datetime
    member: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The statement that has waited longest for a signed checkpoint that covers it."""

    event_id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class BrokenLog:
    """The published log is not the one that was seen before. ``seen`` is what was: its size and root."""

    seen: str
    fault: str


@dataclass(frozen=True, slots=True)
class RefusedNumber:
    """A submission that was refused at the door, its number standing for another file. ``key`` is a hash of it."""

    key: str
    document_sha256: str
    submission: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Everything that is looked at beside the events; what this process cannot see is None or empty."""

    now: datetime
    lists: tuple[KeptList, ...] = ()
    certificates: tuple[UsedCertificate, ...] = ()
    waiting: Waiting | None = None
    uncosigned_since: datetime | None = None
    unanchored_since: datetime | None = None
    broken: BrokenLog | None = None
    dead_letters: tuple[datetime, ...] = ()
    refused: tuple[RefusedNumber, ...] = ()


class ReadingCondition(Protocol):
    """A question to the readings."""

    def met(self, readings: Readings) -> Iterator[Met]:
        """Give what they fulfil."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleList:
    """A revocation list whose successor is overdue by more than ``after``."""

    after: timedelta

    def met(self, readings: Readings) -> Iterator[Met]:
        """Give each such list, once."""
        for one in readings.lists:
            if one.next_update is not None and readings.now - one.next_update > self.after:
                late = int((readings.now - one.next_update).total_seconds())
                yield Met((one.authority, one.sha256), f"authority:{one.authority}", {"late_seconds": late})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """A certificate that ends within some ``days`` and was used within ``traffic``; told at each of the days once."""

    days: tuple[int, ...]
    traffic: timedelta

    def __post_init__(self) -> None:
        """Name days."""
        if not self.days or min(self.days) < 1:
            raise ValueError("days before the end, from 1")

    def met(self, readings: Readings) -> Iterator[Met]:
        """Give each such certificate at the last of its days that has come."""
        for one in readings.certificates:
            left = one.not_after - readings.now
            come = [days for days in self.days if timedelta(0) < left <= timedelta(days=days)]
            if come and readings.now - one.used_at <= self.traffic:
                details: dict[str, str | int] = {"days": min(come), "member": one.member}
                yield Met((one.sha256, str(min(come))), f"certificate:{one.sha256}", details)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSilent:
    """A statement that no signed checkpoint covers ``after`` it was kept."""

    after: timedelta

    def met(self, readings: Readings) -> Iterator[Met]:
        """Give the one that has waited longest."""
        one = readings.waiting
        if one is not None and readings.now - one.since > self.after:
            waited = int((readings.now - one.since).total_seconds())
            yield Met((one.event_id,), "log", {"event_id": one.event_id, "seconds": waited})


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncosigned:
    """The published checkpoint has lacked the witnesses that the policy wants for more than ``after``."""

    after: timedelta

    def met(self, readings: Readings) -> Iterator[Met]:
        """Give the time since when."""
        yield from _lasting(readings.uncosigned_since, readings.now, self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanchored:
    """Leaves have waited for a time-stamped checkpoint for more than ``after``."""

    after: timedelta

    def met(self, readings: Readings) -> Iterator[Met]:
        """Give the time since when."""
        yield from _lasting(readings.unanchored_since, readings.now, self.after)


def _lasting(since: datetime | None, now: datetime, after: timedelta) -> Iterator[Met]:
    if since is not None and now - since > after:
        yield Met((since.isoformat(),), "log", {"seconds": int((now - since).total_seconds())})


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBroken:
    """The published log does not continue what was seen of it."""

    def met(self, readings: Readings) -> Iterator[Met]:
        """Give what was seen."""
        if readings.broken is not None:
            yield Met((readings.broken.seen,), "log", {"seen": readings.broken.seen, "fault": readings.broken.fault})


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRefused:
    """A document refused at the door (409), because its number stands for another file that was delivered."""

    def met(self, readings: Readings) -> Iterator[Met]:
        """Give each number and file, once."""
        for one in readings.refused:
            details = {"submission_id": one.submission, "member": one.member, "document_sha256": one.document_sha256}
            yield Met((one.key, one.document_sha256), f"submission:{one.submission}", details)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """More than ``above`` records were given up within a window."""

    above: int
    window: timedelta

    def met(self, readings: Readings) -> Iterator[Met]:
        """Give how many."""
        recent = [at for at in readings.dead_letters if readings.now - at < self.window]
        if len(recent) > self.above:
            yield Met((bucket(max(recent), self.window),), "dead-letters", {"count": len(recent)})
