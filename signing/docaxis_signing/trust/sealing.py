"""The signature of a trust directory: a JWS over the hash of the store and of its history.

Whoever can write the files of a service could otherwise add an authority of their own. The key that signs is kept
elsewhere; services and auditors hold its public half.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from docaxis_schemas.moments import to_text
from docaxis_signing.receipts import thumbprint
from docaxis_signing.statements import MemberSigner, RejectedStatement, open_pinned
from docaxis_signing.trust.history import NOTHING, Entry, RejectedHistory, read_history
from docaxis_signing.trust.store import TrustStore

SEAL_FILE: Final = "trust.jws"
MAX_SEAL: Final = 4096
"""Bytes of the signed statement; it has about 300."""
_KIND: Final = "docaxis.trust-store/1"


class UnsealedTrustStore(ValueError):
    """The trust directory is not signed, or is another than the one that was signed."""


class PutBackTrustStore(UnsealedTrustStore):
    """The trust directory was signed, but lacks a change that was in force before: an older one was put back."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the history of a signed trust directory goes.

    Attributes:
        key_sha256: Thumbprint of the key that signed it; another key begins another history.
        serial: Of the last change; 0 without any.
        change: SHA-256 of the last change.
    """

    key_sha256: str
    serial: int
    change: str


def seal(directory: Path, store: TrustStore, signer: MemberSigner, *, at: datetime) -> None:
    """Sign a trust directory as it is.

    Raises:
        RejectedHistory: Its history does not hold, or leads to another store.
    """
    payload = _expected(directory, store) | {"signed_at": to_text(at)}
    (directory / SEAL_FILE).write_text(signer.sign(payload) + "\n", encoding="ascii")


def check_seal(directory: Path, store: TrustStore, public_jwk: Mapping[str, Any], *, at: datetime) -> Mapping[str, Any]:
    """Check that a trust directory is the one that was signed, and give what was signed.

    Raises:
        UnsealedTrustStore: It is not signed, by another key, or was changed since.
        RejectedHistory: Its history does not hold, or leads to another store.
    """
    try:
        opened = open_pinned((directory / SEAL_FILE).read_bytes().strip(), public_jwk, at=at, limit=MAX_SEAL)
    except OSError as error:
        raise UnsealedTrustStore(f"{directory / SEAL_FILE}: {error.strerror}") from error
    except RejectedStatement as error:
        raise UnsealedTrustStore(f"{directory / SEAL_FILE}: {error}") from error
    expected = _expected(directory, store)
    if {name: opened.payload.get(name) for name in expected} != expected:
        raise UnsealedTrustStore(f"{directory} was changed since it was signed")
    return opened.payload


def standing(directory: Path, store: TrustStore, public_jwk: Mapping[str, Any]) -> Standing:
    """Tell how far a directory that was checked goes.

    Raises:
        RejectedHistory: Its history does not hold, or leads to another store.
    """
    expected = _expected(directory, store)
    return Standing(thumbprint(public_jwk), expected["serial"], expected["history"])


def check_continues(directory: Path, before: Standing) -> None:
    """Check that a directory's history goes on from where it stood, with nothing of it taken back or done otherwise.

    Raises:
        PutBackTrustStore: It does not.
        RejectedHistory: It does not hold.
    """
    known = {entry.serial: entry.sha256 for entry in read_history(directory)}
    if before.serial and known.get(before.serial) != before.change:
        raise PutBackTrustStore(
            f"{directory} lacks change {before.serial} ({before.change}), which was in force: an older directory was "
            "put back, or another history begun; one that is begun anew wants a new key"
        )


def check_history(directory: Path, store: TrustStore) -> Entry | None:
    """Check that the history of a directory leads to its store, and give its last change.

    Raises:
        RejectedHistory: It does not hold, or leads to another store.
    """
    history = read_history(directory)
    if history and history[-1].store != store.sha256:
        raise RejectedHistory(f"{directory}: the history leads to another store: it was changed by hand")
    return history[-1] if history else None


def _expected(directory: Path, store: TrustStore) -> dict[str, Any]:
    last = check_history(directory, store)
    return {
        "kind": _KIND,
        "store": store.sha256,
        "history": last.sha256 if last else NOTHING,
        "serial": last.serial if last else 0,
    }
