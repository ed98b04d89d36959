"""Secrecy stamps on the first page: found as they are written, not in ordinary words."""

from dataclasses import replace
from io import BytesIO

import pytest
from reportlab.pdfgen.canvas import Canvas

from docaxis.embedded.authorities.cast import ORGANISATIONS
from docaxis.embedded.documents.rendering import render
from docaxis.embedded.documents.samples import sample
from docaxis.embedded.documents.typefaces import REGULAR, register
from docaxis.verifier.secrecy import secrecy_mark

FONT = REGULAR


def page(*pieces: tuple[float, float, str], font: str = FONT) -> bytes:
    register()
    out = BytesIO()
    canvas = Canvas(out)
    canvas.setFont(font, 13)
    for x, y, text in pieces:
        canvas.drawString(x, y, text)
    canvas.showPage()
    canvas.drawString(50, 50, "trang hai")
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize("mark", ["MẬT", "TỐI MẬT", "TUYỆT MẬT"])
def test_a_stamp_on_a_rendered_document_is_found(mark: str) -> None:
    spec = sample(1, ORGANISATIONS[0])
    assert secrecy_mark(render(spec)) is None
    assert secrecy_mark(render(replace(spec, secrecy=mark))) == mark  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pieces", "mark"),
    [
        ([(72, 700, "TỐI MẬT"), (300, 700, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")], "TỐI MẬT"),
        ([(72, 700, "TUYỆT"), (118, 700, "MẬT")], "TUYỆT MẬT"),
        ([(72, 700, "[ MẬT ]")], "MẬT"),
        ([(72, 700, "Bảo vệ bí mật nhà nước")], None),
        ([(72, 700, "VỀ CÔNG TÁC BẢO"), (196, 700, "MẬT")], None),
        ([(72, 700, "THÔNG TIN BÍ MẬT")], None),
        ([(72, 700, "Văn bản thường")], None),
    ],
)
def test_only_a_mark_that_stands_by_itself_counts(pieces: list[tuple[float, float, str]], mark: str | None) -> None:
    assert secrecy_mark(page(*pieces)) == mark


def test_a_mark_on_the_second_page_is_none() -> None:
    register()
    out = BytesIO()
    canvas = Canvas(out)
    canvas.showPage()
    canvas.setFont(FONT, 13)
    canvas.drawString(72, 700, "MẬT")
    canvas.save()
    assert secrecy_mark(out.getvalue()) is None


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 broken", b"\x00" * 100])
def test_what_is_no_pdf_has_no_mark(data: bytes) -> None:
    assert secrecy_mark(data) is None
