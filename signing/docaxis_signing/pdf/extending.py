"""Extending signatures on a file: validation data (B-LT), then a document time-stamp over all of it (B-LTA).

Renewal is the same: before the certificate of the last document time-stamp expires, or its algorithms weaken, the data
that prove it are added and a new time-stamp is put over everything (EN 319 142-1, 5.5). Each step is an incremental
update; not one signed byte changes.
"""

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from asn1crypto import cms
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from docaxis_signing.keys import asn1
from docaxis_signing.pdf.signer_certificate import ValidationData, lists_for
from docaxis_signing.pdf.signing import TOKEN_SLACK
from docaxis_signing.signing_errors import RejectedRequest

LongTerm = Literal["B-LT", "B-LTA"]
DIGEST: Final = "sha256"


async def extend_pdf(
    data: bytes,
    level: LongTerm,
    *,
    timestamper: TimeStamper | None = None,
    validation: ValidationData,
    now: datetime,
) -> bytes:
    """Give `data` with validation data for every signature and time-stamp on it and, for B-LTA, a new time-stamp.

    Whether the signatures hold is the caller's to find out first: what is added proves nothing about them.

    Raises:
        RejectedRequest: Nothing to extend, a signature without a time-stamp, or no authority of time-stamps for B-LTA.
        RejectedCertificate: A certificate has no path, or its status is not known now.
        UnavailableTimestamp: No time-stamp could be had.
    """
    if level == "B-LTA" and timestamper is None:
        raise RejectedRequest(
            "no-timestamper",
            "Mức B-LTA cần dịch vụ cấp dấu thời gian.",
            "Level B-LTA needs a time-stamping authority.",
        )
    try:
        extended = _with_validation_data(data, validation, now)
        if level == "B-LT" or timestamper is None:
            return extended
        return await _with_timestamp(extended, timestamper)
    except (PdfError, ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        raise RejectedRequest(
            "cannot-extend",
            "Không bổ sung được: tệp không phải PDF hợp lệ.",
            "It cannot be extended: the file is no well-formed PDF.",
        ) from error  # pyHanko lets raw exceptions through on hostile input


def _with_validation_data(data: bytes, validation: ValidationData, now: datetime) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=True)
    leaves = list(_leaves(writer))
    lists = lists_for(leaves, validation, now=now)
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[asn1(item) for item in _chains(leaves, validation)],
        crls=[asn1_crl.CertificateList.load(item.public_bytes(Encoding.DER)) for item in lists],
    )
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


async def _with_timestamp(data: bytes, timestamper: TimeStamper) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=True)
    token = await timestamper.async_dummy_response(DIGEST)
    room = 2 * (len(token.dump()) + TOKEN_SLACK)
    out: io.BytesIO = await PdfTimeStamper(timestamper).async_timestamp_pdf(writer, DIGEST, bytes_reserved=room)
    return out.getvalue()


def _leaves(writer: IncrementalPdfFileWriter) -> Iterator[x509.Certificate]:
    """Give the certificates whose status has to be kept: of signers, and of the authorities of time-stamps."""
    signatures: list[EmbeddedPdfSignature] = writer.prev.embedded_signatures
    if not signatures:
        raise RejectedRequest("unsigned", "Tệp không có chữ ký số.", "The file carries no digital signature.")
    for signature in signatures:
        yield _loaded(signature.signer_cert)
        if signature.sig_object_type == "/DocTimeStamp":
            continue
        tokens = list(_tokens(signature))
        if not tokens:
            raise RejectedRequest(
                "no-timestamp",
                f"Chữ ký {signature.fq_name} không có dấu thời gian nên không bổ sung được.",
                f"Signature {signature.fq_name} has no time-stamp, so it cannot be extended.",
            )
        for token in tokens:
            yield _loaded(extract_certificate_info(token).signer_cert)


def _tokens(signature: EmbeddedPdfSignature) -> Iterator[cms.SignedData]:
    yield from extract_tst_data_iter(signature.signer_info, signed=False)


def _chains(leaves: list[x509.Certificate], validation: ValidationData) -> list[x509.Certificate]:
    """Give the certificates with the configured authorities above them."""
    found = list(dict.fromkeys(leaves))
    known = {item.subject: item for item in (*validation.anchors, *validation.authorities)}
    for certificate in found:
        issuer = known.get(certificate.issuer)
        if issuer is not None and issuer not in found:
            found.append(issuer)
    return found


def _loaded(certificate: asn1_x509.Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.dump())
