"""The member's hand: every record that leaves is headed, and signed with the member's key where there is one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from docaxis_schemas.canonical import canonical
from docaxis_schemas.moments import Clock
from docaxis_schemas.submission import Heading, Kind
from docaxis_signing.statements import MemberSigner

SIGNED: Final = "application/jose"
UNSIGNED: Final = "application/json"


class Writable(Protocol):
    """A manifest, a hand-over or a report."""

    def to_json(self) -> dict[str, Any]:
        """Give the JSON that is signed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A record ready to travel."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Hand:
    """Who acts: a member on one axis and environment. Without a signer the gateway signs in the member's place.

    That the gateway signed is said in the evidence; only clerks' credentials may do so.
    """

    member: str
    axis: str
    environment: str
    signer: MemberSigner | None
    clock: Clock
    new_id: Callable[[], str]

    def heading(self, kind: Kind, own_id: str) -> Heading:
        """Head a record of this member with the present time."""
        return Heading(kind, self.axis, self.environment, self.member, own_id, self.clock())

    def seal(self, record: Writable) -> Sealed:
        """Sign a record, or write it for the gateway to sign."""
        value = record.to_json()
        if self.signer is None:
            return Sealed(UNSIGNED, canonical(value))
        return Sealed(SIGNED, self.signer.sign(value).encode("ascii"))
