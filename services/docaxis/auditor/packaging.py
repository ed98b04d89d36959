"""The evidence package of one submission: all that an outsider needs to check it, with programs that are not ours.

Whatever strangers named is inside of files, never a file's name: names are hashes, numbers and words of ours. Proofs
lead to the first time-stamped checkpoint that covers all leaves, so that the same export gives the same bytes whenever
it is made, once the log was anchored; before that they lead to the checkpoint of the moment.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final
from uuid import UUID

from docaxis.auditor.zipping import PackedFile
from docaxis.storage.contents.reading import OpenContent
from docaxis.storage.evidence_objects import EvidenceObjects, KeptVerdict
from docaxis.storage.log_files import CHECKPOINT, VKEY, LogFiles
from docaxis.storage.receipts import Piece
from docaxis_schemas.canonical import canonical
from docaxis_schemas.evidence import EvidenceType
from docaxis_signing.anchor_files import TOKEN
from docaxis_signing.etsi_report import report
from docaxis_signing.receipts import SIGNATURE, STATEMENT
from docaxis_signing.rerun import certificates_in, objects_of, read_trust
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.merkle import inclusion_proof
from docaxis_signing.transparency.note import Verifier
from docaxis_signing.transparency.policy import NONE, Policy
from docaxis_signing.transparency.proof import PROOF, LogProof
from docaxis_signing.transparency.tiles import TileReader
from docaxis_signing.trust.portable import trust_files
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import SubmissionVerdict

FORMAT: Final = "docaxis-package/1"
DOCUMENTS: Final = "documents/"
LARGE: Final = 2 * 1024 * 1024 * 1024 - 1
"""Bytes above which a ZIP needs its 64-bit form."""
_OURS: Final = files("docaxis.auditor") / "package"
_PDF: Final = "application/pdf"
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
"""Names of authorities that commands may make names of files of; `docaxis trust add` takes no others."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file of the submission as its manifest names it; ``content`` is None if it is not kept any more."""

    entry: Mapping[str, Any]
    content: OpenContent | None

    @property
    def path(self) -> str:
        """Where it lies in the package, where ``docaxis verify --evidence`` finds it by its hash."""
        suffix = "pdf" if self.entry["media_type"] == _PDF else "bin"
        return f"{DOCUMENTS}{self.entry['sha256']}.{suffix}"


@dataclass(frozen=True, slots=True)
class Head:
    """The checkpoint that proofs lead to; ``token`` is its time-stamp, None as long as it has none."""

    checkpoint: bytes
    token: bytes | None

    @property
    def size(self) -> int:
        """Count its leaves."""
        return Checkpoint.stated(self.checkpoint).size


def head_of(log: LogFiles, leaves: int) -> Head | None:
    """Give the first anchored checkpoint of at least so many leaves, else the published one; None of an empty log."""
    for size in log.anchors():
        if size >= leaves and (anchor := log.anchor(size)) is not None:
            return Head(*anchor)
    published = log.read(CHECKPOINT)
    return None if published is None else Head(published, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What the axis has of one submission, with the objects its verdicts rest on as far as they are kept."""

    submission_id: UUID
    public_keys: Mapping[str, Any]
    documents: Sequence[Document]
    verdicts: Sequence[KeptVerdict]
    pieces: Sequence[Piece]
    signatures: Mapping[UUID, bytes]
    """What the axis's organisation signed of the statements (CAdES), by event."""
    log: LogFiles | None
    objects: EvidenceObjects
    kept: frozenset[str]
    certificates: Mapping[str, bytes]
    """Descriptions of trust stores and the certificates in them, by hash."""
    unsigned: Mapping[UUID, Mapping[str, str]] = field(default_factory=dict)
    """Why such a signature is missing, by event."""

    def files(self) -> list[PackedFile]:
        """Give the files of the package in their order. Reads of the log: not for the loop that serves others."""
        head = self._head()
        parts = (
            self._ours(head),
            self._documents(),
            self._objects(),
            self._verdicts(),
            self._trust(),
            self._evidence(head),
        )
        named = {one.name: one for part in parts for one in part}
        return [named[name] for name in sorted(named)]

    def described(self) -> dict[str, Any]:
        """Say what the package holds and what it lacks: the ``package.json`` in it. Reads of the log, as `files`."""
        return self._described(self._head())

    def _ours(self, head: Head | None) -> Iterator[PackedFile]:
        for name, source in _walk(_OURS):
            yield PackedFile.made(name, source.read_bytes)
        yield PackedFile.made("package.json", lambda: _line(self._described(head)))

    def _documents(self) -> Iterator[PackedFile]:
        for path, content in {one.path: one.content for one in self.documents}.items():
            if content is not None:
                yield PackedFile(path, content.stream, large=content.size > LARGE)

    def _objects(self) -> Iterator[PackedFile]:
        for name in sorted(self.kept):
            yield PackedFile(f"objects/{name}", partial(self._object, name))

    async def _object(self, name: str) -> AsyncIterator[bytes]:
        content = await self.objects.read(name)
        assert content is not None, "objects are never removed while they are read"
        yield content

    def _verdicts(self) -> Iterator[PackedFile]:
        for kept in self.verdicts:
            record = kept.record()
            if record is not None:
                yield PackedFile.made(f"verdicts/{kept.sha256}.json", partial(_line, record))
            verdict = SubmissionVerdict.from_json(dict(kept.verdict))
            for number, file in enumerate(verdict.files, 1):
                make = partial(report, verdict, file, self.certificates)
                yield PackedFile.made(f"reports/{kept.sha256}-{number}.xml", make)

    def _trust(self) -> Iterator[PackedFile]:
        """Write the trust store of the verdict that stands, and whose its lists are."""
        found = self._standing()
        if found is None:
            return
        store, inputs = found
        for name, content in trust_files(store).items():
            yield PackedFile.made(f"trust/{name}", partial(bytes, content))
        lists = [one for one in inputs["lists"] if one["sha256"] in self.kept and _PLAIN.fullmatch(one["authority"])]
        text = "".join(f"{one['authority']} {one['sha256']}\n" for one in lists)
        yield PackedFile.made("trust/lists.txt", text.encode)

    def _standing(self) -> tuple[TrustStore, Mapping[str, Any]] | None:
        for kept in reversed(self.verdicts):
            if kept.inputs is not None and kept.inputs["trust"] in self.certificates:
                return read_trust(str(kept.inputs["trust"]), self.certificates.__getitem__), kept.inputs
        return None

    def _evidence(self, head: Head | None) -> Iterator[PackedFile]:
        reader = None
        if head is not None and self.log is not None:
            reader = TileReader(self.log.tile, head.size)
            yield PackedFile.made("log/checkpoint", partial(bytes, head.checkpoint))
            yield PackedFile.made(f"log/{VKEY}", lambda: self._vkey().encode())
            if head.token is not None:
                yield PackedFile.made(f"log/checkpoint{TOKEN}", partial(bytes, head.token))
        for number, piece in enumerate(self.pieces, 1):
            prove = partial(_prove, piece, head, reader)
            yield PackedFile.made(_receipt(number, piece), partial(_evidence_file, piece, prove))
            if (signed := self.signatures.get(event_of(piece))) is not None:
                name = _receipt(number, piece).removesuffix(".json")
                yield PackedFile.made(f"{name}{STATEMENT}", partial(bytes, piece.statement))
                yield PackedFile.made(f"{name}{SIGNATURE}", partial(bytes, signed))
            if piece.leaf_index is not None and piece.leaf is not None:
                yield PackedFile.made(f"log/leaves/{piece.leaf_index}.json", partial(bytes, piece.leaf))
                if head is not None and piece.leaf_index < head.size:
                    yield PackedFile.made(f"log/proofs/{piece.leaf_index}{PROOF}", partial(_proof, prove))
        yield PackedFile.made("keys.json", lambda: _line(self._keys()))

    def _head(self) -> Head | None:
        places = [piece.leaf_index for piece in self.pieces if piece.leaf_index is not None]
        return None if self.log is None else head_of(self.log, max(places, default=-1) + 1)

    def _vkey(self) -> str:
        found = None if self.log is None else self.log.read(VKEY)
        return "" if found is None else found.decode()

    def _keys(self) -> dict[str, Any]:
        """Give the axis's keys as it states them, in the form of a file of pinned keys."""
        named = {name: self.public_keys[name] for name in ("axis", "environment", "keys")}
        vkey = self._vkey().strip()
        policy = Policy((Verifier.from_vkey(vkey),), {}, {}, NONE).to_text() if vkey else None
        return named | {"log_policy": policy}

    def _described(self, head: Head | None) -> dict[str, Any]:
        missing = {name for kept in self.verdicts for name in _wanted(kept, self.certificates)} - self.kept
        return {
            "format": FORMAT,
            "submission_id": str(self.submission_id),
            "axis": self.public_keys["axis"],
            "environment": self.public_keys["environment"],
            "documents": [
                dict(one.entry) | {"file": None if one.content is None else one.path} for one in self.documents
            ],
            "verdicts": [
                {
                    "sha256": kept.sha256,
                    "indication": kept.verdict["indication"],
                    "record": None if kept.inputs is None else f"verdicts/{kept.sha256}.json",
                }
                for kept in self.verdicts
            ],
            "evidence": [
                {
                    "receipt": _receipt(number, piece),
                    "leaf_index": piece.leaf_index,
                    "signature_missing": self.unsigned.get(event_of(piece)),
                }
                for number, piece in enumerate(self.pieces, 1)
            ],
            "log": None if head is None else {"size": head.size, "anchored": head.token is not None},
            "missing_objects": sorted(missing),
        }


def _wanted(kept: KeptVerdict, certificates: Mapping[str, bytes]) -> frozenset[str]:
    """Name the objects that a verdict rests on, the certificates of its trust store among them."""
    if kept.inputs is None:
        return frozenset()
    trust = certificates.get(str(kept.inputs["trust"]))
    return objects_of(kept.inputs) | (frozenset() if trust is None else certificates_in(trust))


async def gather_objects(
    objects: EvidenceObjects, verdicts: Sequence[KeptVerdict]
) -> tuple[frozenset[str], dict[str, bytes]]:
    """Find which objects of these verdicts are kept, and read the trust stores with their certificates.

    Raises:
        DamagedObject: One of them is not what its name says.
        UnavailableStorage: The database is away.
    """
    small: dict[str, bytes] = {}
    for name in {str(kept.inputs["trust"]) for kept in verdicts if kept.inputs is not None}:
        description = await objects.read(name)
        if description is not None:
            found = {one: await objects.read(one) for one in certificates_in(description)}
            if None not in found.values():
                small |= {one: content for one, content in found.items() if content is not None}
                small[name] = description
    wanted = frozenset[str]().union(*(_wanted(kept, small) for kept in verdicts))
    return await objects.whole(wanted), small


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for item in folder.iterdir():
        if item.is_dir():
            if item.name != "__pycache__":
                yield from _walk(item, f"{prefix}{item.name}/")
        else:
            yield prefix + item.name, item


def event_of(piece: Piece) -> UUID:
    """Give the event that a piece of evidence states."""
    return UUID(json.loads(piece.statement)["event_id"])


def _receipt(number: int, piece: Piece) -> str:
    kind = EvidenceType(json.loads(piece.statement)["type"])
    return f"receipts/{number:05}-{kind.value}.json"


def _prove(piece: Piece, head: Head | None, reader: TileReader | None) -> LogProof | None:
    index, leaf = piece.leaf_index, piece.leaf
    if index is None or leaf is None or head is None or reader is None or index >= head.size:
        return None
    return LogProof(index, inclusion_proof(reader, index, head.size), head.checkpoint, leaf)


def _evidence_file(piece: Piece, prove: Callable[[], LogProof | None]) -> bytes:
    return _line(piece.file(prove()))


def _proof(prove: Callable[[], LogProof | None]) -> bytes:
    proof = prove()
    assert proof is not None, "it is below the head"
    return proof.to_bytes()


def _line(value: Mapping[str, Any]) -> bytes:
    return canonical(value) + b"\n"
