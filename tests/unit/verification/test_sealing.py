"""Files beyond what is judged: integrity is answered where the only signature covers every byte, trust never."""

import asyncio
import hashlib
from datetime import timedelta
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter

from docaxis_signing.pdf.seal import seal_of
from docaxis_signing.pdf.verification import examine
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import Cause, Indication, Integrity

World = Any


def signature(data: bytes) -> tuple[int, int]:
    """Say where /Contents stands."""
    start = data.rindex(b"/Contents <") + 10
    return start, data.index(b">", start) + 1


def resign(world: World, data: bytes) -> bytes:
    """Sign the bytes as they are now with another CMS object, in the place of the one that stands there."""
    start, end = signature(data)
    numbers = b"[0 %d %d %d]" % (start, end, len(data) - end)
    at = data.rindex(b"/ByteRange [")
    stop = data.index(b"]", at) + 1
    data = data[: at + 11] + numbers.ljust(stop - at - 11) + data[stop:]
    digest = hashlib.sha256(data[:start] + data[end:]).digest()
    new = _signed(world, digest).hex().encode()
    return data[: start + 1] + new.ljust(end - start - 2, b"0") + data[end - 1 :]


def _signed(world: World, digest: bytes) -> bytes:
    signer = world.signer(world.authorities.person("H98"))
    info = asyncio.run(signer.async_sign(data_digest=digest, digest_algorithm="sha256", dry_run=False))
    return bytes(info.dump())


@pytest.fixture(scope="module")
def broken_chain(world: World) -> bytes:
    """A signed file whose last section names a section before it that is none."""
    signed = world.sign(world.plain(), world.authorities.person("H98"), stamped=False)
    at = signed.rindex(b"/Prev ") + 6
    stop = signed.index(b"\n", at)
    return resign(world, signed[:at] + b"0".ljust(stop - at) + signed[stop:])


def test_a_file_of_broken_structure_that_is_signed_to_the_last_byte_is_intact_and_not_passed(
    world: World, broken_chain: bytes
) -> None:
    found = world.examine(broken_chain)
    assert (found.integrity, found.cause) == (Integrity.INTACT, Cause.UNREADABLE)
    assert [item.indication for item in found.signatures] == [Indication.INDETERMINATE]
    assert found.signatures[0].certificate is not None


def test_every_byte_counts(world: World, broken_chain: bytes) -> None:
    start, end = signature(broken_chain)
    for position in (12, len(broken_chain) // 3, start - 3, end + 2, len(broken_chain) - 3):
        forged = broken_chain[:position] + bytes([broken_chain[position] ^ 1]) + broken_chain[position + 1 :]
        assert seal_of(forged) is None, position
        assert world.examine(forged).integrity is not Integrity.INTACT


OTHERS = {
    "byte-behind": lambda data: data + b"\n",
    "another-signature": lambda data: data.replace(b"%\xe2", b"%/ByteRange [0 1 2 3]\n%\xe2", 1),
    "escaped-name": lambda data: data.replace(b"%\xe2", b"%/Byte#52ange\n%\xe2", 1),
    "bytes-behind-the-signature": lambda data: data[: signature(data)[1] - 5] + b"4141>" + data[signature(data)[1] :],
    "blank-in-the-signature": lambda data: data[: signature(data)[1] - 3] + b"  >" + data[signature(data)[1] :],
}


@pytest.mark.parametrize("forge", OTHERS.values(), ids=OTHERS.keys())
def test_what_is_no_seal(broken_chain: bytes, forge: Any) -> None:
    assert seal_of(broken_chain) is not None
    assert seal_of(forge(broken_chain)) is None


@pytest.fixture(scope="module")
def encrypted(world: World) -> bytes:
    """A file that opens without a password and is encrypted all the same, signed."""
    out = BytesIO()
    with pikepdf.open(BytesIO(world.plain())) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="owner", user=""))
    writer = IncrementalPdfFileWriter(BytesIO(out.getvalue()))
    writer.encrypt(user_pwd=b"")  # type: ignore[no-untyped-call]
    metadata = signers.PdfSignatureMetadata(field_name="Sig1", md_algorithm="sha256")
    pdf_signer = signers.PdfSigner(metadata, world.signer(world.authorities.person("H98")))
    return bytes(asyncio.run(pdf_signer.async_sign_pdf(writer)).getvalue())


def test_an_encrypted_file_signed_to_the_last_byte_is_intact_and_still_refused(world: World, encrypted: bytes) -> None:
    found = world.examine(encrypted)
    assert (found.cause, found.integrity) == (Cause.ENCRYPTED, Integrity.INTACT)
    flipped = encrypted[:900] + bytes([encrypted[900] ^ 1]) + encrypted[901:]
    assert world.examine(flipped).integrity is Integrity.UNREADABLE


def test_a_signature_written_into_its_field_is_told_and_not_passed(world: World) -> None:
    signed = world.sign(world.plain(), world.authorities.person("H98"), stamped=False)
    start = signed.rindex(b" 0 obj", 0, signature(signed)[0]) + 6
    stop = signed.index(b"endobj", start)
    number = signed[signed.rindex(b"\n", 0, start - 6) + 1 : start - 6]
    reference = b"/V " + number + b" 0 R"
    assert reference in signed
    direct = signed.replace(reference, b"/W".ljust(len(reference)))
    direct = direct[:start] + b"<</FT /Sig /T (S) /V " + signed[start:stop] + b">>" + direct[stop:]
    found = world.examine(direct)
    assert found.integrity is not Integrity.UNSIGNED
    assert {item.indication for item in found.signatures} != {Indication.TOTAL_PASSED}


def test_integrity_needs_no_trust_anchor_no_list_and_no_time(world: World, pair: bytes) -> None:
    later = world.now + timedelta(days=36_500)
    found = examine(pair, trust=TrustStore.of(), revocation=RevocationSnapshot(), at=later)
    assert found.integrity is Integrity.INTACT
    assert {item.indication for item in found.signatures} == {Indication.INDETERMINATE}


def of_form(world: World, form: bytes, *, digest_inside: bool = False) -> bytes:
    """Sign a document in a form that the axis does not accept."""
    signed = world.sign(
        world.plain(), world.authorities.person("H98"), stamped=False, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED
    )
    data = signed.replace(b"/SubFilter /adbe.pkcs7.detached", (b"/SubFilter " + form).ljust(31))
    if not digest_inside:
        return resign(world, data)
    start, end = signature(data)
    inner = hashlib.sha1(data[:start] + data[end:], usedforsecurity=False).digest()
    signer = world.signer(world.authorities.person("H98"))
    info = asyncio.run(signer.async_sign_general_data(inner, "sha256", detached=False))
    return bytes(data[: start + 1] + info.dump().hex().encode().ljust(end - start - 2, b"0") + data[end - 1 :])


@pytest.mark.parametrize(
    ("form", "digest_inside"), [(b"/PBAD.PAdES", False), (b"/Own.Form", False), (b"/adbe.pkcs7.sha1", True)]
)
def test_forms_that_are_not_accepted_are_listed_with_their_integrity_and_never_passed(
    world: World, form: bytes, *, digest_inside: bool
) -> None:
    data = of_form(world, form, digest_inside=digest_inside)
    found = world.examine(data)
    assert (found.integrity, found.signatures[0].cause) == (Integrity.INTACT, Cause.UNSUPPORTED)
    assert found.signatures[0].indication is Indication.INDETERMINATE
    flipped = world.examine(data[:900] + bytes([data[900] ^ 1]) + data[901:])
    assert flipped.integrity is Integrity.BROKEN


def test_content_of_its_own_in_another_form_is_refused(world: World) -> None:
    data = of_form(world, b"/adbe.pkcs7.detached", digest_inside=True)
    assert world.examine(data).integrity is Integrity.BROKEN


def test_a_bare_rsa_signature_without_a_certificate_is_told_and_not_passed(world: World) -> None:
    found = world.examine(of_form(world, b"/adbe.x509.rsa_sha1"))
    assert found.signatures[0].cause is Cause.BROKEN
    assert found.integrity is not Integrity.UNSIGNED
