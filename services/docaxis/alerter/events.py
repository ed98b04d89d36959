"""What rules read of a leaf: the index's row, in types. A shredded leaf shows its type, time and codes only."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from docaxis.auditor.indexing import VERDICTS
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.moments import from_text


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature of a judged file. ``certificate`` is empty where none was found."""

    cause: str | None
    certificate: str = ""
    not_after: datetime | None = None
    claimed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One leaf. ``codes`` are what it shows to everybody; the rest was opened for the index."""

    leaf_index: int
    type: str
    at: datetime
    codes: Mapping[str, Any] = field(default_factory=dict)
    event_id: str = ""
    submission: str = ""
    member: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    signatures: tuple[Signed, ...] = ()
    received_at: datetime | None = None
    main_sha256: tuple[str, ...] = ()
    passed_on: bool = False

    @classmethod
    def of(cls, row: bytes) -> Self:
        """Read a row of the index."""
        value = json.loads(row)
        document = value.get("document") or {}
        return cls(
            leaf_index=value["leaf_index"],
            type=value["type"],
            at=from_text(value["time"]),
            codes=value["codes"],
            event_id=value.get("event_id") or "",
            submission=value.get("submission_id") or "",
            member=value.get("member") or "",
            facts=value.get("facts") or {},
            signatures=tuple(map(_signed, value.get("signatures") or ())),
            received_at=_moment(value.get("received_at")),
            main_sha256=tuple(document.get("main_sha256") or ()),
            passed_on=bool(document.get("passed_on")),
        )

    @property
    def is_verdict(self) -> bool:
        """Whether it says what was found of signatures."""
        return self.type in VERDICTS

    @property
    def is_received(self) -> bool:
        """Whether it says that a document was handed in."""
        return self.type == EvidenceType.SUBMISSION_RECEIVED

    @property
    def causes(self) -> Iterator[str]:
        """What was decisive, and what was found of single signatures."""
        yield from (cause for cause in (self.codes.get("cause"), *(one.cause for one in self.signatures)) if cause)


def _signed(value: Mapping[str, Any]) -> Signed:
    certificate = value["certificate"]
    return Signed(
        value.get("cause"),
        certificate.get("sha256") or "",
        _moment(certificate.get("not_after")),
        _moment(value.get("claimed_time")),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)
