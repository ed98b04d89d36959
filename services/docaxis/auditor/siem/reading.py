"""What every form asks of a row of the index, and how text of strangers is kept from breaking a line."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

from docaxis.auditor.indexing import VERDICTS
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.moments import from_text
from docaxis_signing.verdict import Indication

PRODUCT: Final = "docaxis"
VERSION: Final = version("docaxis")
SEVERITIES: Final = ("informational", "low", "medium", "high", "critical")
"""The least first; an alert's own words."""
LOOKS: Final = frozenset({EvidenceType.AUDIT_SEARCHED.value, EvidenceType.EVIDENCE_EXPORTED.value})
FILES: Final = VERDICTS | {EvidenceType.SUBMISSION_RECEIVED.value, EvidenceType.CONTENT_HANDOVER.value}
"""Types that are about the files of a document."""
_REFUSED: Final = frozenset(
    {
        EvidenceType.SUBMISSION_REJECTION.value,
        EvidenceType.CONTENT_CONSIGNMENT_FAILURE.value,
        EvidenceType.DEAD_LETTERED.value,
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A leaf: its row, of the log called ``origin``. What was shredded is missing."""

    origin: str
    row: Mapping[str, Any]

    @property
    def type(self) -> str:
        """Its type."""
        return str(self.row["type"])

    @property
    def at(self) -> datetime:
        """When it happened."""
        return from_text(self.row["time"])

    @property
    def milliseconds(self) -> int:
        """The same, since 1970."""
        return round(self.at.timestamp() * 1000)

    @property
    def uid(self) -> str:
        """Its event's id; of a shredded leaf its place in the log."""
        return str(self.row.get("event_id") or f"{self.origin}#{self.row['leaf_index']}")

    @property
    def is_alert(self) -> bool:
        """Whether a rule was met."""
        return self.type == EvidenceType.ALERT_RAISED

    def code(self, name: str) -> str:
        """Give a code; empty if it has none of the name."""
        return str(self.row["codes"].get(name) or "")

    def text(self, name: str) -> str:
        """Give a member of the row; empty if it is not there."""
        return str(self.row.get(name) or "")

    @property
    def facts(self) -> Mapping[str, Any]:
        """Give what the log holds as commitments."""
        found: Mapping[str, Any] = self.row.get("facts") or {}
        return found

    @property
    def signatures(self) -> list[Mapping[str, Any]]:
        """Give the signatures of a verdict."""
        return list(self.row.get("signatures") or ())

    @property
    def hashes(self) -> list[str]:
        """Give SHA-256 of the files it is about, the main one first."""
        main = (self.row.get("document") or {}).get("main_sha256") or []
        return list(dict.fromkeys([*main, *(self.facts.get("contents_sha256") or ())]))

    @property
    def succeeded(self) -> bool:
        """Whether what it tells of went well."""
        if self.type in VERDICTS:
            return self.code("indication") == Indication.TOTAL_PASSED
        return self.type not in _REFUSED

    @property
    def severity(self) -> int:
        """Give a number from 1 to 5: an alert's own; what failed is medium."""
        if self.is_alert:
            return SEVERITIES.index(self.code("severity")) + 1
        return 1 if self.succeeded else 3

    @property
    def message(self) -> str:
        """Say it in one line of codes."""
        codes = (self.code(name) for name in ("rule", "indication", "cause", "code", "step"))
        return " ".join([self.type, *filter(None, codes)])


_UNSEEN: Final = re.compile(r"[^\x20-\x7e]")


def json_line(value: Mapping[str, Any]) -> str:
    """Write one line of JSON: whatever ends a line somewhere, turns text around or is not seen, goes as an escape."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)
