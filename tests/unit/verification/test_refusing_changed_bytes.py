"""Attacks on the bytes: none passes. Where stock pyHanko is deceived, the test shows that first."""

import asyncio
import re
import zlib
from collections.abc import Callable
from io import BytesIO
from random import Random
from typing import Any

import pikepdf
import pytest
from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, append_signature_field
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from docaxis_signing.verdict import Cause, Indication, Integrity

World = Any


def stock_is_deceived(world: World, data: bytes) -> bool:
    """Tell whether pyHanko as it comes, strict and with all lists, calls every signature valid."""
    loaded = [x509.Certificate.load(item.der) for item in world.trust.authorities]
    context = ValidationContext(
        trust_roots=[item for item in loaded if item.self_signed == "maybe"],
        other_certs=loaded,
        crls=[item.der for item in world.lists.lists],
        revocation_mode="hard-fail",
        allow_fetching=False,
        moment=world.now,
    )
    signatures = PdfFileReader(BytesIO(data), strict=True).embedded_regular_signatures
    results = [asyncio.run(async_validate_pdf_signature(item, context)).bottom_line for item in signatures]
    return bool(results) and all(results)


def assert_refused(world: World, data: bytes, *causes: Cause) -> Any:
    found = world.examine(data)
    passed = [item for item in found.signatures if item.indication is Indication.TOTAL_PASSED]
    clean = found.cause is None and found.integrity is Integrity.INTACT and len(passed) == len(found.signatures)
    assert not clean, "accepted"
    seen = {found.cause, *(item.cause for item in found.signatures)}
    assert seen & set(causes), found
    return found


def contents(data: bytes, index: int = 0) -> tuple[int, int]:
    found = list(re.finditer(rb"/Contents <([0-9a-fA-F]+)>", data))[index]
    return found.start(1), found.end(1)


def put(data: bytes, position: int, new: bytes) -> bytes:
    return data[:position] + new + data[position + len(new) :]


def last_startxref(data: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", data)[-1])


def variant_b(data: bytes) -> bytes:
    """Incremental saving attack, variant B: a body that no section lists, no /Size, no end marker."""
    page = b"10 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] >>\nendobj\n"
    section = b"xref\n0 0\ntrailer\n<< /Root 1 0 R /Prev %d >>\nstartxref\n%d\n" % (
        last_startxref(data),
        len(data) + len(page),
    )
    return data + page + section


@pytest.mark.parametrize("which", ["stamped", "pair"])
@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(variant_b, id="incremental-saving-variant-b"),
        pytest.param(lambda data: data + b"\n% appended\n", id="comment"),
        pytest.param(lambda data: data + b"90 0 obj\n<< /JS (app.alert) >>\nendobj\n", id="object"),
        pytest.param(lambda data: data + b"\0" * 16, id="zeros"),
        pytest.param(lambda data: data + b"PK\x03\x04", id="archive"),
    ],
)
def test_bytes_behind_the_end_are_refused_though_pyhanko_ignores_them(
    world: World, request: pytest.FixtureRequest, which: str, attack: Callable[[bytes], bytes]
) -> None:
    data = attack(request.getfixturevalue(which))
    assert stock_is_deceived(world, data)
    found = assert_refused(world, data, Cause.UNACCOUNTED_BYTES)
    assert found.integrity is Integrity.MODIFIED


def test_variant_b_shows_another_page_to_a_reader_that_repairs(stamped: bytes) -> None:
    with pikepdf.open(BytesIO(variant_b(stamped))) as attacked, pikepdf.open(BytesIO(stamped)) as honest:
        assert attacked.pages[0].mediabox != honest.pages[0].mediabox


def test_line_ends_behind_the_end_are_no_attack(world: World, stamped: bytes) -> None:
    assert world.examine(stamped + b"\r\n\n").approvals[0].indication is Indication.TOTAL_PASSED


def update_with(body: bytes, section: Callable[[int, int], bytes]) -> Callable[[bytes], bytes]:
    """Append an update by hand: `body` at the end, then what `section` makes of the offsets."""

    def append(data: bytes) -> bytes:
        start = len(data)
        xref = start + len(body)
        return data + body + section(start, last_startxref(data)) + b"startxref\n%d\n%%%%EOF\n" % xref

    return append


PAGE = b"10 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] >>\nendobj\n"
TRAILER = b"trailer\n<< /Size 99 /Root 1 0 R /Prev %d >>\n"


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(update_with(PAGE, lambda _, previous: b"xref\n0 0\n" + TRAILER % previous), id="empty-section"),
        pytest.param(
            update_with(
                b"98 0 obj\nnull\nendobj\n" + PAGE,
                lambda start, previous: b"xref\n98 1\n%010d 00000 n \n" % start + TRAILER % previous,
            ),
            id="one-object-unlisted",
        ),
        pytest.param(
            update_with(
                PAGE,
                lambda start, previous: (
                    b"xref\n10 1\n%010d 00000 n \n" % start + b"trailer\n<< /Root 1 0 R /Prev %d >>\n" % previous
                ),
            ),
            id="no-size",
        ),
        pytest.param(
            update_with(PAGE, lambda start, previous: b"xref\n11 1\n%010d 00000 n \n" % start + TRAILER % previous),
            id="another-number",
        ),
        pytest.param(
            update_with(
                b"% 10 0 obj << /Type /Page >> endobj\n98 0 obj\nnull\nendobj\n",
                lambda start, previous: b"xref\n98 1\n%010d 00000 n \n" % (start + 36) + TRAILER % previous,
            ),
            id="object-in-a-comment",
        ),
        pytest.param(
            update_with(b"", lambda _, previous: b"xref\n10 1\n%010d 00000 n \n" % 40 + TRAILER % previous),
            id="place-in-an-older-revision",
        ),
        pytest.param(
            update_with(
                PAGE,
                lambda start, previous: (
                    b"xref\n10 1\n%010d 00000 n \n10 1\n%010d 00000 n \n" % (start, start) + TRAILER % previous
                ),
            ),
            id="listed-twice",
        ),
        pytest.param(
            update_with(
                b"", lambda start, _: b"xref\n0 0\n" + b"trailer\n<< /Size 99 /Root 1 0 R /Prev %d >>\n" % start
            ),
            id="loop",
        ),
        pytest.param(
            update_with(
                b"",
                lambda _, previous: (
                    b"xref\n0 0\n" + b"trailer\n<< /Size 99 /Root 1 0 R /XRefStm 40 /Prev %d >>\n" % previous
                ),
            ),
            id="hybrid",
        ),
    ],
)
def test_updates_that_do_not_account_for_their_bytes(
    world: World, stamped: bytes, attack: Callable[[bytes], bytes]
) -> None:
    assert_refused(world, attack(stamped), Cause.UNACCOUNTED_BYTES, Cause.UNREADABLE, Cause.UNSUPPORTED)


def test_an_update_that_replaces_the_page_is_a_modification(world: World, stamped: bytes) -> None:
    data = update_with(PAGE, lambda start, previous: b"xref\n10 1\n%010d 00000 n \n" % start + TRAILER % previous)(
        stamped
    )
    assert assert_refused(world, data, Cause.MODIFIED).integrity is Integrity.MODIFIED


def flip(needle: bytes, beyond: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        position = data.index(needle) + beyond
        return put(data, position, bytes([data[position] ^ 1]))

    return change


@pytest.mark.parametrize("which", ["stamped", "pair"])
def test_a_tampered_byte_breaks_every_signature_over_it(
    world: World, request: pytest.FixtureRequest, which: str
) -> None:
    found = assert_refused(world, flip(b"stream\n", 60)(request.getfixturevalue(which)), Cause.BROKEN)
    assert {item.integrity for item in found.signatures} == {Integrity.BROKEN}
    assert {item.sub_indication for item in found.signatures} == {"HASH_FAILURE"}


def test_no_flipped_byte_of_the_signature_itself_passes(world: World, stamped: bytes) -> None:
    start, end = contents(stamped)
    used = len(bytes.fromhex(stamped[start:end].decode()).rstrip(b"\0"))
    for offset in range(3, used, 149):
        position = start + 2 * offset
        value = int(stamped[position : position + 2], 16) ^ 1
        found = world.examine(put(stamped, position, b"%02x" % value))
        (finding,) = found.signatures
        # Unsigned attributes and what only repeats the trust store may change without harm; the facts may not.
        if finding.indication is Indication.TOTAL_PASSED:
            original = world.examine(stamped).signatures[0]
            assert (finding.certificate, finding.best_time) == (original.certificate, original.best_time), offset


def test_bytes_behind_the_cms_object_are_refused_though_pyhanko_ignores_them(world: World, stamped: bytes) -> None:
    _, end = contents(stamped)
    data = put(stamped, end - 6, b"41")
    assert stock_is_deceived(world, data)
    assert_refused(world, data, Cause.BROKEN)


@pytest.mark.parametrize(
    ("place", "new"),
    [(-4, b"  "), (-3, b" "), (10, b"g"), (-9, b"\0"), (0, b"> ")],
    ids=["blank", "odd", "no-digit", "nul", "empty"],
)
def test_odd_contents(world: World, stamped: bytes, place: int, new: bytes) -> None:
    start, end = contents(stamped)
    position = start + place if place >= 0 else end + place
    found = world.examine(put(stamped, position, new))
    assert found.cause is not None or found.signatures[0].indication is not Indication.TOTAL_PASSED


def byte_range(data: bytes, change: Callable[[list[int]], list[int]], index: int = -1) -> bytes:
    found = list(re.finditer(rb"/ByteRange ?\[([0-9 ]+)\]", data))[index]
    numbers = b" ".join(b"%d" % number for number in change([int(item) for item in found[1].split()]))
    assert len(numbers) <= len(found[1])
    return put(data, found.start(1), numbers.ljust(len(found[1])))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: [1, r[1] - 1, r[2], r[3]], id="first-not-zero"),
        pytest.param(lambda r: [0, r[1] - 5, r[2], r[3]], id="gap-larger"),
        pytest.param(lambda r: [0, r[1], r[2], r[3] - 9], id="short"),
        pytest.param(lambda r: [0, r[1], r[2], r[3] + 9], id="beyond-the-end"),
        pytest.param(lambda r: r[:3], id="three"),
        pytest.param(lambda r: [0, r[1], r[2] - 50, r[3] + 50], id="overlap"),
        pytest.param(lambda _: [0, 0, 0, 0], id="nothing"),
        pytest.param(lambda r: [0, -1, r[2], r[3]], id="negative"),
    ],
)
def test_odd_byte_ranges(world: World, stamped: bytes, change: Callable[[list[int]], list[int]]) -> None:
    assert_refused(world, byte_range(stamped, change), Cause.BROKEN, Cause.MODIFIED)


def test_two_signatures_that_claim_the_same_bytes(world: World, pair: bytes) -> None:
    second = [int(item) for item in re.findall(rb"/ByteRange ?\[([0-9 ]+)\]", pair)[1].split()]
    found = assert_refused(world, byte_range(pair, lambda _: second, 0), Cause.MODIFIED, Cause.BROKEN)
    assert Indication.TOTAL_PASSED not in {item.indication for item in found.signatures}


def test_two_fields_that_share_one_signature(world: World, stamped: bytes) -> None:
    def share(writer: IncrementalPdfFileWriter) -> None:
        form = writer.root["/AcroForm"]
        field = form["/Fields"][0].get_object()
        twin = generic.DictionaryObject(field)  # type: ignore[no-untyped-call]
        twin["/T"] = generic.pdf_string("Twin")
        form["/Fields"].append(writer.add_object(twin))
        writer.update_container(form["/Fields"])

    assert_refused(world, world.update(stamped, share), Cause.MODIFIED)


def test_an_unsupported_form_of_signature_is_no_unsigned_document(world: World) -> None:
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] /SigFlags 3 >> >>",
        2: b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
        3: b"<< /Title (x) >>",
        4: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
        5: b"<< /FT /Sig /T (Old) /V 6 0 R >>",
        6: b"<< /Type /Sig /SubFilter /adbe.pkcs7.sha1 /ByteRange [0 10 20 30] /Contents <00> >>",
    }
    found = assert_refused(world, world.assemble(objects), Cause.BROKEN, Cause.UNSUPPORTED)
    assert found.integrity is not Integrity.UNSIGNED


@pytest.mark.parametrize("name", [b"/ByteRange", b"/Byte#52ange"])
def test_a_signature_that_no_field_holds_is_no_unsigned_document(world: World, name: bytes) -> None:
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Count 0 /Kids [] >>",
        3: b"<< /Title (x) >>",
        6: b"<< /Type /Sig " + name + b" [0 10 20 30] /Contents <00> >>",
    }
    found = assert_refused(world, world.assemble(objects), Cause.BROKEN)
    assert found.integrity is Integrity.BROKEN


def test_a_form_that_vanishes_does_not_make_a_document_unsigned(world: World, stamped: bytes) -> None:
    def drop(writer: IncrementalPdfFileWriter) -> None:
        del writer.root["/AcroForm"]
        writer.update_root()  # type: ignore[no-untyped-call]

    found = assert_refused(world, world.update(stamped, drop), Cause.BROKEN, Cause.MODIFIED)
    assert found.integrity is not Integrity.UNSIGNED


def _page(writer: IncrementalPdfFileWriter) -> Any:
    return writer.root["/Pages"]["/Kids"][0].get_object()


def _resize(writer: IncrementalPdfFileWriter) -> None:
    page = _page(writer)
    page["/MediaBox"] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 100, 100)))
    writer.mark_update(page.container_ref)


def _script(writer: IncrementalPdfFileWriter) -> None:
    action = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("x")}
    writer.root["/OpenAction"] = generic.DictionaryObject(action)  # type: ignore[no-untyped-call]
    writer.update_root()  # type: ignore[no-untyped-call]


def _annotate(writer: IncrementalPdfFileWriter) -> None:
    note = generic.DictionaryObject(  # type: ignore[no-untyped-call]
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (50, 50, 300, 300))),
            pdf_name("/Contents"): generic.pdf_string("10.000.000"),
        }
    )
    page = _page(writer)
    page["/Annots"] = generic.ArrayObject([writer.add_object(note)])
    writer.mark_update(page.container_ref)


def _replace_image(writer: IncrementalPdfFileWriter) -> None:
    image = generic.StreamObject(stream_data=b"\0" * 100)
    writer.objects[(0, 5)] = image


@pytest.mark.parametrize("which", ["stamped", "pair"])
@pytest.mark.parametrize("change", [_resize, _script, _annotate, _replace_image], ids=lambda item: item.__name__)
def test_honestly_written_updates_that_change_what_is_seen(
    world: World, request: pytest.FixtureRequest, which: str, change: Any
) -> None:
    assert_refused(world, world.update(request.getfixturevalue(which), change), Cause.MODIFIED)


def test_an_overlay_on_a_form_after_signing_is_a_modification_though_pyhanko_calls_it_valid(world: World) -> None:
    """The shadow attack "replace": a field that was empty gets an appearance over the text."""

    def overlay(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0].get_object()
        entries = {"/Type": "/XObject", "/Subtype": "/Form"}
        appearance = generic.StreamObject(
            {pdf_name(key): pdf_name(value) for key, value in entries.items()},
            stream_data=b"1 1 1 rg 0 0 500 700 re f 0 g BT /Helv 20 Tf 10 10 Td (Another text) Tj ET",
        )
        appearance["/BBox"] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 500, 700)))
        field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(appearance)})  # type: ignore[no-untyped-call]
        writer.mark_update(field.container_ref)

    signed = world.sign(world.plain(form=True), world.authorities.seal("H98"))
    data = world.update(signed, overlay)
    assert stock_is_deceived(world, data)
    assert assert_refused(world, data, Cause.MODIFIED).integrity is Integrity.MODIFIED


def test_a_form_filled_against_the_certification_is_a_modification(world: World) -> None:
    def fill(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0].get_object()
        field["/V"] = generic.pdf_string("99")
        writer.mark_update(field.container_ref)

    signed = world.sign(
        world.plain(form=True), world.authorities.seal("H98"), certify=True, docmdp_permissions=MDPPerm.NO_CHANGES
    )
    assert_refused(world, world.update(signed, fill), Cause.MODIFIED)


def test_an_empty_visible_field_added_after_the_last_signature_is_not_intact(world: World, stamped: bytes) -> None:
    data = world.update(
        stamped, lambda writer: append_signature_field(writer, SigFieldSpec("Empty", box=(10, 10, 500, 700)))
    )
    assert world.examine(data).integrity is not Integrity.INTACT


def test_a_signature_replaced_by_another_is_refused(world: World, pair: bytes) -> None:
    def replace(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0].get_object()
        signature = field["/V"]
        signature["/Reason"] = generic.pdf_string("Another reason")
        writer.mark_update(signature.container_ref)

    assert_refused(world, world.update(pair, replace), Cause.MODIFIED, Cause.BROKEN)


DANGLING = {
    "undefined": (b"30 0", b""),
    "free": (b"30 0", b"30 1\n0000000000 00000 f \n"),
    "free-next": (b"30 1", b"30 1\n0000000000 00001 f \n"),
    "free-for-ever": (b"30 0", b"30 1\n0000000000 65535 f \n"),
}


@pytest.mark.parametrize("generation", [0, 1])
@pytest.mark.parametrize(("reference", "entry"), DANGLING.values(), ids=DANGLING.keys())
def test_content_that_was_referred_to_but_missing_when_signed_cannot_be_supplied_later(
    world: World, reference: bytes, entry: bytes, generation: int
) -> None:
    """pyHanko's analysis takes such an object for an orphan; its strict reader is what stops it."""
    text = b"BT /F1 11 Tf 50 780 Td (Honest) Tj ET"
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Count 1 /Kids [10 0 R] >>",
        3: b"<< /Title (x) >>",
        10: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents [20 0 R %s R] >>" % reference,
        20: b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
    }
    base = world.assemble(objects).replace(b"/Size 21", b"/Size 31")
    base = base.replace(b"trailer", entry + b"trailer")
    signed = world.sign(base, world.authorities.seal("H98"), stamped=False)
    cover = b"1 1 1 rg 0 0 595 842 re f"
    body = b"30 %d obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (generation, len(cover), cover)
    attack = update_with(
        body,
        lambda start, previous: b"xref\n30 1\n%010d %05d n \n" % (start, generation) + TRAILER % previous,
    )
    assert world.examine(signed).integrity is Integrity.INTACT
    assert_refused(world, attack(signed), Cause.BROKEN, Cause.MODIFIED, Cause.UNREADABLE)


def test_no_changed_byte_outside_the_gap_passes_and_none_raises(world: World, pair: bytes) -> None:
    random = Random(7)
    gaps = [contents(pair, index) for index in (0, 1)]
    for _ in range(60):
        position = random.randrange(len(pair) - 2)
        if any(start - 1 <= position <= end for start, end in gaps):
            continue
        found = world.examine(put(pair, position, bytes([pair[position] ^ (1 << random.randrange(8))])))
        passed = [item for item in found.approvals if item.indication is Indication.TOTAL_PASSED]
        assert found.cause is not None or len(passed) < 2, position


UNREADABLE = {
    "empty": b"",
    "text": b"Kinh gui: Uy ban nhan dan tinh",
    "header-only": b"%PDF-1.7\n",
    "junk-before": b"\xef\xbb\xbf%PDF-1.7\n%%EOF\n",
    "no-section": b"%PDF-1.7\nstartxref\n9\n%%EOF\n",
    "huge-offset": b"%PDF-1.7\nstartxref\n9999999999\n%%EOF\n",
    "deep": b"%PDF-1.7\nxref\n0 0\ntrailer\n" + b"[" * 100_000 + b"\nstartxref\n9\n%%EOF\n",
    "huge-size": b"%PDF-1.7\nxref\n0 4294967295\ntrailer\n<< /Size 2147483648 >>\nstartxref\n9\n%%EOF\n",
    "zip": b"PK\x03\x04" + b"\0" * 100,
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_pdf_is_unreadable(world: World, data: bytes) -> None:
    found = world.examine(data)
    assert found.integrity is Integrity.UNREADABLE
    assert found.cause in {Cause.UNREADABLE, Cause.UNACCOUNTED_BYTES}
    assert found.notes


def test_no_truncation_passes_and_none_raises(world: World, pair: bytes) -> None:
    for end in range(1, len(pair) - 2, 1499):
        found = world.examine(pair[:end])
        assert found.cause is not None or len(found.approvals) < 2, end


def test_an_unsigned_document_is_unsigned(world: World) -> None:
    found = world.examine(world.plain())
    assert (found.integrity, found.cause) == (Integrity.UNSIGNED, Cause.UNSIGNED)


@pytest.mark.parametrize("password", ["", "secret"])
def test_an_encrypted_document_is_told_so(world: World, password: str) -> None:
    out = BytesIO()
    with pikepdf.open(BytesIO(world.plain())) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="owner", user=password))
    assert world.examine(out.getvalue()).cause is Cause.ENCRYPTED


def test_an_inflating_cross_reference_stream_is_stopped(world: World) -> None:
    bomb = zlib.compress(b"\0" * (40 * 1024 * 1024), 9)
    head = b"%PDF-1.7\n"
    stream = b"1 0 obj\n<< /Type /XRef /Size 9 /W [1 2 1] /Filter /FlateDecode /Length %d >>\nstream\n" % len(bomb)
    data = head + stream + bomb + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)
    assert world.examine(data).cause is Cause.UNREADABLE


def test_an_inflating_object_stream_is_stopped(world: World) -> None:
    bomb = zlib.compress(b"1 0 " + b" " * (80 * 1024 * 1024), 9)
    objects = [
        b"2 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(bomb)
        + bomb
        + b"\nendstream\nendobj\n",
    ]
    head = b"%PDF-1.7\n"
    at = len(head) + len(objects[0])
    rows = bytes([0, 0, 0, 0, 0, 0]) + bytes([2, 0, 0, 0, 2, 0])
    rows += bytes([1]) + len(head).to_bytes(4) + b"\0" + bytes([1]) + at.to_bytes(4) + b"\0"
    section = b"3 0 obj\n<< /Type /XRef /Size 4 /W [1 4 1] /Root 1 0 R /Length %d >>\nstream\n" % len(rows)
    data = head + objects[0] + section + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at
    assert world.examine(data).cause is Cause.RESOURCE_LIMIT


def test_a_flood_of_byte_ranges_is_stopped(world: World) -> None:
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Count 0 /Kids [] >>",
        3: b"<< /Title (x) >>",
        6: b"[" + b"/ByteRange " * 2000 + b"]",
    }
    assert world.examine(world.assemble(objects)).cause is Cause.RESOURCE_LIMIT


def test_what_is_written_in_a_stream_is_no_signature(world: World) -> None:
    """Attachments are; they may be signed PDFs."""
    text = b"<< /Type /Sig /ByteRange [0 1 2 3] >>" + b" " * 300_000
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Count 0 /Kids [] >>",
        3: b"<< /Title (x) >>",
        6: b"<< /Length 7 0 R >>\nstream\n" + text + b"\nendstream",
        7: b"%d" % len(text),
    }
    assert world.examine(world.assemble(objects)).cause is Cause.UNSIGNED
