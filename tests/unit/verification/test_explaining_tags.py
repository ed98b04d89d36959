"""Tagged documents: a further signature adds its tags, and what was tagged before is read aloud as before."""

from typing import Any

import pytest

from docaxis_signing.verdict import Integrity

World = Any
Objects = dict[int, bytes]

ROOT = b"<< /Type /StructTreeRoot /K 51 0 R /ParentTree 52 0 R /ParentTreeNextKey 1 >>"
DOCUMENT = b"<< /Type /StructElem /S /Document /P 50 0 R /K [53 0 R] >>"
PARENTS = b"<< /Nums [0 [53 0 R]] >>"
PARAGRAPH = b"<< /S /P /P 51 0 R /Pg 10 0 R /K 0 >>"
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 20 0 R /StructParents 0 /Annots []"
    b" /Resources << /Font << /F1 4 0 R >> >> >>"
)
TEXT = b"/P << /MCID 0 >> BDC BT /F1 11 Tf 50 780 Td (Honest) Tj ET EMC"
OBJECTS: Objects = {
    1: b"<< /Type /Catalog /Pages 2 0 R /MarkInfo << /Marked true >> /StructTreeRoot 50 0 R /AcroForm 30 0 R >>",
    2: b"<< /Type /Pages /Count 1 /Kids [10 0 R] >>",
    3: b"<< /Title (x) >>",
    4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    10: PAGE,
    20: b"<< /Length %d >>\nstream\n%s\nendstream" % (len(TEXT), TEXT),
    30: b"<< /Fields [] >>",
    50: ROOT,
    51: DOCUMENT,
    52: PARENTS,
    53: PARAGRAPH,
}
WIDGET = (
    b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Later) /Rect [0 0 0 0] /F 132 /P 10 0 R /StructParent 1"
    b" /V 61 0 R >>"
)
TAG = b"<< /Type /StructElem /S /Form /P 51 0 R /Pg 10 0 R /K << /Type /OBJR /Obj 60 0 R >> >>"
SIGNING: Objects = {
    50: ROOT.replace(b"NextKey 1", b"NextKey 2"),
    51: DOCUMENT.replace(b"53 0 R", b"53 0 R 62 0 R"),
    52: b"<< /Nums [0 [53 0 R] 1 62 0 R] >>",
    62: TAG,
}
"""What a writer that signs a tagged document changes in its tags."""


@pytest.fixture(scope="module")
def signed(world: World) -> bytes:
    return bytes(world.sign(world.assemble(OBJECTS), world.authorities.person("H98"), stamped=False))


def append(data: bytes, changed: Objects) -> bytes:
    body, rows = bytearray(), []
    for number, value in changed.items():
        rows.append(b"%d 1\n%010d 00000 n \n" % (number, len(data) + len(body)))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    previous = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    trailer = b"trailer\n<< /Size 200 /Root 1 0 R /Info 3 0 R /Prev %d >>\n" % previous
    return (
        data
        + bytes(body)
        + b"xref\n"
        + b"".join(rows)
        + trailer
        + b"startxref\n%d\n%%%%EOF\n" % (len(data) + len(body))
    )


def with_field(signed: bytes, changed: Objects) -> Objects:
    """Put the tagged field of the later signature beside the first one's; it stays empty: what counts is the tags."""
    fields = signed[signed.rindex(b"/Fields") :]
    first = fields[fields.index(b"[") + 1 : fields.index(b"]")].strip()
    page = signed[signed.index(b"/Annots", signed.rindex(b"\n10 0 obj")) + 7 :]
    annotations = page[: page.index(b"]")].strip(b" [\n")
    return changed | {
        10: PAGE.replace(b"/Annots []", b"/Annots [%s 60 0 R]" % annotations),
        30: b"<< /Fields [%s 60 0 R] /SigFlags 3 >>" % first,
        60: WIDGET.replace(b" /V 61 0 R", b""),
    }


def integrity_of(world: World, signed: bytes, changed: Objects) -> tuple[Integrity, str]:
    found = world.examine(append(signed, changed))
    return found.integrity, " ".join(note for item in found.signatures for note in item.notes)


def test_the_tag_of_a_new_signature_field_is_no_change_of_what_was_tagged(signed: bytes) -> None:
    from docaxis_signing.pdf.comparison import Change  # noqa: PLC0415 - the engine's own answer, without pyHanko's
    from docaxis_signing.pdf.difference import compare  # noqa: PLC0415 - the same
    from docaxis_signing.pdf.structure import scan  # noqa: PLC0415 - the same

    data = append(signed, with_field(signed, SIGNING))
    assert compare(data, scan(data).revisions, 1).level is Change.FORM


FORGED: dict[str, tuple[Objects, str]] = {
    "words-replaced": ({53: PARAGRAPH.replace(b"/K 0", b"/K 0 /ActualText (Forged)")}, "/ActualText"),
    "tag-gone": ({51: DOCUMENT.replace(b"53 0 R", b"")}, "removed"),
    "order": ({51: DOCUMENT.replace(b"53 0 R", b"62 0 R 53 0 R"), 62: TAG}, "another order"),
    "role-map": ({50: ROOT.replace(b"/K 51", b"/RoleMap << /P /H1 >> /K 51")}, "/RoleMap"),
    "tag-for-old-text": (
        {51: DOCUMENT.replace(b"53 0 R", b"53 0 R 62 0 R"), 62: b"<< /S /P /P 51 0 R /Pg 10 0 R /K 0 >>"},
        "what was there before",
    ),
    "tag-for-another-object": (
        {51: DOCUMENT.replace(b"53 0 R", b"53 0 R 62 0 R"), 62: TAG.replace(b"60 0 R", b"20 0 R")},
        "something else",
    ),
    "words-for-a-new-tag": (
        {51: DOCUMENT.replace(b"53 0 R", b"53 0 R 62 0 R"), 62: TAG.replace(b"/K", b"/ActualText (x) /K")},
        "/ActualText",
    ),
    "text-of-another-tag": ({52: b"<< /Nums [0 [51 0 R]] >>"}, "belong to"),
}


@pytest.mark.parametrize(("changed", "reason"), FORGED.values(), ids=FORGED.keys())
def test_tags_that_change_what_is_read_aloud_are_a_modification(
    world: World, signed: bytes, changed: Objects, reason: str
) -> None:
    integrity, notes = integrity_of(world, signed, with_field(signed, changed))
    assert integrity is Integrity.MODIFIED
    assert reason in notes, notes


def test_a_second_signature_on_a_tagged_document_is_intact(world: World, signed: bytes) -> None:
    data = world.sign(signed, world.authorities.seal("H98"), "Sig2", box=(300, 600, 500, 660), stamped=False)
    assert world.examine(data).integrity is Integrity.INTACT
