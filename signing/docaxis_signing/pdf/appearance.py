"""How signatures look on the page (decree 30/2020, annex I): handwriting, seal, or text at the top right.

Lengths are PDF points, boxes are (left, bottom, right, top) from the lower left corner of the page.
"""

import io
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from PIL import Image
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.stamp import BaseStampStyle, StaticStampStyle

from docaxis_schemas.moments import VIETNAM
from docaxis_signing.pdf.lettering import LEADING, Lettering, measure
from docaxis_signing.signing_errors import RejectedRequest

Box = tuple[float, float, float, float]

POINTS_PER_MM = 72 / 25.4
SEAL_DIAMETER = 36 * POINTS_PER_MM
"""Seals of agencies measure 36 mm and are shown in real size."""

PAGE_MARGIN_RIGHT, PAGE_MARGIN_TOP = 15 * POINTS_PER_MM, 5 * POINTS_PER_MM
MAXIMUM_PICTURE = 2 * 1024 * 1024  # bytes of PNG; a seal has some ten thousand

_FILL = SimpleBoxLayoutRule(AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, Margins(), InnerScaling.STRETCH_TO_FIT)


@dataclass(frozen=True, slots=True)
class Picture:
    """A person's handwriting or an agency's seal: a transparent PNG at a place."""

    png: bytes = field(repr=False)
    page: int
    box: Box


@dataclass(frozen=True, slots=True)
class TopRightText:
    """Lines at the top right of the first page, the signing time last; for copies and separate appendices.

    `below` is how many lines of the page's own stand there already, such as the form of copy.
    """

    lines: tuple[str, ...]
    page: int = 0
    below: int = 0


Appearance = Picture | TopRightText


def seal_box(handwriting: Box, diameter: float = SEAL_DIAMETER) -> Box:
    """Where a seal goes: over the left third of the handwriting, centred on its height."""
    left, bottom, right, top = handwriting
    edge = left + (right - left) / 3
    middle = (bottom + top) / 2
    return (edge - diameter, middle - diameter / 2, edge, middle + diameter / 2)


def signing_time_text(now: datetime) -> str:
    """Write the signing time as decree 30 wants it: ISO 8601 in Vietnam time."""
    return now.astimezone(VIETNAM).isoformat(timespec="seconds")


def text_lines(text: TopRightText, now: datetime) -> tuple[str, ...]:
    """The lines of a text-only signature, signing time last."""
    return (*text.lines, signing_time_text(now))


def text_box(text: TopRightText, now: datetime, page_size: tuple[float, float]) -> Box:
    """Where a text-only signature goes on a page of this size."""
    width, height = measure(text_lines(text, now))
    right, top = page_size[0] - PAGE_MARGIN_RIGHT, page_size[1] - PAGE_MARGIN_TOP - LEADING * text.below
    return (right - width, top - height, right, top)


def picture_style(picture: Picture) -> BaseStampStyle:
    """PyHanko's style for a picture that fills its box."""
    image = PdfImage(_decoded(picture.png), name="signature")
    return StaticStampStyle(border_width=0, background=image, background_layout=_FILL, background_opacity=1.0)


def text_style(text: TopRightText, now: datetime) -> BaseStampStyle:
    """PyHanko's style for upright black text of size 10."""
    return StaticStampStyle(
        border_width=0, background=Lettering(text_lines(text, now)), background_layout=_FILL, background_opacity=1.0
    )


@lru_cache(maxsize=32)
def _decoded(png: bytes) -> Image.Image:
    """Decode a picture once; a clerk signs many documents with the same seal."""
    if len(png) > MAXIMUM_PICTURE:
        raise _bad_picture()
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            return image.convert("RGBA")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise _bad_picture() from error


def _bad_picture() -> RejectedRequest:
    return RejectedRequest(
        "picture", "Hình chữ ký phải là tệp PNG dưới 2 MiB.", "The picture of a signature is a PNG under 2 MiB."
    )
