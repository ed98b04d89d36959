"""Honest files pass: every way of writing and signing that the axis has to accept."""

import asyncio
from datetime import timedelta
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from asn1crypto import crl
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.validation.dss import DocumentSecurityStore

from docaxis_signing.pdf import integrity
from docaxis_signing.verdict import Integrity, Level, TimeBasis

World = Any


def assert_passed(world: World, data: bytes, count: int = 1) -> Any:
    found = world.examine(data)
    assert [item.indication for item in found.approvals] == ["TOTAL-PASSED"] * count, found
    assert found.integrity is Integrity.INTACT
    assert found.cause is None
    return found


def test_a_document_signed_by_person_and_organisation_passes(world: World, pair: bytes) -> None:
    found = assert_passed(world, pair, 2)
    assert [item.revision for item in found.approvals] == [1, 2]
    assert [item.coverage for item in found.approvals] == ["ENTIRE_REVISION", "ENTIRE_FILE"]
    assert {item.level for item in found.approvals} == {Level.B_T}
    assert found.approvals[0].certificate.subject == "Trần Đức Thịnh"
    assert (found.pages, found.revisions, found.size) == (2, 3, len(pair))


@pytest.mark.parametrize(
    "options",
    [
        {"md_algorithm": "sha384"},
        {"md_algorithm": "sha512"},
        {"subfilter": fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED},
        {"reason": "Phê duyệt", "location": "Hà Nội", "name": "Trần Đức Thịnh"},
        {"certify": True, "docmdp_permissions": fields.MDPPerm.NO_CHANGES},
        {"certify": True, "docmdp_permissions": fields.MDPPerm.FILL_FORMS},
        {"box": (50, 600, 250, 660)},
        {"stamped": False},
    ],
    ids=["sha384", "sha512", "adobe", "reason", "certified-1", "certified-2", "visible", "unstamped"],
)
def test_ways_of_signing(world: World, options: dict[str, Any]) -> None:
    found = assert_passed(world, world.sign(world.plain(), world.authorities.seal("H98"), **options))
    assert found.approvals[0].certification == ("certify" in options)


@pytest.mark.parametrize("code", ["G98", "H98.44", "H99.09", "A98"])
def test_every_authority_and_kind_of_key(world: World, code: str) -> None:
    assert_passed(world, world.two(code), 2)


def test_probabilistic_padding_passes_without_a_note(world: World) -> None:
    seal = world.authorities.seal("H98")
    data = world.sign(world.plain(), seal, signer=world.signer(seal, prefer_pss=True))
    assert assert_passed(world, data).approvals[0].notes == ()


def test_without_a_time_stamp_the_reception_counts_and_never_the_claimed_time(world: World) -> None:
    data = world.sign(world.plain(), world.authorities.seal("H98"), stamped=False)
    received = world.now + timedelta(hours=2)
    finding = world.examine(data, at=received).approvals[0]
    assert (finding.best_time, finding.time_basis) == (received, TimeBasis.RECEPTION)
    assert finding.level is Level.B_B
    assert finding.claimed_time is not None


def test_a_signature_without_the_reference_of_pades_is_told_apart(world: World) -> None:
    data = world.sign(
        world.plain(), world.authorities.seal("H98"), subfilter=fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED
    )
    assert world.examine(data).approvals[0].level is Level.ISO32000


def test_three_signatures_and_a_joint_seal(world: World, pair: bytes) -> None:
    data = world.sign(pair, world.authorities.seal("H98.14"), "Sig3", box=(300, 400, 500, 460))
    assert_passed(world, data, 3)


@pytest.mark.parametrize(
    "options",
    [
        {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
        {"object_stream_mode": pikepdf.ObjectStreamMode.disable},
        {"linearize": True},
        {"linearize": True, "object_stream_mode": pikepdf.ObjectStreamMode.generate},
    ],
    ids=["streams", "tables", "linearised", "linearised-streams"],
)
def test_ways_of_writing(world: World, options: dict[str, Any]) -> None:
    out = BytesIO()
    with pikepdf.open(BytesIO(world.plain())) as document:
        document.save(out, **options)
    data = world.sign(out.getvalue(), world.authorities.person("H98"), "Sig1", box=(50, 600, 250, 660))
    data = world.sign(data, world.authorities.seal("H98"), "Sig2", box=(300, 600, 500, 660))
    assert_passed(world, data, 2)


def test_validation_data_and_a_document_time_stamp_keep_a_document_intact(world: World, pair: bytes) -> None:
    out = BytesIO(pair)
    DocumentSecurityStore.add_dss(out, sig_contents=None, certs=[], crls=[_crl(world)])
    found = assert_passed(world, out.getvalue(), 2)
    assert {item.level for item in found.approvals} == {Level.B_LT}

    stamper = signers.PdfTimeStamper(world.timestamper())
    sealed = asyncio.run(
        stamper.async_timestamp_pdf(IncrementalPdfFileWriter(BytesIO(out.getvalue())), "sha256")
    ).getvalue()
    found = assert_passed(world, sealed, 2)
    assert {item.level for item in found.approvals} == {Level.B_LTA}
    assert [item.indication for item in found.signatures if item.document_timestamp] == ["TOTAL-PASSED"]


def _crl(world: World) -> Any:
    return crl.CertificateList.load(world.crl("gov-local"))


def test_over_a_large_document_pyhanko_is_asked_only_where_its_answer_decides(
    world: World, pair: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def opinion(sig: Any) -> str:
        asked.append(sig.field_name)
        return "it was asked"

    monkeypatch.setattr(integrity, "_opinion", opinion)
    monkeypatch.setattr(integrity, "MAX_ASKED_OBJECTS", 1)
    found = assert_passed(world, pair, 2)
    assert any("objects" in note for note in found.approvals[0].notes)
    assert set(asked) == {"Sig2"}, "over the last signature, behind which nothing follows"
    signed = world.sign(world.plain(form=True), world.authorities.seal("H98"))
    assert world.examine(world.update(signed, _fill)).integrity is Integrity.MODIFIED


def test_a_form_filled_after_signing_is_told_apart_from_an_intact_document(world: World) -> None:
    signed = world.sign(world.plain(form=True), world.authorities.seal("H98"))
    found = world.examine(world.update(signed, _fill))
    assert found.integrity is Integrity.INTACT_WITH_PERMITTED_CHANGES
    assert found.approvals[0].filled_fields == ("Number",)


def test_a_form_filled_between_two_signatures_does_not_pass_as_intact(world: World) -> None:
    signed = world.sign(world.plain(form=True), world.authorities.person("H98"), "Sig1")
    twice = world.sign(world.update(signed, _fill), world.authorities.seal("H98"), "Sig2")
    found = world.examine(twice)
    assert found.integrity is Integrity.INTACT_WITH_PERMITTED_CHANGES
    assert [item.integrity for item in found.approvals] == [
        Integrity.INTACT_WITH_PERMITTED_CHANGES,
        Integrity.INTACT,
    ]


def _fill(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][0].get_object()
    field["/V"] = generic.pdf_string("99")
    writer.mark_update(field.container_ref)


def test_active_content_is_named(world: World) -> None:
    def script(writer: IncrementalPdfFileWriter) -> None:
        action = {"/S": generic.pdf_name("/JavaScript"), "/JS": generic.pdf_string("app.alert(1)")}
        entries = {generic.pdf_name(key): value for key, value in action.items()}
        writer.root["/OpenAction"] = generic.DictionaryObject(entries)  # type: ignore[no-untyped-call]
        writer.update_root()  # type: ignore[no-untyped-call]

    data = world.sign(world.update(world.plain(), script), world.authorities.seal("H98"))
    assert {"JavaScript", "OpenAction"} <= set(assert_passed(world, data).active_content)


def test_active_content_in_compressed_objects_is_named(world: World) -> None:
    out = BytesIO()
    with pikepdf.open(BytesIO(world.plain())) as document:
        document.Root.Names = document.make_indirect(pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=[])))
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True)
    assert b"/JavaScript" not in out.getvalue()
    data = world.sign(out.getvalue(), world.authorities.seal("H98"))
    assert "JavaScript" in assert_passed(world, data).active_content


def test_a_comment_before_startxref_and_a_line_end_before_xref_are_honest(world: World) -> None:
    """iText writes the one, some older writers point at the other."""
    base = world.plain().replace(b"\nstartxref", b"\n%iText-7.1.2\nstartxref")
    offset = base.rindex(b"\nxref\n") + 1
    assert_passed(world, world.sign(base, world.authorities.seal("H98")))
    early = base.replace(b"startxref\n%d" % offset, b"startxref\n%d" % (offset - 1))
    assert early != base
    signed = world.sign(early, world.authorities.seal("H98"))
    assert_passed(world, signed)
