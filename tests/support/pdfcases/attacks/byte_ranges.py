"""Byte ranges: what a signature says that it covers. The signer is in league with the attacker or uses a bad tool."""

from collections.abc import Callable

from docaxis_signing.verdict import Cause, Integrity
from pdfcases.case import Group, Sample, attack
from pdfcases.editing import append, byte_range, current, last_startxref, put, swap
from pdfcases.pages import CATALOG, OTHER_TEXT, PAGE, TEXT_OF_PAGE, assemble, objects_of, page_object, plain, stream
from pdfcases.scene import Range, Scene
from pdfcases.witnesses import NOT_PDFSIG, SEEN, SIGNED_BYTES, STOCK, both, fact

COVERAGE = ("later-changes",)
SUM, OTHER_SUM = b"So tien: 1.000.000", b"So tien: 9.000.000"


def _swapped(scene: Scene, covers: Range, pdf: bytes | None = None) -> Sample:
    """Sign so that the sum stays out, then write another sum."""
    signed = scene.sign(pdf or plain(), covers=covers)
    return Sample(swap(signed, SUM, OTHER_SUM), honest=signed)


@attack(Group.BYTE_RANGES, SEEN, Cause.MODIFIED, integrity=Integrity.MODIFIED, rule="gap-is-contents", behind=COVERAGE)
def hole_over_the_page(scene: Scene) -> Sample:
    """The gap begins before the page's text and ends behind the signature; the sum in it is rewritten later."""
    at = plain().index(b"stream\n")
    return _swapped(scene, lambda _, end, size: (0, at, end, size - end))


@attack(Group.BYTE_RANGES, SEEN, Cause.MODIFIED, integrity=Integrity.MODIFIED, rule="gap-is-contents", behind=COVERAGE)
def hole_over_the_appearance(scene: Scene) -> Sample:
    """The gap goes on behind the signature, over its appearance, which is drawn anew later."""
    signed = scene.sign(
        plain(),
        box=(60, 200, 360, 260),
        covers=lambda start, end, size: (0, start, end + 600, size - end - 600),
    )
    return Sample(swap(signed, b"0.8 g", b"0.0 g"), honest=signed)


@attack(Group.BYTE_RANGES, both(SEEN, STOCK), Cause.MODIFIED, integrity=Integrity.MODIFIED, rule="gap-is-contents")
def hole_made_up_for_by_the_padding(scene: Scene) -> Sample:
    """The gap begins earlier, over the page; for that the padding of `/Contents` is signed, so the sum is right."""
    hole = 400

    def covers(start: int, end: int, size: int) -> tuple[int, ...]:
        return 0, start - hole, end - hole, size - end + hole

    signed = scene.sign(assemble(objects_of() | {30: stream(OTHER_TEXT)}), covers=covers)
    page = signed.rindex(b"/Contents 20 0 R")
    return Sample(put(signed, page, b"/Contents 30 0 R"), honest=signed)


@attack(
    Group.BYTE_RANGES,
    SEEN,
    Cause.BROKEN,
    integrity=Integrity.BROKEN,
    rule="byte-range-of-four",
    behind=("gap-is-contents", *COVERAGE),
)
def begins_behind_the_page(scene: Scene) -> Sample:
    """The ByteRange begins behind the page's text, which is rewritten later."""
    at = plain().index(b"endstream")
    return _swapped(scene, lambda start, end, size: (at, start - at, end, size - end))


@attack(
    Group.BYTE_RANGES,
    SEEN,
    Cause.BROKEN,
    integrity=Integrity.BROKEN,
    rule="byte-range-of-four",
    behind=("gap-is-contents", "ends-with-revision", *COVERAGE),
)
def six_numbers(scene: Scene) -> Sample:
    """Three stretches with a second gap over the page's text."""
    first, last = plain().index(b"stream\n"), plain().index(b"endstream")
    return _swapped(scene, lambda start, end, size: (0, first, last, start - last, end, size - end))


@attack(
    Group.BYTE_RANGES,
    SEEN,
    Cause.MODIFIED,
    Cause.BROKEN,
    integrity=Integrity.MODIFIED,
    rule="ends-with-revision",
    behind=COVERAGE,
)
def ends_before_the_trailer(scene: Scene) -> Sample:
    """The table and trailer stay out; a trailer with another catalog is put in their place."""
    objects = objects_of() | {
        5: b"<< /Type /Catalog /Pages 6 0 R  /AcroForm << /Fields [22 0 R] >> >>",
        6: b"<< /Type /Pages /Count 1 /Kids [7 0 R] >>",
        7: page_object(8).replace(b"/Parent 2", b"/Parent 6"),
        8: stream(OTHER_TEXT),
    }
    signed = scene.sign(assemble(objects), covers=lambda start, end, size: (0, start, end, size - end - 190))
    tail = signed.rindex(b"/Root 1 0 R")
    return Sample(put(signed, tail, b"/Root 5 0 R"), honest=signed)


@attack(Group.BYTE_RANGES, NOT_PDFSIG, Cause.BROKEN, integrity=Integrity.BROKEN)
def negative_number(scene: Scene) -> Sample:
    """The ByteRange of a finished signature is rewritten with a negative length."""
    return _rewritten(scene, lambda first, second, third, fourth: b"%d -%d %d %d" % (first, second - 9, third, fourth))


@attack(Group.BYTE_RANGES, SIGNED_BYTES, Cause.MODIFIED, integrity=Integrity.MODIFIED)
def overlapping_stretches(scene: Scene) -> Sample:
    """The second stretch begins within the first."""
    return _rewritten(scene, lambda first, second, third, fourth: b"%d %d 50 %d" % (first, second, fourth + third - 50))


@attack(Group.BYTE_RANGES, SIGNED_BYTES, Cause.MODIFIED, integrity=Integrity.MODIFIED)
def beyond_the_end(scene: Scene) -> Sample:
    """The second stretch ends behind the end of the file."""
    return _rewritten(scene, lambda first, second, third, fourth: b"%d %d %d %d" % (first, second, third, fourth + 99))


def _rewritten(scene: Scene, numbers: Callable[[int, int, int, int], bytes]) -> Sample:
    signed = scene.signed
    at = signed.index(b"/ByteRange [") + len(b"/ByteRange [")
    end = signed.index(b">>", at)
    new = numbers(*byte_range(signed)) + b"]"
    return Sample(put(signed, at, new.ljust(end - at)), honest=signed)


@attack(
    Group.BYTE_RANGES,
    fact("two fields, one signature dictionary", lambda sample: sample.data.count(b"/ByteRange") == 1),
    Cause.MODIFIED,
    integrity=Integrity.MODIFIED,
    rule="own-comparison",
)
def second_field_for_one_signature(scene: Scene) -> Sample:
    """An update adds a field that shows an old signature once more, so that one signer looks like two."""
    twin, number = (
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Twin) /V 21 0 R /F 132 /P 10 0 R /Rect [0 0 0 0] >>",
        23,
    )
    objects = {
        CATALOG: current(scene.signed, CATALOG).replace(b"/Fields [22 0 R", b"/Fields [22 0 R %d 0 R" % number),
        PAGE: current(scene.signed, PAGE).replace(b"/Annots [", b"/Annots [%d 0 R " % number),
        number: twin,
    }
    return Sample(append(scene.signed, objects), honest=scene.signed)


@attack(
    Group.BYTE_RANGES,
    SEEN,
    Cause.UNACCOUNTED_BYTES,
    Cause.UNREADABLE,
    integrity=Integrity.MODIFIED,
    rule="startxref-follows",
    behind=("no-gap", "gap-is-contents", "ends-with-revision", "signature-in-a-field", *COVERAGE),
)
def signature_wrapping(scene: Scene) -> Sample:
    """The second signed stretch is moved away; the room holds other objects and a table where the old one stood."""
    signed = scene.signed
    _, start, second, length = byte_range(signed)
    head, rest, table = signed[:second], signed[second:], last_startxref(signed)
    rows = signed[table : signed.index(b"trailer", table)]
    trailer = signed[signed.index(b"trailer", table) : signed.index(b"startxref", table)]
    widget = rest[rest.index(b"endobj\n") + 7 : rest.index(b"xref\n")]
    hidden = b"%d 0 obj\n%s\nendobj\n" % (TEXT_OF_PAGE, stream(OTHER_TEXT))
    places = dict(_rows(rows))
    objects_at = table + len(rows) + len(b"20 1\n0000000000 00000 n \n") + len(trailer)
    places |= {int(widget.split()[0]): objects_at, TEXT_OF_PAGE: objects_at + len(widget)}
    listed = b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % item for item in sorted(places.items()))
    room = listed + trailer + widget + hidden
    closing = b" /ByteRange [0 %d %d %d] >>\nendobj\n" % (start, table + len(room), length)
    return Sample(head + closing.ljust(table - len(head)) + room + rest, honest=signed)


def _rows(table: bytes) -> list[tuple[int, int]]:
    lines = table.splitlines()[1:]
    return [(int(lines[at].split()[0]), int(lines[at + 1].split()[0])) for at in range(0, len(lines) - 1, 2)]
