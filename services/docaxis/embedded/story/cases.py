"""The cases about single documents. Each hands one in as an agency would and says what must become of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from docaxis.client.files import OutgoingFile
from docaxis.embedded.authorities.authorities import Credential
from docaxis.embedded.forgeries import overlay_form, tamper, with_form_field
from docaxis.embedded.papers import Paper
from docaxis.embedded.population import COMMUNE_GROUP, MEMBERS, MERGED, SUCCESSOR, member_of
from docaxis.embedded.story.outcome import FAILED, INDETERMINATE, PASSED, Outcome, Promise
from docaxis.embedded.story.world import World
from docaxis_schemas.submission import FileRole
from docaxis_signing.verdict import Cause

ISSUER: Final = "H98.14"
SENDER: Final = member_of(ISSUER)

CONSIGNED: Final = "consigned"
NOBODY: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Case:
    """One case: a name for programs, a title for people, and what is done."""

    name: str
    title: str
    play: Callable[[World, "Case"], Awaitable[Outcome]]


def _refused(cause: Cause, verdict: str, recipients: tuple[str, ...]) -> Promise:
    return Promise(verdict, "refuse", cause.value, dict.fromkeys(recipients, "refused"))


def _delivered(*recipients: str) -> Promise:
    return Promise(PASSED, "deliver", None, dict.fromkeys(recipients, CONSIGNED))


async def _original(world: World, case: Case) -> Outcome:
    paper = await world.papers.original(ISSUER, 1)
    recipients = ("G98", "H99.09", "A98")
    handed = await world.hand_in(case.name, paper, recipients, member=SENDER)
    return await world.outcome(case.name, case.title, handed, _delivered(*recipients))


async def _certified_copy(world: World, case: Case) -> Outcome:
    original = world.papers.draft(ISSUER, 2)
    paper = await world.papers.copy("H99.09", original, ISSUER)
    handed = await world.hand_in(case.name, paper, ("G98.05",), member=member_of("H99.09"))
    return await world.outcome(case.name, case.title, handed, _delivered("G98.05"))


async def _joint(world: World, case: Case) -> Outcome:
    paper = await world.papers.original(ISSUER, 3, joint_seals=("H99.09",))
    handed = await world.hand_in(case.name, paper, ("H98",), member=SENDER)
    return await world.outcome(case.name, case.title, handed, _delivered("H98"))


async def _forwarded(world: World, case: Case) -> Outcome:
    paper = await world.papers.original(ISSUER, 4)
    handed = await world.hand_in(case.name, paper, ("A98",), member=member_of("H99"), forwarded=True)
    return await world.outcome(case.name, case.title, handed, _delivered("A98"))


async def _appendix(world: World, case: Case) -> Outcome:
    paper = await world.papers.original(ISSUER, 5)
    appendix = world.file(case.name, "Phụ lục 1.pdf", await world.papers.appendix(ISSUER, paper.spec))
    enclosure = world.file(case.name, "Bảng số liệu.csv", "Đơn vị,Số văn bản\nSở Nội vụ,128\n".encode())
    more = (OutgoingFile(appendix, FileRole.APPENDIX), OutgoingFile(enclosure, FileRole.ENCLOSURE))
    handed = await world.hand_in(case.name, paper, ("H99",), member=SENDER, more=more)
    return await world.outcome(case.name, case.title, handed, _delivered("H99"))


async def _no_timestamp(world: World, case: Case) -> Outcome:
    paper = await world.papers.original(ISSUER, 6, level="B-B")
    handed = await world.hand_in(case.name, paper, ("H99",), member=SENDER)
    return await world.outcome(case.name, case.title, handed, _delivered("H99"))


async def _plain_refusal(world: World, case: Case, paper: Paper, cause: Cause, verdict: str) -> Outcome:
    handed = await world.hand_in(case.name, paper, ("H99",), member=SENDER)
    return await world.outcome(case.name, case.title, handed, _refused(cause, verdict, ("H99",)))


async def _revoked(world: World, case: Case) -> Outcome:
    paper = await world.papers.original(ISSUER, 7, signer=world.axis.authorities.special("revoked"))
    return await _plain_refusal(world, case, paper, Cause.REVOKED_BEFORE_RECEPTION, INDETERMINATE)


async def _expired(world: World, case: Case) -> Outcome:
    signer = world.axis.authorities.special("expired")
    then = signer.certificate.not_valid_after_utc - timedelta(days=1)
    paper = await world.papers.original("H99.09", 8, level="B-B", signer=signer, signed_at=then)
    handed = await world.hand_in(case.name, paper, ("H98",), member=member_of("H99.09"))
    promise = _refused(Cause.EXPIRED_BEFORE_RECEPTION, INDETERMINATE, ("H98",))
    return await world.outcome(case.name, case.title, handed, promise)


async def _tampered(world: World, case: Case) -> Outcome:
    paper = await world.papers.original(ISSUER, 9)
    forged = Paper(paper.spec, paper.metadata, tamper(paper.data))
    return await _plain_refusal(world, case, forged, Cause.BROKEN, FAILED)


async def _overlay(world: World, case: Case) -> Outcome:
    paper = await world.papers.original(ISSUER, 10, prepare=with_form_field)
    forged = Paper(paper.spec, paper.metadata, overlay_form(paper.data))
    return await _plain_refusal(world, case, forged, Cause.FORM_FILLED, INDETERMINATE)


async def _foreign_seal(world: World, case: Case) -> Outcome:
    seal: Credential = world.axis.authorities.special("foreign-seal")
    paper = await world.papers.original(ISSUER, 11, final_seal=seal)
    return await _plain_refusal(world, case, paper, Cause.SEAL_OF_ANOTHER_ORGANISATION, INDETERMINATE)


async def _group(world: World, case: Case) -> Outcome:
    paper = await world.papers.original(ISSUER, 12)
    communes = [code for member in MEMBERS for code in member.organisations if member.id.startswith("vi-du-")]
    handed = await world.hand_in(case.name, paper, (f"group:{COMMUNE_GROUP}",), member=SENDER)
    return await world.outcome(case.name, case.title, handed, _delivered(*communes))


async def _merged(world: World, case: Case) -> Outcome:
    paper = await world.papers.original(ISSUER, 13)
    handed = await world.hand_in(case.name, paper, (MERGED, "G98"), member=SENDER)
    return await world.outcome(case.name, case.title, handed, _delivered(SUCCESSOR, "G98"))


SINGLE: Final = (
    Case("original-to-three", "Bản gốc gửi ba nơi nhận", _original),
    Case("certified-copy", "Bản sao y có chữ ký số của cơ quan sao", _certified_copy),
    Case("joint-two-seals", "Văn bản liên tịch, hai con dấu", _joint),
    Case("forwarded", "Hệ thống khác chuyển tiếp", _forwarded),
    Case("appendix-and-enclosure", "Có phụ lục và tệp kèm theo", _appendix),
    Case("no-timestamp", "Không có dấu thời gian", _no_timestamp),
    Case("revoked-signer", "Người ký đã bị thu hồi chứng thư", _revoked),
    Case("expired-signer", "Chứng thư người ký đã hết hạn", _expired),
    Case("tampered-byte", "Một bit bị sửa sau khi ký", _tampered),
    Case("form-overlay", "Biểu mẫu phủ lên nội dung sau khi ký", _overlay),
    Case("foreign-seal", "Con dấu của cơ quan khác", _foreign_seal),
    Case("group-of-60", "Gửi nhóm 60 xã", _group),
    Case("merged-recipient", "Nơi nhận đã sáp nhập", _merged),
)
"""Cases that do not depend on one another and are played side by side."""
