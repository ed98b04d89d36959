"""Turn a list of recipients into deliveries: one for each body, whatever it was called and however often."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, unique
from typing import Any, Final, Protocol

from docaxis.directory.entries import Member, MemberState
from docaxis.directory.errors import RejectedRecipients
from docaxis.directory.organisations import OrganisationIndex
from docaxis_schemas.moments import VIETNAM, to_text
from docaxis_schemas.submission import MAX_RECIPIENTS

_RANK: Final = {"action": 0, "coordination": 1, "information": 2}
"""A body addressed twice gets one delivery, in the role that asks most of it."""


class Addressed(Protocol):
    """One line of a recipient list: an organisation code or the name of a group."""

    @property
    def organisation(self) -> str | None: ...
    @property
    def group(self) -> str | None: ...
    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ResolvedRecipient:
    """One delivery: the body by its canonical code, the member that receives for it, and how it was addressed."""

    organisation: str
    name: str
    member: str
    role: str
    given: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergedNotice:
    """Told to the sender: the body it addressed no longer exists, and this one took its place."""

    given: str
    organisation: str
    name: str


@unique
class Unreachable(StrEnum):
    """Why one line of the list leads to no delivery; each is answered one by one."""

    UNKNOWN = "unknown"
    UNKNOWN_GROUP = "unknown-group"
    CEASED = "ceased"
    NOT_CONNECTED = "not-connected"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class UnreachableRecipient:
    """A line, or a body of a group, that gets no delivery, and why."""

    given: str
    reason: Unreachable
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a recipient list meant on the day it was handed in; ``groups`` keeps who was in each group then."""

    version: int
    at: datetime
    recipients: tuple[ResolvedRecipient, ...]
    notices: tuple[MergedNotice, ...]
    unknown: tuple[UnreachableRecipient, ...]
    suspended: tuple[UnreachableRecipient, ...]
    groups: Mapping[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        """Write the resolution for the record of the claim."""
        return {
            "version": self.version,
            "at": to_text(self.at),
            "recipients": [
                {"organisation": r.organisation, "name": r.name, "member": r.member, "role": r.role}
                | {"given": list(r.given)}
                for r in self.recipients
            ],
            "notices": [{"given": n.given, "organisation": n.organisation, "name": n.name} for n in self.notices],
            "unknown": [_unreachable(item) for item in self.unknown],
            "suspended": [_unreachable(item) for item in self.suspended],
            "groups": {name: list(codes) for name, codes in self.groups.items()},
        }


def _unreachable(item: UnreachableRecipient) -> dict[str, str]:
    return {"given": item.given, "reason": item.reason.value} | ({"group": item.group} if item.group else {})


class _Gathering:
    """The deliveries found so far, and what was noticed on the way."""

    def __init__(self, index: OrganisationIndex, members: Mapping[str, Member], day: date) -> None:
        self._index = index
        self._members = members
        self._day = day
        self.found: dict[str, ResolvedRecipient] = {}
        self.notices: dict[str, MergedNotice] = {}
        self.unreachable: dict[tuple[str, str | None], UnreachableRecipient] = {}

    def add(self, code: str, role: str, group: str | None = None) -> None:
        body = self._index.standing_on(code, self._day)
        if body is None:
            known = self._index.canonical(code) is not None
            self._leave_out(code, Unreachable.CEASED if known else Unreachable.UNKNOWN, group)
            return
        member = self._members.get(body.member) if body.member is not None else None
        if member is None:
            self._leave_out(code, Unreachable.NOT_CONNECTED, group)
            return
        if member.state is MemberState.SUSPENDED:
            self._leave_out(code, Unreachable.SUSPENDED, group)
            return
        if self._index.canonical(code) != body.code:
            self.notices[code] = MergedNotice(code, body.code, body.name)
        before = self.found.get(body.code)
        given = code if group is None else group
        if before is not None:
            role = min(before.role, role, key=_RANK.__getitem__)
            names = before.given if given in before.given else (*before.given, given)
            self.found[body.code] = ResolvedRecipient(body.code, body.name, member.id, role, names)
        else:
            self.found[body.code] = ResolvedRecipient(body.code, body.name, member.id, role, (given,))

    def _leave_out(self, given: str, reason: Unreachable, group: str | None) -> None:
        self.unreachable[(given, group)] = UnreachableRecipient(given, reason, group)

    def unknown_group(self, group: str) -> None:
        self._leave_out(group, Unreachable.UNKNOWN_GROUP, group)


def resolve(
    recipients: Iterable[Addressed],
    *,
    index: OrganisationIndex,
    members: Mapping[str, Member],
    version: int,
    at: datetime,
) -> Resolution:
    """Resolve a recipient list as of a moment.

    Raises:
        RejectedRecipients: More bodies than one submission may address.
    """
    gathering = _Gathering(index, members, at.astimezone(VIETNAM).date())
    groups: dict[str, tuple[str, ...]] = {}
    for line in recipients:
        if line.organisation is not None:
            gathering.add(line.organisation, line.role)
        elif line.group is not None and line.group in index.groups:
            groups[line.group] = index.groups[line.group]
            for code in groups[line.group]:
                gathering.add(code, line.role, line.group)
        else:
            gathering.unknown_group(line.group or "")
    if len(gathering.found) > MAX_RECIPIENTS:
        raise RejectedRecipients(f"{len(gathering.found)} recipients; at most {MAX_RECIPIENTS}")
    left_out = gathering.unreachable.values()
    return Resolution(
        version,
        at,
        tuple(gathering.found.values()),
        tuple(gathering.notices.values()),
        tuple(item for item in left_out if item.reason is not Unreachable.SUSPENDED),
        tuple(item for item in left_out if item.reason is Unreachable.SUSPENDED),
        groups,
    )
