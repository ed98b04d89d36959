"""Fuzz the intake with atheris: the structure scan and all that reads a file before any certificate counts.

Run: `.venv/bin/python tests/fuzz/intake.py -max_total_time=60 CORPUS`, a directory with a few signed PDFs. Only a
refusal may come out of the scan, and no exception at all out of the examination; anything else is a crash that atheris
writes down.
"""

import sys
from datetime import UTC, datetime

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["docaxis_signing.pdf"]):
    from docaxis_signing.pdf.structure import RejectedStructure, scan
    from docaxis_signing.pdf.verification import examine
    from docaxis_signing.trust.revocation import RevocationSnapshot
    from docaxis_signing.trust.store import TrustStore

NOBODY = TrustStore.of()
AT = datetime(2026, 1, 1, tzinfo=UTC)


def one(data: bytes) -> None:
    """Read one input."""
    try:
        scan(data)
    except RejectedStructure:
        return
    examine(data, trust=NOBODY, revocation=RevocationSnapshot(), at=AT)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
