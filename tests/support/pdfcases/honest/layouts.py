"""Ways of writing a document before it is signed, twice, by pyHanko: the second signature is where readers stumble."""

from collections.abc import Callable
from io import BytesIO
from random import Random
from typing import Final

import pikepdf

from pdfcases.case import Case, Group, Sample, Witness, honest
from pdfcases.editing import append
from pdfcases.pages import (
    CATALOG,
    INFO,
    PAGE,
    TEXT,
    TEXT_OF_PAGE,
    assemble,
    form_xobject,
    objects_of,
    page_object,
    plain,
    stream,
)
from pdfcases.scene import Scene
from pdfcases.witnesses import PDFSIG, both, fact

XMP: Final = (
    b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about=''/></rdf:RDF>"
    b"</x:xmpmeta><?xpacket end='w'?>"
)
FIRST_BOX, SECOND_BOX = (60, 200, 200, 260), (300, 200, 440, 260)
MANY_PAGES: Final = 2_000
LARGE: Final = 50 * 1024 * 1024


def signed_twice(scene: Scene, pdf: bytes) -> Sample:
    """Let a person and an organisation sign, both visibly."""
    first = scene.sign_anyhow(pdf, "Sig1", scene.person, box=FIRST_BOX)
    return Sample(scene.sign_anyhow(first, "Sig2", box=SECOND_BOX), honest=pdf)


def _written(
    name: str, about: str, make: Callable[[], bytes], witness: Witness | None = None, *, full: bool = False
) -> Case:
    def build(scene: Scene) -> Sample:
        return signed_twice(scene, make())

    build.__name__, build.__doc__ = name, about
    return honest(Group.LAYOUTS, both(PDFSIG, witness) if witness else PDFSIG, full=full)(build)


def _holds(words: bytes) -> Witness:
    return fact(f"{words.decode()} stands in the file", lambda sample: words in sample.honest)


def _saved(pdf: bytes, **options: object) -> bytes:
    out = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as document:
        document.save(out, **options)  # type: ignore[arg-type]
    return out.getvalue()


GENERATE, DISABLE = pikepdf.ObjectStreamMode.generate, pikepdf.ObjectStreamMode.disable


def table_as_a_stream() -> bytes:
    """Write a document whose only table is a stream and whose objects are not compressed."""
    objects, out, rows = objects_of(), bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"), {0: b"\0" * 4 + b"\0\xff\xff"}
    for number, value in sorted(objects.items()):
        rows[number] = b"\1" + len(out).to_bytes(4) + b"\0\0"
        out += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    number, start = max(objects) + 1, len(out)
    rows[0] = b"\0" + bytes(4) + b"\xff\xff"
    rows[number] = b"\1" + start.to_bytes(4) + b"\0\0"
    index = b" ".join(b"%d 1" % item for item in rows)
    entries = b"/Type /XRef /Size %d /W [1 4 2] /Index [%s] /Root 1 0 R /Info 3 0 R" % (number + 1, index)
    out += b"%d 0 obj\n%s\nendobj\n" % (number, stream(b"".join(rows.values()), entries))
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % start


def hybrid() -> bytes:
    """Write a hybrid-reference file: old readers use the table, new ones find one object more in a stream."""
    objects = objects_of()
    base = assemble(objects)
    at = base.index(b"xref\n0 1")
    body, trailer_at = base[:at], base.index(b"trailer", at)
    extra = b"30 0 obj\n<< /Type /Metadata2 >>\nendobj\n"
    row = b"\1" + len(body).to_bytes(4) + b"\0" + b"\1" + (len(body) + len(extra)).to_bytes(4) + b"\0"
    entries = b"/Type /XRef /Size 32 /W [1 4 1] /Index [30 1 31 1] /Root 1 0 R"
    hidden = b"31 0 obj\n%s\nendobj\n" % stream(row, entries)
    table = base[at:trailer_at]
    trailer = b"trailer\n<< /Size 32 /Root 1 0 R /Info 3 0 R /XRefStm %d >>\n" % (len(body) + len(extra))
    start = len(body) + len(extra) + len(hidden)
    return body + extra + hidden + table + trailer + b"startxref\n%d\n%%%%EOF\n" % start


def link(extra: bytes = b"") -> bytes:
    """Write a link annotation."""
    return (
        b"<< /Type /Annot /Subtype /Link /Rect [60 690 200 730] /Border [0 0 0] /A << /S /URI /URI (http://x) >> %s>>"
        % extra
    )


def _with(**changes: bytes) -> bytes:
    objects = objects_of()
    numbers = {"catalog": CATALOG, "page": PAGE, "text": TEXT_OF_PAGE, "info": INFO}
    for name, value in changes.items():
        objects[numbers[name]] = value
    return assemble(objects)


def _large() -> bytes:
    image = b"/Type /XObject /Subtype /Image /Width 4096 /Height 4096 /ColorSpace /DeviceGray /BitsPerComponent 8"
    page = page_object().replace(b"/Font <<", b"/XObject << /Im 30 0 R >> /Font <<")
    return assemble(objects_of() | {PAGE: page, 30: stream(Random(1).randbytes(LARGE), image)})


CASES = (
    _written("table", "One cross-reference table.", plain),
    _written("table_of_qpdf", "A table as qpdf writes it.", lambda: _saved(plain(), object_stream_mode=DISABLE)),
    _written(
        "object_streams",
        "Objects compressed in streams.",
        lambda: _saved(plain(), object_stream_mode=GENERATE),
        _holds(b"/ObjStm"),
    ),
    _written("table_as_a_stream", "A cross-reference stream over plain objects.", table_as_a_stream, _holds(b"/XRef")),
    _written("linearised", "Linearised for the web.", lambda: _saved(plain(), linearize=True), _holds(b"/Linearized")),
    _written(
        "linearised_with_object_streams",
        "Linearised, with compressed objects.",
        lambda: _saved(plain(pages=3), linearize=True, object_stream_mode=GENERATE),
        _holds(b"/Linearized"),
    ),
    _written("hybrid", "A hybrid-reference file for readers of 2003.", hybrid, _holds(b"/XRefStm")),
    _written("version_1_4", "PDF 1.4.", lambda: assemble(objects_of(), version=b"1.4")),
    _written("version_2_0", "PDF 2.0.", lambda: assemble(objects_of(), version=b"2.0")),
    _written(
        "links_in_the_page",
        "Links stand as direct dictionaries in the page's /Annots.",
        lambda: _with(page=page_object(extra=b"/Annots [%s %s]" % (link(), link(b"/H /N ")))),
        _holds(b"/Annots [<<"),
    ),
    _written(
        "annotations_beside_the_page",
        "The page's /Annots is an object of its own.",
        lambda: assemble(objects_of(page=b"/Annots 30 0 R") | {30: b"[31 0 R]", 31: link()}),
        _holds(b"/Annots 30 0 R"),
    ),
    _written(
        "pages_in_a_tree",
        "Pages in branches, with what they inherit.",
        lambda: assemble(
            objects_of()
            | {
                2: b"<< /Type /Pages /Count 1 /Kids [30 0 R] /MediaBox [0 0 595 842] >>",
                30: b"<< /Type /Pages /Parent 2 0 R /Count 1 /Kids [10 0 R] /Resources << /Font << /F1 4 0 R >> >> >>",
                PAGE: b"<< /Type /Page /Parent 30 0 R /Contents 20 0 R >>",
            }
        ),
    ),
    _written(
        "contents_in_parts",
        "The page's content in three parts.",
        lambda: assemble(
            objects_of()
            | {
                PAGE: page_object().replace(b"/Contents 20 0 R", b"/Contents [21 0 R 20 0 R 22 0 R]"),
                21: stream(b"q"),
                22: stream(b"Q"),
            }
        ),
    ),
    _written("page_lying_on_its_side", "A page that lies on its side.", lambda: plain(page=b"/Rotate 90")),
    _written(
        "tagged",
        "A tagged document with a language, for readers of the screen.",
        lambda: assemble(
            objects_of(
                catalog=b"/MarkInfo << /Marked true >> /Lang (vi-VN) /StructTreeRoot 30 0 R /ViewerPreferences"
                b" << /DisplayDocTitle true >>"
            )
            | {30: b"<< /Type /StructTreeRoot /K [] >>"}
        ),
        _holds(b"/StructTreeRoot"),
    ),
    _written(
        "metadata_and_outlines",
        "XMP metadata and an outline.",
        lambda: assemble(
            objects_of(catalog=b"/Metadata 30 0 R /Outlines 31 0 R")
            | {
                30: stream(XMP, b"/Type /Metadata /Subtype /XML"),
                31: b"<< /Type /Outlines /First 32 0 R /Last 32 0 R /Count 1 >>",
                32: b"<< /Title (Dieu 1) /Parent 31 0 R /Dest [10 0 R /Fit] >>",
            }
        ),
        _holds(b"/Outlines"),
    ),
    _written(
        "layers",
        "Layers, all of them shown.",
        lambda: assemble(
            objects_of(catalog=b"/OCProperties << /OCGs [30 0 R] /D << /ON [30 0 R] /Order [30 0 R] >> >>")
            | {30: b"<< /Type /OCG /Name (Nen) >>"}
        ),
        _holds(b"/OCProperties"),
    ),
    _written(
        "picture_in_a_form",
        "Text drawn by a form inside the page.",
        lambda: assemble(
            objects_of()
            | {
                PAGE: page_object().replace(b"/Font <<", b"/XObject << /Fm 30 0 R >> /Font <<"),
                30: form_xobject(b"0.5 g 0 0 90 90 re f", 90, 90),
                TEXT_OF_PAGE: stream(TEXT % 1 + b" /Fm Do"),
            }
        ),
    ),
    _written(
        "comments_between_objects",
        "Comments of the writing program before the end.",
        lambda: plain().replace(b"\nstartxref", b"\n%iText-7.1.2\nstartxref"),
        _holds(b"%iText"),
    ),
    _written("line_ends_behind_the_end", "A writer leaves empty lines at the end.", lambda: plain() + b"\r\n\n"),
    _written(
        "corrected_before_signing",
        "A draft that was corrected twice by updates before it was signed.",
        lambda: append(append(plain(), {TEXT_OF_PAGE: stream(TEXT % 7)}), {INFO: b"<< /Title (Ban cuoi) >>"}),
        fact("three revisions", lambda sample: sample.honest.count(b"%%EOF") == 3),
    ),
    _written(
        "object_freed_before_signing",
        "An object was freed by an update before anybody signed.",
        lambda: append(assemble(objects_of() | {30: b"(old)"}), {}, freed=(30,)),
    ),
    _written(
        "references_that_lead_nowhere",
        "The catalog refers to an object that does not exist, which means null.",
        lambda: plain(catalog=b"/PieceInfo 45 0 R").replace(b"/Size 21", b"/Size 50"),
        _holds(b"45 0 R"),
    ),
    _written("empty_form_field", "A form field that stays empty.", lambda: plain(form=True), _holds(b"/FT /Tx")),
    _written(
        "file_attached",
        "A file is attached; the policy lets it be.",
        lambda: assemble(
            objects_of(catalog=b"/Names << /EmbeddedFiles << /Names [(a) 30 0 R] >> >>")
            | {
                30: b"<< /Type /Filespec /F (a.txt) /EF << /F 31 0 R >> >>",
                31: stream(b"attached", b"/Type /EmbeddedFile"),
            }
        ),
        _holds(b"/EmbeddedFile"),
    ),
    _written("twenty_pages", "Twenty pages.", lambda: plain(pages=20)),
    _written("two_thousand_pages", "2,000 pages.", lambda: plain(pages=MANY_PAGES), full=True),
    _written("fifty_mebibytes", "A picture of 50 MiB.", _large, full=True),
)
