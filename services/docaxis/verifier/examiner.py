"""What a worker does with one content: examine its signatures, and look for a secrecy mark on its first page.

By default with the fast engine; `examine_content` alone is stock pyHanko with our rules, as the shadow run wants it.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from docaxis.verifier.secrecy import secrecy_mark
from docaxis.verifier.worker import Examiners
from docaxis_signing.pdf.speed import FastEngine
from docaxis_signing.pdf.verification import examine
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import Cause, SubIndication


def examine_content(data: bytes, trust: TrustStore, revocation: RevocationSnapshot, at: datetime) -> dict[str, Any]:
    """Examine a PDF and give the findings as JSON values. A secrecy mark is what the file as a whole fails by."""
    findings = examine(data, trust=trust, revocation=revocation, at=at)
    if (mark := secrecy_mark(data)) is not None:
        findings = replace(
            findings,
            cause=Cause.SECRET_MARK,
            sub_indication=SubIndication.SIG_CONSTRAINTS_FAILURE,
            notes=(*findings.notes, f"the first page bears the mark {mark}"),
        )
    return findings.to_json()


def examiners() -> Examiners:
    """Make the fast examiner, with the memory that a worker keeps from document to document, and the stock one."""
    engine = FastEngine()
    engine.switch_on()

    def examine_stock(data: bytes, trust: TrustStore, revocation: RevocationSnapshot, at: datetime) -> dict[str, Any]:
        with engine.off():
            return examine_content(data, trust, revocation, at)

    return Examiners(fast=examine_content, stock=examine_stock, drifted=engine.drifted)
