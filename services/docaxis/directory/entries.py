"""What the directory holds beside organisations: members, mandates, registered certificates, principals."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Final

GATEWAY_KEY: Final = "gateway."
"""Begins the id of every key that a gateway holds for a member whose clerks have none."""


@unique
class MemberState(StrEnum):
    """Whether a member may act."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Member:
    """A connected system.

    ``compromised_since`` is the moment from which its keys may have been in other hands: what it handed in after that
    is stopped even if it was accepted before the suspension.
    """

    id: str
    name: str
    state: MemberState
    suspended_at: datetime | None = None
    compromised_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mandate:
    """A member's right to send for an issuer that it does not receive for."""

    member: str
    issuer: str
    valid_from: datetime
    valid_to: datetime | None
    granted_by: str


@unique
class CertificateRole(StrEnum):
    """Whose certificate it is; taken from the register, never from words in the subject."""

    SEAL = "seal"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class RegisteredCertificate:
    """A certificate that counts as an organisation's seal, or as one of its authorised persons'.

    ``certificate_sha256`` is lower-case hex over the DER; ``possession`` says how it was shown that the registrant
    holds the key; ``registered_by`` names the credential that acted.
    """

    certificate_sha256: str
    role: CertificateRole
    organisation: str
    valid_from: datetime
    valid_to: datetime | None
    possession: str
    registered_by: str
    registered_at: datetime

    def valid_at(self, at: datetime) -> bool:
        """Say whether the registration stands at a moment."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@unique
class Role(StrEnum):
    """What the bearer of a credential may do."""

    CLERK = "clerk"
    MEMBER_SYSTEM = "member-system"
    OPERATOR = "operator"
    AUDITOR = "auditor"


BELONGS_TO_MEMBER = frozenset({Role.CLERK, Role.MEMBER_SYSTEM})
"""Roles that act for a member's organisations; operators and auditors belong to the axis."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: a credential, the member and organisations it speaks for, and its role. It never holds the secret."""

    credential_id: str
    member: str | None
    organisations: tuple[str, ...]
    role: Role
    holder: str
