"""The keeper's word on all that the directory says: a JWS over a digest of it, made outside the services.

Whoever can write the database could otherwise make a key a member's, a certificate an organisation's seal, or end a
suspension. The key that signs is with those who change the directory; services hold its public half and act on nothing
that it has not signed.

Not attested are credentials, which open the door and say nothing of who signed, and the keys that gateways make for
members' clerks: their ids say what they are, and so does all evidence of what they sign.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from docaxis.directory.entries import GATEWAY_KEY
from docaxis.directory.errors import UnattestedDirectory
from docaxis.directory.organisation_list import write_list
from docaxis.directory.organisations import OrganisationIndex
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis_schemas.canonical import canonical, digest
from docaxis_schemas.moments import to_text
from docaxis_signing.statements import MemberSigner, RejectedStatement, open_pinned

KIND: Final = "docaxis.directory/1"
MAX_ATTESTATION: Final = 4096
"""Bytes of the signed statement; it has about 300."""


def organisations_digest(organisations: OrganisationIndex) -> str:
    """Give the SHA-256, in lower-case hex, of all organisations; of the 123,265 of a country in about a second."""
    return hashlib.sha256(write_list(organisations)).hexdigest()


def directory_digest(directory: DirectorySnapshot, organisations: str) -> str:
    """Give the SHA-256, in lower-case hex, of what the directory says, given that of its organisations."""
    return digest(
        {
            "organisations": organisations,
            "members": _table(
                [one.id, one.name, one.state.value, _moment(one.suspended_at), _moment(one.compromised_since)]
                for one in directory.members.values()
            ),
            "keys": _table(
                [member, key.kid, dict(key.jwk), _moment(key.valid_from), _moment(key.valid_to)]
                for member, keys in directory.keys.items()
                for key in keys.values()
                if not key.kid.startswith(GATEWAY_KEY)
            ),
            "mandates": _table(
                [one.member, one.issuer, _moment(one.valid_from), _moment(one.valid_to), one.granted_by]
                for mandates in directory.mandates.values()
                for one in mandates
            ),
            "certificates": _table(
                [
                    one.certificate_sha256,
                    one.role.value,
                    one.organisation,
                    _moment(one.valid_from),
                    _moment(one.valid_to),
                    one.possession,
                    one.registered_by,
                    _moment(one.registered_at),
                ]
                for one in directory.certificates.values()
            ),
        }
    )


def attest(directory: DirectorySnapshot, organisations: str, signer: MemberSigner, *, at: datetime) -> str:
    """Sign what the directory says, as a compact JWS."""
    said = {"kind": KIND, "version": directory.version, "sha256": directory_digest(directory, organisations)}
    return signer.sign(said | {"signed_at": to_text(at)})


def check_attestation(
    token: str | None,
    directory: DirectorySnapshot,
    organisations: str,
    keeper: Mapping[str, Any],
    *,
    at: datetime,
    since: int = 0,
) -> int:
    """Check that a directory is the one that its keeper signed, and give the version that was signed.

    ``keeper`` is the public JWK; ``since`` is the last version that was seen signed: what was signed earlier was
    replaced by it and stands no more.

    Raises:
        UnattestedDirectory: It is not signed, by another key, or was changed since.
    """
    if token is None:
        raise UnattestedDirectory("the directory is not attested by its keeper")
    try:
        said = open_pinned(token, keeper, at=at, limit=MAX_ATTESTATION).payload
    except RejectedStatement as error:
        raise UnattestedDirectory(f"the directory's attestation: {error}") from error
    version = said.get("version")
    if said.get("kind") != KIND or not isinstance(version, int) or not since <= version <= directory.version:
        raise UnattestedDirectory("the directory's attestation is not of this state of it")
    if said.get("sha256") != directory_digest(directory, organisations):
        raise UnattestedDirectory(f"the directory was changed since its keeper attested version {version}")
    return version


def _moment(at: datetime | None) -> str | None:
    return None if at is None else to_text(at)


def _table(rows: Any) -> list[list[Any]]:
    return sorted(rows, key=canonical)
