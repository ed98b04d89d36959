"""Pictures of further signatures: where an update draws them, and whether they lie over what was signed before.

A signature with a picture is made by whoever has a certificate, and its picture may show anything (evil annotation and
sneaky signature attacks, pdf-insecurity.org). So which of them cover something is told; whether that may be is the
policy's to say, for a seal over a third of the signature before it is what decree 30/2020 asks for.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from docaxis_signing.pdf.comparison import Ledger
from docaxis_signing.pdf.field_changes import inherited, title_of
from docaxis_signing.pdf.objects import Snapshot, Stream, referred
from docaxis_signing.pdf.page_marks import Box, marks_of
from docaxis_signing.pdf.syntax import Name, Reference

MAX_PAGES: Final = 20_000
"""Nodes of the page tree that are looked through for the page of a field that was there before."""
MARGIN: Final = 1.0
"""Points at the edge of a picture that may touch what stands beside it."""
MOST_OF_A_SIGNATURE: Final = 0.5
"""Of an earlier signature's picture: a seal covers a third of it (decree 30/2020/NĐ-CP, annex I)."""
_TURNS_OR_GROWS: Final = 8 | 16
"""Flags NoZoom and NoRotate, by which an annotation is drawn beside its rectangle (ISO 32000-2, table 167)."""
_ANYWHERE: Final[Box] = (-math.inf, -math.inf, math.inf, math.inf)
UNSEEN: Final = frozenset({Name(b"Link"), Name(b"Popup")})
"""Annotations that draw nothing but a frame."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a further signature draws on one page."""

    field: str
    page: Reference
    box: Box
    over_annotation: bool
    """Whether it lies over what an earlier annotation draws."""


def pictures_of(ledger: Ledger) -> tuple[Picture, ...]:
    """Find what the signatures that an update brings draw, once their change is understood."""
    widgets = {number: ledger.new.value(number) for number in ledger.pictured}
    boxes = {number: _box(ledger.new, widget) for number, widget in widgets.items() if _is_drawn(ledger.new, widget)}
    drawn = {number: box for number, box in boxes.items() if box is not None}
    return tuple(_on_pages(ledger, drawn)) if drawn else ()


def _on_pages(ledger: Ledger, drawn: Mapping[int, Box]) -> Iterator[Picture]:
    for page, value in _pages(ledger.new):
        shown = referred(ledger.new.resolve(value.get(b"Annots"))) & drawn.keys()
        for number in sorted(shown):
            title = title_of(ledger.new, ledger.new.value(number))
            yield Picture(title, page, drawn[number], _over_annotation(ledger.old, page.number, number, drawn[number]))


def _pages(view: Snapshot) -> Iterator[tuple[Reference, Mapping[bytes, Any]]]:
    catalog = view.resolve(view.trailer.get(b"Root"))
    waiting, seen = [catalog.get(b"Pages")], set[int]()
    while waiting and len(seen) < MAX_PAGES:
        item = waiting.pop()
        node = view.resolve(item)
        if not isinstance(item, Reference) or not isinstance(node, dict) or item.number in seen:
            continue
        seen.add(item.number)
        kids = view.resolve(node.get(b"Kids"))
        if isinstance(kids, list):
            waiting += kids
        if not isinstance(kids, list) or node.get(b"Type") == Name(b"Page"):  # with kids it is a page to some readers
            yield item, node


def _box(view: Snapshot, widget: Any) -> Box | None:
    """Give the rectangle of a widget that draws something; one that is written oddly may be anywhere."""
    rectangle = view.resolve(widget.get(b"Rect")) if isinstance(widget, dict) else None
    if rectangle is None:
        return None
    corners = [view.resolve(item) for item in rectangle] if isinstance(rectangle, list) else []
    if len(corners) != 4 or not all(type(item) in (int, float) for item in corners):
        return _ANYWHERE
    left, right = sorted((corners[0], corners[2]))
    bottom, top = sorted((corners[1], corners[3]))
    if not (left < right and bottom < top):
        return None
    flags = widget.get(b"F", 0)
    stays = type(flags) is int and not flags & _TURNS_OR_GROWS
    return (left, bottom, right, top) if stays else _ANYWHERE


def _over_annotation(view: Snapshot, page: int, own: int, box: Box) -> bool:
    value = view.value(page)
    annotations = view.resolve(value.get(b"Annots")) if isinstance(value, dict) else None
    for item in annotations if isinstance(annotations, list) else ():
        found = view.resolve(item)
        place = _box(view, found)
        if place is None or (isinstance(item, Reference) and item.number == own) or found.get(b"Subtype") in UNSEEN:
            continue
        is_signature = inherited(view.resolve, found, b"FT") == Name(b"Sig")
        if _is_drawn(view, found) and _covers(box, place, MOST_OF_A_SIGNATURE if is_signature else 0.0):
            return True
    return False


def _is_drawn(view: Snapshot, annotation: Any) -> bool:
    """Tell whether an annotation draws something: by an appearance, or by readers that paint its box without one."""
    if not isinstance(annotation, dict):
        return False
    appearance = view.resolve(annotation.get(b"AP"))
    looks = [view.resolve(item) for item in appearance.values()] if isinstance(appearance, dict) else []
    drawn = any(bool(look.raw.strip()) if isinstance(look, Stream) else look is not None for look in looks)
    return drawn or _is_painted(view, view.resolve(annotation.get(b"MK")))


def _is_painted(view: Snapshot, characteristics: Any) -> bool:
    """Tell whether a widget has a ground or a border of its own (ISO 32000-2, 12.5.6.19).

    poppler draws them where there is no appearance, and where the form asks readers to draw anew.
    """
    found = characteristics if isinstance(characteristics, dict) else {}
    return any(view.resolve(found.get(key)) not in (None, []) for key in (b"BG", b"BC"))


def _covers(box: Box, other: Box, share: float) -> bool:
    """Tell whether a box covers more than a share of another."""
    width = min(box[2] - MARGIN, other[2]) - max(box[0] + MARGIN, other[0])
    height = min(box[3] - MARGIN, other[3]) - max(box[1] + MARGIN, other[1])
    if width < 0 or height < 0:
        return False
    return share == 0 or width * height > share * (other[2] - other[0]) * (other[3] - other[1])


@dataclass(frozen=True, slots=True)
class Covering:
    """Fields whose pictures lie over what was there before; ``hiding`` are those that do more than touch its edge."""

    fields: tuple[str, ...] = ()
    hiding: tuple[str, ...] = ()


def covering(pictures: tuple[Picture, ...], reader: PdfFileReader) -> Covering:
    """Find them; in doubt a picture hides what is below it."""
    marks: dict[int, tuple[Box, ...] | None] = {}
    found, hiding = set(), set()
    for picture in pictures:
        number = picture.page.number
        if not picture.over_annotation and number not in marks:
            marks[number] = _marks(picture.page, reader, _on(number, pictures))
        below = [mark for mark in marks.get(number) or () if _covers(picture.box, mark, 0.0)]
        in_doubt = picture.over_annotation or marks.get(number) is None
        if in_doubt or below:
            found.add(picture.field)
        if in_doubt or any(_hides(picture.box, mark) for mark in below):
            hiding.add(picture.field)
    return Covering(tuple(sorted(found)), tuple(sorted(hiding)))


def _on(page: int, pictures: Sequence[Picture]) -> list[Box]:
    return [picture.box for picture in pictures if picture.page.number == page]


def _hides(box: Box, mark: Box) -> bool:
    """Tell whether more than half the height of a line, or of the picture itself, lies below the picture.

    A round seal over a third of a signature touches the lines above and below it with the corners of its square.
    """
    height = min(box[3], mark[3]) - max(box[1], mark[1])
    return not height <= min(box[3] - box[1], mark[3] - mark[1]) / 2


def _marks(page: Reference, reader: PdfFileReader, below: Sequence[Box]) -> tuple[Box, ...] | None:
    """Give the marks of a page below some boxes; None if its content cannot be followed, and may be anywhere."""
    try:
        reference = generic.Reference(page.number, page.generation, reader)
        return marks_of(reader.get_object(reference), below)  # type: ignore[no-untyped-call]
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever a hostile page makes the library raise leaves it in doubt
        return None
