"""Policies: what is asked of a file, as versioned data whose hash goes into every verdict.

A file policy is one TOML file and says everything it asks for; nothing is taken for granted, so that two of them can be
compared line by line. A policy is the set of file policies that the axis judges a submission by, one for each role.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from docaxis_schemas.canonical import digest
from docaxis_signing.verdict import Integrity, Level


class JudgedAs(StrEnum):
    """The role in which a file is judged."""

    ORIGINAL = "original"
    CERTIFIED_COPY = "certified_copy"
    APPENDIX = "appendix"
    ENCLOSURE = "enclosure"
    FILE = "file"
    """A file by itself, under the one policy that was asked for."""


class SignerRole(StrEnum):
    """What a registered certificate is for. From the register, never from words in its subject."""

    PERSON = "person"
    SEAL = "seal"


class SealOf(StrEnum):
    """Whose seal a policy asks for."""

    ISSUER = "issuer"
    COPIER = "copier"


class RejectedPolicy(ValueError):
    """A policy file does not say clearly what it asks for."""


@dataclass(frozen=True, slots=True)
class SignatureDemands:
    """Who has to sign, in which order, and which of the signatures found have to hold."""

    required: tuple[SignerRole, ...]
    """In the order of signing. Empty: whoever signed, and nobody is looked up in the register."""
    seal_of: SealOf
    seal_is_last: bool
    every: bool
    """Whether each signature on the file has to hold; else those that are not required are reported only."""
    decides: bool


@dataclass(frozen=True, slots=True)
class ContentDemands:
    """What may have happened to the file after signing, and what it may carry."""

    integrity: frozenset[Integrity]
    pictures_may_cover: bool
    """Whether a further signature's picture may lie over what was signed, as a seal does over a person's signature."""
    refused_active_content: frozenset[str]


@dataclass(frozen=True, slots=True)
class AlgorithmDemands:
    """Algorithms that count, on top of what is refused whatever the policy says (rule 8)."""

    digests: frozenset[str]
    signatures: frozenset[str]
    rsa_bits: int
    curve_bits: int


@dataclass(frozen=True, slots=True)
class StatusDemands:
    """How recent the status data of the certificates have to be."""

    issued_within: timedelta | None
    """Before the time of reception; None: as long as the data themselves say that they hold."""
    issued_after_signing: bool


@dataclass(frozen=True, slots=True)
class TimeDemands:
    """What has to prove when it was signed, and what the signature has to carry for later."""

    timestamp: bool
    levels: frozenset[Level]


@dataclass(frozen=True, slots=True)
class FilePolicy:
    """What is asked of one file."""

    name: str
    version: int
    title_vi: str
    title_en: str
    basis: tuple[str, ...]
    signatures: SignatureDemands
    content: ContentDemands
    algorithms: AlgorithmDemands
    status: StatusDemands
    time: TimeDemands
    sources: frozenset[str]
    """Of which roots a signer's certificate has to come: government, public."""
    text: bytes = field(repr=False)
    """The TOML it was read from."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A named and versioned set of file policies, one for each role."""

    name: str
    version: int
    sha256: str
    roles: Mapping[JudgedAs, FilePolicy]

    @classmethod
    def of_roles(cls, name: str, version: int, roles: Mapping[JudgedAs, FilePolicy]) -> "Policy":
        """Make a set."""
        named = {role.value: rule.sha256 for role, rule in roles.items()}
        return cls(name, version, digest({"name": name, "version": version, "roles": named}), roles)

    @classmethod
    def of_file(cls, rule: FilePolicy) -> "Policy":
        """Make the set of a file that is judged by itself; its hash is that of the one policy."""
        return cls(rule.name, rule.version, rule.sha256, {JudgedAs.FILE: rule})
