"""What an alert is: a rule that was met, once per occurrence, under an id that follows from what it is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Any, Final
from uuid import UUID

from docaxis_schemas.canonical import canonical, digest
from docaxis_schemas.identifiers import NAMESPACE, event_id

RUNBOOKS: Final = "docs/guides/alerts.md"
"""The page that says, under a heading of each rule's id, what to do."""


@unique
class Severity(StrEnum):
    """How much it matters, the least first; OCSF's words."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Its number in OCSF (``severity_id``): 1 to 5."""
        return list(Severity).index(self) + 1


@dataclass(frozen=True, slots=True)
class Met:
    """A condition that was met. ``key`` is what makes this occurrence the same one when it is met again.

    ``subject`` names by ids, codes and hashes what it is about; ``details`` are more of those, and numbers.
    """

    key: tuple[str, ...]
    subject: str
    details: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """One occurrence."""

    rule: str
    severity: Severity
    met: Met

    @property
    def alert_id(self) -> UUID:
        """Its id: the same occurrence found again has the same one."""
        return event_id(NAMESPACE, "alert", self.rule, digest({"key": list(self.met.key)}))

    @property
    def runbook(self) -> str:
        """Where it is written what to do."""
        return f"{RUNBOOKS}#{self.rule}"

    def body(self, rules_sha256: str) -> bytes:
        """Write what is kept and stated of it."""
        facts: dict[str, Any] = {"rule": self.rule, "severity": self.severity.value, "rules_sha256": rules_sha256}
        return canonical(facts | {"subject": self.met.subject, "details": dict(self.met.details)})


def bucket(at: datetime, every: timedelta) -> str:
    """Number the stretch of time that a moment lies in: what is met again within it is the same occurrence."""
    return str(int(at.timestamp() // every.total_seconds()))
