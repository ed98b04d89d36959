"""Conditions over events, one class a kind: frozen parameters from the rules' file, and a pure question.

``met`` gives what an event fulfils. A condition that counts keeps what it counted in itself, of its last window only:
reading that window's events once more makes it what it was.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, Protocol

from docaxis.alerter.events import AuditEvent
from docaxis.alerter.memory import AXIS_WIDE, LAST, Kind, Memory
from docaxis.alerter.occurrences import Met, bucket
from docaxis.alerter.windows import ChangeWindow
from docaxis_schemas.evidence import EvidenceType
from docaxis_signing.verdict import Cause, Indication

OUR_CAUSES: Final = frozenset({"natural-key-taken"})
"""What the router refuses for by itself; everything else is a cause of verdicts."""


@unique
class Per(StrEnum):
    """What an occurrence is counted by."""

    SUBMISSION = "submission"
    MEMBER = "member"
    CERTIFICATE = "certificate"
    CREDENTIAL = "credential"
    AXIS = "axis"


class Condition(Protocol):
    """A question to each event."""

    @property
    def window(self) -> timedelta:
        """How far back it looks by what it keeps in itself."""

    def met(self, event: AuditEvent, memory: Memory) -> Iterator[Met]:
        """Give what the event fulfils."""


NONE: Final = timedelta(0)


@dataclass(slots=True)
class Stretch:
    """The last events of somebody, and how many of them count. Leaves come nearly in the order of their times."""

    times: deque[tuple[datetime, bool]] = field(default_factory=deque)
    counted: int = 0

    def add(self, at: datetime, window: timedelta, *, counts: bool = True) -> None:
        """Add one, and forget what lies before its window."""
        self.times.append((at, counts))
        self.counted += counts
        while at - self.times[0][0] >= window:
            self.counted -= self.times.popleft()[1]


def _of(event: AuditEvent) -> dict[str, str | int]:
    """Name an event: what an alert about it begins with."""
    named = {"event_id": event.event_id, "submission_id": event.submission, "member": event.member}
    return {"leaf": event.leaf_index} | {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """A verdict or refusal for one of some causes. With ``every`` at most one alert in so long for each subject."""

    causes: tuple[str, ...]
    per: Per = Per.SUBMISSION
    every: timedelta | None = None

    def __post_init__(self) -> None:
        """Know every cause that is named."""
        if unknown := set(self.causes) - {cause.value for cause in Cause} - OUR_CAUSES:
            raise ValueError(f"no such cause: {', '.join(sorted(unknown))}")
        if self.per is Per.CREDENTIAL:
            raise ValueError("a verdict has no credential")

    @property
    def window(self) -> timedelta:
        """Nothing is counted."""
        return NONE

    def met(self, event: AuditEvent, memory: Memory) -> Iterator[Met]:  # noqa: ARG002 - of the protocol
        """Give each subject that a cause is about."""
        found = sorted(set(event.causes) & set(self.causes))
        if not found:
            return
        turn = () if self.every is None else (bucket(event.at, self.every),)
        for subject in self._subjects(event):
            yield Met((subject, *turn), subject, _of(event) | {"cause": found[0]})

    def _subjects(self, event: AuditEvent) -> Iterator[str]:
        match self.per:
            case Per.CERTIFICATE:
                bad = {one.certificate for one in event.signatures if one.cause in self.causes and one.certificate}
                named = [f"certificate:{sha256}" for sha256 in sorted(bad)]
                yield from named or [f"submission:{event.submission}"]  # as where a time-stamp is at fault
            case Per.MEMBER:
                yield f"member:{event.member}"
            case Per.AXIS:
                yield "axis"
            case _:
                yield f"submission:{event.submission}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstUse:
    """A certificate that the log has not seen before."""

    @property
    def window(self) -> timedelta:
        """Nothing is counted."""
        return NONE

    def met(self, event: AuditEvent, memory: Memory) -> Iterator[Met]:
        """Give each certificate that is new."""
        for sha256 in sorted({one.certificate for one in event.signatures if one.certificate}):
            if memory.get(Kind.CERTIFICATE, sha256) is None:
                yield Met((sha256,), f"certificate:{sha256}", _of(event))


@dataclass(frozen=True, slots=True, kw_only=True)
class SameFile:
    """One main file handed in by two members, and not passed on as forwarded or as a certified copy."""

    @property
    def window(self) -> timedelta:
        """Nothing is counted."""
        return NONE

    def met(self, event: AuditEvent, memory: Memory) -> Iterator[Met]:
        """Give each file that another member handed in before."""
        for sha256 in () if event.passed_on else event.main_sha256:
            earlier = memory.get(Kind.FILE, sha256)
            if earlier is not None and event.member not in {"", earlier.value["member"]}:
                details = _of(event) | {"first_member": earlier.value["member"]}
                yield Met((sha256, event.member), f"file:{sha256}", details)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTime:
    """A signing time that cannot be: the signer's own word, never used for a verdict, and telling all the same."""

    ahead: timedelta | None = None
    behind: timedelta | None = None

    def __post_init__(self) -> None:
        """Ask for one of the two."""
        if (self.ahead is None) == (self.behind is None):
            raise ValueError("either ahead or behind")

    @property
    def window(self) -> timedelta:
        """Nothing is counted."""
        return NONE

    def met(self, event: AuditEvent, memory: Memory) -> Iterator[Met]:  # noqa: ARG002 - of the protocol
        """Give the verdict, if the last claimed time is too late or too early."""
        claimed = [one.claimed_at for one in event.signatures if one.claimed_at is not None]
        if event.received_at is None or not claimed:
            return
        off = max(claimed) - event.received_at
        if (self.ahead is not None and off > self.ahead) or (self.behind is not None and -off > self.behind):
            details = _of(event) | {"seconds": int(off.total_seconds())}
            yield Met((event.submission,), f"submission:{event.submission}", details)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewValue:
    """The axis judges under another policy or trust list than before, first seen outside the change windows.

    A value that was in use within ``quiet`` is no change: while verifiers are restarted one after the other, both are.
    """

    code: str
    quiet: timedelta
    windows: tuple[ChangeWindow, ...] = ()

    def __post_init__(self) -> None:
        """Know the code."""
        if self.code not in AXIS_WIDE:
            raise ValueError(f"a code of the whole axis: {', '.join(AXIS_WIDE)}")

    @property
    def window(self) -> timedelta:
        """Nothing is counted."""
        return NONE

    def met(self, event: AuditEvent, memory: Memory) -> Iterator[Met]:
        """Give the change."""
        kind, value = Kind(self.code), event.codes.get(self.code)
        last = memory.get(kind, LAST)
        if not event.is_verdict or value is None or last is None or last.value["value"] == value:
            return
        earlier = memory.get(kind, value)
        used = earlier is not None and event.at - earlier.seen_at() < self.quiet
        if not used and not any(window.holds(event.at) for window in self.windows):
            was = last.value["value"]
            yield Met((was, value, bucket(event.at, self.quiet)), f"{self.code}:{value}", _of(event) | {"was": was})


@dataclass(slots=True, kw_only=True)
class FailedShare:
    """More than ``percent`` of at least ``at_least`` first verdicts on a member's documents failed, in a window."""

    percent: int
    at_least: int
    window: timedelta
    _seen: dict[str, Stretch] = field(default_factory=lambda: defaultdict(Stretch), repr=False)

    def met(self, event: AuditEvent, memory: Memory) -> Iterator[Met]:  # noqa: ARG002 - of the protocol
        """Count the verdict, and give its member if that is too many."""
        if event.type != EvidenceType.VERDICT_GIVEN or not event.member:
            return
        failed = event.codes.get("indication") != Indication.TOTAL_PASSED
        seen = self._seen[event.member]
        seen.add(event.at, self.window, counts=failed)
        if failed and len(seen.times) >= self.at_least and seen.counted * 100 > self.percent * len(seen.times):
            details: dict[str, str | int] = {"leaf": event.leaf_index, "failed": seen.counted, "of": len(seen.times)}
            yield Met((event.member, bucket(event.at, self.window)), f"member:{event.member}", details)


@dataclass(slots=True, kw_only=True)
class Count:
    """More than ``above`` events of some types within a window, by whoever did it."""

    types: tuple[str, ...]
    above: int
    window: timedelta
    per: Per
    _seen: dict[str, Stretch] = field(default_factory=lambda: defaultdict(Stretch), repr=False)

    def __post_init__(self) -> None:
        """Know every type that is named."""
        if unknown := set(self.types) - {kind.value for kind in EvidenceType}:
            raise ValueError(f"no such type: {', '.join(sorted(unknown))}")
        if self.per not in {Per.MEMBER, Per.CREDENTIAL, Per.AXIS}:
            raise ValueError("counted by member, credential or axis")

    def met(self, event: AuditEvent, memory: Memory) -> Iterator[Met]:  # noqa: ARG002 - of the protocol
        """Count the event, and give who did it if that is too many."""
        if event.type not in self.types:
            return
        subject = self._subject(event)
        seen = self._seen[subject]
        seen.add(event.at, self.window)
        if seen.counted > self.above:
            details: dict[str, str | int] = {"leaf": event.leaf_index, "count": seen.counted}
            yield Met((subject, bucket(event.at, self.window)), subject, details)

    def _subject(self, event: AuditEvent) -> str:
        match self.per:
            case Per.MEMBER:
                return f"member:{event.member}"
            case Per.CREDENTIAL:
                return f"credential:{event.facts.get('credential_id', '')}"
            case _:
                return "axis"
