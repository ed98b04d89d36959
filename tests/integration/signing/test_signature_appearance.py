import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from docaxis.embedded.documents import appendix, certified_copy, handwriting, render_document, sample, seal
from docaxis_signing.keys import SigningKey
from docaxis_signing.pdf.appearance import Picture, TopRightText, seal_box, signing_time_text
from docaxis_signing.pdf.lettering import measure
from docaxis_signing.pdf.signing import SigningRequest, sign_pdf
from docaxis_signing.signing_errors import RejectedRequest

Keys = Callable[[str], SigningKey]
World = Any  # the fixture's class lives in conftest.py, which tests do not import


def picture_of(data: bytes) -> Image.Image:
    with pypdfium2.PdfDocument(data) as document:
        document.init_forms()
        image: Image.Image = document[0].render(scale=2, may_draw_forms=True).to_pil()
        return image.convert("RGB")


def count(image: Image.Image, box: tuple[float, float, float, float], kind: Callable[[int, int, int], bool]) -> int:
    left, bottom, right, top = box
    part = image.crop((round(left * 2), round((842 - top) * 2), round(right * 2), round((842 - bottom) * 2)))
    pixels = part.tobytes()
    return sum(kind(*pixels[start : start + 3]) for start in range(0, len(pixels), 3))


def is_blue(red: int, green: int, blue: int) -> bool:
    return blue > red + 60 and blue > green + 40


def is_red(red: int, green: int, blue: int) -> bool:
    return red > blue + 80 and red > green + 80


def rectangles(data: bytes) -> list[list[float]]:
    with pikepdf.open(io.BytesIO(data)) as document:
        return [[float(side) for side in item.Rect] for item in document.pages[0].Annots]


async def test_blue_handwriting_and_a_red_seal_over_its_left_third(world: World, key_of: Keys) -> None:
    spec = sample(8, world.authorities.organisation("H98.14"))
    page = render_document(spec)
    person = Picture(handwriting(spec.signer), page.signature_page, page.handwriting_box)
    agency = Picture(seal(spec.organisation), page.signature_page, seal_box(page.handwriting_box))
    signed = await sign_pdf(page.data, key_of("H98.14-leader"), SigningRequest("B-B", "P", person), now=world.now)
    before = picture_of(signed)
    signed = await sign_pdf(signed, key_of("H98.14-seal"), SigningRequest("B-B", "A", agency), now=world.now)
    after = picture_of(signed)
    assert count(before, person.box, is_blue) > 500
    assert count(before, agency.box, is_red) == 0
    assert count(after, agency.box, is_red) > 5000
    first, second = rectangles(signed)
    assert (second[2] - first[0]) / (first[2] - first[0]) == pytest.approx(1 / 3, abs=0.02)
    assert second[0] < first[0]  # to the left
    assert [round(side * 25.4 / 72) for side in (second[2] - second[0], second[3] - second[1])] == [36, 36]


async def test_a_copy_names_agency_and_time_at_the_top_right(world: World, key_of: Keys) -> None:
    organisation = world.authorities.organisation("H98")
    page = render_document(certified_copy(sample(2, organisation)))
    request = SigningRequest("B-B", "Copy", TopRightText((organisation.name,), below=1))
    signed = await sign_pdf(page.data, key_of("H98-seal"), request, now=world.now)
    [status] = await world.judge(signed)
    assert status.bottom_line
    with pypdfium2.PdfDocument(signed) as document:
        document.init_forms()
        document[0].flatten()
        content = document[0].get_textpage()
        lines = content.get_text_bounded().split("\r\n")
        index, length = content.search(signing_time_text(world.now)).get_next()
        left, right = content.get_charbox(index)[0], content.get_charbox(index + length - 1)[2]
    assert organisation.name in lines
    assert signing_time_text(world.now) in lines
    # The letters stand as close as the font says: pyHanko's own text boxes spread them
    assert right - left == pytest.approx(
        measure([signing_time_text(world.now)])[0], abs=2
    )  # letters stand close, not spread
    assert right > 500


async def test_a_separate_appendix_carries_the_time_below_the_main_number(world: World, key_of: Keys) -> None:
    page = render_document(appendix(sample(2, world.authorities.organisation("H98"))))
    request = SigningRequest("B-B", "Appendix", TopRightText((), below=1))
    signed = await sign_pdf(page.data, key_of("H98-seal"), request, now=world.now)
    [box] = rectangles(signed)
    assert 842 - 5 * 72 / 25.4 - box[3] == pytest.approx(12, abs=1)  # one line below the top margin
    assert box[3] - box[1] == pytest.approx(15, abs=1)


async def test_letters_that_the_font_lacks_become_question_marks(world: World, key_of: Keys) -> None:
    page = render_document(sample(2, world.authorities.organisation("H98")))
    request = SigningRequest("B-B", "S", TopRightText(("Tỉnh \U0001f600 Thử",)))
    signed = await sign_pdf(page.data, key_of("H98-seal"), request, now=world.now)
    with pypdfium2.PdfDocument(signed) as document:
        document.init_forms()
        document[0].flatten()
        assert "Tỉnh ? Thử" in document[0].get_textpage().get_text_bounded()


@pytest.mark.parametrize("png", [b"", b"GIF89a", bytes(3 * 1024 * 1024)])
async def test_a_picture_that_is_no_small_png_is_refused(world: World, key_of: Keys, png: bytes) -> None:
    page = render_document(sample(2, world.authorities.organisation("H98")))
    request = SigningRequest("B-B", "S", Picture(png, 0, (10, 10, 50, 50)))
    with pytest.raises(RejectedRequest) as caught:
        await sign_pdf(page.data, key_of("H98-seal"), request, now=world.now)
    assert caught.value.code == "picture"


def test_the_signing_time_is_iso_8601_in_vietnam_time() -> None:
    assert signing_time_text(datetime(2026, 10, 9, 1, 15, 30, 999, tzinfo=UTC)) == "2026-10-09T08:15:30+07:00"
