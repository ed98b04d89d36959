"""Pictures of signatures, drawn by code: a scribble in blue ink and a round red seal that reads MẪU (specimen)."""

import io
import math
from functools import lru_cache
from itertools import pairwise
from random import Random

from PIL import Image, ImageDraw, ImageFont

from .typefaces import BOLD, font_path

BLUE_INK = (16, 58, 168)
SEAL_RED = (208, 24, 32)
DOTS_PER_MM = 200 / 25.4  # 200 dpi, as decree 30/2020 asks of digitised copies
HANDWRITING_MM = (46, 20)
SEAL_MM = 36
OVERSAMPLING = 3
MIDDLE_TEXT = "MẪU"
NAME_ARC = 4.2  # radians of the ring that an agency's name may fill


@lru_cache(maxsize=64)
def handwriting(name: str) -> bytes:
    """A transparent PNG with an invented signature; the same name always writes the same."""
    chance = Random(name)  # noqa: S311 - a scribble, no secret
    width, height = (round(side * DOTS_PER_MM * OVERSAMPLING) for side in HANDWRITING_MM)
    ink = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(ink)
    for stroke in (_loops(chance), _flourish(chance)):
        points = [(x * width, y * height) for x, y in _smooth(stroke)]
        for index, (start, end) in enumerate(pairwise(points)):
            pen = OVERSAMPLING * (2.8 + 1.4 * math.sin(index / 9.0))
            draw.line([start, end], fill=255, width=round(pen))
            radius = pen / 2
            draw.ellipse([end[0] - radius, end[1] - radius, end[0] + radius, end[1] + radius], fill=255)
    return _png(ink, BLUE_INK)


@lru_cache(maxsize=64)
def seal(organisation: str) -> bytes:
    """A transparent PNG of a round seal in real size: the agency's name around, a star, and MẪU in the middle."""
    size = round(SEAL_MM * DOTS_PER_MM * OVERSAMPLING)
    ink = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(ink)
    centre, unit = size / 2, size / 36
    for radius, width in ((17.6, 0.7), (16.4, 0.25), (10.6, 0.25)):
        _circle(draw, centre, radius * unit, width * unit)
    name = organisation.upper()
    reach = min(NAME_ARC, 0.16 * len(name))
    size_of_name = min(3.4, 36.0 / len(name) * 2.4)
    _text_on_arc(ink, name, centre, 13.4 * unit, (size_of_name * unit, reach))
    _text_on_arc(ink, "TEST", centre, 13.4 * unit, (2.6 * unit, -0.62))
    _star(draw, centre, centre - 5.6 * unit, 2.6 * unit)
    font = ImageFont.truetype(font_path(BOLD), round(6.4 * unit))
    draw.text((centre, centre + 2.4 * unit), MIDDLE_TEXT, font=font, fill=255, anchor="mm")
    return _png(ink, SEAL_RED)


def _loops(chance: Random) -> list[tuple[float, float]]:
    points = [(0.06, 0.62)]
    steps = chance.randrange(5, 8)
    for step in range(1, steps + 1):
        x = 0.06 + 0.72 * step / steps
        rise = chance.uniform(0.08, 0.34) if step % 2 else chance.uniform(0.6, 0.86)
        points.extend([(x - 0.05, rise), (x + chance.uniform(-0.02, 0.06), rise + chance.uniform(-0.06, 0.1))])
    return [*points, (0.94, chance.uniform(0.3, 0.5))]


def _flourish(chance: Random) -> list[tuple[float, float]]:
    height = chance.uniform(0.74, 0.88)
    return [(0.9, height - 0.16), (0.55, height), (0.2, height + 0.06), (0.34, height - 0.1), (0.96, height - 0.3)]


def _smooth(points: list[tuple[float, float]], pieces: int = 24) -> list[tuple[float, float]]:
    """Catmull-Rom spline through the points."""
    padded = [points[0], *points, points[-1]]
    found = []
    for first, second, third, fourth in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for piece in range(pieces):
            t = piece / pieces
            found.append(tuple(_spline(t, *values) for values in zip(first, second, third, fourth, strict=True)))
    return [(x, y) for x, y in found]


def _spline(t: float, first: float, second: float, third: float, fourth: float) -> float:
    return 0.5 * (
        2 * second
        + (third - first) * t
        + (2 * first - 5 * second + 4 * third - fourth) * t**2
        + (3 * second - first - 3 * third + fourth) * t**3
    )


def _circle(draw: ImageDraw.ImageDraw, centre: float, radius: float, width: float) -> None:
    box = [centre - radius, centre - radius, centre + radius, centre + radius]
    draw.ellipse(box, outline=255, width=max(1, round(width)))


def _star(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    corners = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.4
        angle = math.pi * corner / 5 - math.pi / 2
        corners.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    draw.polygon(corners, fill=255)


def _text_on_arc(
    ink: Image.Image, text: str, centre: float, radius: float, size_and_reach: tuple[float, float]
) -> None:
    """Write along the ring: over the top for a positive reach in radians, under the bottom for a negative one."""
    size, reach = size_and_reach
    font = ImageFont.truetype(font_path(BOLD), round(size))
    upper = reach > 0
    for index, letter in enumerate(text):
        share = (index / (len(text) - 1) - 0.5) if len(text) > 1 else 0.0
        angle = (-math.pi / 2 + share * reach) if upper else (math.pi / 2 + share * reach)
        tile = Image.new("L", (round(size * 2),) * 2, 0)
        ImageDraw.Draw(tile).text((tile.width / 2,) * 2, letter, font=font, fill=255, anchor="mm")
        turned = tile.rotate(-math.degrees(angle) + (-90 if upper else 90), resample=Image.Resampling.BICUBIC)
        x, y = centre + radius * math.cos(angle), centre + radius * math.sin(angle)
        corner = (round(x - tile.width / 2), round(y - tile.height / 2))
        ink.paste(255, (*corner, corner[0] + tile.width, corner[1] + tile.height), turned)


def _png(ink: Image.Image, colour: tuple[int, int, int]) -> bytes:
    """One colour everywhere and the ink as transparency: sharp edges, small files."""
    small = ink.resize((ink.width // OVERSAMPLING, ink.height // OVERSAMPLING), Image.Resampling.LANCZOS)
    picture = Image.new("RGBA", small.size, (*colour, 0))
    picture.putalpha(small)
    target = io.BytesIO()
    picture.save(target, "PNG", optimize=True)
    return target.getvalue()
