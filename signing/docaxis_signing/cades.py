"""Detached CAdES signatures of level B-T (EN 319 122-1), by which the axis's organisation stands for its statements.

Receipts are signed with Ed25519, which no list of algorithms for electronic signatures in Vietnam names. Whoever has to
show one where that matters shows this signature over the same bytes: RSA-PSS or ECDSA, an organisation's certificate,
and a time-stamp (RFC 3161), ``openssl cms -verify -binary -inform DER -content STATEMENT``.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import cms
from pyhanko.sign.attributes import SigningTimeProvider
from pyhanko.sign.signers.pdf_cms import format_signed_attributes
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import PdfSignatureStatus, StandardCMSSignatureStatus

from docaxis_signing.keys import SigningKey
from docaxis_signing.pdf.acceptance import RefusedSignature, check_algorithms
from docaxis_signing.pdf.chain import CMS_ALGORITHMS, Knowledge, explain, judge_timestamps, run
from docaxis_signing.pdf.signer_certificate import check_signer
from docaxis_signing.trust.store import SIGNER

MAX_SIGNATURE: Final = 64 * 1024
"""Bytes of one: ours have about 9,000, most of them certificates and the time-stamp."""


class RejectedDetached(Exception):
    """The signature does not hold, or not as one of the axis; the text says why."""


@dataclass(frozen=True, slots=True)
class Detached:
    """A signature that holds: by whose certificate, and that it existed at a time by the word of an authority."""

    subject: str
    certificate_sha256: str
    at: datetime
    authority: str


async def sign_detached(data: bytes, key: SigningKey, *, timestamper: TimeStamper, at: datetime) -> bytes:
    """Sign bytes with a time-stamp, or not at all.

    Raises:
        RejectedCertificate: The certificate must not sign now.
        UnavailableKey: The token that holds the key cannot be reached.
        UnavailableTimestamp: No time-stamp could be had.
    """
    check_signer(key.certificate, key.chain, now=at)
    signer, digest = key.signer(), hashlib.new(key.digest, data).digest()
    assert signer.signed_attr_prov_spec is not None, "a signing key brings its certificate's reference"
    providers = [
        *signer.signed_attr_prov_spec.signed_attr_providers(digest, key.digest),
        SigningTimeProvider(timestamp=at.replace(microsecond=0)),  # CAdES demands what PAdES forbids
    ]
    signed = await signer.async_sign_prescribed_attributes(
        key.digest,
        await format_signed_attributes(digest, providers),
        timestamper=timestamper,
        encap_content_info=cms.ContentInfo({"content_type": "data"}),
    )
    encoded: bytes = signed.dump()
    return encoded


def open_detached(data: bytes, signature: bytes, certificates: Collection[str], knowledge: Knowledge) -> Detached:
    """Give who signed these bytes, and when.

    Args:
        data: What was signed.
        signature: A DER ContentInfo.
        certificates: SHA-256, in hex, of the certificates that are the axis's own; any other signer is a stranger here,
            however well certified.
        knowledge: Whom to trust, and the revocation lists at hand.

    Raises:
        RejectedDetached: It is not of this form, over other bytes, by a stranger, without a good time-stamp, or by a
            certificate that was not good then.
    """
    if len(signature) > MAX_SIGNATURE:
        raise RejectedDetached(f"a signature of {len(signature)} bytes")
    try:
        return _open(data, _signed_data(signature), certificates, knowledge)
    except RefusedSignature as error:
        raise RejectedDetached(error.rule) from error
    except (SignatureValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RejectedDetached(f"the signature cannot be read: {error}") from error


def _signed_data(signature: bytes) -> cms.SignedData:
    content = cms.ContentInfo.load(signature, strict=True)
    if content["content_type"].native != "signed_data":
        raise RejectedDetached("not a CMS signature")
    signed = content["content"]
    if signed["encap_content_info"]["content_type"].native != "data" or signed["encap_content_info"]["content"]:
        raise RejectedDetached("the signature is not detached: it carries what it signs")
    if len(signed["signer_infos"]) != 1:
        raise RejectedDetached("not exactly one signer")
    return signed


def _open(data: bytes, signed: cms.SignedData, certificates: Collection[str], knowledge: Knowledge) -> Detached:
    signer = signed["signer_infos"][0]
    certificate = generic_cms.extract_certs_for_validation(signed).signer_cert
    sha256 = certificate.sha256.hex()
    if sha256 not in certificates:
        raise RejectedDetached(f"signed with a certificate that is not pinned as the axis's: {sha256}")
    check_algorithms(signer, certificate.public_key)
    if generic_cms.get_signing_cert_attr(signer["signed_attrs"]) is None:
        raise RejectedDetached("the signature does not name its certificate (EN 319 122-1, 6.3)")
    stamp = judge_timestamps(signer, knowledge)
    if stamp.time is None:
        raise RejectedDetached(str(stamp.trouble or "there is no time-stamp"))
    algorithm = signer["digest_algorithm"]["algorithm"].native
    status = StandardCMSSignatureStatus(
        **run(
            generic_cms.cms_basic_validation(
                signed,
                raw_digest=hashlib.new(algorithm, data).digest(),
                validation_context=knowledge.context(SIGNER, stamp.time),
                key_usage_settings=PdfSignatureStatus.default_usage_constraints(),
                algorithm_policy=CMS_ALGORITHMS,
            )
        )
    )
    if not (status.intact and status.valid):
        raise RejectedDetached("the signature is not one over these bytes")
    trouble = explain(status, knowledge, moment=stamp.time)
    if trouble is not None:
        raise RejectedDetached(str(trouble))
    return Detached(certificate.subject.human_friendly, sha256, stamp.time, stamp.authority)
