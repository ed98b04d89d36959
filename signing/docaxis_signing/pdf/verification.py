"""Examine one PDF: what it is, who signed it, and whether that holds. Bytes in, findings out; no network, no keys.

The order: our own scan of the bytes, then every signature that the scan or pyHanko sees, each through the acceptance
rules, pyHanko's digest and difference analysis, its time-stamps, and its chain at the best signature time. A bad
document never raises: whatever a library throws becomes a finding that is not passed.
"""

import hashlib
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from pyhanko.pdf_utils import misc
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from docaxis_signing.pdf.acceptance import Candidate, Covered, RefusedSignature, certification_first
from docaxis_signing.pdf.active import active_content
from docaxis_signing.pdf.bare_signature import BARE_RSA, examine_bare
from docaxis_signing.pdf.chain import PENDING, Knowledge
from docaxis_signing.pdf.examination import CURABLE_BY_TIME, examine_signature, refused, sealed_finding
from docaxis_signing.pdf.existence import Existence
from docaxis_signing.pdf.hashing import Digests, Source
from docaxis_signing.pdf.objects import Read, Snapshot
from docaxis_signing.pdf.seal import seal_of
from docaxis_signing.pdf.signature_dictionaries import USAGE_RIGHTS, USAGE_TRANSFORMS
from docaxis_signing.pdf.structure import PdfStructure, RejectedStructure, SignatureDictionary, scan
from docaxis_signing.pdf.syntax import Reference
from docaxis_signing.pdf.validation_data import carried_by
from docaxis_signing.trust.revocation import Carried, RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.trust.sunsets import Sunsets, shipped_sunsets
from docaxis_signing.verdict import (
    Cause,
    DocumentFindings,
    Indication,
    Integrity,
    SignatureFinding,
    SubIndication,
)

OPEN_TO_CARRIED: Final = PENDING | {Cause.EXPIRED_BEFORE_RECEPTION, Cause.TIMESTAMP_UNTRUSTED}
"""What the validation data of a document may settle: a status that the axis does not hold, or not any more."""
_ENGINES: Final = ("docaxis", "pyhanko", "pyhanko-certvalidator", "asn1crypto", "cryptography")
_WORST_FIRST: Final = (
    Integrity.BROKEN,
    Integrity.MODIFIED,
    Integrity.INTACT_WITH_PERMITTED_CHANGES,
    Integrity.INTACT,
)


def examine(
    data: bytes,
    *,
    trust: TrustStore,
    revocation: RevocationSnapshot,
    at: datetime,
    sunsets: Sunsets | None = None,
) -> DocumentFindings:
    """Examine a PDF.

    Args:
        data: The file.
        trust: Whom to trust.
        revocation: The lists in force; none is fetched.
        at: The evidenced time of reception, which is the best signature time of what has no valid time-stamp.
        sunsets: Until when algorithms count; by default the table that comes with the program.
    """
    if at.tzinfo is None:
        raise ValueError("the time of reception needs a zone")
    try:
        return _examine(data, Knowledge(trust, revocation, at, sunsets=sunsets or shipped_sunsets()))
    except MemoryError:
        raise  # the worker pool's business: it knows the limit and frees the process
    except RejectedStructure as error:
        return _document(data, error.cause, str(error))
    except (RecursionError, misc.PdfDecodeLimitError) as error:
        return _document(data, Cause.RESOURCE_LIMIT, f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001 - a hostile file makes the libraries raise anything; none of it passes
        return _document(data, Cause.UNREADABLE, f"{type(error).__name__}: {error}")


def engine_versions() -> tuple[str, ...]:
    """Name the libraries that a verdict is drawn with, with their versions."""
    return tuple(f"{name} {version(name)}" for name in _ENGINES)


def _examine(data: bytes, knowledge: Knowledge) -> DocumentFindings:
    structure = scan(data)
    if structure.encrypted:
        raise RejectedStructure(Cause.ENCRYPTED, "the file is encrypted")
    with closing(_Reading.of(data, structure)) as reading:
        return _findings(reading, knowledge)


def _findings(reading: "_Reading", knowledge: Knowledge) -> DocumentFindings:
    data, structure, reader = reading.data, reading.structure, reading.reader
    signatures = tuple(_signatures(reading, knowledge))
    facts: dict[str, Any] = {
        "sha256": reading.digests.whole(),
        "size": len(data),
        "pages": _pages(reader),
        "revisions": len(structure.revisions),
        "active_content": active_content(data, structure, reader),
        "revocation_lists": tuple(sorted(knowledge.consulted)),
        "material": knowledge.gathering.material(),
        "sunsets_sha256": knowledge.sunsets.sha256,
    }
    if not signatures:
        sub = SubIndication.SIGNED_DATA_NOT_FOUND
        return DocumentFindings(integrity=Integrity.UNSIGNED, cause=Cause.UNSIGNED, sub_indication=sub, **facts)
    worst = next(level for level in _WORST_FIRST if any(item.integrity is level for item in signatures))
    return DocumentFindings(integrity=worst, signatures=signatures, **facts)


def _document(data: bytes, cause: Cause, detail: str) -> DocumentFindings:
    """Answer for a file that as a whole cannot be judged."""
    integrity = Integrity.UNREADABLE
    if cause is Cause.UNACCOUNTED_BYTES and b"/ByteRange" in data:
        integrity = Integrity.MODIFIED
    sealed = None if cause is Cause.RESOURCE_LIMIT else seal_of(data)
    return DocumentFindings(
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        integrity=integrity if sealed is None else Integrity.INTACT,
        signatures=() if sealed is None else (sealed_finding(sealed, 0, cause),),
        cause=cause,
        sub_indication=SubIndication.FORMAT_FAILURE,
        notes=(detail,),
    )


@dataclass(frozen=True, slots=True)
class _Field:
    """A filled signature field and the number of its signature dictionary."""

    name: str
    dictionary: Any
    number: int | None


@dataclass(frozen=True, slots=True)
class _Reading:
    """The file as both readers see it."""

    data: bytes
    structure: PdfStructure
    reader: PdfFileReader
    fields: tuple[_Field, ...]
    scanned: dict[int, SignatureDictionary]
    read: Read
    digests: Digests

    @classmethod
    def of(cls, data: bytes, structure: PdfStructure) -> "_Reading":
        """Read a file strictly, and where it is honest but odd (rule 13) laxly.

        What pyHanko's lax reader lets pass is not let pass here: the scan has accounted for the bytes of every update,
        and the difference check explains every object of it.
        """
        digests = Digests(data, (item.contents[0] for item in structure.signatures if item.contents))
        if not structure.hybrid:
            with suppress(misc.PdfReadError):
                return cls._of(data, structure, digests, strict=True)
        return cls._of(data, structure, digests, strict=False)

    def laxly(self) -> "_Reading":
        """Read the file with pyHanko's lax reader."""
        return self._of(self.data, self.structure, self.digests, strict=False)

    @classmethod
    def _of(cls, data: bytes, structure: PdfStructure, digests: Digests, *, strict: bool) -> "_Reading":
        reader = PdfFileReader(Source(data, digests), strict=strict)
        fields = tuple(
            _Field(str(name), field, getattr(field.get_object().raw_get("/V"), "idnum", None))
            for name, _, field in enumerate_sig_fields(reader, filled_status=True)
        )
        scanned = {item.number: item for item in reversed(structure.signatures) if item.number is not None}
        return cls(data, structure, reader, fields, scanned, Read(structure.read), digests)

    def close(self) -> None:
        """Let go of all that was read; nothing can be read any more.

        Each object refers to its reader and each reader to its objects. Where that ring is left to the collector of
        cycles, a third of what a verdict costs goes into finding it.
        """
        for resolver in self.reader._historical_resolver_cache.values():  # noqa: SLF001 - no other way to them
            vars(resolver).clear()
        vars(self.reader).clear()

    def revision_of(self, field: _Field) -> int:
        """Give the revision that added a signature; the last one where the bytes do not tell."""
        found = self.scanned.get(field.number) if field.number is not None else None
        return found.revision if found else len(self.structure.revisions) - 1

    def last_timestamps_first(self, field: _Field) -> tuple[bool, int]:
        """Order fields so that what proves existence comes before what it proves."""
        try:
            timestamp = _is_document_timestamp(field)
        except Exception:  # noqa: BLE001 - a hostile file; the field's own examination tells what is wrong
            timestamp = False
        return not timestamp, -self.revision_of(field)

    def covered(self, field: _Field) -> Covered:
        """Find what the scan saw of a field's signature.

        Raises:
            RefusedSignature: It saw none.
        """
        found = self.scanned.get(field.number) if field.number is not None else None
        if found is None:
            raise RefusedSignature("rule 1: the field's signature is not in the bytes", Cause.BROKEN)
        return Covered(data=self.data, structure=self.structure, scanned=found, read=self.read)

    def candidate(self, field: _Field) -> Candidate:
        """Bring both views of a signature together.

        Raises:
            RefusedSignature: They do not agree that there is one signature for this field alone.
        """
        found = self.covered(field)
        embedded = EmbeddedPdfSignature(self.reader, field.dictionary, field.name)
        return Candidate(
            data=found.data, structure=found.structure, scanned=found.scanned, read=found.read, embedded=embedded
        )


def _signatures(reading: _Reading, knowledge: Knowledge) -> list[SignatureFinding]:
    """Examine every signature that either reader sees, in the order of the bytes."""
    findings: list[SignatureFinding] = []
    existence, carried = Existence(), cache(lambda: carried_by(reading.reader, knowledge.trust, knowledge.at))
    for field in sorted(_one_a_signature(reading), key=reading.last_timestamps_first):
        proved = existence.proved_before(reading.revision_of(field))
        findings.append(_one(reading, field, knowledge.proved_at(proved), carried))
        existence = existence.and_by(findings[-1])
    findings += [_unlisted(reading, item) for item in _without_field(reading)]
    try:
        certification_first(reading.reader, reading.structure.signatures)
    except RefusedSignature as refusal:
        findings.append(refused("/Perms", 0, refusal))
    return sorted(findings, key=lambda finding: finding.revision)


def _one_a_signature(reading: _Reading) -> list[_Field]:
    """Give the first field of each signature; signed in two places at once it is still one signature.

    A field that an update adds for a signature of an older revision is a change that the difference check refuses. A
    field that its signature is written into is left to what the scan tells of it.
    """
    written = sum(item.in_field for item in reading.structure.signatures)
    direct = [field for field in reading.fields if field.number is None]
    fields = [item for item in reading.fields if item not in direct] if len(direct) == written else reading.fields
    found: dict[int | str, _Field] = {}
    for field in fields:
        found.setdefault(field.number if field.number is not None else field.name, field)
    return list(found.values())


def _without_field(reading: _Reading) -> list[SignatureDictionary]:
    listed = {field.number for field in reading.fields} | _usage_rights(reading)
    return [item for item in reading.structure.signatures if item.number is None or item.number not in listed]


def _usage_rights(reading: _Reading) -> set[int]:
    """Name what says that Adobe's reader may do more with the file: no signature of the document (12.8.6).

    What does not say so itself is none, or an approval could be hidden there after its field was taken away.
    """
    view = Snapshot(reading.data, reading.structure.revisions, reading.read)
    catalog = view.resolve(view.trailer.get(b"Root"))
    rights = view.resolve(catalog.get(b"Perms")) if isinstance(catalog, dict) else None
    found = [rights.get(key) for key in USAGE_RIGHTS] if isinstance(rights, dict) else []
    return {item.number for item in found if isinstance(item, Reference) and _gives_rights(view, view.resolve(item))}


def _gives_rights(view: Snapshot, signature: Any) -> bool:
    references = view.resolve(signature.get(b"Reference")) if isinstance(signature, dict) else None
    transforms = [view.resolve(item) for item in references] if isinstance(references, list) else []
    methods = [item.get(b"TransformMethod") for item in transforms if isinstance(item, dict)]
    return bool(methods) and all(method in USAGE_TRANSFORMS for method in methods)


def _unlisted(reading: _Reading, item: SignatureDictionary) -> SignatureFinding:
    """Rule 1: a signature in the bytes that no field holds is a failure, never "unsigned"."""
    sealed = seal_of(reading.data) if item.in_field else None
    if sealed is not None:
        return sealed_finding(sealed, item.revision, Cause.UNSUPPORTED)
    name = f"object {item.number}" if item.number is not None else "unlisted object"
    return refused(name, item.revision, RefusedSignature("rule 1: no field holds this signature", Cause.BROKEN))


def _one(reading: _Reading, field: _Field, knowledge: Knowledge, carried: Callable[[], Carried]) -> SignatureFinding:
    revision = reading.revision_of(field)
    try:
        own = knowledge.apart()
        finding = _strictly_or_laxly(reading, field, own)
        if finding.cause in OPEN_TO_CARRIED or (finding.cause in CURABLE_BY_TIME and finding.timestamp_time is None):
            own, finding = _with_carried(reading, field, own, finding, carried())
        knowledge.consulted.update(own.consulted)
        return replace(finding, evidence=own.gathering.with_status(own.revocation, own.consulted))
    except MemoryError:
        raise
    except RefusedSignature as refusal:
        return refused(field.name, revision, refusal)
    except (RecursionError, misc.PdfDecodeLimitError) as error:
        return refused(field.name, revision, RefusedSignature(str(error), Cause.RESOURCE_LIMIT))
    except Exception as error:  # noqa: BLE001 - see `examine`
        sealed = seal_of(reading.data) if isinstance(error, misc.PdfReadError) else None
        if sealed is not None:
            return sealed_finding(sealed, revision, Cause.UNSUPPORTED)
        detail = f"rule 10: {type(error).__name__}: {error}"
        return refused(field.name, revision, RefusedSignature(detail, Cause.BROKEN))


def _strictly_or_laxly(reading: _Reading, field: _Field, knowledge: Knowledge) -> SignatureFinding:
    try:
        return _examine_field(reading, field, knowledge)
    except misc.PdfReadError:
        with closing(reading.laxly()) as lax:
            return _examine_field(lax, lax.fields[reading.fields.index(field)], knowledge)


def _examine_field(reading: _Reading, field: _Field, knowledge: Knowledge) -> SignatureFinding:
    covered = reading.covered(field)
    if field.dictionary.get_object()["/V"].get("/SubFilter") == BARE_RSA:
        return examine_bare(covered, field.name)
    return examine_signature(reading.candidate(field), knowledge)


def _with_carried(
    reading: _Reading, field: _Field, knowledge: Knowledge, finding: SignatureFinding, carried: Carried
) -> tuple[Knowledge, SignatureFinding]:
    """Examine once more with what the document carries; that counts only if it settles what was open."""
    if carried == Carried():
        return knowledge, finding
    more = knowledge.with_carried(carried)
    again = _strictly_or_laxly(reading, field, more)
    settled = again.indication is Indication.TOTAL_PASSED or again.cause not in OPEN_TO_CARRIED
    return (more, again) if settled else (knowledge, finding)


def _is_document_timestamp(field: _Field) -> bool:
    return bool(field.dictionary.get_object()["/V"].get("/SubFilter") == "/ETSI.RFC3161")


def _pages(reader: PdfFileReader) -> int:
    count = reader.root["/Pages"]["/Count"]
    return int(count)
