"""Which row each record becomes."""

from datetime import UTC, datetime
from uuid import UUID

from docaxis.bus.port import Partition, Received
from docaxis.projector.rows import Rows
from docaxis_schemas.events import EvidenceRecord, InboxItem, Judged
from docaxis_schemas.evidence import EvidenceType, Statement

AT = datetime(2026, 3, 4, 5, tzinfo=UTC)
SUBMISSION = UUID(int=2)


def _received(topic: str, offset: int = 3) -> Received:
    return Received(Partition(topic, 0), offset, b"", b"", (), 0)


def _item(member: str) -> InboxItem:
    return InboxItem(UUID(int=1), "news", member, SUBMISSION, "H01", None, 2, AT, b"{}")


def _evidence(kind: EvidenceType, recipient: str | None, **facts: object) -> EvidenceRecord:
    data = Statement(UUID(int=4), kind, SUBMISSION, AT, "s-1", recipient, facts).to_bytes(axis="a", environment="e")
    return EvidenceRecord(UUID(int=4), kind.value, SUBMISSION, "s-1", recipient, AT, data)


def test_an_item_counts_only_in_the_inbox_of_its_own_member() -> None:
    rows = Rows()
    assert rows.add(_item("abc"), _received("inbox.abc"), 2)
    assert not rows.add(_item("abc"), _received("inbox.abcd"), 0)
    assert not rows.add(_item("abc"), _received("evidence"), 0)
    (row,) = rows.items
    assert (row.member, row.epoch, row.offset) == ("abc", 2, 3)


def test_a_record_of_another_kind_becomes_no_row() -> None:
    judged = Judged(SUBMISSION, 1, "s-1", UUID(int=3), "c", "TOTAL-PASSED", None, None, "deliver", AT)
    assert not Rows().add(judged, _received("evidence"), 0)


def test_statements_about_a_recipient_change_its_line() -> None:
    rows = Rows()
    delivery = str(UUID(int=9))
    rows.add(
        _evidence(EvidenceType.CONTENT_CONSIGNMENT, "H01", delivery_id=delivery, version=2), _received("evidence"), 0
    )
    rows.add(
        _evidence(EvidenceType.STATUS_REPORTED, "H01", delivery_id=delivery, version=3, code="03", step="forward"),
        _received("evidence"),
        0,
    )
    rows.add(_evidence(EvidenceType.SUBMISSION_ACCEPTANCE, None, recipients=1), _received("evidence"), 0)
    consigned, reported = rows.lines
    assert (consigned.state, consigned.version, consigned.delivery_id) == ("consigned", 2, UUID(int=9))
    assert (reported.state, reported.report, reported.step) == (None, "03", "forward")
    assert len(rows.timeline) == 3
