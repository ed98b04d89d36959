"""The validation data that a document carries in its DSS (ETSI EN 319 142-1, 5.4.2), verified like fetched ones.

They are looked at only where what the axis holds itself leaves a signature open, and then they are judged: a list
counts if a configured authority signed it, an answer if its responder was authorised by one. Certificates of a DSS are
never used; paths are built of configured ones alone.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.x509 import ocsp
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from docaxis_signing.trust.issuing import name_key
from docaxis_signing.trust.lists import MAX_LIST_BYTES, RejectedRevocationList, RevocationList, ingest
from docaxis_signing.trust.ocsp import OcspAnswer, RejectedAnswer, ingest_answer
from docaxis_signing.trust.revocation import Carried, Listed, RevocationSnapshot
from docaxis_signing.trust.store import TrustStore

MAX_ITEMS: Final = 64
"""Lists, and answers, looked at in one document; 25 signatures with their time-stamps have about 40."""


def carried_by(reader: PdfFileReader, trust: TrustStore, now: datetime) -> Carried:
    """Read and verify what a document carries; what is not in order is left out."""
    lists = tuple(item for der in _streams(reader, "/CRLs") if (item := _list(trust, der, now)) is not None)
    known = RevocationSnapshot().with_carried(Carried(lists))
    answers = (_answer(trust, der, now, known) for der in _streams(reader, "/OCSPs"))
    return Carried(lists, tuple(item for item in answers if item is not None))


def _streams(reader: PdfFileReader, kind: str) -> Iterator[bytes]:
    try:
        entries = list(reader.root["/DSS"][kind])[:MAX_ITEMS]
    except (KeyError, TypeError, AttributeError, PdfError):
        return
    for entry in entries:
        try:
            data = entry.get_object().data
        except (KeyError, TypeError, AttributeError, ValueError, PdfError):
            continue
        if isinstance(data, bytes) and len(data) <= MAX_LIST_BYTES:
            yield data


def _list(trust: TrustStore, der: bytes, now: datetime) -> RevocationList | None:
    try:
        issuer = name_key(x509.load_der_x509_crl(der).issuer)
    except (ValueError, TypeError):
        return None
    for authority in trust.authorities:
        if authority.name_key == issuer:
            try:
                return ingest(trust, authority.name, der, now=now)
            except RejectedRevocationList:
                continue
    return None


def _answer(trust: TrustStore, der: bytes, now: datetime, known: RevocationSnapshot) -> OcspAnswer | None:
    try:
        single = ocsp.load_der_ocsp_response(der)
        if single.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return None
    except (ValueError, TypeError):
        return None
    for authority in trust.authorities:
        try:
            return ingest_answer(authority, der, now=now, responder_good=Listed(authority, known, now))
        except RejectedAnswer:
            continue
    return None
