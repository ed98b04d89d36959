"""What can go wrong with the directory: bad input, or a database that cannot be reached."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum, unique

from docaxis_schemas.faults import Fault


class DirectoryError(Exception):
    """Root of the directory's errors."""


class UnavailableDirectory(DirectoryError):
    """The directory's database cannot be reached, or nothing was ever loaded: try again."""


class UnattestedDirectory(UnavailableDirectory):
    """What the database holds is not what the directory's keeper signed; nobody acts on it."""


class RejectedList(DirectoryError):
    """A list of organisations is not signed as it must be, or is full of faults; ``faults`` has every one."""

    def __init__(self, reason: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__("; ".join([reason, *(f"{item.field}: {item.en}" for item in faults[:5])]))
        self.reason = reason
        self.faults = tuple(faults)


class RejectedRegistration(DirectoryError):
    """A member, key, mandate or certificate cannot be registered; the text says why."""


class RejectedRecipients(DirectoryError):
    """More recipients than one submission may have."""


class RejectedIssuer(DirectoryError):
    """The member may not send for this issuer."""


@unique
class MemberFault(StrEnum):
    """Why a member may not act."""

    UNKNOWN = "unknown"
    SUSPENDED = "suspended"
    COMPROMISED = "compromised"


class RejectedMember(DirectoryError):
    """The member may not act, or its record was made while its keys may have been in other hands."""

    def __init__(self, member: str, fault: MemberFault, since: datetime | None = None) -> None:
        super().__init__(f"member {member}: {fault.value}" + (f" since {since.isoformat()}" if since else ""))
        self.member = member
        self.fault = fault
        self.since = since


@unique
class CredentialFault(StrEnum):
    """Why a secret opens nothing. Only logs may say which; a caller hears the same for all."""

    UNKNOWN = "unknown"
    NOT_YET = "not-yet"
    EXPIRED = "expired"
    REVOKED = "revoked"


class RejectedCredential(DirectoryError):
    """The secret is none of ours, or no longer."""

    def __init__(self, fault: CredentialFault) -> None:
        super().__init__("the credential is not accepted")
        self.fault = fault
