"""What rules remember of earlier leaves: little, kept by key, and the same again if all leaves are read once more."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Any, Final, NamedTuple

from docaxis.alerter.events import AuditEvent
from docaxis_schemas.canonical import canonical
from docaxis_schemas.moments import from_text, to_text

USED_AGAIN: Final = timedelta(hours=1)
"""How exactly it is remembered when something was last used: every use would be a write."""
AXIS_WIDE: Final = ("policy_sha256", "trust_sha256")
"""Codes of verdicts that say what the axis judges under."""
LAST: Final = ""
"""Key, beside the values of a code, of the value that was seen last."""


@unique
class Kind(StrEnum):
    """What is remembered."""

    CERTIFICATE = "certificate"
    FILE = "file"
    POLICY = "policy_sha256"
    TRUST = "trust_sha256"
    LOG = "log"


class Key(NamedTuple):
    """Names one remembered thing."""

    kind: Kind
    key: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known under a key. ``until`` is when what it stands for ends, where it ends."""

    value: Mapping[str, Any]
    until: datetime | None = None

    def to_bytes(self) -> bytes:
        """Write the value for the table."""
        return canonical(dict(self.value))

    @classmethod
    def of(cls, value: bytes, until: datetime | None) -> "Remembered":
        """Read it back."""
        return cls(json.loads(value), until)

    def seen_at(self) -> datetime:
        """Give when it was last seen."""
        return from_text(self.value["seen_at"])


@dataclass(slots=True)
class Memory:
    """What was looked up for some events, and what they changed of it."""

    known: dict[Key, Remembered] = field(default_factory=dict)
    changed: dict[Key, Remembered] = field(default_factory=dict)

    def get(self, kind: Kind, key: str) -> Remembered | None:
        """Give what is known."""
        return self.known.get(Key(kind, key))

    def put(self, kind: Kind, key: str, value: Mapping[str, Any], until: datetime | None = None) -> None:
        """Remember something."""
        self.known[Key(kind, key)] = self.changed[Key(kind, key)] = Remembered(value, until)


def keys_of(event: AuditEvent) -> Iterator[Key]:
    """Name everything that must be looked up before an event is judged."""
    if event.is_verdict:
        yield from (Key(Kind.CERTIFICATE, one.certificate) for one in event.signatures if one.certificate)
        for kind, value in _axis_wide(event):
            yield from (Key(kind, value), Key(kind, LAST))
    if event.is_received:
        yield from (Key(Kind.FILE, sha256) for sha256 in event.main_sha256)


def _axis_wide(event: AuditEvent) -> Iterator[tuple[Kind, str]]:
    for name in AXIS_WIDE:
        if value := event.codes.get(name):
            yield Kind(name), str(value)


def remember(event: AuditEvent, memory: Memory) -> None:
    """Keep what later events are compared with; called once an event was judged."""
    if event.is_verdict:
        _remember_certificates(event, memory)
        for kind, value in _axis_wide(event):
            _see(memory, kind, value, event.at)
    if event.is_received:
        for sha256 in event.main_sha256:
            if memory.get(Kind.FILE, sha256) is None:
                memory.put(Kind.FILE, sha256, {"member": event.member})


def _remember_certificates(event: AuditEvent, memory: Memory) -> None:
    for one in event.signatures:
        earlier = memory.get(Kind.CERTIFICATE, one.certificate)
        if one.certificate and (earlier is None or event.at - earlier.seen_at() >= USED_AGAIN):
            value = {"seen_at": to_text(event.at), "member": event.member}
            memory.put(Kind.CERTIFICATE, one.certificate, value, one.not_after)


def _see(memory: Memory, kind: Kind, value: str, at: datetime) -> None:
    earlier, last = memory.get(kind, value), memory.get(kind, LAST)
    if earlier is None or at - earlier.seen_at() >= USED_AGAIN:
        memory.put(kind, value, {"seen_at": to_text(at)})
    if last is None or last.value["value"] != value:
        memory.put(kind, LAST, {"value": value})
