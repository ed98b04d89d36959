"""Recalls: what a sender signs to have a submission back, kept like every signed record, then put on the bus."""

import json
from dataclasses import dataclass

from docaxis.directory.entries import Principal
from docaxis.gateway.acting import About, Desk
from docaxis.gateway.multipart import malformed
from docaxis.gateway.refusals import Refused
from docaxis.storage.claims import Claim
from docaxis.storage.member_records import DeliveryParties, MemberRecord
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.lifecycle import Asking, ChangeState, Report, TransportState, asking
from docaxis_schemas.problems import Code
from docaxis_schemas.resolution import recipients_named
from docaxis_schemas.submission import RecallRecord, RejectedRecord, read_recall


@dataclass(frozen=True, slots=True)
class RecallDesk:
    """Takes what senders want back. Who may see the claim as its sender is settled before."""

    desk: Desk

    async def take(
        self, principal: Principal, claim: Claim, data: bytes, *, media_type: str, own_id: str | None
    ) -> MemberRecord:
        """Take one recall of a submission.

        Raises:
            Refused: No reason, a recipient it did not go to, nothing left to recall, or by any rule of signed records.
            UnavailableStorage: The database is away.
            BusError: The bus is away; the recall may stand.
        """
        desk, submission = self.desk, claim.submission_id
        snapshot = await desk.directory.snapshot()
        opened = await desk.open(principal, snapshot, data, media_type=media_type)
        try:
            record = read_recall(opened.payload)
        except RejectedRecord as error:
            raise malformed(f"Bản ghi sai dạng: {error}.", f"The record is not of its form: {error}.") from error
        desk.check_heading(record.heading, principal, own_id)
        if record.submission_id != submission:
            raise malformed("Bản ghi nói về lượt gửi khác.", "The record is about another submission.")
        made = await desk.records.made(submission, event_id(submission, "route"))
        return await desk.keep(opened, record.heading, snapshot, About(submission), lambda: _check(record, claim, made))


def _check(record: RecallRecord, claim: Claim, made: list[DeliveryParties] | None) -> None:
    if not record.reason.strip():
        raise Refused(Code.REPORT_REASON_MISSING, f"Mã: {Report.RECALL_ASKED}", f"Code: {Report.RECALL_ASKED}")
    wanted, unknown = recipients_named(json.loads(claim.resolution), record.recipients)
    if unknown:
        raise Refused(Code.UNKNOWN_RECIPIENTS, ", ".join(unknown[:20]), ", ".join(unknown[:20]))
    if made is None:
        return
    outcomes = {_outcome(one) for one in made if one.recipient in set(wanted)}
    if Asking.ASKED not in outcomes:
        raise Refused(Code.NOTHING_TO_RECALL)


def _outcome(one: DeliveryParties) -> Asking:
    change = None if one.change_state is None else ChangeState(one.change_state)
    return asking(TransportState(one.state), None if one.report is None else Report(one.report), change)
