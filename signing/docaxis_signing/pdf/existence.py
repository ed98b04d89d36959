"""When the signatures of a file are proved to have existed: by the document time-stamps over them.

A document time-stamp covers every revision before its own. The last one is judged at reception, each earlier one when
the next good one proves that it was there (ETSI EN 319 102-1, 5.6.3): so an archived document stays provable after its
first authorities of time-stamps have expired, and one broken link proves nothing for what lies before it.
"""

from dataclasses import dataclass
from datetime import datetime

from docaxis_signing.verdict import Indication, SignatureFinding


@dataclass(frozen=True, slots=True)
class Existence:
    """The document time-stamps found good so far, by revision."""

    stamps: tuple[tuple[int, datetime], ...] = ()

    def proved_before(self, revision: int) -> datetime | None:
        """Give the earliest moment at which what a revision added is proved to have been there."""
        return min((moment for later, moment in self.stamps if later > revision), default=None)

    def and_by(self, finding: SignatureFinding) -> "Existence":
        """Take one more finding in; only a document time-stamp that passed proves anything."""
        good = finding.document_timestamp and finding.indication is Indication.TOTAL_PASSED
        if not good or finding.timestamp_time is None:
            return self
        return Existence((*self.stamps, (finding.revision, finding.timestamp_time)))
