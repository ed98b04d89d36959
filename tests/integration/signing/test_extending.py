"""Validation data and archive time-stamps added to what is signed, and renewed; and signing sessions side by side."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from docaxis.embedded.documents import render_document, sample
from docaxis_signing.keys import SigningKey
from docaxis_signing.pdf.extending import LongTerm, extend_pdf
from docaxis_signing.pdf.signing import SigningRequest, sign_pdf
from docaxis_signing.signing_errors import RejectedCertificate, RejectedRequest

Keys = Callable[[str], SigningKey]
World = Any  # the fixture's class lives in conftest.py, which tests do not import


@pytest.fixture(scope="module")
def document(world: World) -> bytes:
    return render_document(sample(7, world.authorities.organisation("H98.14"))).data


@pytest.fixture
async def stamped(world: World, key_of: Keys, document: bytes) -> bytes:
    request = SigningRequest("B-T", "S")
    return await sign_pdf(document, key_of("H98.14-seal"), request, timestamper=world.timestamper(), now=world.now)


async def extended(world: World, data: bytes, level: LongTerm = "B-LTA") -> bytes:
    return await extend_pdf(data, level, timestamper=world.timestamper(), validation=world.validation(), now=world.now)


def stamps(data: bytes) -> int:
    return len(PdfFileReader(BytesIO(data)).embedded_timestamp_signatures)


async def test_each_step_is_appended_and_changes_no_signed_byte(world: World, stamped: bytes) -> None:
    lt = await extended(world, stamped, "B-LT")
    lta = await extended(world, lt)
    renewed = await extended(world, lta)
    assert lt.startswith(stamped)
    assert lta.startswith(lt)
    assert renewed.startswith(lta)
    assert [stamps(item) for item in (stamped, lt, lta, renewed)] == [0, 0, 1, 2]
    for item in (lt, lta, renewed):
        [status] = await world.judge(item)
        assert status.bottom_line


async def test_renewal_adds_what_proves_the_last_time_stamp(world: World, stamped: bytes) -> None:
    lta = await extended(world, stamped)
    store = PdfFileReader(BytesIO(await extended(world, lta))).root["/DSS"]
    before = PdfFileReader(BytesIO(lta)).root["/DSS"]
    assert len(store["/Certs"]) >= len(before["/Certs"]) > 0
    assert len(store["/CRLs"]) >= len(before["/CRLs"]) > 0


async def test_what_cannot_be_extended_is_told(world: World, key_of: Keys, document: bytes, stamped: bytes) -> None:
    plain = await sign_pdf(document, key_of("H98.14-seal"), SigningRequest("B-B", "S"), now=world.now)
    for data, code in ((document, "unsigned"), (plain, "no-timestamp"), (b"no PDF", "cannot-extend")):
        with pytest.raises(RejectedRequest) as caught:
            await extended(world, data)
        assert caught.value.code == code
    with pytest.raises(RejectedRequest) as caught:
        await extend_pdf(stamped, "B-LTA", validation=world.validation(), now=world.now)
    assert caught.value.code == "no-timestamper"


@pytest.mark.parametrize("missing", ["gov-local", "gov-tsa", "gov-root"])
async def test_without_the_status_of_a_certificate_nothing_is_added(world: World, stamped: bytes, missing: str) -> None:
    with pytest.raises(RejectedCertificate):
        await extend_pdf(stamped, "B-LT", validation=world.validation(without=missing), now=world.now)
    old = world.validation(issued=world.now - timedelta(days=3))
    with pytest.raises(RejectedCertificate):
        await extend_pdf(stamped, "B-LT", validation=old, now=world.now)


async def test_sessions_side_by_side_do_not_meet(world: World, key_of: Keys) -> None:
    organisation = world.authorities.organisation("H98.14")
    documents = [render_document(sample(number, organisation)).data for number in range(8)]
    keys, stamper = [key_of("H98.14-seal"), key_of("H98.14-leader")], world.timestamper()

    async def session(number: int) -> bytes:
        request = SigningRequest("B-LTA", f"S{number}")
        return await sign_pdf(
            documents[number],
            keys[number % 2],
            request,
            timestamper=stamper,
            validation=world.validation(),
            now=world.now,
        )

    signed = await asyncio.gather(*(session(number) for number in range(8)))
    for number, data in enumerate(signed):
        assert data.startswith(documents[number])
        [status] = await world.judge(data)
        assert status.bottom_line
        assert PdfFileReader(BytesIO(data)).embedded_regular_signatures[0].field_name == f"S{number}"
