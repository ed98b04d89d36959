"""What a finding rests on beside the document: certificates, status data and time-stamp tokens, by their hashes.

The bytes of authorities and status data are the caller's. Those that only the document brings are put aside and handed
over with the findings (`Material`), so that they can be kept, and shown to somebody, without taking it apart again.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import ConfiguredAuthority
from docaxis_signing.verdict import Evidence, EvidenceKind, Material

MAX_MATERIAL: Final = 1024 * 1024
"""Bytes put aside of one document: certificates and tokens of 100 signatures; what is above stays in the document."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """Collects while a signature is examined; what is put aside is shared by all signatures of a document."""

    used: dict[Evidence, None] = field(default_factory=dict)
    aside: dict[str, bytes] = field(default_factory=dict)

    def apart(self) -> "Gathering":
        """Begin the gathering of one signature."""
        return Gathering(aside=self.aside)

    def put_aside(self, kind: EvidenceKind, der: bytes, about: str = "") -> None:
        """Note a thing that the document brought."""
        sha256 = hashlib.sha256(der).hexdigest()
        self.used[Evidence(kind, sha256, about)] = None
        if sum(map(len, self.aside.values())) + len(der) <= MAX_MATERIAL:
            self.aside[sha256] = der

    def note_authorities(self, chain: Iterable[ConfiguredAuthority]) -> None:
        """Note the configured authorities above a certificate."""
        for authority in chain:
            self.used[Evidence(EvidenceKind.CERTIFICATE, authority.sha256, authority.name)] = None

    def with_status(self, snapshot: RevocationSnapshot, consulted: set[str]) -> tuple[Evidence, ...]:
        """Give all that was used, with the status data that were looked at."""
        kind = EvidenceKind.REVOCATION_LIST
        lists = (
            Evidence(kind, item.sha256, item.authority, item.this_update, item.next_update)
            for item in snapshot.lists
            if item.sha256 in consulted
        )
        for item in snapshot.carried.lists:
            if item.sha256 in consulted:
                self.put_aside(kind, item.der, item.authority)
        for answer in (*snapshot.carried.answers, *snapshot.answers.values()):
            if answer.sha256 in consulted:
                self.put_aside(EvidenceKind.OCSP_RESPONSE, answer.der, answer.authority)
        return (*self.used, *lists)

    def material(self) -> tuple[Material, ...]:
        """Give what was put aside."""
        return tuple(Material(sha256, b64encode(self.aside[sha256]).decode("ascii")) for sha256 in sorted(self.aside))
