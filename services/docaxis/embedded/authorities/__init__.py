"""TEST certification authorities, signers, revocation and time-stamps of the embedded axis; never trusted outside."""

from docaxis_signing.trust.store import TEST_EXTENSION

from .authorities import CRL_LIFETIME, Credential, TestAuthorities
from .cast import ORGANISATIONS, Organisation, Person
from .opening import open_authorities
from .responder import Responder
from .revocation import Revocation
from .timestamping import DirectTimeStamper, TimestampAuthority

__all__ = [
    "CRL_LIFETIME",
    "ORGANISATIONS",
    "TEST_EXTENSION",
    "Credential",
    "DirectTimeStamper",
    "Organisation",
    "Person",
    "Responder",
    "Revocation",
    "TestAuthorities",
    "TimestampAuthority",
    "open_authorities",
]
