"""A trust store as the files of a trust directory, for somebody who has nothing of ours: our form, and OpenSSL's."""

from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from docaxis_signing.trust.editing import CERTIFICATES, to_toml
from docaxis_signing.trust.store import PINNED, TRUST_FILE, ConfiguredAuthority, TrustStore

ROOTS: Final = "roots.pem"
AUTHORITIES: Final = "authorities.pem"


def trust_files(store: TrustStore) -> dict[str, bytes]:
    """Write a store; read back from a directory it is the same, by its hash. Names of files are hashes."""
    content: dict[str, Any] = {"version": 1}
    for authority in store.authorities:
        kind = PINNED if authority.pinned else "authority" if authority.issuer else "anchor"
        content.setdefault(kind, []).append(_entry(authority))
    files = {TRUST_FILE: to_toml(content).encode()}
    files |= {_file(one): _pem(one) for one in store.authorities}
    files[ROOTS] = b"".join(_pem(one) for one in store.authorities if one.issuer is None)
    files[AUTHORITIES] = b"".join(_pem(one) for one in store.authorities)
    return files


def _entry(authority: ConfiguredAuthority) -> Mapping[str, Any]:
    entry = {
        "name": authority.name,
        "file": _file(authority),
        "purposes": sorted(authority.purposes),
        "issuer": authority.issuer,
        "source": authority.source,
        "sha256": authority.sha256 if authority.pinned else None,
        "crl": list(authority.crl),
        "ocsp": list(authority.ocsp),
        "valid_from": authority.valid_from,
        "valid_until": authority.valid_until,
        "distrusted_from": authority.distrusted_from,
        "lists_from": authority.lists_from,
    }
    return {name: value for name, value in entry.items() if value}


def _file(authority: ConfiguredAuthority) -> str:
    return f"{CERTIFICATES}/{authority.sha256}.pem"


def _pem(authority: ConfiguredAuthority) -> bytes:
    return authority.certificate.public_bytes(Encoding.PEM)
