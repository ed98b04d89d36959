"""Documents and updates written by hand, for what may follow a signature: nothing that a library would tidy."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from docaxis_signing.verdict import Cause, Indication, Integrity

World = Any
Objects = dict[int, bytes]

LINK = b"<< /Type /Annot /Subtype /Link /Rect [10 10 60 30] /Border [0 0 0] >>"
SECOND = (300, 600, 500, 660)


def stream(text: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(text), entries, text)


def objects(**changed: bytes) -> Objects:
    """A page with a text, two fonts, a link written into the page and a text field; entries replaced by `o<number>`."""
    found = {
        1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm 30 0 R >>",
        2: b"<< /Type /Pages /Count 1 /Kids [10 0 R] >>",
        3: b"<< /Title (x) >>",
        4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        10: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 20 0 R /Annots 31 0 R"
        b" /Resources << /Font << /F1 4 0 R >> /XObject << /Metadata 21 0 R >> >> >>",
        20: stream(b"BT /F1 11 Tf 50 780 Td (Honest) Tj ET /Metadata Do"),
        21: stream(b"0 0 9 9 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]"),
        30: b"<< /Fields [40 0 R] /DA (/Helv 0 Tf 0 g) /DR << /Font << /Helv 4 0 R >> >> >>",
        31: b"[" + LINK + b" 40 0 R]",
        40: b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (Number) /V (12) /Rect [50 50 150 70] /P 10 0 R /F 4"
        b" /AP << /N 41 0 R >> >>",
        41: stream(b"BT (12) Tj ET", b"/Type /XObject /Subtype /Form /BBox [0 0 100 20]"),
    }
    return found | {int(name[1:]): body for name, body in changed.items()}


def last_startxref(data: bytes) -> int:
    return int(data[data.rindex(b"startxref") + 9 :].split()[0])


def size_of(data: bytes) -> int:
    """More than the number of any object here, and no less than the file says already."""
    return max(200, *map(int, re.findall(rb"/Size (\d+)", data)), 0)


def append(data: bytes, changed: Mapping[int, bytes], freed: Iterable[int] = (), size: int | None = None) -> bytes:
    """Append an update with a cross-reference table, written by hand: nothing that a library would tidy."""
    body, rows = bytearray(), []
    for number, value in changed.items():
        rows.append(b"%d 1\n%010d 00000 n \n" % (number, len(data) + len(body)))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    rows += [b"%d 1\n0000000000 00001 f \n" % number for number in freed]
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R /Prev %d >>\n" % (
        size or size_of(data),
        last_startxref(data),
    )
    end = b"startxref\n%d\n%%%%EOF\n" % (len(data) + len(body))
    return data + bytes(body) + b"xref\n" + b"".join(rows) + trailer + end


def object_stream(contained: Objects) -> bytes:
    offsets, body = [], b""
    for number, value in contained.items():
        offsets.append(b"%d %d" % (number, len(body)))
        body += value + b" "
    head = b" ".join(offsets) + b" "
    return stream(head + body, b"/Type /ObjStm /N %d /First %d" % (len(contained), len(head)))


def append_stream(data: bytes, changed: Objects, *, number: int, compressed: Objects | None = None) -> bytes:
    """Append an update with a cross-reference stream of a chosen number; `compressed` goes into object stream 90."""
    body, rows = bytearray(), dict[int, bytes]()
    if compressed:
        changed = changed | {90: object_stream(compressed)}
        rows = {item: bytes([2, 0, 0, 0, 90, index]) for index, item in enumerate(compressed)}
    for item, value in changed.items():
        rows[item] = bytes([1, *(len(data) + len(body)).to_bytes(4), 0])
        body += b"%d 0 obj\n%s\nendobj\n" % (item, value)
    start = len(data) + len(body)
    rows[number] = bytes([1, *start.to_bytes(4), 0])
    rows = dict(sorted(rows.items()))
    previous = b"/Prev %d" % last_startxref(data) if b"startxref" in data else b""
    index = b" ".join(b"%d 1" % item for item in rows)
    entries = b"/Type /XRef /Size %d /W [1 4 1] /Index [%s] /Root 1 0 R /Info 3 0 R %s"
    entries %= (size_of(data), index, previous)
    section = b"%d 0 obj\n%s\nendobj\n" % (number, stream(b"".join(rows.values()), entries))
    return data + bytes(body) + section + b"startxref\n%d\n%%%%EOF\n" % start


def with_streams(found: Objects, *, compressed: tuple[int, ...], number: int = 91) -> bytes:
    """A file with an object stream and a cross-reference stream."""
    plain = {item: value for item, value in found.items() if item not in compressed}
    inside = {item: found[item] for item in compressed}
    return append_stream(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", plain, number=number, compressed=inside)


def first(world: World, changed: Objects | None = None, *, pdf: bytes | None = None) -> bytes:
    pdf = pdf or world.assemble(changed or objects())
    return bytes(world.sign(pdf, world.authorities.person("H98"), stamped=False))


def second(world: World, signed: bytes) -> bytes:
    return bytes(world.sign(signed, world.authorities.seal("H98"), "Sig2", box=SECOND, stamped=False))


def assert_intact(world: World, data: bytes, count: int = 2) -> None:
    found = world.examine(data)
    assert found.integrity is Integrity.INTACT, found
    assert [item.indication for item in found.approvals] == [Indication.TOTAL_PASSED] * count, found


def assert_modified(world: World, data: bytes, reason: str = "") -> None:
    found = world.examine(data)
    assert found.integrity is Integrity.MODIFIED, found
    assert found.cause is not None or Cause.MODIFIED in {item.cause for item in found.signatures}
    notes = " ".join((*found.notes, *(note for item in found.signatures for note in item.notes)))
    assert reason in notes, notes
