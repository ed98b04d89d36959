"""What was handed in, read from its claim: the document, its files, and whom it is for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from docaxis.storage.routing import Claim
from docaxis_schemas.calendar import OFFICE_CLOSES
from docaxis_schemas.digests import contents_digest, document_digest
from docaxis_schemas.document import BusinessAction, DocumentMetadata
from docaxis_schemas.moments import VIETNAM
from docaxis_schemas.natural_key import NaturalKey, natural_key
from docaxis_schemas.submission import Manifest, read_manifest

_CLOSES: Final[time] = OFFICE_CLOSES


@dataclass(frozen=True, slots=True)
class Recipient:
    """One body to deliver to, as the gateway resolved it."""

    organisation: str
    member: str | None
    role: str


@dataclass(frozen=True)
class Handed:
    """A submission as its sender signed it and as the gateway resolved it."""

    submission_id: UUID
    member: str
    own_id: str
    manifest_digest: str
    received_at: datetime
    urgency: int
    manifest: Manifest
    metadata: DocumentMetadata
    issuer: str
    recipients: tuple[Recipient, ...]
    notices: Mapping[str, Any]

    @cached_property
    def contents_sha256(self) -> str:
        """Digest over all files."""
        return contents_digest(entry.sha256 for entry in self.manifest.contents)

    @cached_property
    def document_sha256(self) -> str:
        """Digest over main file and appendices."""
        return document_digest(self.manifest.contents)

    @cached_property
    def natural_key(self) -> NaturalKey | None:
        """Issuer, year, number, notation and form of copy; None without a number."""
        return natural_key(self.metadata, self.issuer)

    @property
    def passes_on(self) -> bool:
        """Tell whether the sender passes on what another issued: forwarded, or as a certified copy.

        Its metadata are then the word of somebody who need not speak for the issuer, and numbers are the issuer's.
        """
        return self.manifest.forwarded or self.metadata.form_of_copy.is_certified_copy

    @property
    def is_new(self) -> bool:
        """Neither update nor replacement nor recall of an earlier document."""
        return self.metadata.business.action is BusinessAction.NEW

    @property
    def succeeds(self) -> bool:
        """Update or replacement by who speaks for the issuer: from now on the number is this document's."""
        action = self.metadata.business.action
        return action in {BusinessAction.UPDATE, BusinessAction.REPLACE} and not self.passes_on

    @property
    def due_at(self) -> datetime | None:
        """When offices close, in Vietnam, on the day the document says it is due."""
        due = self.metadata.due_on
        return None if due is None else datetime.combine(due, _CLOSES, VIETNAM)


def read_handed(claim: Claim, canonical: Callable[[str], str | None]) -> Handed:
    """Read a claim; ``canonical`` gives the issuer's canonical code: the directory's, or what was decided before."""
    manifest = read_manifest(json.loads(claim.manifest))
    metadata = DocumentMetadata.from_stored(manifest.document)
    resolution = json.loads(claim.resolution)
    recipients = tuple(
        Recipient(item["organisation"], item.get("member"), item["role"]) for item in resolution["recipients"]
    )
    notices = {name: resolution[name] for name in ("unknown", "suspended", "merged")}
    return Handed(
        claim.submission_id,
        claim.member,
        claim.own_id,
        claim.manifest_digest,
        claim.received_at,
        claim.urgency,
        manifest,
        metadata,
        canonical(metadata.issuer.code) or metadata.issuer.code,
        recipients,
        notices,
    )
