"""What a policy asks of a signature that holds: algorithms, root, recent status data, time-stamp, level."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from docaxis_signing.policy import FilePolicy
from docaxis_signing.verdict import Cause, SignatureFinding, SubIndication


@dataclass(frozen=True, slots=True)
class Unmet:
    """A demand that a signature does not meet."""

    sub_indication: SubIndication
    cause: Cause
    detail: str


def unmet(finding: SignatureFinding, policy: FilePolicy, received: datetime) -> Unmet | None:
    """Find the first demand that is not met, what can still come to be met last.

    Args:
        finding: A signature that holds.
        policy: What is asked.
        received: When the file was received.
    """
    return next(iter(_unmet(finding, policy, received)), None)


def _unmet(finding: SignatureFinding, policy: FilePolicy, received: datetime) -> Iterator[Unmet]:
    yield from _algorithms(finding, policy)
    source = finding.certificate.source if finding.certificate else ""
    if source not in policy.sources:
        yield Unmet(SubIndication.CHAIN_CONSTRAINTS_FAILURE, Cause.ROOT_NOT_ADMITTED, f"root: {source or 'unknown'}")
    if policy.time.timestamp and finding.timestamp_time is None:
        yield Unmet(SubIndication.SIG_CONSTRAINTS_FAILURE, Cause.TIMESTAMP_MISSING, "no time-stamp")
    if finding.level not in policy.time.levels:
        yield Unmet(SubIndication.SIG_CONSTRAINTS_FAILURE, Cause.LEVEL_TOO_LOW, f"level {finding.level}")
    yield from _status(finding, policy, received)


def _algorithms(finding: SignatureFinding, policy: FilePolicy) -> Iterator[Unmet]:
    asked, scheme = policy.algorithms, scheme_of(finding.signature_algorithm)
    smallest = asked.rsa_bits if scheme.startswith("rsassa") else asked.curve_bits
    if finding.digest_algorithm not in asked.digests:
        yield _weak(f"digest {finding.digest_algorithm}")
    if scheme not in asked.signatures:
        yield _weak(f"signature {finding.signature_algorithm}")
    if finding.key_bits < smallest:
        yield _weak(f"key of {finding.key_bits} bits, {smallest} asked for")


def _weak(detail: str) -> Unmet:
    return Unmet(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, Cause.WEAK_ALGORITHM, detail)


def _status(finding: SignatureFinding, policy: FilePolicy, received: datetime) -> Iterator[Unmet]:
    """A newer list will come, so what is too old is tried later."""
    issued, asked = finding.status_issued, policy.status
    if issued is None:
        return  # nothing below the anchor has a status; whatever does and has none was found missing before
    too_old = asked.issued_within is not None and received - issued > asked.issued_within
    too_early = asked.issued_after_signing and finding.best_time is not None and issued < finding.best_time
    if too_old or too_early:
        detail = f"status data issued {issued:%Y-%m-%dT%H:%M:%SZ}"
        yield Unmet(SubIndication.TRY_LATER, Cause.REVOCATION_STALE, detail)


def scheme_of(algorithm: str) -> str:
    """Give the signature scheme that an algorithm's name stands for."""
    if algorithm.endswith("_rsa"):
        return "rsassa_pkcs1v15"
    if algorithm.endswith("_ecdsa"):
        return "ecdsa"
    return "eddsa" if algorithm in {"ed25519", "ed448"} else algorithm
