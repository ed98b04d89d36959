"""The directory as one process sees it: immutable, in memory, with a version. Every look-up is as of a moment."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum, unique

from docaxis.directory.entries import Mandate, Member, MemberState, RegisteredCertificate
from docaxis.directory.errors import MemberFault, RejectedIssuer, RejectedMember
from docaxis.directory.organisations import OrganisationIndex
from docaxis.directory.resolution import Addressed, Resolution, resolve
from docaxis_schemas.moments import VIETNAM
from docaxis_schemas.organisation import Organisation
from docaxis_signing.statements import MemberKey


@unique
class SendingRight(StrEnum):
    """By what right a member sends for an issuer."""

    OWN = "own"
    MANDATE = "mandate"


@dataclass(frozen=True, slots=True)
class DirectorySnapshot:
    """Organisations, members, mandates, keys and registered certificates at one version of the directory."""

    version: int
    organisations: OrganisationIndex
    members: Mapping[str, Member] = field(default_factory=dict)
    keys: Mapping[str, Mapping[str, MemberKey]] = field(default_factory=dict)
    mandates: Mapping[str, tuple[Mandate, ...]] = field(default_factory=dict)
    certificates: Mapping[str, RegisteredCertificate] = field(default_factory=dict)

    def canonical(self, code: str) -> str | None:
        """Give the canonical code of a body named in either form; None if the directory never knew it."""
        return self.organisations.canonical(code)

    def organisation(self, code: str, at: datetime) -> Organisation | None:
        """Give a body as it is at a moment; None if it does not exist then."""
        return self.organisations.on(code, day_of(at))

    def standing(self, code: str, at: datetime) -> Organisation | None:
        """Give the body that stands for a code at a moment: itself or the last of its successors."""
        return self.organisations.standing_on(code, day_of(at))

    def resolve(self, recipients: Iterable[Addressed], at: datetime) -> Resolution:
        """Resolve a recipient list to one delivery a body.

        Raises:
            RejectedRecipients: More bodies than one submission may address.
        """
        return resolve(recipients, index=self.organisations, members=self.members, version=self.version, at=at)

    def member_of(self, code: str, at: datetime) -> str | None:
        """Give the member that receives for a body."""
        found = self.organisation(code, at)
        return found.member if found is not None else None

    def require_member(self, member: str, *, accepted_at: datetime) -> Member:
        """Give the member whose record was accepted at this moment.

        What was accepted before a suspension travels on, unless the member's keys were in other hands by then.

        Raises:
            RejectedMember: Unknown, suspended, or compromised when the record was accepted.
        """
        found = self.members.get(member)
        if found is None:
            raise RejectedMember(member, MemberFault.UNKNOWN)
        if found.state is MemberState.ACTIVE:
            return found
        if found.compromised_since is not None and accepted_at >= found.compromised_since:
            raise RejectedMember(member, MemberFault.COMPROMISED, found.compromised_since)
        if found.suspended_at is None or accepted_at >= found.suspended_at:
            raise RejectedMember(member, MemberFault.SUSPENDED, found.suspended_at)
        return found

    def require_sending_right(self, member: str, issuer: str, at: datetime) -> SendingRight:
        """Say by what right a member sends for an issuer.

        Raises:
            RejectedIssuer: By none; only forwarding is left.
        """
        body = self.organisation(issuer, at)
        if body is not None and body.member == member:
            return SendingRight.OWN
        canonical = self.canonical(issuer)
        for mandate in self.mandates.get(member, ()):
            in_force = mandate.valid_from <= at and (mandate.valid_to is None or at < mandate.valid_to)
            if mandate.issuer == canonical and in_force:
                return SendingRight.MANDATE
        raise RejectedIssuer(f"member {member} may not send for {issuer}")

    def key_of(self, member: str) -> Callable[[str], MemberKey | None]:
        """Give the look-up of a member's public keys by their id, as `open_statement` wants it."""
        return self.keys.get(member, {}).get

    def certificate(self, certificate_sha256: str, at: datetime) -> RegisteredCertificate | None:
        """Give the registration of a certificate that stands at a moment."""
        found = self.certificates.get(certificate_sha256)
        return found if found is not None and found.valid_at(at) else None


def day_of(at: datetime) -> date:
    """Give the day, in Vietnam, on which validity is judged."""
    return at.astimezone(VIETNAM).date()
