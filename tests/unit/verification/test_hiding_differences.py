"""Ways to hide from the difference check that a reader sees something else than was signed; none of them passes."""

import asyncio
from io import BytesIO

import pytest
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NumberObject, StreamObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers import cms_embedder
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp

from docaxis_signing.verdict import Integrity
from handwritten import (
    Objects,
    World,
    append,
    append_stream,
    assert_intact,
    assert_modified,
    first,
    objects,
    second,
    stream,
    with_streams,
)

PAGE = objects()[10]
FORGED = stream(b"1 1 1 rg 0 0 595 842 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 595 842]")
ACCEPTED = {Integrity.INTACT, Integrity.INTACT_WITH_PERMITTED_CHANGES}


def found_in(data: bytes, number: int) -> bytes:
    """Give an object as it stands last in a file, without its number."""
    start = data.rindex(b"\n%d 0 obj" % number) + len(b"\n%d 0 obj" % number)
    return data[start : data.index(b"endobj", start)].strip()


def overlaid(world: World, signed: bytes, box: tuple[int, int, int, int]) -> bytes:
    """Append a document time-stamp, for which nobody needs a certificate, that covers a part of the page."""

    async def work() -> bytes:
        writer = IncrementalPdfFileWriter(BytesIO(signed))
        embedder = cms_embedder.PdfCMSEmbedder(SigFieldSpec("Stamp", box=box)).write_cms("Stamp", writer)
        field = next(embedder).get_object()
        entries = {pdf_name("/Subtype"): pdf_name("/Form"), pdf_name("/BBox"): ArrayObject(map(NumberObject, box))}
        drawing = StreamObject(entries, stream_data=b"1 1 1 rg 0 0 595 842 re f")
        looks = {pdf_name("/N"): writer.add_object(drawing)}
        field[pdf_name("/AP")] = DictionaryObject(looks)  # type: ignore[no-untyped-call]
        embedder.send(cms_embedder.SigObjSetup(sig_placeholder=DocumentTimestamp(bytes_reserved=16_384)))  # type: ignore[no-untyped-call]
        digest, out = embedder.send(cms_embedder.SigIOSetup(md_algorithm="sha256", in_place=False))
        embedder.send(await world.timestamper().async_timestamp(digest.document_digest, "sha256"))
        return bytes(out.getvalue())

    return asyncio.run(work())


def test_a_document_time_stamp_that_draws_is_no_further_signature(world: World) -> None:
    """No policy asks who it is of, and it can put anything over an approved page: it counts as filling in."""
    found = world.examine(overlaid(world, first(world), (0, 0, 595, 842)))
    assert found.integrity is Integrity.INTACT_WITH_PERMITTED_CHANGES
    assert_intact(world, overlaid(world, first(world), (0, 0, 0, 0)), 1)


def test_resources_of_the_form_that_a_page_is_drawn_with_gain_nothing(world: World) -> None:
    page = PAGE[: PAGE.index(b"/Resources")] + b"/Resources 60 0 R >>"
    form = b"<< /Fields [40 0 R] /DA (/Helv 0 Tf 0 g) /DR 60 0 R >>"
    font = b"/Font << /F1 4 0 R /Helv 4 0 R >>"
    text = stream(b"BT /F1 11 Tf 50 780 Td (Honest) Tj ET /Cover Do")
    pdf = objects(o10=page, o20=text, o30=form, o60=b"<< " + font + b" >>")
    cover = {60: b"<< " + font + b" /XObject << /Cover 61 0 R >> >>", 61: FORGED}
    assert_modified(world, append(first(world, pdf), cover), "object 60")
    assert_intact(world, second(world, first(world, pdf)))


@pytest.mark.parametrize("kind", ["catalog", "form"])
def test_another_catalog_or_form_leaves_no_room_for_content_under_the_old_number(world: World, kind: str) -> None:
    """What was no picture when it was signed, and so not drawn, would become one."""
    number = {"catalog": 1, "form": 30}[kind]
    page = PAGE.replace(b"/Metadata 21 0 R", b"/Metadata %d 0 R" % number)
    signed = first(world, objects(o10=page))
    catalog, form = found_in(signed, 1), found_in(signed, 30)
    if kind == "catalog":
        data = append(signed, {1: FORGED, 150: catalog})
        at = data.rindex(b"/Root 1 0 R")
        data = data[:at] + b"/Root 150 0 R" + data[at + 11 :]
    else:
        data = append(signed, {30: FORGED, 1: catalog.replace(b"30 0 R", b"150 0 R"), 150: form})
    assert_modified(world, data)


def test_what_the_catalog_gains_is_no_picture_of_a_page(world: World) -> None:
    page = PAGE.replace(b"<< /Metadata 21 0 R >>", b"1 0 R")
    signed = first(world, objects(o10=page))
    catalog = found_in(signed, 1)[:-2] + b" /PieceInfo 150 0 R >>"
    assert_modified(world, append(signed, {1: catalog, 150: FORGED}), "object 1")


def test_the_order_of_annotations_is_no_picture_either(world: World) -> None:
    signed = first(world, objects(o10=PAGE.replace(b"/XObject << /Metadata 21 0 R >>", b"/XObject 10 0 R")))
    page = found_in(signed, 10)[:-2] + b" /Tabs 150 0 R >>"
    assert_modified(world, append(signed, {10: page, 150: FORGED}), "unknown kind")


def test_the_generation_of_an_object_is_part_of_it(world: World) -> None:
    """A reader that looks for generation 1 found nothing when it was signed."""
    page = PAGE.replace(b"/Contents 20 0 R", b"/Contents [20 0 R 99 1 R]")
    signed = first(world, objects(o10=page, o99=FORGED))
    data = append(signed, {99: FORGED})
    at = data.rindex(b"99 0 obj")
    data = data[:at] + b"99 1 obj" + data[at + 8 :]
    row = data.rindex(b"00000 n")
    assert_modified(world, data[:row] + b"00001 n" + data[row + 7 :], "object 99")


def test_an_object_stands_in_its_object_stream_where_the_section_says(world: World) -> None:
    """Readers that go by the index would show the page that stands beside the signed one."""
    signed = first(world, pdf=with_streams(objects(), compressed=(4,)))
    font = objects()[4]
    inside = {4: font, 150: font.replace(b"Helvetica", b"Symbol")}
    assert_intact(world, append_stream(signed, {}, number=95, compressed=inside), 1)
    data = append_stream(signed, {}, number=95, compressed=inside)
    right = bytes([2, 0, 0, 0, 90, 0])
    at = data.rindex(right)
    assert world.examine(data[:at] + right[:5] + b"\1" + data[at + 6 :]).integrity not in ACCEPTED


def test_an_object_stream_lists_nothing_but_numbers(world: World) -> None:
    pdf = with_streams(objects(), compressed=(4,))
    listed = pdf.replace(b"/First 4", b"/First 6").replace(b"stream\n4 0 <", b"stream\n4 x 0 <")
    signed = first(world, pdf=listed.replace(b"/Helvetica", b"/Helveti"))
    assert len(listed) == len(pdf) + 2
    assert world.examine(append_stream(signed, {4: objects()[4]}, number=95)).integrity not in ACCEPTED


HIDDEN = {
    "comment-behind-a-per-cent-sign": b"/K (50%) /Contents 20 % x\n0 R",
    "long-generation": b"/Contents 20 000000 R",
    "number-with-a-point": b"/Contents 20. 0 R",
    "number-with-a-minus-inside": b"/Contents 2-0 0 R",
}


@pytest.mark.parametrize("entry", HIDDEN.values(), ids=HIDDEN.keys())
def test_no_way_in_which_some_reader_takes_a_reference_hides_it(world: World, entry: bytes) -> None:
    signed = first(world, pdf=world.assemble(with_another_page(entry)))
    assert_intact(world, signed, 1)
    assert world.examine(append(signed, {20: stream(b"BT (Forged) Tj ET")})).integrity not in ACCEPTED


def with_another_page(contents: bytes) -> Objects:
    """Give a document with a second page, which signing does not touch, so that it stays as it was written."""
    pages = b"<< /Type /Pages /Count 2 /Kids [10 0 R 11 0 R] >>"
    shown = PAGE.replace(b"/Contents 20 0 R", b"/Contents 22 0 R")
    hidden = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] %s /Resources << >> >>" % contents
    return objects(o2=pages, o10=shown, o11=hidden, o22=objects()[20])


def test_an_object_listed_inside_another_hides_nothing_of_it(world: World) -> None:
    contents = b"/K (>> endobj\n77 0 obj null) /Contents 20 0 R"
    pdf = world.assemble(with_another_page(contents) | {77: b"null"})
    inside, real = pdf.index(b"77 0 obj"), pdf.rindex(b"77 0 obj")
    assert inside != real
    signed = first(world, pdf=pdf.replace(b"%010d 00000 n" % real, b"%010d 00000 n" % inside))
    assert_intact(world, signed, 1)
    assert_modified(world, append(signed, {20: stream(b"BT (Forged) Tj ET")}), "object 20")


def test_a_widget_that_is_in_no_form_is_not_signed_with_an_empty_dictionary(world: World) -> None:
    """No reader lists it as a signature, and every reader draws it."""
    widget = b"<< /Type /Annot /Subtype /Widget /FT /Sig /Rect [0 0 595 842] /P 10 0 R /F 4 >>"
    signed = first(world, objects(o31=b"[50 0 R 40 0 R]", o50=widget))
    changed: Objects = {50: widget[:-2] + b"/V 150 0 R /AP << /N 151 0 R >> >>", 150: b"<< /Type /Sig >>", 151: FORGED}
    assert_modified(world, append(signed, changed), "no scan finds")


def test_fields_that_readers_are_told_to_draw_anew_are_filled_in(world: World) -> None:
    """What they show then is their value; how it looked when it was signed may have been another."""
    signed = first(world)
    form = found_in(signed, 30)[:-2] + b" /NeedAppearances true >>"
    assert world.examine(append(signed, {30: form})).integrity is not Integrity.INTACT


@pytest.mark.parametrize("gain", [b"/DA (/F1 12 Tf 0 g)", b"/DR << /Font << /F1 150 0 R >> >>"], ids=["colour", "font"])
def test_fields_without_an_appearance_are_filled_in_by_what_the_form_gains(world: World, gain: bytes) -> None:
    """Readers draw them by their value, and could not, or otherwise, when it was signed."""
    bare = objects()[40].replace(b"/AP << /N 41 0 R >>", b"")
    signed = first(world, objects(o30=b"<< /Fields [40 0 R] >>", o40=bare))
    form = found_in(signed, 30)[:-2] + gain + b" >>"
    data = append(signed, {30: form, 150: objects()[4]})
    assert world.examine(data).integrity is not Integrity.INTACT
