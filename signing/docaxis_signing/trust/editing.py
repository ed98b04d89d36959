"""Changes to a trust directory: a new store is made and checked in full before anything of it is written.

The trust file is written anew from its values, so comments in it do not last; reasons belong into the history.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from docaxis_signing.durable import write_whole
from docaxis_signing.trust.addresses import Destination, RejectedAddress
from docaxis_signing.trust.history import Change, Entry, append, next_entry, read_history
from docaxis_signing.trust.store import (
    KINDS,
    PINNED,
    TEST_EXTENSION,
    TRUST_FILE,
    ConfiguredAuthority,
    RejectedTrustStore,
    TrustStore,
    read_content,
)

CERTIFICATES: Final = "certs"


class TrustDirectory:
    """A trust directory that is being changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content: dict[str, Any] = read_content(path) if (path / TRUST_FILE).exists() else {"version": 1}
        self.history = read_history(path)

    @property
    def store(self) -> TrustStore:
        """Give the store as it is.

        Raises:
            RejectedTrustStore: It does not say clearly what to trust.
        """
        return TrustStore.of_content(self.path, self.content)

    def add(
        self,
        certificate: x509.Certificate,
        values: Mapping[str, Any],
        *,
        reason: str,
        at: datetime,
        pinned: bool = False,
    ) -> TrustStore:
        """Take an authority in; one without an issuer is an anchor.

        Args:
            certificate: Of the authority.
            values: Its name, purposes, and whatever else the trust file says of an authority.
            reason: Why, for the history.
            at: Now.
            pinned: Whether trust begins at it though it has an issuer, who signed it with SHA-1.

        Raises:
            RejectedTrustStore: The store would not be in order; nothing was changed.
        """
        name = str(values["name"])
        if not name.replace("-", "").isalnum() or not name.isascii() or name != name.lower():
            raise RejectedTrustStore(f"{name!r}: a name has small letters, digits and hyphens")
        kind = PINNED if pinned else "authority" if values.get("issuer") else "anchor"
        fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
        file = f"{CERTIFICATES}/{name}.pem"
        path = self.path / file
        if path.exists():
            raise RejectedTrustStore(f"{path} is there already")
        _check_addresses(certificate, values)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        try:
            entry = (
                {"name": name, "file": file}
                | ({"sha256": fingerprint} if pinned else {})
                | {key: value for key, value in values.items() if key != "name"}
            )
            changed = self.content | {kind: [*self.content.get(kind, []), entry]}
            return self._write(changed, Change.ADDED, (name, fingerprint), reason=reason, at=at)
        except RejectedTrustStore:
            path.unlink()
            raise

    def remove(self, name: str, *, reason: str, at: datetime) -> TrustStore:
        """Take an authority out; what it issued is not trusted any more, whenever it was signed.

        Raises:
            RejectedTrustStore: It is not there, or others rest on it; nothing was changed.
        """
        authority, entry = self._found(name)
        changed = self.content | {
            kind: [item for item in self.content.get(kind, []) if item["name"] != name] for kind in KINDS
        }
        store = self._write(changed, Change.REMOVED, (name, authority.sha256), reason=reason, at=at)
        (self.path / entry["file"]).unlink(missing_ok=True)
        return store

    def distrust(self, name: str, *, since: datetime, reason: str, at: datetime) -> TrustStore:
        """Trust an authority for what was signed before a date only.

        Raises:
            RejectedTrustStore: It is not there; nothing was changed.
        """
        authority, _ = self._found(name)
        changed = self.content | {
            kind: [
                item | ({"distrusted_from": since} if item["name"] == name else {})
                for item in self.content.get(kind, [])
            ]
            for kind in KINDS
        }
        return self._write(changed, Change.DISTRUSTED, (name, authority.sha256), reason=reason, at=at)

    def _found(self, name: str) -> tuple[ConfiguredAuthority, dict[str, Any]]:
        entries = [item for kind in KINDS for item in self.content.get(kind, []) if item.get("name") == name]
        if not entries:
            raise RejectedTrustStore(f"no authority is called {name!r}")
        return self.store.named(name), entries[0]

    def _write(
        self, content: dict[str, Any], change: Change, about: tuple[str, str], *, reason: str, at: datetime
    ) -> TrustStore:
        store = TrustStore.of_content(self.path, content)
        added = [] if self.history else list(self._taken_over(at))
        before = (*self.history, *added)
        name, certificate = about
        entry = next_entry(
            before, at=at, change=change, name=name, certificate=certificate, reason=reason, store=store.sha256
        )
        content = content | {"serial": entry.serial}
        # The history first: should the machine stop in between, `check` says that the store is not the one it names.
        append(self.path, *added, entry)
        write_whole(self.path / TRUST_FILE, to_toml(content).encode())
        self.content, self.history = content, (*before, entry)
        return store

    def _taken_over(self, at: datetime) -> tuple[Entry, ...]:
        if not any(self.content.get(kind) for kind in KINDS):
            return ()
        change, store = Change.TAKEN_OVER, self.store.sha256
        return (next_entry((), at=at, change=change, name="", certificate="", reason="", store=store),)


def _check_addresses(certificate: x509.Certificate, values: Mapping[str, Any]) -> None:
    """Refuse what the fetcher would not contact, while somebody is there to mend it."""
    test = any(extension.oid == TEST_EXTENSION for extension in certificate.extensions)
    for address in (*values.get("crl", ()), *values.get("ocsp", ())):
        try:
            Destination.of(address, test=test)
        except RejectedAddress as error:
            raise RejectedTrustStore(str(error)) from error


def to_toml(content: Mapping[str, Any]) -> str:
    """Write a trust file."""
    head = [f"version = {content['version']}", f"serial = {content.get('serial', 0)}"]
    parts = ["\n".join(head)]
    for kind in KINDS:
        parts += ["\n".join([f"[[{kind}]]", *_fields(entry)]) for entry in content.get(kind, [])]
    return "\n\n".join(parts) + "\n"


def _fields(entry: Mapping[str, Any]) -> list[str]:
    # JSON strings and lists of strings are TOML too; a time is written bare
    return [
        f"{key} = {value.isoformat() if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)}"
        for key, value in entry.items()
    ]
