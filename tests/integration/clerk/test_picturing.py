"""Pages of PDFs as pictures, drawn in a real confined process; hostile files end in a refusal and no process."""

import io
from collections.abc import Callable

import fpdf
import pikepdf
import psutil
import pytest
from PIL import Image

from docaxis.clerk.picturing import NoPicture, Picture, Pictures
from docaxis.picture_worker import EDGE


def pdf(pages: int = 2) -> bytes:
    made = fpdf.FPDF()
    made.set_font("helvetica", size=20)
    for number in range(1, pages + 1):
        made.add_page()
        made.cell(text=f"Trang {number}")
    return bytes(made.output())


def changed(change: Callable[[pikepdf.Pdf], None], encryption: pikepdf.Encryption | None = None) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(1))) as opened:
        change(opened)
        opened.save(out, encryption=encryption)
    return out.getvalue()


def unchanged(_: pikepdf.Pdf) -> None:
    """Only its encryption differs."""


def enormous(opened: pikepdf.Pdf) -> None:
    opened.pages[0].MediaBox = pikepdf.Array([0, 0, 14_400_000, 14_400_000])


def bomb(opened: pikepdf.Pdf) -> None:
    """A picture of 12,000 by 12,000 pixels from a stream of some kilobytes."""
    stream = opened.make_stream(bytes(12_000 * 12_000 // 8))
    stream.update(
        pikepdf.Dictionary(
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Image,
            Width=12_000,
            Height=12_000,
            BitsPerComponent=8,
            ColorSpace=pikepdf.Name.DeviceCMYK,
        )
    )
    opened.pages[0].Resources.XObject = pikepdf.Dictionary(Im=stream)
    opened.pages[0].Contents = opened.make_stream(b"600 0 0 800 0 0 cm /Im Do")


def endless(opened: pikepdf.Pdf) -> None:
    """A form that draws itself, many times over."""
    form = opened.make_stream(b"/F Do " * 1_000)
    form.update(pikepdf.Dictionary(Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 9, 9]))
    form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
    opened.pages[0].Resources.XObject = pikepdf.Dictionary(F=form)
    opened.pages[0].Contents = opened.make_stream(b"/F Do " * 1_000)


PATIENT = 120.0
"""Seconds on a machine that is busy with other tests."""


async def draw(data: bytes, page: int = 1, seconds: float = PATIENT) -> Picture:
    return await Pictures(seconds=seconds).draw(data, "0" * 64, page)


async def test_a_page_is_a_picture_with_its_text() -> None:
    drawn = await draw(pdf(), 2)
    assert drawn.pages == 2
    assert "Trang 2" in drawn.text
    with Image.open(io.BytesIO(drawn.png)) as opened:
        assert opened.format == "PNG"
        assert max(opened.size) <= EDGE + 1
        darkest, _ = opened.convert("L").getextrema()
        assert isinstance(darkest, int)
        assert darkest < 64, "something is written on it"


@pytest.mark.parametrize(
    ("data", "page"),
    [
        (b"", 1),
        (b"not a PDF", 1),
        (b"%PDF-1.7\n" + bytes(1000), 1),
        (pdf()[:400], 1),
        (pdf(), 0),
        (pdf(), 3),
        (changed(unchanged, encryption=pikepdf.Encryption(user="bí mật", owner="o")), 1),
    ],
    ids=["empty", "no-pdf", "zeros", "cut", "page-0", "page-3", "locked"],
)
async def test_what_cannot_be_drawn_is_refused(data: bytes, page: int) -> None:
    with pytest.raises(NoPicture):
        await draw(data, page)


async def test_a_page_of_any_size_becomes_a_picture_of_one_size() -> None:
    drawn = await draw(changed(enormous))
    with Image.open(io.BytesIO(drawn.png)) as opened:
        assert max(opened.size) <= EDGE + 1


@pytest.mark.parametrize("change", [bomb, endless])
async def test_a_hostile_file_costs_no_more_than_the_limits(change: Callable[[pikepdf.Pdf], None]) -> None:
    """It is drawn, poorly, or refused: either way within the worker's memory and time."""
    try:
        drawn = await draw(changed(change), seconds=5.0)
    except NoPicture:
        return
    assert len(drawn.png) < 8_000_000


async def test_a_worker_that_takes_too_long_is_ended() -> None:
    before = {child.pid for child in psutil.Process().children()}
    with pytest.raises(NoPicture, match="too much work"):
        await draw(pdf(), seconds=0.01)
    assert {child.pid for child in psutil.Process().children()} <= before
