"""Documents that must not be delivered, and those that only try: secret, unsigned, forged, badly certified, hostile."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from badinputs import forged
from badinputs.checking import Answered, nothing_else, once, parametrised, played, told
from badinputs.house import RECIPIENT, House
from badinputs.outside import Listener
from badinputs.table import SECRECY, SIGNATURES, Case, Taken
from docaxis.embedded.documents import render_document
from docaxis.embedded.forgeries import overlay_form, tamper, with_form_field
from docaxis.embedded.papers import Paper

Act = Callable[[House], Awaitable[Answered | None]]


async def _judge(house: House, paper: Paper, data: bytes | None = None, **options: Any) -> Answered:
    draft = house.draft(paper, data=data, **options)
    return Answered.of(await house.send(draft, wait=40), draft)


def _metadata(mark: str) -> Act:
    async def act(house: House) -> Answered:
        draft = house.draft(await house.paper(), document={"secrecy": mark})
        answered = Answered.of(await house.send(draft), draft)
        [fault] = answered.value["faults"]
        assert fault["field"] == "secrecy"
        return answered

    return act


def _stamp(mark: str) -> Act:
    async def act(house: House) -> Answered:
        return await _judge(house, await house.paper(spec=house.spec(secrecy=mark)))

    return act


def _changed(change: Callable[[bytes], bytes], **options: Any) -> Act:
    async def act(house: House) -> Answered:
        paper = await house.paper(**options)
        return await _judge(house, paper, change(paper.data))

    return act


def _signed_by(special: str, *, seal: bool = False) -> Act:
    async def act(house: House) -> Answered:
        signer = house.axis.authorities.special(special)
        paper = await (house.paper(final_seal=signer) if seal else house.paper(signer=signer))
        return await _judge(house, paper)

    return act


async def _unsigned(house: House) -> Answered:
    paper = await house.paper()
    return await _judge(house, paper, render_document(replace(paper.spec)).data)


async def _expired(house: House) -> Answered:
    signer = house.axis.authorities.special("expired")
    then = signer.certificate.not_valid_after_utc - timedelta(days=1)
    paper = await house.paper("H99.09", signer=signer, signed_at=then)
    return await _judge(house, paper, member=house.member_of("H99.09"), recipients=["H98"])


async def _claimed_by(house: House, paper: Paper) -> bool:
    """Say whether a paper was taken in."""
    digest = hashlib.sha256(paper.data).hexdigest()
    return bool(await house.rows("SELECT 1 FROM contents WHERE sha256 = :digest AND pinned", digest=digest))


async def _slow(house: House) -> Answered:
    """While one document is examined in vain, others of the same member go through."""
    paper = await house.paper(prepare=forged.slow_to_examine)
    examined = asyncio.create_task(_judge(house, paper))
    await house.until(lambda: _claimed_by(house, paper))
    await house.goes_on()
    assert not examined.done(), "it is still examined while others went through"
    return await examined


async def _trusted_address(house: House) -> None:
    draft = house.draft(await house.paper(signer=house.addressed["trusted"]))
    await house.delivered(draft)
    await once(house, draft.submission, RECIPIENT)


async def _untrusted_address(house: House) -> Answered:
    return await _judge(house, await house.paper(signer=house.addressed["untrusted"]))


SECRECY_ACTS: dict[str, Act] = {
    **{f"metadata-{mark}": _metadata(mark) for mark in ("mat", "toi-mat", "tuyet-mat")},
    "stamp-mat": _stamp("MẬT"),
    "stamp-toi-mat": _stamp("TỐI MẬT"),
    "stamp-tuyet-mat": _stamp("TUYỆT MẬT"),
}
SIGNATURE_ACTS: dict[str, Act] = {
    "unsigned": _unsigned,
    "tampered": _changed(tamper),
    "junk-behind-the-end": _changed(lambda data: data + b"1 0 obj\n<< /Type /Catalog >>\nendobj\n"),
    "form-overlay": _changed(overlay_form, prepare=with_form_field),
    "revoked": _signed_by("revoked"),
    "expired": _expired,
    "untrusted": _signed_by("untrusted", seal=True),
    "seal-of-another": _signed_by("foreign-seal", seal=True),
    "flate-bomb": _changed(lambda _: forged.flate_bomb()),
    "flate-bomb-on-the-page": _changed(lambda data: data, prepare=forged.with_page_bomb),
    "slow-to-examine": _slow,
    "address-in-a-trusted-certificate": _trusted_address,
    "address-in-an-untrusted-certificate": _untrusted_address,
}


def test_every_case_of_the_table_is_played() -> None:
    played(SECRECY_ACTS, SECRECY)
    played(SIGNATURE_ACTS, SIGNATURES)


async def test_whoever_came_to_the_listener_would_be_seen() -> None:
    async with Listener() as listener:
        host, _, port = listener.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        assert await reader.read() == b""
        writer.close()
        assert listener.connections == 1


@parametrised([*SECRECY, *SIGNATURES])
async def test_a_bad_document(house: House, case: Case) -> None:
    answered = await (SECRECY_ACTS | SIGNATURE_ACTS)[case.name](house)
    if isinstance(case.told, Taken):
        assert answered is None
    else:
        assert answered is not None
        await told(house, case, answered)
    await nothing_else(house)
