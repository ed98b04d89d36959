"""Small documents to sign, written by hand so that every byte is known."""

from collections.abc import Mapping

TEXT = b"BT /F1 24 Tf 60 700 Td (So tien: 1.000.000) Tj 0 -60 Td (Document %d) Tj ET"
OTHER_TEXT = b"BT /F1 24 Tf 60 700 Td (So tien: 9.000.000) Tj ET 0 g 40 300 400 200 re f"
CATALOG, PAGES, INFO, FONT, PAGE, TEXT_OF_PAGE, FIELD, APPEARANCE = 1, 2, 3, 4, 10, 20, 40, 41
FIRST_FREE = 50
"""Number of the first object that a signature or an attacker may take."""
BOX = (60, 400, 360, 460)
A4 = b"/MediaBox [0 0 595 842]"


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """Write a stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def form_xobject(content: bytes, width: int, height: int) -> bytes:
    """Write an appearance."""
    return stream(content, b"/Type /XObject /Subtype /Form /BBox [0 0 %d %d]" % (width, height))


def text_field(value: bytes = b"()", extra: bytes = b"") -> bytes:
    """Write a text field that is its own widget."""
    left, bottom, right, top = BOX
    return (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (SoTien) /V %s /Rect [%d %d %d %d] /P %d 0 R /F 4"
        b" /DA (/Helv 0 Tf 0 g) /AP << /N %d 0 R >> %s >>" % (value, left, bottom, right, top, PAGE, APPEARANCE, extra)
    )


def objects_of(
    seed: int = 1, *, pages: int = 1, form: bool = False, catalog: bytes = b"", page: bytes = b""
) -> dict[int, bytes]:
    """Give the objects of a document: pages with a line of text each, and a text field where a form is wanted."""
    numbers = [PAGE + index if index < 10 else 1000 + 2 * index for index in range(pages)]
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    acroform = b"/AcroForm << /Fields [%d 0 R] /DA (/Helv 0 Tf 0 g) >> " % FIELD if form else b""
    objects = {
        CATALOG: b"<< /Type /Catalog /Pages 2 0 R %s%s >>" % (acroform, catalog),
        PAGES: b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids),
        INFO: b"<< /Title (Document %d) >>" % seed,
        FONT: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    }
    for index, number in enumerate(numbers):
        annotations = b"/Annots [%d 0 R] " % FIELD if form and index == 0 else b""
        objects[number] = page_object(number + 10 if index < 10 else number + 1, annotations + page)
        objects[number + 10 if index < 10 else number + 1] = stream(TEXT % (seed + index))
    if form:
        objects[FIELD] = text_field()
        objects[APPEARANCE] = form_xobject(b"", 300, 60)
    return objects


def page_object(content: int = TEXT_OF_PAGE, extra: bytes = b"") -> bytes:
    """Write a page that shows one content stream."""
    return b"<< /Type /Page /Parent 2 0 R %s /Resources << /Font << /F1 4 0 R >> >> /Contents %d 0 R %s >>" % (
        A4,
        content,
        extra,
    )


def assemble(objects: Mapping[int, bytes], *, version: bytes = b"1.7", trailer: bytes = b"") -> bytes:
    """Write objects as a PDF with one cross-reference table."""
    out, offsets = bytearray(b"%PDF-" + version + b"\n%\xe2\xe3\xcf\xd3\n"), {}
    for number in sorted(objects):
        offsets[number] = len(out)
        out += b"%d 0 obj\n" % number + objects[number] + b"\nendobj\n"
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number in sorted(objects):
        out += b"%d 1\n%010d 00000 n \n" % (number, offsets[number])
    identifier = b"/ID [<%032x> <%032x>]" % (size, size)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R %s %s >>\n" % (size, identifier, trailer)
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % start


def plain(seed: int = 1, **options: bool | bytes | int) -> bytes:
    """Give a whole document."""
    return assemble(objects_of(seed, **options))  # type: ignore[arg-type]
