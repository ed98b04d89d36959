"""A directory of kept evidence: objects by the SHA-256 of their bytes, and a record for each verdict.

    objects/SHA256                 documents, certificates, lists, tokens, policies, trust stores
    documents/SHA256.pdf           documents, where they lie apart for people to open
    verdicts/VERDICT_SHA256.json   a verdict and the names of all it was drawn from

Nothing is ever changed in place: what is there under a name is what belongs there.
"""

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from docaxis_schemas.canonical import canonical
from docaxis_signing.rerun import RejectedEvidence

OBJECTS: Final = "objects"
DOCUMENTS: Final = "documents"
VERDICTS: Final = "verdicts"
_HEX: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record where it lies; its name is the hash of the verdict it holds."""

    path: Path

    @property
    def verdict_sha256(self) -> str:
        """Give the hash of the verdict that was recorded."""
        return self.path.stem

    def read(self) -> dict[str, Any]:
        """Read it.

        Raises:
            RejectedEvidence: It cannot be read, or is the record of another verdict.
        """
        try:
            record = json.loads(self.path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise RejectedEvidence(f"{self.path}: {error}") from error
        if not isinstance(record, dict) or record.get("verdict_sha256") != self.verdict_sha256:
            raise RejectedEvidence(f"{self.path}: not the record of that verdict")
        return record

    @property
    def together(self) -> tuple[str, str]:
        """Name what it shares with others; records of one trust store and set of lists are drawn again in a row."""
        try:
            inputs = self.read()["inputs"]
            return str(inputs["trust"]), str(inputs["lists"])
        except (RejectedEvidence, KeyError, TypeError):
            return "", ""


@dataclass(frozen=True, slots=True)
class EvidenceDirectory:
    """Reads and writes one such directory."""

    path: Path

    def put(self, objects: Mapping[str, bytes]) -> None:
        """Keep objects."""
        for name, data in objects.items():
            self._write(self.path / OBJECTS / name, data)

    def put_document(self, source: Path, sha256: str) -> None:
        """Keep a document, if it still has the bytes that were judged.

        Raises:
            OSError: It was changed meanwhile.
        """
        data = source.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise OSError(errno.ESTALE, "changed while it was judged", str(source))
        self._write(self.path / OBJECTS / sha256, data)

    def put_record(self, record: Mapping[str, Any]) -> None:
        """Keep a verdict's record."""
        self._write(self.path / VERDICTS / f"{record['verdict_sha256']}.json", canonical(record) + b"\n")

    def object_path(self, sha256: str) -> Path:
        """Say where an object lies.

        Raises:
            RejectedEvidence: The name is none.
        """
        if len(sha256) != 64 or not _HEX.issuperset(sha256):
            raise RejectedEvidence(f"{sha256!r} is no SHA-256")
        path, document = self.path / OBJECTS / sha256, self.path / DOCUMENTS / f"{sha256}.pdf"
        return document if not path.exists() and document.exists() else path

    def get(self, sha256: str) -> bytes:
        """Read an object.

        Raises:
            RejectedEvidence: It is not there, or its bytes have another hash.
        """
        try:
            data = self.object_path(sha256).read_bytes()
        except OSError as error:
            raise RejectedEvidence(f"object {sha256}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise RejectedEvidence(f"object {sha256} has other bytes")
        return data

    def records(self) -> list[KeptRecord]:
        """Find every record, those that share lists one after the other.

        Raises:
            RejectedEvidence: There is none.
        """
        found = [KeptRecord(path) for path in sorted((self.path / VERDICTS).glob("*.json"))]
        if not found:
            raise RejectedEvidence(f"no verdict is kept in {self.path}")
        return sorted(found, key=lambda record: record.together)

    def _write(self, path: Path, data: bytes) -> None:
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_bytes(data)
        temporary.replace(path)
