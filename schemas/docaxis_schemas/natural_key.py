"""The natural key of a document, and the edXML ``DocumentId`` that says the same in many spellings.

Number and notation of an agency are unique within a year (decree 30/2020 Art. 15), so issuer, year, number, notation
and form of copy name a document whoever sends it, by whichever way. Keys are compared normalised, never as raw text.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from docaxis_schemas.document import BusinessAction, CopyForm, DocumentMetadata
from docaxis_schemas.organisation import RejectedCode, normalise_code

MAX_DOCUMENT_ID: Final = 300
"""Characters of a ``DocumentId``: a code of 35, a date, number and notation as long as anybody writes them."""

_DASHES: Final = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_SPACES: Final = re.compile(r"\s+")
_COMMAS: Final = re.compile(r"(?P<code>[^,]+),(?P<day>[^,]+),(?P<number>.+)")
_HYPHENS: Final = re.compile(r"(?P<code>[0-9A-Za-z.]+)-(?P<day>[0-9]{4})-(?P<number>[0-9].*)")
_YEAR: Final = re.compile("[0-9]{4}")
_DAY: Final = re.compile("([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})")


class RejectedDocumentId(ValueError):
    """The text is no ``DocumentId`` in any spelling that is known."""


@dataclass(frozen=True, slots=True)
class NaturalKey:
    """Names one document of one issuer; every part normalised."""

    issuer: str
    year: int
    number: str
    notation: str
    form_of_copy: str

    def to_text(self) -> str:
        """Give the key as one text; no part can hold the separator, all spaces are gone."""
        return " ".join((self.issuer, str(self.year), self.number, self.notation or "-", self.form_of_copy))


@dataclass(frozen=True, slots=True)
class DocumentReference:
    """What a ``DocumentId`` says, normalised; the day is missing where only a year is written."""

    issuer: str
    year: int
    number: str
    notation: str
    day: date | None = None


def natural_key(metadata: DocumentMetadata, issuer: str) -> NaturalKey | None:
    """Name a document, or answer None if it has no number. ``issuer`` is the canonical code from the directory."""
    number, notation = _normalise(metadata.number or "", metadata.notation or "")
    if not number:
        return None
    return NaturalKey(issuer, metadata.promulgated_on.year, number, notation, metadata.form_of_copy.value)


def parse_document_id(text: str) -> DocumentReference:
    """Read ``code,YYYY/MM/DD,number/notation`` and its relatives: dashes in the date, a year alone, hyphens for commas.

    Raises:
        RejectedDocumentId: No known spelling.
    """
    if len(text) > MAX_DOCUMENT_ID:
        raise RejectedDocumentId(f"longer than {MAX_DOCUMENT_ID} characters")
    match = _COMMAS.fullmatch(text.strip()) or _HYPHENS.fullmatch(text.strip())
    if match is None:
        raise RejectedDocumentId(f"no document id: {text!r}")
    try:
        issuer = normalise_code(match["code"])
        year, day = _parse_day(match["day"].strip())
    except (RejectedCode, ValueError) as error:
        raise RejectedDocumentId(f"no document id: {text!r}: {error}") from error
    head, _, tail = match["number"].partition("/")
    number, notation = _normalise(head, tail)
    if not number:
        raise RejectedDocumentId(f"no number in {text!r}")
    return DocumentReference(issuer, year, number, notation, day)


def names(document_id: str, key: NaturalKey) -> bool:
    """Say whether a ``DocumentId`` in any spelling names the document with this key, whatever its form of copy."""
    try:
        named = parse_document_id(document_id)
    except RejectedDocumentId:
        return False
    return named == DocumentReference(key.issuer, key.year, key.number, key.notation, named.day)


def amends(metadata: DocumentMetadata, key: NaturalKey) -> bool:
    """Say whether a document is an update, replacement or recall that names the document with this key."""
    if metadata.business.action is BusinessAction.NEW:
        return False
    return any(names(text, key) for text in metadata.named_documents())


def keys_named(document_id: str, canonical: Callable[[str], str | None]) -> tuple[str, ...]:
    """Give the natural keys that a ``DocumentId`` may mean, one a form of copy; none if it is no such id.

    ``canonical`` gives the canonical code of an issuer, None for one it does not know.
    """
    try:
        named = parse_document_id(document_id)
    except RejectedDocumentId:
        return ()
    issuer = canonical(named.issuer) or named.issuer
    keys = (NaturalKey(issuer, named.year, named.number, named.notation, form.value) for form in CopyForm)
    return tuple(key.to_text() for key in keys)


def write_document_id(code: str, promulgated_on: date, number: str, notation: str | None) -> str:
    """Write the one spelling that we emit: ``000.00.00.G22,2015/09/30,7816/VPCP-TTĐT``."""
    label = f"{number}/{notation}" if notation else number
    return f"{code},{promulgated_on:%Y/%m/%d},{label}"


def _parse_day(text: str) -> tuple[int, date | None]:
    if _YEAR.fullmatch(text):
        return int(text), None
    if match := _DAY.fullmatch(text):
        day = date(*map(int, match.groups()))
        return day.year, day
    raise ValueError(f"neither a date nor a year: {text!r}")


def _normalise(number: str, notation: str) -> tuple[str, str]:
    """Bring number and notation to one spelling, whichever of the two fields holds the whole label."""
    number, notation = _plain(number), _plain(notation)
    head, slash, tail = number.partition("/")
    if slash and (not notation or notation in {tail, number}):
        number, notation = head, tail
    notation = notation.removeprefix(f"{number}/") if number else notation
    return (number.lstrip("0") or "0" if number.isdigit() else number), notation.strip("/")


def _plain(text: str) -> str:
    """NFC, no spaces, plain hyphens, upper case; Ð (eth), which looks like Đ and is typed for it, becomes Đ."""
    text = unicodedata.normalize("NFC", _SPACES.sub("", text)).upper().replace("\u00d0", "\u0110")
    return _DASHES.sub("-", text)
