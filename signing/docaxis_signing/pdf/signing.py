"""PAdES signatures B-B, B-T, B-LT and B-LTA (EN 319 142-1), one incremental update each, visible or not.

The certificate is checked first. The room for the signature is computed from what goes into it, so that no trial
signature is made; a time-stamp client is asked once in its life how large its tokens are.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError as PyHankoError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.stamp import BaseStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError

from docaxis_schemas.moments import VIETNAM
from docaxis_signing.keys import RsaPadding, SigningKey, asn1
from docaxis_signing.pdf.appearance import Appearance, Picture, TopRightText, picture_style, text_box, text_style
from docaxis_signing.pdf.signer_certificate import ValidationData, check_signer, lists_for, no_path
from docaxis_signing.signing_errors import RejectedRequest

Level = Literal["B-B", "B-T", "B-LT", "B-LTA"]
LEVELS: tuple[Level, ...] = ("B-B", "B-T", "B-LT", "B-LTA")
LONG_TERM: frozenset[Level] = frozenset({"B-LT", "B-LTA"})

CMS_FRAME = 1536
"""Bytes of a CMS beside certificates, signature and time-stamp: names, attributes, algorithm parameters."""

TOKEN_SLACK = 256
"""Bytes by which a later token may be longer than the first: a longer serial number, accuracy, another status text."""


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """What kind of signature is wanted and how it looks; without an appearance it is invisible."""

    level: Level
    field_name: str
    appearance: Appearance | None = None
    reason: str | None = None
    location: str | None = None
    name: str | None = None
    rsa_padding: RsaPadding = "pss"


async def sign_pdf(
    data: bytes,
    key: SigningKey,
    request: SigningRequest,
    *,
    timestamper: TimeStamper | None = None,
    validation: ValidationData | None = None,
    now: datetime,
) -> bytes:
    """Give `data` with one more signature appended.

    Raises:
        RejectedCertificate: The signer's certificate must not sign now.
        RejectedRequest: The document cannot take the signature, or something the level needs was not given.
        UnavailableTimestamp: No time-stamp could be had.
    """
    _check_request(request, timestamper, validation)
    check_signer(key.certificate, key.chain, now=now, validation=validation)
    writer = _open(data, request)
    field, style = _field_and_style(writer, request, now)
    token = await _sample_token(key, request, timestamper)
    signer = _PdfSigner(
        _metadata(key, request, _context(key, request, validation, token, now)),
        key.signer(request.rsa_padding),
        timestamper=timestamper if token is not None else None,
        field=field,
        style=style,
        now=now,
    )
    try:
        signed: io.BytesIO = await signer.async_sign_pdf(writer, bytes_reserved=_reserve(key, token))
    except (PathError, ValidationError) as error:
        raise no_path() from error
    except (PdfError, PyHankoError) as error:
        raise (no_path() if isinstance(error.__cause__, PathError | ValidationError) else _cannot_sign()) from error
    return signed.getvalue()


class _PdfSigner(PdfSigner):
    """pyHanko's signer whose claimed time (`/M`) is given instead of read from the system."""

    def __init__(
        self,
        metadata: PdfSignatureMetadata,
        signer: Signer,
        *,
        timestamper: TimeStamper | None,
        field: SigFieldSpec,
        style: BaseStampStyle | None,
        now: datetime,
    ) -> None:
        super().__init__(metadata, signer, timestamper=timestamper, stamp_style=style, new_field_spec=field)
        self._claimed_time = now.astimezone(VIETNAM).replace(microsecond=0)

    def init_signing_session(
        self,
        pdf_out: BasePdfFileWriter,
        existing_fields_only: bool = False,  # noqa: FBT001, FBT002 - pyHanko's signature
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._claimed_time
        return session


def _check_request(request: SigningRequest, timestamper: TimeStamper | None, validation: ValidationData | None) -> None:
    if request.level != "B-B" and timestamper is None:
        raise RejectedRequest(
            "no-timestamper",
            f"Mức {request.level} cần dịch vụ cấp dấu thời gian.",
            f"Level {request.level} needs a time-stamping authority.",
        )
    if request.level in LONG_TERM and validation is None:
        raise RejectedRequest(
            "no-validation-data",
            f"Mức {request.level} cần danh sách thu hồi và chứng thư số của các CA.",
            f"Level {request.level} needs revocation lists and certificates of the authorities.",
        )


def _open(data: bytes, request: SigningRequest) -> IncrementalPdfFileWriter:
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=True)
        taken = {name for name, _, _ in enumerate_sig_fields(writer.prev)}
    except (PdfError, ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        raise _cannot_sign() from error  # pyHanko lets raw exceptions through on hostile input
    if writer.prev.encrypted:
        raise RejectedRequest("encrypted", "Không ký văn bản PDF có mã hóa.", "An encrypted PDF is not signed.")
    if request.field_name in taken:
        raise RejectedRequest(
            "field-taken",
            f"Văn bản đã có trường chữ ký {request.field_name}.",
            f"The document already has a signature field {request.field_name}.",
        )
    return writer


def _field_and_style(
    writer: IncrementalPdfFileWriter, request: SigningRequest, now: datetime
) -> tuple[SigFieldSpec, BaseStampStyle | None]:
    appearance = request.appearance
    if appearance is None:
        return SigFieldSpec(request.field_name), None
    if isinstance(appearance, Picture):
        return _spec(request.field_name, appearance.page, appearance.box), picture_style(appearance)
    box = text_box(appearance, now, _page_size(writer, appearance))
    return _spec(request.field_name, appearance.page, box), text_style(appearance, now)


def _spec(name: str, page: int, box: Sequence[float]) -> SigFieldSpec:
    left, bottom, right, top = (round(value) for value in box)
    return SigFieldSpec(name, on_page=page, box=(left, bottom, right, top))


def _page_size(writer: IncrementalPdfFileWriter, appearance: TopRightText) -> tuple[float, float]:
    page = writer.prev.find_page_for_modification(appearance.page)[0].get_object()  # type: ignore[no-untyped-call]
    while "/MediaBox" not in page:  # inherited from the page tree
        page = page["/Parent"]
    left, bottom, right, top = (float(value) for value in page["/MediaBox"])
    return right - left, top - bottom


def _metadata(key: SigningKey, request: SigningRequest, context: ValidationContext | None) -> PdfSignatureMetadata:
    return PdfSignatureMetadata(
        field_name=request.field_name,
        md_algorithm=key.digest,
        subfilter=SigSeedSubFilter.PADES,
        reason=request.reason,
        location=request.location,
        name=request.name,
        embed_validation_info=context is not None,
        use_pades_lta=request.level == "B-LTA",
        validation_context=context,
    )


def _context(
    key: SigningKey,
    request: SigningRequest,
    validation: ValidationData | None,
    token: cms.ContentInfo | None,
    now: datetime,
) -> ValidationContext | None:
    """What the long-term levels embed: only the lists that signer and time-stamp need, not a country's worth."""
    if request.level not in LONG_TERM or validation is None or token is None:
        return None
    stamping = [load_der_x509_certificate(item.chosen.dump()) for item in token["content"]["certificates"]]
    lists = lists_for([key.certificate, *stamping], validation, now=now)
    return ValidationContext(
        trust_roots=[asn1(item) for item in validation.anchors],
        other_certs=[asn1(item) for item in validation.authorities],
        crls=[item.public_bytes(Encoding.DER) for item in lists],
        ocsps=list(validation.ocsp_responses),
        allow_fetching=False,
        revocation_mode="hard-fail",
        moment=now,
    )


async def _sample_token(
    key: SigningKey, request: SigningRequest, timestamper: TimeStamper | None
) -> cms.ContentInfo | None:
    """A token over nothing, asked once a client and then kept: its size and its certificates are needed before."""
    if timestamper is None or request.level == "B-B":
        return None
    return await timestamper.async_dummy_response(key.digest)


def _reserve(key: SigningKey, token: cms.ContentInfo | None) -> int:
    """Hexadecimal digits to leave for the CMS."""
    size = CMS_FRAME + sum(len(item.public_bytes(Encoding.DER)) for item in (key.certificate, *key.chain))
    if token is not None:
        size += len(token.dump()) + TOKEN_SLACK
    return 2 * size


def _cannot_sign() -> RejectedRequest:
    return RejectedRequest(
        "cannot-sign",
        "Không ký được: tệp không phải PDF hợp lệ hoặc không cho phép thêm chữ ký.",
        "It cannot be signed: the file is no well-formed PDF, or allows no further signature.",
    )
