"""Hand-overs and reports: what a recipient signs about a delivery, bound once to its own key, then put on the bus.

Recalls (`docaxis.gateway.recalling`) are kept the same way.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from docaxis.directory import DirectorySnapshot
from docaxis.directory.entries import Principal
from docaxis.gateway.authentication import member_of
from docaxis.gateway.bodies import too_large
from docaxis.gateway.directory import FreshDirectory
from docaxis.gateway.intake import check_age, check_heading, require_active
from docaxis.gateway.limits import MAX_SIGNED_RECORD
from docaxis.gateway.multipart import malformed
from docaxis.gateway.publishing import Outbox
from docaxis.gateway.records import SIGNED, OpenedRecord, open_record
from docaxis.gateway.refusals import Refused
from docaxis.gateway.signing import GatewayKeys, Registers
from docaxis.storage.member_records import DeliveryParties, MemberRecord, MemberRecordStore
from docaxis_schemas.digests import contents_digest
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.lifecycle import (
    CHANGE_ANSWERS,
    REPORTED_BY,
    WANTS_REASON,
    ChangeState,
    Report,
    TransportState,
    has_ended,
)
from docaxis_schemas.moments import Clock, to_text
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import (
    HandoverRecord,
    Heading,
    Kind,
    RejectedRecord,
    ReportRecord,
    read_handover,
    read_report,
)

REPORTABLE: Final = frozenset(report for report, side in REPORTED_BY.items() if side == "recipient")
"""01-06, and the answers 15 and 16; 13 is the sender's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Takes what recipients say about their deliveries."""

    axis: str
    environment: str
    directory: FreshDirectory
    registers: Registers
    keys: GatewayKeys
    records: MemberRecordStore
    outbox: Outbox
    clock: Clock

    async def take(
        self, principal: Principal, kind: Kind, delivery_id: UUID, data: bytes, *, media_type: str, own_id: str | None
    ) -> MemberRecord:
        """Take one hand-over or report.

        Raises:
            Refused: By any rule.
            UnavailableStorage: The database is away.
            BusError: The bus is away; the record may stand.
        """
        parties = _own_delivery(await self.records.parties(delivery_id), principal)
        snapshot = await self.directory.snapshot()
        opened = await self.open(principal, snapshot, data, media_type=media_type)
        record = _read(opened, kind)
        self.check_heading(record.heading, principal, own_id)
        if record.delivery_id != delivery_id:
            raise malformed("Bản ghi nói về lượt chuyển khác.", "The record is about another delivery.")
        return await self._keep(opened, record, snapshot, parties)

    async def take_signed(self, principal: Principal, token: str) -> MemberRecord:
        """Take one hand-over that comes among others; its delivery and its key are those that it names itself.

        Raises:
            Refused: By any rule.
            UnavailableStorage: The database is away.
            BusError: The bus is away; the record may stand.
        """
        if len(token) > MAX_SIGNED_RECORD:
            raise too_large(MAX_SIGNED_RECORD)
        snapshot = await self.directory.snapshot()
        opened = await self.open(principal, snapshot, token.encode("utf-8"), media_type=SIGNED)
        record = _read(opened, Kind.HANDOVER)
        self.check_heading(record.heading, principal, None)
        parties = _own_delivery(await self.records.parties(record.delivery_id), principal)
        return await self._keep(opened, record, snapshot, parties)

    async def _keep(
        self,
        opened: OpenedRecord,
        record: HandoverRecord | ReportRecord,
        snapshot: DirectorySnapshot,
        parties: DeliveryParties,
    ) -> MemberRecord:
        about = About(parties.submission_id, parties.delivery_id, parties.recipient)
        return await self.keep(opened, record.heading, snapshot, about, lambda: _check(record, parties))

    async def open(
        self, principal: Principal, snapshot: DirectorySnapshot, data: bytes, *, media_type: str
    ) -> OpenedRecord:
        """Verify a record of a member, or sign a clerk's.

        Raises:
            Refused: It is neither.
        """
        limit, now = MAX_SIGNED_RECORD, self.clock()
        return await open_record(data, media_type, principal, snapshot, self.keys, self.registers, limit=limit, now=now)

    def check_heading(self, heading: Heading, principal: Principal, own_id: str | None) -> None:
        """Check that a record is meant for this axis, by this member, under this key.

        Raises:
            Refused: It is not.
        """
        check_heading(
            heading,
            member=member_of(principal),
            own_id=own_id or heading.own_id,
            axis=self.axis,
            environment=self.environment,
        )

    async def keep(
        self,
        opened: OpenedRecord,
        heading: Heading,
        snapshot: DirectorySnapshot,
        about: "About",
        check: Callable[[], None],
    ) -> MemberRecord:
        """Bind a record to its key and publish it; what stands under the key is answered whatever ``check`` says today.

        Raises:
            Refused: By a rule, or another record stands under this key.
            UnavailableStorage: The database is away.
            BusError: The bus is away; the record may stand.
        """
        now = self.clock()
        try:
            check_age(heading.time, now)
            require_active(snapshot, heading.member, now)
            check()
        except Refused:
            standing = await self.records.find(heading.member, heading.own_id)
            if standing is None:
                raise
        else:
            standing = await self.records.bind(self._propose(opened, heading, about))
        if standing.record_digest != opened.digest:
            raise Refused(Code.IDEMPOTENCY_CONFLICT, f"Khóa: {heading.own_id}", f"Key: {heading.own_id}")
        if standing.published_at is None:
            await asyncio.shield(self.outbox.act(standing))
        return standing

    def _propose(self, opened: OpenedRecord, heading: Heading, about: "About") -> MemberRecord:
        kind = heading.kind.value
        return MemberRecord(
            member=heading.member,
            own_id=heading.own_id,
            kind=kind,
            action_id=event_id(about.submission_id, kind, heading.member, heading.own_id),
            submission_id=about.submission_id,
            delivery_id=about.delivery_id,
            recipient=about.recipient,
            record_digest=opened.digest,
            record_sha256=opened.sha256,
            body=opened.data,
            record=opened.token,
            record_key=opened.key,
            acted_by_gateway=opened.acted_by_gateway,
            received_at=self.clock(),
        )


@dataclass(frozen=True, slots=True)
class About:
    """What a record is about: one delivery, or a submission as a whole."""

    submission_id: UUID
    delivery_id: UUID | None = None
    recipient: str | None = None


def _check(record: HandoverRecord | ReportRecord, parties: DeliveryParties) -> None:
    change = None if parties.change_state is None else ChangeState(parties.change_state)
    answers = isinstance(record, ReportRecord) and record.code in CHANGE_ANSWERS
    if isinstance(record, ReportRecord):
        check_report(record)
    if answers and change is not ChangeState.ASKED:
        raise Refused(Code.NO_CHANGE_ASKED)
    if not answers and has_ended(TransportState(parties.state), change):
        raise Refused(Code.DELIVERY_ENDED)
    if isinstance(record, HandoverRecord) and contents_digest(record.contents) != parties.contents_sha256:
        raise Refused(
            Code.CONTENT_MISMATCH,
            "Các mã băm đã ký không phải của lượt chuyển này.",
            "The hashes signed for are not those of this delivery.",
        )


def check_report(record: ReportRecord) -> None:
    """Check code and reason of a report.

    Raises:
        Refused: Unknown code, or no reason where one is wanted.
    """
    if record.code not in {report.value for report in REPORTABLE}:
        raise Refused(Code.REPORT_CODE_UNKNOWN, f"Mã: {record.code}", f"Code: {record.code}")
    if Report(record.code) in WANTS_REASON and not (record.reason or "").strip():
        raise Refused(Code.REPORT_REASON_MISSING, f"Mã: {record.code}", f"Code: {record.code}")


def taken_json(record: MemberRecord) -> dict[str, Any]:
    """Give the answer to a hand-over, report or recall; the same for every repeat."""
    about = {} if record.delivery_id is None else {"delivery_id": str(record.delivery_id)}
    return {
        "action_id": str(record.action_id),
        "submission_id": str(record.submission_id),
        **about,
        "received_at": to_text(record.received_at),
    }


def _own_delivery(parties: DeliveryParties | None, principal: Principal) -> DeliveryParties:
    """Give the delivery if this party may act on it; who only may know of it is told so, others hear of nothing."""
    if parties is None or principal.member not in {parties.member, parties.sender}:
        raise Refused(Code.NOT_FOUND)
    if principal.member != parties.member or parties.recipient not in principal.organisations:
        if principal.member == parties.sender:
            raise Refused(Code.REPORT_WRONG_PARTY)
        raise Refused(Code.NOT_FOUND)
    return parties


def _read(opened: OpenedRecord, kind: Kind) -> HandoverRecord | ReportRecord:
    try:
        return read_handover(opened.payload) if kind is Kind.HANDOVER else read_report(opened.payload)
    except RejectedRecord as error:
        raise malformed(f"Bản ghi sai dạng: {error}.", f"The record is not of its form: {error}.") from error
