import io
import unicodedata
from dataclasses import replace
from datetime import date

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from docaxis.embedded.authorities import ORGANISATIONS
from docaxis.embedded.documents import (
    DocumentSpec,
    appendix,
    certified_copy,
    handwriting,
    render,
    render_document,
    sample,
    seal,
)
from docaxis.embedded.documents.pictures import BLUE_INK, SEAL_RED

SPEC = DocumentSpec(
    organisation="Sở Nội vụ tỉnh Thử Nghiệm",
    parent="Ủy ban nhân dân tỉnh Thử Nghiệm",
    number="15",
    notation="QĐ-SNV",
    place="Thử Nghiệm",
    issued_on=date(2026, 2, 9),
    type_name="QUYẾT ĐỊNH",
    subject="Về việc phê duyệt kế hoạch kiểm tra",
    paragraphs=("Căn cứ chức năng, nhiệm vụ được giao;", "<b>Điều 1.</b> Phê duyệt kế hoạch kiểm tra./."),
    capacity="KT. GIÁM ĐỐC",
    position="PHÓ GIÁM ĐỐC",
    signer="Bùi Thị Thanh Hương",
    recipients=("Như Điều 1;", "Lưu: VT, SNV."),
)


def text(data: bytes, page: int = 0) -> str:
    """What a reader of the page sees, lines joined."""
    with pypdfium2.PdfDocument(data) as document:
        found = document[page].get_textpage().get_text_bounded()
    return " ".join(found.split())


def test_the_page_bears_the_components_of_the_decree_in_nfc() -> None:
    found = text(render(SPEC))
    assert found == unicodedata.normalize("NFC", found)
    for expected in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "ỦY BAN NHÂN DÂN TỈNH THỬ NGHIỆM",
        "SỞ NỘI VỤ TỈNH THỬ NGHIỆM",
        "Số: 15/QĐ-SNV",
        "Thử Nghiệm, ngày 09 tháng 02 năm 2026",
        "QUYẾT ĐỊNH",
        "Về việc phê duyệt kế hoạch kiểm tra",
        "Điều 1. Phê duyệt kế hoạch kiểm tra./.",
        "Nơi nhận:",
        "- Lưu: VT, SNV.",
        "KT. GIÁM ĐỐC",
        "PHÓ GIÁM ĐỐC",
        "Bùi Thị Thanh Hương",
    ):
        assert expected in found


def test_the_file_is_pdf_1_7_a4_with_fonts_embedded_and_no_annotations() -> None:
    data = render(SPEC)
    assert data.startswith(b"%PDF-1.7")
    with pikepdf.open(io.BytesIO(data)) as document:
        page = document.pages[0]
        assert [round(float(side)) for side in page.MediaBox] == [0, 0, 595, 842]
        assert "/Annots" not in page
        fonts = list(page.Resources.Font.values())
        assert len(fonts) == 4
        assert all("/FontFile2" in font.FontDescriptor for font in fonts)
        assert {str(font.BaseFont).split("+")[1].split("-")[0] for font in fonts} == {"LiberationSerif"}
        assert "TEST" in str(document.docinfo.Subject)


def test_the_same_specification_gives_the_same_bytes() -> None:
    assert render(SPEC) == render(SPEC)
    assert render(SPEC) != render(replace(SPEC, number="16"))


def test_a_letter_has_its_subject_under_the_number_and_names_whom_it_addresses() -> None:
    letter = replace(SPEC, type_name="", notation="SNV-VP", subject="báo cáo quý", addressees=("Bộ Thử nghiệm",))
    found = text(render(letter))
    assert "Số: 15/SNV-VP" in found
    assert "V/v báo cáo quý" in found
    assert "Kính gửi: Bộ Thử nghiệm" in found
    assert "QUYẾT ĐỊNH" not in found


def test_a_long_document_flows_over_pages_and_is_signed_on_the_last() -> None:
    page = render_document(replace(SPEC, paragraphs=SPEC.paragraphs[:1] * 40))
    with pypdfium2.PdfDocument(page.data) as document:
        count = len(document)
    assert count == page.signature_page + 1 == 2
    assert text(page.data, 1).startswith("2 ")  # the first page is not numbered
    assert "Bùi Thị Thanh Hương" in text(page.data, 1)
    assert "Bùi Thị Thanh Hương" not in text(page.data, 0)


def test_the_place_of_the_handwriting_lies_between_post_and_name() -> None:
    page = render_document(SPEC)
    with pypdfium2.PdfDocument(page.data) as document:
        content = document[0].get_textpage()
        tops = {}
        for wanted in ("PHÓ GIÁM ĐỐC", "Bùi Thị Thanh Hương"):
            index, _ = content.search(wanted).get_next()
            tops[wanted] = content.get_charbox(index)
    left, bottom, right, top = page.handwriting_box
    assert tops["PHÓ GIÁM ĐỐC"][1] > top
    assert tops["Bùi Thị Thanh Hương"][3] < bottom
    assert abs(tops["Bùi Thị Thanh Hương"][0] - left) < (right - left) / 2


@pytest.mark.parametrize("mark", ["MẬT", "TỐI MẬT", "TUYỆT MẬT"])
def test_a_secrecy_stamp_is_text_on_the_first_page(mark: str) -> None:
    stamped = replace(SPEC, secrecy=mark)  # type: ignore[arg-type]
    assert f"Số: 15/QĐ-SNV Thử Nghiệm, ngày 09 tháng 02 năm 2026 {mark} " in text(render(stamped))
    assert mark not in text(render(SPEC))


def test_an_urgent_document_says_so() -> None:
    assert " HỎA TỐC " in text(render(replace(SPEC, urgency="HỎA TỐC")))


def test_a_copy_says_its_form_and_an_appendix_its_main_document() -> None:
    assert text(render(certified_copy(SPEC))).startswith("SAO Y ")
    found = text(render(appendix(SPEC)))
    assert found.startswith("15/QĐ-SNV PHỤ LỤC")
    assert "(Kèm theo Văn bản số 15/QĐ-SNV của Sở Nội vụ tỉnh Thử Nghiệm)" in found
    assert "CỘNG HÒA" not in found
    assert "Bùi Thị Thanh Hương" not in found


def test_padding_adds_about_as_many_bytes_as_asked_for() -> None:
    plain, padded = len(render(SPEC)), len(render(replace(SPEC, padding=50_000)))
    assert padded - plain == pytest.approx(50_000, rel=0.03)


def test_samples_differ_by_seed_repeat_by_seed_and_render_for_everybody() -> None:
    made = [sample(seed, organisation, ["Bộ Thử nghiệm"]) for seed, organisation in enumerate(ORGANISATIONS)]
    assert made == [sample(seed, item, ["Bộ Thử nghiệm"]) for seed, item in enumerate(ORGANISATIONS)]
    assert len({sample(seed, ORGANISATIONS[0]).number_notation for seed in range(40)}) > 30
    for spec in made:
        found = text(render(spec))
        assert spec.number_notation in found
        assert spec.signer in found
        assert "{" not in found


def test_a_deputy_signs_in_the_place_of_the_leader() -> None:
    spec = sample(1, ORGANISATIONS[0], by_deputy=True)
    assert (spec.capacity, spec.position) == ("KT. BỘ TRƯỞNG", "THỨ TRƯỞNG")
    assert spec.signer == ORGANISATIONS[0].clerk.name


@pytest.mark.parametrize(
    ("png", "colour", "millimetres"),
    [(handwriting("Bùi Thị Thanh Hương"), BLUE_INK, (46, 20)), (seal("Sở Nội vụ"), SEAL_RED, (36, 36))],
    ids=["handwriting", "seal"],
)
def test_pictures_are_transparent_of_one_colour_and_of_real_size(
    png: bytes, colour: tuple[int, int, int], millimetres: tuple[int, int]
) -> None:
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        assert picture.mode == "RGBA"
        assert [round(side * 25.4 / 200) for side in picture.size] == list(millimetres)
        red, green, blue, ink = (channel.histogram() for channel in picture.split())
    total = sum(ink)
    assert [channel[value] for channel, value in zip((red, green, blue), colour, strict=True)] == [total] * 3
    assert ink[0] > total / 2  # mostly transparent
    assert ink[255] > total / 100  # and yet something is drawn


def test_everybody_writes_differently() -> None:
    assert handwriting("Lê Hoàng Phương") != handwriting("Tạ Thị Yến")
    assert seal("Bộ Thử nghiệm") != seal("Sở Nội vụ tỉnh Thử Nghiệm")
