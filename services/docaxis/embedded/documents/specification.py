"""What a generated document says: the nine main components of decree 30/2020 Art. 8, and the variants tests need."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Urgency = Literal["", "KHẨN", "THƯỢNG KHẨN", "HỎA TỐC"]
Secrecy = Literal["", "MẬT", "TỐI MẬT", "TUYỆT MẬT"]
CopyForm = Literal["", "SAO Y", "TRÍCH SAO", "SAO LỤC"]


@dataclass(frozen=True, slots=True)
class DocumentSpec:
    """One document. Without a type name it is a công văn, whose subject stands under the number."""

    organisation: str
    number: str
    notation: str
    place: str
    issued_on: date
    type_name: str
    subject: str
    paragraphs: tuple[str, ...]
    position: str
    signer: str
    parent: str = ""
    capacity: str = ""  # TM., KT., TL. with the body or post it stands for
    addressees: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    urgency: Urgency = ""
    secrecy: Secrecy = ""
    form_of_copy: CopyForm = ""
    appendix_of: str = ""  # number-notation of the main document; the document is then its separate appendix
    padding: int = 0  # bytes of an embedded picture of noise, for measurements with documents of a given size

    @property
    def number_notation(self) -> str:
        return f"{self.number}/{self.notation}"


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """A PDF and where its signer's handwriting belongs: page index and box in points from the lower left."""

    data: bytes
    signature_page: int
    handwriting_box: tuple[float, float, float, float]
