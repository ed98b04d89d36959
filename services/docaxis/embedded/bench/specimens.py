"""What a measured judge is told and judges by; apart from how it is made, so that a judge's memory is a worker's."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from docaxis.embedded.authorities import Revocation, TestAuthorities
from docaxis_schemas.moments import Clock, system_clock
from docaxis_signing.trust.lists import ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore

LISTED_OTHERS: Final = 200
"""Revoked certificates of others on each list."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """A signed document, and the authorities whose certificates and lists its judgement needs."""

    path: Path
    authorities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """One list of every configured authority, issued just now: by name as DER, and as the verifier takes them in."""

    by_authority: dict[str, bytes]
    snapshot: RevocationSnapshot

    @classmethod
    def of(cls, authorities: TestAuthorities, trust: TrustStore, clock: Clock = system_clock) -> "Lists":
        """Have all authorities issue their lists."""
        now = clock()
        others = [Revocation(number, now - timedelta(days=30)) for number in range(1, LISTED_OTHERS + 1)]
        issued = now - timedelta(minutes=1)
        ders = {item.name: authorities.crl(item.name, now=issued, extra_revoked=others) for item in trust.authorities}
        taken = [ingest(trust, name, der, now=now) for name, der in ders.items()]
        return cls(ders, RevocationSnapshot().advance(*taken))
