"""A signature over every byte of a file: what the file is then needs no reader to agree on its structure.

Encrypted files, files whose cross-reference chain is broken and signature dictionaries written into their field are
beyond what the engine judges, and yet one thing can be proved of them without reading them as PDF: if the only
signature covers every byte but the hexadecimal digits of its own `/Contents`, then nobody changed anything. Integrity
is answered; nothing is trusted on it.
"""

import re
from dataclasses import dataclass
from typing import Final

from asn1crypto import cms
from asn1crypto import parser as asn1_parser
from pyhanko.sign.general import CMSExtractionError, extract_signer_info
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.errors import SignatureValidationError

from docaxis_signing.pdf.limits import MAX_CONTENTS
from docaxis_signing.pdf.signature_value import EveryForm, digest_of
from docaxis_signing.pdf.syntax import Dictionary, MalformedSyntax, Span, read_indirect

_BYTE_RANGE: Final = re.compile(
    rb"/ByteRange[\x00\t\n\x0c\r ]*\[[\x00\t\n\x0c\r ]*0+[\x00\t\n\x0c\r ]+(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,10})"
    rb"[\x00\t\n\x0c\r ]+(\d{1,10})[\x00\t\n\x0c\r ]*\]"
)
_ANY_BYTE_RANGE: Final = re.compile(
    rb"/(?:B|#42)(?:y|#79)(?:t|#74)(?:e|#65)(?:R|#52)(?:a|#61)(?:n|#6[eE])(?:g|#67)(?:e|#65)"
)
_OBJECT: Final = re.compile(rb"\d{1,10}[\x00\t\n\x0c\r ]+\d{1,5}[\x00\t\n\x0c\r ]+obj")
_HEXADECIMAL: Final = re.compile(rb"<(?:[0-9A-Fa-f]{2})+>")
_BEFORE: Final = 3 * MAX_CONTENTS
"""Bytes before a ByteRange in which the object that holds it begins."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The one signature of a file, proved to be over all of its other bytes."""

    signed_data: cms.SignedData
    start: int
    end: int


def seal_of(data: bytes) -> Seal | None:
    """Find and verify the only signature of a file; None unless it covers everything and holds."""
    found = _BYTE_RANGE.search(data)
    if found is None or sum(1 for _ in _ANY_BYTE_RANGE.finditer(data)) != 1:
        return None
    start, end, rest = (int(number) for number in found.groups())
    if end + rest != len(data) or not start < end <= start + 2 * MAX_CONTENTS + 2 or start <= found.start() < end:
        return None
    if not _HEXADECIMAL.fullmatch(data, start, end) or not _stands_in_dictionary(data, found.start(), (start, end)):
        return None
    try:
        contents = bytes.fromhex(data[start + 1 : end - 1].decode("ascii"))
        signed_data = _only_content(contents)
        holds = signed_data is not None and _holds(signed_data, contents, data, start, end)
    except (ValueError, KeyError, TypeError, AttributeError, CMSExtractionError, SignatureValidationError):
        return None  # the libraries raise all of these on what is no good signature
    return Seal(signed_data, start, end) if signed_data is not None and holds else None


def _stands_in_dictionary(data: bytes, position: int, gap: tuple[int, int]) -> bool:
    """Say whether a ByteRange belongs to a signature dictionary, of its own or in its field, whose value is the gap."""
    objects = list(_OBJECT.finditer(data, max(0, position - _BEFORE), position))
    if not objects:
        return False
    try:
        value = read_indirect(data, objects[-1].start(), lambda _: None).value
    except MalformedSyntax:
        return False
    for found in (value, value.get(b"V") if isinstance(value, Dictionary) else None):
        if isinstance(found, Dictionary) and b"ByteRange" in found and not found.twice:
            contents = found.get(b"Contents")
            return isinstance(contents, Span) and (contents.start, contents.end) == gap
    return False


def _only_content(contents: bytes) -> cms.SignedData | None:
    """Read the CMS object of a signature that carries no content of its own; None if anything stands behind it."""
    length = asn1_parser.peek(contents)
    content = cms.ContentInfo.load(contents[:length])
    if content["content_type"].native != "signed_data" or contents[length:].strip(b"\0"):
        return None
    signed_data = content["content"]
    inner = signed_data["encap_content_info"]
    return signed_data if inner["content_type"].native == "data" and inner["content"].native is None else None


def _holds(signed_data: cms.SignedData, contents: bytes, data: bytes, start: int, end: int) -> bool:
    signer = extract_signer_info(signed_data)
    view = memoryview(data)
    digest = digest_of(signer["digest_algorithm"]["algorithm"].native, view[:start], view[end:])
    certificate = generic_cms.extract_certs_for_validation(signed_data).signer_cert
    return all(generic_cms.validate_sig_integrity(signer, certificate, "data", digest, EveryForm(contents)))
