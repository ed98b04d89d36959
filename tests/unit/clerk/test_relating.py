"""What a draft says of earlier documents follows from the draft alone, and names them as the axis understands it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from docaxis.clerk import drafting, relating
from docaxis.clerk.referring import links_of, reference_of
from docaxis.clerk.relating import About, Earlier
from docaxis.storage.clerk_drafts import Draft
from docaxis.storage.clerk_links import Link
from docaxis_schemas.document import DocumentMetadata, ReceiverChange
from docaxis_schemas.records import MAX_ITEMS

NOW = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
SUBMISSION = UUID(int=7)
SENT = {
    "issuer": {"code": "G98"},
    "type": "cong-van",
    "number": "15",
    "notation": "BTN-VP",
    "subject": "Về việc họp",
    "place": "Hà Nội",
    "promulgated_on": "2026-03-02",
}
REACHED = {"H98.14": "H98.14", "H97.01": "xa-vi-du", "H97.02": "xa-vi-du", "H98": "000.00.00.H98"}
LINES = [{"organisation": "H98.14"}, {"group": "xa-vi-du"}, {"organisation": "000.00.00.H98"}]


def earlier(**changed: Any) -> Earlier:
    return Earlier.of(SENT | changed, SUBMISSION, "/outbox/x", REACHED)


def draft(kind: About, named: list[Earlier], **changed: Any) -> Draft:
    typed = {name: SENT[name] for name in drafting.FIELDS if name in SENT} | {"issuer": "G98", "recipients": LINES}
    before = relating.written(typed, ())
    about = relating.about(kind, named, before=before)
    return Draft(uuid4(), typed | {"about": about, "reason": "Đính chính"} | changed, (), NOW)


def said(found: Draft) -> DocumentMetadata:
    """Give the metadata as the axis reads them: whatever a draft says is to be accepted there."""
    return DocumentMetadata.from_json(drafting.metadata(found), now=NOW)


def test_an_update_names_the_document_and_says_what_changed() -> None:
    business = said(draft(About.UPDATE, [earlier()], subject="Về việc họp (đính chính)")).business
    assert (business.action.value, business.reason) == ("update", "Đính chính")
    assert business.document_id == "G98,2026/03/02,15/BTN-VP"
    assert business.update is not None
    assert (business.update.document_changed, business.update.receivers_changed) == (True, False)


def test_a_document_without_a_number_is_named_by_its_submission() -> None:
    assert said(draft(About.UPDATE, [earlier(number=None)])).business.document_id == str(SUBMISSION)


@pytest.mark.parametrize(
    ("lines", "added", "removed"),
    [
        (LINES, set(), set()),
        ([*LINES, {"organisation": "H99"}], {"H99"}, set()),
        (LINES[1:], set(), {"H98.14"}),
        ([LINES[0], LINES[2]], set(), {"H97.01", "H97.02"}),
        ([LINES[0], LINES[2], {"organisation": "H97.01"}], set(), {"H97.02"}),
        ([{"organisation": "H98"}, *LINES[:2]], set(), set()),
    ],
)
def test_an_update_recalls_from_whom_it_leaves_out(
    lines: list[dict[str, str]], added: set[str], removed: set[str]
) -> None:
    found = draft(About.UPDATE, [earlier()], recipients=lines)
    changed = relating.receivers_changed(found.form, lines)
    assert {code for code, how in changed if how is ReceiverChange.ADDED} == added
    assert {code for code, how in changed if how is ReceiverChange.REMOVED} == removed
    update = said(found).business.update
    assert update is not None
    assert update.receivers_changed == bool(added | removed)


def test_a_replacement_names_each_document_and_who_holds_it() -> None:
    other = earlier(number="16")
    form = relating.with_earlier(draft(About.REPLACE, [earlier()]).form, other)
    found = Draft(uuid4(), form, (), NOW)
    named = said(found).business.replacements
    assert [one.document_id for one in named] == [earlier().document_id, other.document_id]
    assert set(named[0].holders) == REACHED.keys()
    left = relating.without_earlier(form, other.document_id)
    assert relating.earlier_of(left) == (earlier(),)


def test_more_holders_than_a_list_has_are_those_who_get_the_replacement() -> None:
    many = Earlier.of(SENT, SUBMISSION, "", {f"H97.{n}": "nhom" for n in range(MAX_ITEMS + 1)})
    assert said(draft(About.REPLACE, [many])).business.replacements[0].holders == ()


@pytest.mark.parametrize("kind", sorted(relating.CHANGES))
def test_nobody_is_asked_to_agree_without_a_reason(kind: About) -> None:
    assert [one.field for one in drafting.faults_of(draft(kind, [earlier()], reason=" "), NOW)] == ["reason"]


def test_a_replacement_replaces_something() -> None:
    assert [one.field for one in drafting.faults_of(draft(About.REPLACE, []), NOW)] == ["earlier"]


def test_a_draft_sent_twice_says_the_same() -> None:
    found = draft(About.UPDATE, [earlier()])
    assert drafting.metadata(found) == drafting.metadata(found)


@pytest.mark.parametrize(
    "spelling", ["G98,2026/03/02,15/BTN-VP", "g98,2026-03-02,015/btn-vp", "000.00.00.G98,2026,15/BTN-VP"]
)
def test_documents_find_each_other_by_number_in_any_spelling(spelling: str) -> None:
    known = {"000.00.00.G98": "G98"}
    document = SENT | {"business": {"action": "update", "document_id": spelling}}
    assert list(links_of(document, known.get)) == [Link("update", reference_of(SENT, "G98", SUBMISSION))]


def test_a_reply_is_a_link_and_nonsense_is_none() -> None:
    document = SENT | {"response_for": [{"document_id": str(SUBMISSION)}, {"document_id": "?"}, {"code": "15"}]}
    assert list(links_of(document, lambda _: None)) == [Link("reply", str(SUBMISSION))]
    assert reference_of(SENT | {"number": None}, "G98", SUBMISSION) == str(SUBMISSION)
