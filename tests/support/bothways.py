"""Every document that a test examines goes through stock pyHanko and through the fast engine; they must agree.

One engine lives as long as the test run, so that it is warm and has seen everything before: what one document leaves
behind must not change the findings about another.
"""

from datetime import datetime

from docaxis_signing.pdf.speed import FastEngine
from docaxis_signing.pdf.verification import examine
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import DocumentFindings

ENGINE = FastEngine()


def examine_both_ways(
    data: bytes, *, trust: TrustStore, revocation: RevocationSnapshot, at: datetime
) -> DocumentFindings:
    """Give what stock pyHanko with our rules finds; the fast engine has to find the same, twice."""
    assert ENGINE.ready, f"pyHanko has changed under the fast engine: {ENGINE.drifted}"
    stock = examine(data, trust=trust, revocation=revocation, at=at)
    with ENGINE.on():
        first = examine(data, trust=trust, revocation=revocation, at=at)
        again = examine(data, trust=trust, revocation=revocation, at=at)
    assert first == stock, "the fast engine differs from stock pyHanko"
    assert again == stock, "the warm engine differs from stock pyHanko"
    return stock
