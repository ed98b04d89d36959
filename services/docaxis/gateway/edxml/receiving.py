"""Taking a packet: a document becomes a submission, a status becomes a report, each by the rules it would meet anyway.

A packet carries no signature of the member's that could be relied on. So only who may hand in unsigned records may send
one, the credential of a clerk, and the gateway signs the record with its key for that member, which the evidence says
by the key's name. A member's system signs its own records, with the SDK or the connector.
"""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from uuid import UUID

from docaxis.directory.entries import Principal, Role
from docaxis.directory.sharing import sent_for
from docaxis.gateway.acting import Desk
from docaxis.gateway.authentication import member_of
from docaxis.gateway.edxml.spooling import SpooledPacket
from docaxis.gateway.recalling import RecallDesk
from docaxis.gateway.records import UNSIGNED
from docaxis.gateway.refusals import Refused
from docaxis.gateway.submitting import MANIFEST, Accepted, Brought, Intake
from docaxis.storage.exchange import ExchangeStore, Named
from docaxis.storage.member_records import MemberRecord
from docaxis_schemas.canonical import canonical
from docaxis_schemas.document import DocumentMetadata
from docaxis_schemas.edxml import Examination, Status
from docaxis_schemas.edxml.packet import entries
from docaxis_schemas.lifecycle import CHANGE_ANSWERS, REPORTED_BY
from docaxis_schemas.natural_key import keys_named
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import MAX_REASON, Addressee, Heading, Kind, Manifest, RecallRecord, ReportRecord

_PIECE: Final = 256 * 1024
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketDesk:
    """Takes packets in."""

    intake: Intake
    desk: Desk
    recalls: RecallDesk
    exchange: ExchangeStore

    async def take_document(self, principal: Principal, packet: SpooledPacket, own_id: str | None) -> Accepted:
        """Hand in the document of a packet; the same packet again is the same submission.

        Raises:
            Refused: By any rule of intake.
        """
        _require_unsigned(principal)
        document = packet.examination.document
        assert document is not None, "the caller asked for its kind"
        key = own_id or f"edxml:{packet.sha256}"
        return await self.intake.accept(
            principal, key, _TakenApart(self._manifest(principal, packet, document, key), packet.examination)
        )

    async def take_status(self, principal: Principal, packet: SpooledPacket, own_id: str | None) -> MemberRecord:
        """Take the report of a status packet about a delivery of this party's, or its recall (13) of what it sent.

        Raises:
            Refused: No such delivery or submission, or by any rule of reports and recalls.
        """
        _require_unsigned(principal)
        status = packet.examination.status
        assert status is not None, "the caller asked for its kind"
        if REPORTED_BY[status.code] == "sender":
            return await self._recall(principal, status, own_id or f"edxml:{packet.sha256}")
        delivery = await self._delivery(principal, status)
        key = own_id or f"edxml:{packet.sha256}"
        told = (status.description or "")[:MAX_REASON] or None
        heading = self._heading(Kind.REPORT, principal, key)
        report = ReportRecord(heading, delivery, status.code.value, reason=told)
        data = canonical(report.to_json())
        return await self.desk.take(principal, Kind.REPORT, delivery, data, media_type=UNSIGNED, own_id=key)

    async def _recall(self, principal: Principal, status: Status, key: str) -> MemberRecord:
        """Recall what a status 13 names from the recipient that it is addressed to; addressed to the issuer, from all.

        Raises:
            Refused: No such submission, or by any rule of recalls.
        """
        snapshot = await self.intake.directory.snapshot()
        self._require_own(principal, snapshot.canonical(status.issuer.code), status.issuer.code)
        to = status.response_for.issuer or status.issuer.code
        recipient = snapshot.canonical(to) or to
        own = {snapshot.canonical(status.issuer.code), status.issuer.code}
        named = status.response_for.document_id or ""
        member = member_of(principal)
        found: UUID | None = UUID(named) if _UUID.fullmatch(named) else None
        if found is None and (keys := keys_named(named, snapshot.canonical)):
            found = await self.exchange.submission_of_document(keys, member, None if recipient in own else recipient)
        claim = None if found is None else await self.intake.claims.find(found)
        if claim is None or claim.member != member or not sent_for(json.loads(claim.manifest), principal, snapshot):
            raise Refused(Code.NOT_FOUND, f"Không có văn bản đã gửi: {named}", f"Nothing was sent as: {named}")
        reason = (status.description or "")[:MAX_REASON]
        recipients = () if recipient in own else (recipient,)
        record = RecallRecord(self._heading(Kind.RECALL, principal, key), claim.submission_id, reason, recipients)
        data = canonical(record.to_json())
        return await self.recalls.take(principal, claim, data, media_type=UNSIGNED, own_id=key)

    @staticmethod
    def _require_own(principal: Principal, code: str | None, given: str) -> str:
        if code is None or code not in principal.organisations:
            raise Refused(
                Code.REPORT_WRONG_PARTY,
                f"{given} không phải cơ quan của tài khoản này.",
                f"{given} is not an organisation of this credential.",
            )
        return code

    def _manifest(self, principal: Principal, packet: SpooledPacket, document: DocumentMetadata, key: str) -> Manifest:
        addressees = tuple(Addressee(code, None, "action") for code in document.receivers())
        contents = entries(packet.examination.attachments)
        return Manifest(self._heading(Kind.SUBMISSION, principal, key), document.to_json(), contents, addressees)

    def _heading(self, kind: Kind, principal: Principal, key: str) -> Heading:
        intake = self.intake
        return Heading(kind, intake.axis, intake.environment, member_of(principal), key, intake.clock())

    async def _delivery(self, principal: Principal, status: Status) -> UUID:
        """Find the delivery that a status is about: by our own id, or by what the document's id says."""
        snapshot = await self.intake.directory.snapshot()
        recipient = self._require_own(principal, snapshot.canonical(status.issuer.code), status.issuer.code)
        member, named = member_of(principal), status.response_for.document_id or ""
        about = Named(UUID(named) if _UUID.fullmatch(named) else None, keys_named(named, snapshot.canonical))
        found = None
        if status.code in CHANGE_ANSWERS:
            found = await self.exchange.delivery_asked(about, member, recipient)
        if found is None:
            found = await self.exchange.delivery_named(about, member, recipient)
        if found is None:
            raise Refused(Code.NOT_FOUND, f"Không có văn bản đến: {named}", f"No delivery of this document: {named}")
        return found


def _require_unsigned(principal: Principal) -> None:
    if principal.role is not Role.CLERK:
        raise Refused(
            Code.MANIFEST_SIGNATURE_INVALID,
            "Gói edXML không mang chữ ký của thành viên: dùng tài khoản văn thư, hoặc docaxis connector để ký.",
            "A packet carries no signature of the member: use a clerk's credential, or docaxis connector, which signs.",
        )


class _Manifest:
    """The manifest as the first part of a submission."""

    def __init__(self, data: bytes) -> None:
        self.name = MANIFEST
        self.media_type = UNSIGNED
        self._data = data

    async def whole(self, limit: int) -> bytes | None:
        return self._data if len(self._data) <= limit else None

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._data


class _File:
    """A file of a packet as a part of a submission."""

    def __init__(self, name: str, media_type: str, stream: BinaryIO) -> None:
        self.name = name
        self.media_type = media_type
        self._stream = stream

    async def whole(self, limit: int) -> bytes | None:
        data = self._stream.read(limit + 1)
        return data if len(data) <= limit else None

    async def chunks(self) -> AsyncIterator[bytes]:
        while data := self._stream.read(_PIECE):
            yield data


class _TakenApart:
    """A packet as intake wants it: manifest and files, each content once."""

    def __init__(self, manifest: Manifest, examination: Examination) -> None:
        self._data = canonical(manifest.to_json())
        self._files = {file.sha256: file for file in examination.attachments}

    async def parts(self) -> AsyncIterator[Brought]:
        yield _Manifest(self._data)
        for sha256, file in self._files.items():
            yield _File(sha256, file.media_type, file.stream)


def received_packet_json(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """Give the answer to a packet: what it was, and what the axis made of it."""
    return {"kind": kind} | value
