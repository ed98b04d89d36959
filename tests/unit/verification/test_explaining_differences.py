"""What may follow a signature: every difference is explained by our own comparison, or the file is modified."""

import asyncio
from io import BytesIO

import pytest
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers import cms_embedder
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp

from docaxis_signing.verdict import Indication, Integrity
from handwritten import (
    LINK,
    SECOND,
    Objects,
    World,
    append,
    append_stream,
    assert_intact,
    assert_modified,
    first,
    last_startxref,
    object_stream,
    objects,
    second,
    size_of,
    stream,
    with_streams,
)


def test_a_second_signature_on_a_page_with_annotations_in_its_array_and_a_field_is_no_change(world: World) -> None:
    """pyHanko refuses the array (its issue 719) and calls the untouched field filled in."""
    assert_intact(world, second(world, first(world)))


def test_a_page_without_annotations_gets_its_first(world: World) -> None:
    page = objects()[10].replace(b"/Annots 31 0 R", b"")
    assert_intact(world, second(world, first(world, objects(o10=page))))


def test_a_field_still_to_be_signed_is_signed(world: World) -> None:
    def reserve(writer: IncrementalPdfFileWriter) -> None:
        append_signature_field(writer, SigFieldSpec("Sig2", box=SECOND))

    signed = first(world, None)
    prepared = world.update(world.assemble(objects()), reserve)
    signed = world.sign(prepared, world.authorities.person("H98"), stamped=False)
    pdf = world.sign(signed, world.authorities.seal("H98"), "Sig2", stamped=False)
    assert_intact(world, pdf)


def test_an_update_that_frees_what_nothing_refers_to_is_no_change(world: World) -> None:
    signed = first(world, objects(o50=b"<< /Old true >>"))
    assert_intact(world, append(signed, {}, freed=[50]), 1)


def test_an_update_that_frees_what_a_page_refers_to_is_a_change(world: World) -> None:
    assert_modified(world, append(first(world), {}, freed=[21]), "object 21")


def test_a_reference_to_nothing_is_honest_as_long_as_nothing_comes(world: World) -> None:
    page = objects()[10].replace(b"/Contents 20 0 R", b"/Contents 20 0 R /Thumb 99 0 R")
    signed = first(world, objects(o10=page))
    assert_intact(world, second(world, signed))
    assert_modified(world, append(signed, {99: stream(b"1 1 1 rg 0 0 595 842 re f")}), "object 99")


HIDDEN_REFERENCES = {
    "string-that-looks-like-a-stream": b"/X (>>stream\n) /Thumb 99 0 R",
    "tight": b"/X[99 0 R]",
    "leading-zeros": b"/Thumb 0099 0 R",
}


@pytest.mark.parametrize("entry", HIDDEN_REFERENCES.values(), ids=HIDDEN_REFERENCES.keys())
def test_no_way_of_writing_a_reference_hides_it(world: World, entry: bytes) -> None:
    page = objects()[10].replace(b"/Contents", entry + b" /Contents")
    data = append(first(world, objects(o10=page)), {99: stream(b"1 1 1 rg 0 0 595 842 re f")})
    assert world.examine(data).integrity not in {Integrity.INTACT, Integrity.INTACT_WITH_PERMITTED_CHANGES}


PAGE = objects()[10]
FIELD = objects()[40]
FORM = objects()[30].replace(b"40 0 R", b"40 0 R SIGNATURE")
"""The form as signing left it; the reference to the signature's field is put in by `as_signed`."""


def as_signed(signed: bytes, changed: Objects) -> Objects:
    fields = signed[signed.rindex(b"/Fields") :]
    field = fields[fields.index(b"40 0 R") + 6 : fields.index(b"]")].strip()
    return {number: value.replace(b"SIGNATURE", field) for number, value in changed.items()}


CHANGES: dict[str, tuple[Objects, str]] = {
    "content": ({20: stream(b"BT (Forged) Tj ET")}, "object 20"),
    "resource-called-metadata": ({21: stream(b"0 0 99 99 re f", b"/Type /Metadata /Subtype /XML")}, "object 21"),
    "font": ({4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"}, "object 4"),
    "page-box": ({10: PAGE.replace(b"595 842", b"5 8")}, "MediaBox"),
    "page-no-page": ({10: b"null"}, "page 10"),
    "page-tree": ({2: b"<< /Type /Pages /Count 0 /Kids [] >>"}, "object 2"),
    "catalog": ({1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm 30 0 R /OpenAction 60 0 R >>"}, "/OpenAction"),
    "annotation-of-the-page-moved": ({31: b"[" + LINK.replace(b"60 30", b"90 90") + b" 40 0 R]"}, "annotations"),
    "annotations-in-another-order": ({31: b"[40 0 R " + LINK + b"]"}, "annotations"),
    "annotation-gone": ({31: b"[40 0 R]"}, "annotations"),
    "annotation-added": (
        {31: b"[" + LINK + b" 40 0 R 60 0 R]", 60: b"<< /Type /Annot /Subtype /Stamp /Rect [0 0 99 99] >>"},
        "annotations",
    ),
    "annotation-of-its-own-page-array": ({10: PAGE.replace(b"31 0 R", b"[]")}, "annotations"),
    "field-gone": ({30: FORM.replace(b"40 0 R ", b"")}, "fields of the form were removed"),
    "text-field-added": (
        {30: FORM.replace(b"40 0 R", b"40 0 R 60 0 R"), 60: b"<< /FT /Tx /T (New) /V (x) >>"},
        "none for a signature",
    ),
    "signature-field-with-an-action": (
        {
            30: FORM.replace(b"40 0 R", b"40 0 R 60 0 R"),
            60: b"<< /FT /Sig /T (New) /Type /Annot /Subtype /Widget /Rect [0 0 9 9] /A << /S /Named >> >>",
        },
        "signature field with /A",
    ),
    "empty-signature-field-that-draws": (
        {
            30: FORM.replace(b"40 0 R", b"40 0 R 60 0 R"),
            60: b"<< /FT /Sig /T (New) /Type /Annot /Subtype /Widget /Rect [0 0 595 842] /AP << /N 61 0 R >> >>",
            61: stream(b"0 0 595 842 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 595 842]"),
        },
        "draws something",
    ),
    "old-object-as-a-field": ({30: FORM.replace(b"40 0 R", b"40 0 R 21 0 R")}, "became a field"),
    "default-appearance": ({30: FORM.replace(b"0 Tf 0 g", b"0 Tf 1 g")}, "/DA"),
    "default-font": ({30: FORM.replace(b"/Helv 4 0 R", b"/Helv 60 0 R"), 60: b"<< /Type /Font >>"}, "resources"),
    "field-moved": ({40: FIELD.replace(b"50 50 150 70", b"50 500 150 520")}, "/Rect"),
    "field-hidden": ({40: FIELD.replace(b"/F 4", b"/F 2")}, "/F"),
    "field-with-another-look-alone": (
        {41: stream(b"BT (99) Tj ET", b"/Subtype /Form /BBox [0 0 100 20]")},
        "object 41",
    ),
    "field-with-another-appearance": (
        {40: FIELD.replace(b"41 0 R", b"61 0 R"), 61: stream(b"x", b"/Subtype /Form /BBox [0 0 100 20]")},
        "its value was not",
    ),
    "field-filled-in-a-larger-box": (
        {
            40: FIELD.replace(b"(12)", b"(99)").replace(b"41 0 R", b"61 0 R"),
            61: stream(b"x", b"/Subtype /Form /BBox [0 0 10 2]"),
        },
        "another box",
    ),
    "field-filled-and-turned": (
        {
            40: FIELD.replace(b"(12)", b"(99)").replace(b"41 0 R", b"61 0 R"),
            61: stream(b"x", b"/Subtype /Form /BBox [0 0 100 20] /Matrix [9 0 0 9 0 0]"),
        },
        "turned or stretched",
    ),
}


@pytest.mark.parametrize(("changed", "reason"), CHANGES.values(), ids=CHANGES.keys())
def test_changes_that_nothing_explains(world: World, changed: Objects, reason: str) -> None:
    signed = first(world)
    assert_modified(world, append(signed, as_signed(signed, changed)), reason)


def test_a_field_that_is_filled_in_is_a_permitted_change(world: World) -> None:
    changed = {
        40: FIELD.replace(b"(12)", b"(99)").replace(b"41 0 R", b"61 0 R"),
        61: stream(b"BT (99) Tj ET", b"/Type /XObject /Subtype /Form /BBox [0 0 100 20]"),
    }
    found = world.examine(append(first(world), changed))
    assert found.integrity is Integrity.INTACT_WITH_PERMITTED_CHANGES
    assert found.approvals[0].filled_fields == ("Number",)


def test_what_a_field_was_drawn_with_may_not_be_shown_elsewhere_too(world: World) -> None:
    """Else filling in a field would change what stands on the page."""
    page = PAGE.replace(b"/Metadata 21 0 R", b"/Metadata 21 0 R /X 41 0 R")
    changed = {
        40: FIELD.replace(b"(12)", b"(99)"),
        41: stream(b"BT (99) Tj ET", b"/Type /XObject /Subtype /Form /BBox [0 0 100 20]"),
    }
    assert_modified(world, append(first(world, objects(o10=page)), changed), "object 41")


def test_the_length_of_a_stream_is_part_of_it(world: World) -> None:
    text = b"BT (Honest) Tj ET\nendstream\nendobj\n22 0 obj"
    content = b"<< /Length 22 0 R >>\nstream\n" + text + b"\nendstream"
    signed = first(world, objects(o20=content, o22=b"%d" % len(text)))
    assert_modified(world, append(signed, {22: b"17"}), "object 22")


def test_another_object_stream_under_the_number_of_an_old_one_changes_what_is_in_it(world: World) -> None:
    """No section lists the font anew, and yet every reader finds another one."""
    signed = first(world, pdf=with_streams(objects(), compressed=(4, 30)))
    assert_intact(world, signed, 1)
    other = object_stream({4: objects()[4].replace(b"Helvetica", b"Symbol"), 30: FORM})
    assert_modified(world, append_stream(signed, {90: other}, number=95), "object 4")


def test_a_cross_reference_stream_under_a_number_used_before_is_harmless_while_nothing_refers_to_it(
    world: World,
) -> None:
    """pyHanko's strict reader refuses such files; DSS writes them."""
    pdf = with_streams(objects(), compressed=(4,))
    signed = first(world, pdf=append_stream(pdf, {3: b"<< /Title (y) >>"}, number=91))
    assert_intact(world, signed, 1)
    assert_intact(world, append_stream(signed, {3: b"<< /Title (z) >>"}, number=91), 1)


def test_content_under_the_number_of_a_cross_reference_stream_that_a_page_refers_to_is_a_change(world: World) -> None:
    page = PAGE.replace(b"/Contents 20 0 R", b"/Contents [20 0 R 91 0 R]")
    signed = first(world, pdf=with_streams(objects(o10=page), compressed=(4,)))
    assert_modified(world, append(signed, {91: stream(b"1 1 1 rg 0 0 595 842 re f")}), "object 91")
    assert_modified(world, append_stream(signed, {}, number=91), "object 91")


def append_hybrid(data: bytes, changed: Objects, hidden: Objects, *, number: int = 97) -> bytes:
    """Append an update that places some objects in its table and hides others in a stream beside it."""
    body, places, size = bytearray(), dict[int, int](), size_of(data)
    for item, value in (changed | hidden).items():
        places[item] = len(data) + len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (item, value)
    stream_at = len(data) + len(body)
    rows = b"".join(bytes([1, *places[item].to_bytes(4), 0]) for item in sorted(hidden))
    index = b" ".join(b"%d 1" % item for item in sorted(hidden))
    entries = b"/Type /XRef /Size %d /W [1 4 1] /Index [%s] /Root 1 0 R" % (size, index)
    body += b"%d 0 obj\n%s\nendobj\n" % (number, stream(rows, entries))
    table = b"".join(b"%d 1\n%010d 00000 n \n" % (item, places[item]) for item in sorted(changed))
    previous = b"/Prev %d" % last_startxref(data) if b"startxref" in data else b"/ID [<00> <00>]"
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R /XRefStm %d %s >>\n" % (size, stream_at, previous)
    return data + bytes(body) + b"xref\n" + table + trailer + b"startxref\n%d\n%%%%EOF\n" % (len(data) + len(body))


def hybrid(found: Objects, *, hidden: tuple[int, ...]) -> bytes:
    shown = {item: value for item, value in found.items() if item not in hidden}
    return append_hybrid(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", shown, {item: found[item] for item in hidden})


def test_a_hybrid_file_that_was_signed_is_as_good_as_any(world: World) -> None:
    signed = first(world, pdf=hybrid(objects(), hidden=(21, 41)))
    assert_intact(world, second(world, signed))
    assert_intact(world, append_hybrid(signed, {3: b"<< /Title (y) >>"}, {60: b"<< /New true >>"}), 1)


def test_a_hybrid_update_that_shows_another_page_to_some_readers_is_refused(world: World) -> None:
    signed = first(world)
    shown = {3: b"<< /Title (y) >>"}
    assert_modified(world, append_hybrid(signed, shown, {20: stream(b"BT (Forged) Tj ET")}), "object 20")


def test_a_hybrid_update_that_takes_a_page_from_some_readers_is_refused(world: World) -> None:
    signed = first(world)
    data = append_hybrid(signed, {3: b"<< /Title (y) >>"}, {20: objects()[20]})
    assert_intact(world, data, 1)
    freed = data.rindex(b"xref\n3 1\n")
    row = data.index(b"trailer", freed)
    data = data[:row] + b"20 1\n0000000000 00001 f \n" + data[row:]
    assert_modified(world, data, "for some readers")


def test_a_hidden_object_that_the_signed_revision_refers_to_is_a_change(world: World) -> None:
    page = PAGE.replace(b"/Contents 20 0 R", b"/Contents [20 0 R 99 0 R]")
    signed = first(world, objects(o10=page))
    cover = {99: stream(b"1 1 1 rg 0 0 595 842 re f")}
    assert_modified(world, append_hybrid(signed, {3: b"<< /Title (y) >>"}, cover), "object 99")


def test_bytes_beside_the_stream_of_a_hybrid_update_are_refused(world: World) -> None:
    data = append_hybrid(first(world), {3: b"<< /Title (y) >>"}, {60: b"<< /New true >>"})
    position = data.rindex(b"97 0 obj")
    start = last_startxref(data)
    unlisted = b"10 0 obj\n<< /Type /Page >>\nendobj\n"
    data = data[:position] + unlisted + data[position:]
    data = data.replace(b"/XRefStm %d" % position, b"/XRefStm %d" % (position + len(unlisted)))
    data = data.replace(b"startxref\n%d" % start, b"startxref\n%d" % (start + len(unlisted)))
    assert world.examine(data).integrity is Integrity.MODIFIED


def timestamped(world: World, signed: bytes, kind: str | None) -> bytes:
    """Append a document time-stamp whose dictionary names another /Type, as several producers write it."""

    async def work() -> bytes:
        writer = IncrementalPdfFileWriter(BytesIO(signed))
        embedder = cms_embedder.PdfCMSEmbedder().write_cms("Stamp", writer)
        next(embedder)
        dictionary = DocumentTimestamp(bytes_reserved=16_384)  # type: ignore[no-untyped-call]
        if kind is None:
            del dictionary["/Type"]
        else:
            dictionary["/Type"] = pdf_name(kind)
        embedder.send(cms_embedder.SigObjSetup(sig_placeholder=dictionary))
        digest, out = embedder.send(cms_embedder.SigIOSetup(md_algorithm="sha256", in_place=False))
        token = await world.timestamper().async_timestamp(digest.document_digest, "sha256")
        embedder.send(token)
        return bytes(out.getvalue())

    return asyncio.run(work())


@pytest.mark.parametrize("kind", ["/DocTimeStamp", "/Sig", None])
def test_a_document_time_stamp_is_one_by_its_form_whatever_type_it_names(world: World, kind: str | None) -> None:
    found = world.examine(timestamped(world, first(world), kind))
    assert found.integrity is Integrity.INTACT
    assert [item.document_timestamp for item in found.signatures] == [False, True]
    assert [item.indication for item in found.signatures] == [Indication.TOTAL_PASSED] * 2


def test_a_document_time_stamp_over_other_bytes_is_broken(world: World) -> None:
    data = timestamped(world, first(world), "/Sig")
    position = data.rindex(b"/Type /Sig") + 7
    found = world.examine(data[:position] + b"sig" + data[position + 3 :])
    assert found.signatures[-1].integrity is Integrity.BROKEN
