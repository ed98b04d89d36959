import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_timestamp
from pyhanko.sign.validation.status import SignatureCoverageLevel

from docaxis.embedded.authorities import Responder, TestAuthorities
from docaxis.embedded.documents import handwriting, render_document, sample, seal
from docaxis_signing.keys import SigningKey, load_key
from docaxis_signing.pdf.appearance import Picture, seal_box
from docaxis_signing.pdf.signing import LEVELS, Level, SigningRequest, sign_pdf
from docaxis_signing.pdf.timestamps import TimestampClient
from docaxis_signing.signing_errors import (
    RejectedCertificate,
    RejectedKey,
    RejectedRequest,
    SigningError,
    UnavailableTimestamp,
)

Keys = Callable[[str], SigningKey]
World = Any  # the fixture's class lives in conftest.py, which tests do not import


@pytest.fixture(scope="module")
def document(world: World) -> bytes:
    return render_document(sample(7, world.authorities.organisation("H98.14"))).data


def mechanism(data: bytes) -> str:
    found = PdfFileReader(io.BytesIO(data)).embedded_regular_signatures[0].signer_info
    return str(found["signature_algorithm"]["algorithm"].native)


@pytest.mark.parametrize("signer", ["H98.14-seal", "H98.14-leader"])
@pytest.mark.parametrize("level", LEVELS)
async def test_every_level_is_judged_valid(
    world: World, key_of: Keys, document: bytes, level: Level, signer: str
) -> None:
    request = SigningRequest(level, "Signature1", reason="Phê duyệt", location="Thử Nghiệm")
    signed = await sign_pdf(
        document,
        key_of(signer),
        request,
        timestamper=world.timestamper(),
        validation=world.validation(),
        now=world.now,
    )
    assert signed.startswith(document)
    [status] = await world.judge(signed)
    assert status.bottom_line
    assert (status.timestamp_validity is not None) == (level != "B-B")
    reader = PdfFileReader(io.BytesIO(signed))
    assert ("/DSS" in reader.root) == (level in {"B-LT", "B-LTA"})
    stamps = reader.embedded_timestamp_signatures
    assert len(stamps) == (1 if level == "B-LTA" else 0)
    for stamp in stamps:
        judged = await async_validate_pdf_timestamp(stamp, world.context())
        assert (judged.intact, judged.valid, judged.trusted) == (True, True, True)


async def test_the_claimed_time_is_the_one_given_in_vietnam_time(world: World, key_of: Keys, document: bytes) -> None:
    moment = world.now - timedelta(days=3)
    signed = await sign_pdf(document, key_of("H98.14-leader"), SigningRequest("B-B", "S"), now=moment)
    dictionary = PdfFileReader(io.BytesIO(signed)).embedded_regular_signatures[0].sig_object
    local = moment + timedelta(hours=7)
    assert dictionary.raw_get("/M") == f"D:{local:%Y%m%d%H%M%S}+07'00'"
    assert dictionary["/SubFilter"] == "/ETSI.CAdES.detached"


@pytest.mark.parametrize(
    ("signer", "request_", "expected"),
    [
        ("H98.14-seal", SigningRequest("B-B", "S"), "rsassa_pss"),
        ("H98.14-seal", SigningRequest("B-B", "S", rsa_padding="pkcs1v15"), "sha256_rsa"),
        ("G98-seal", SigningRequest("B-B", "S"), "rsassa_pss"),
        ("H98.14-leader", SigningRequest("B-B", "S"), "sha256_ecdsa"),
    ],
)
async def test_new_signatures_are_pss_or_ecdsa_unless_asked_otherwise(
    world: World, key_of: Keys, document: bytes, signer: str, request_: SigningRequest, expected: str
) -> None:
    signed = await sign_pdf(document, key_of(signer), request_, now=world.now)
    assert mechanism(signed) == expected
    [status] = await world.judge(signed)
    assert status.bottom_line


async def test_person_then_agency_leaves_the_first_signature_unmodified(world: World, key_of: Keys) -> None:
    organisation = world.authorities.organisation("H98.14")
    spec = sample(3, organisation, ["Bộ Thử nghiệm"])
    page = render_document(spec)
    person = Picture(handwriting(spec.signer), page.signature_page, page.handwriting_box)
    agency = Picture(seal(spec.organisation), page.signature_page, seal_box(page.handwriting_box))
    first = await sign_pdf(
        page.data,
        key_of("H98.14-leader"),
        SigningRequest("B-T", "Person", person),
        timestamper=world.timestamper(),
        now=world.now,
    )
    second = await sign_pdf(
        first,
        key_of("H98.14-seal"),
        SigningRequest("B-T", "Agency", agency),
        timestamper=world.timestamper(),
        now=world.now,
    )
    assert second.startswith(first)
    statuses = await world.judge(second)
    assert [status.bottom_line for status in statuses] == [True, True]
    assert statuses[0].modification_level in {
        ModificationLevel.NONE,
        ModificationLevel.LTA_UPDATES,
        ModificationLevel.FORM_FILLING,
    }
    assert statuses[0].docmdp_ok
    assert statuses[1].coverage is SignatureCoverageLevel.ENTIRE_FILE
    left, _, right, _ = page.handwriting_box
    overlap = agency.box[2] - left
    assert overlap / (right - left) == pytest.approx(1 / 3, abs=0.02)


async def test_two_long_term_signatures_share_one_security_store(world: World, key_of: Keys, document: bytes) -> None:
    signed = document
    for name, field in (("H98.14-leader", "A"), ("H98.14-seal", "B")):
        signed = await sign_pdf(
            signed,
            key_of(name),
            SigningRequest("B-LT", field),
            timestamper=world.timestamper(),
            validation=world.validation(),
            now=world.now,
        )
    assert [status.bottom_line for status in await world.judge(signed)] == [True, True]


@pytest.mark.parametrize(
    ("name", "code"),
    [("expired", "expired"), ("encryption-only", "key-usage")],
)
async def test_a_certificate_that_may_not_sign_is_refused(
    world: World, key_of: Keys, document: bytes, name: str, code: str
) -> None:
    with pytest.raises(RejectedCertificate) as caught:
        await sign_pdf(document, key_of(name), SigningRequest("B-B", "S"), now=world.now)
    assert caught.value.code == code
    assert caught.value.vi.startswith("Chứng thư số")
    assert "certificate" in caught.value.en


async def test_a_certificate_not_yet_valid_is_refused(world: World, key_of: Keys, document: bytes) -> None:
    before = world.now - timedelta(days=500)
    with pytest.raises(RejectedCertificate) as caught:
        await sign_pdf(document, key_of("H98.14-seal"), SigningRequest("B-B", "S"), now=before)
    assert caught.value.code == "not-yet-valid"


async def test_a_revoked_certificate_is_refused_when_revocation_data_are_given(
    world: World, key_of: Keys, document: bytes
) -> None:
    request, key = SigningRequest("B-B", "S"), key_of("revoked")
    with pytest.raises(RejectedCertificate) as caught:
        await sign_pdf(document, key, request, validation=world.validation(), now=world.now)
    assert caught.value.code == "revoked"
    assert isinstance(caught.value, SigningError)
    assert await sign_pdf(document, key, request, now=world.now)  # nobody can know without data


@pytest.mark.parametrize("missing", ["gov-local", "gov-tsa", "gov-root"])
async def test_a_long_term_signature_wants_every_revocation_list(
    world: World, key_of: Keys, document: bytes, missing: str
) -> None:
    with pytest.raises(RejectedCertificate) as caught:
        await sign_pdf(
            document,
            key_of("H98.14-seal"),
            SigningRequest("B-LT", "S"),
            timestamper=world.timestamper(),
            validation=world.validation(without=missing),
            now=world.now,
        )
    assert caught.value.code == "no-path"


async def test_a_long_term_signature_wants_current_lists(world: World, key_of: Keys, document: bytes) -> None:
    with pytest.raises(RejectedCertificate) as caught:
        await sign_pdf(
            document,
            key_of("H98.14-seal"),
            SigningRequest("B-LT", "S"),
            timestamper=world.timestamper(),
            validation=world.validation(issued=world.now - timedelta(days=3)),
            now=world.now,
        )
    assert caught.value.code == "no-path"


async def test_what_a_level_needs_is_asked_for(world: World, key_of: Keys, document: bytes) -> None:
    key = key_of("H98.14-seal")
    with pytest.raises(RejectedRequest) as first:
        await sign_pdf(document, key, SigningRequest("B-T", "S"), now=world.now)
    request = SigningRequest("B-LT", "S")
    with pytest.raises(RejectedRequest) as second:
        await sign_pdf(document, key, request, timestamper=world.timestamper(), now=world.now)
    assert (first.value.code, second.value.code) == ("no-timestamper", "no-validation-data")


async def test_what_is_no_pdf_or_already_has_the_field_is_refused(world: World, key_of: Keys, document: bytes) -> None:
    key, request = key_of("H98.14-seal"), SigningRequest("B-B", "S")
    for broken in (b"", b"not a PDF", document[: len(document) // 2]):
        with pytest.raises(RejectedRequest) as caught:
            await sign_pdf(broken, key, request, now=world.now)
        assert caught.value.code == "cannot-sign"
    signed = await sign_pdf(document, key, request, now=world.now)
    with pytest.raises(RejectedRequest) as caught:
        await sign_pdf(signed, key, request, now=world.now)
    assert caught.value.code == "field-taken"


def test_a_wrong_passphrase_is_refused(world: World) -> None:
    path = world.authorities.seal("A98").pkcs12_path
    with pytest.raises(RejectedKey) as caught:
        load_key(f"file:{path}", passphrase=lambda: b"guess")
    assert caught.value.code == "key-passphrase"


async def test_time_stamps_come_over_http(world: World, key_of: Keys, document: bytes) -> None:
    authorities: TestAuthorities = world.authorities
    with Responder(lambda: world.now) as responder:
        responder.start(authorities)
        client = TimestampClient(f"{responder.base_url}/tsa")
        request = SigningRequest("B-T", "S")
        signed = await sign_pdf(document, key_of("H98.14-seal"), request, timestamper=client, now=world.now)
        assert responder.requests("/tsa") == 2  # one to learn the size of tokens, one for the signature
        await sign_pdf(document, key_of("H98.14-seal"), request, timestamper=client, now=world.now)
        assert responder.requests("/tsa") == 3
    [status] = await world.judge(signed)
    assert status.timestamp_validity.timestamp == world.now


async def test_a_time_stamping_authority_that_refuses_or_is_away_is_unavailable(
    world: World, key_of: Keys, document: bytes
) -> None:
    with Responder(lambda: world.now) as responder:
        responder.start(world.authorities)
        client = TimestampClient(f"{responder.base_url}/tsa")
        with pytest.raises(UnavailableTimestamp):
            await client.async_timestamp(bytes(20), "sha1")
        wrong = TimestampClient(f"{responder.base_url}/certs/gov-tsa.cer")
        with pytest.raises(UnavailableTimestamp):
            await wrong.async_timestamp(bytes(32), "sha256")
    request = SigningRequest("B-T", "S")
    with pytest.raises(UnavailableTimestamp) as caught:
        await sign_pdf(document, key_of("H98.14-seal"), request, timestamper=client, now=world.now)
    assert caught.value.code == "timestamp"
