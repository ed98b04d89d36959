"""What makes a document acceptable, what does not, and that nothing is lost on the way through JSON."""

import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas.canonical import canonical, parse
from docaxis_schemas.document import (
    EDXML_LENGTHS,
    MAX_LABEL,
    Business,
    BusinessAction,
    ChangedReceiver,
    CopyForm,
    DocumentMetadata,
    EarlierDocument,
    Issuer,
    ReceiverChange,
    Recipient,
    RecipientRole,
    RejectedDocument,
    Replacement,
    SecrecyMark,
    Signer,
    Staff,
    SteeringType,
    TraceHop,
    Update,
    Urgency,
    edxml_overruns,
)
from docaxis_schemas.document_types import DECREE_30, DocumentType, type_of_edxml
from docaxis_schemas.records import MAX_TEXT
from docaxis_schemas.submission import MAX_RECIPIENTS

NOW = datetime(2026, 3, 2, 16, 59, tzinfo=UTC)  # 23:59 on 2 March in Vietnam
MINIMAL: dict[str, Any] = {
    "issuer": {"code": "H20.14"},
    "type": "cong-van",
    "subject": "Về việc thử nghiệm",
    "place": "Hà Nội",
    "promulgated_on": "2026-03-02",
    "notation": "STN-VP",
    "recipients": [{"organisation": "000.00.00.G99"}],
}


def faults_of(value: Any, now: datetime = NOW) -> set[tuple[str, str]]:
    with pytest.raises(RejectedDocument) as caught:
        DocumentMetadata.from_json(value, now=now)
    for fault in caught.value.faults:
        assert fault.vi
        assert fault.en
        assert unicodedata.is_normalized("NFC", fault.vi)
    return {(fault.field, fault.rule) for fault in caught.value.faults}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in MINIMAL.items() if key != name}


def test_a_document_with_only_what_is_required_is_accepted() -> None:
    metadata = DocumentMetadata.from_json(MINIMAL, now=NOW)

    assert metadata.type is DocumentType.CONG_VAN
    assert metadata.urgency is Urgency.NORMAL
    assert metadata.recipients == (Recipient(organisation="000.00.00.G99", role=RecipientRole.ACTION),)
    assert metadata.display_number == "STN-VP"


@pytest.mark.parametrize("name", ["issuer", "type", "subject", "place", "promulgated_on"])
@pytest.mark.parametrize("absent", ["left out", None, "  "])
def test_what_is_required_may_not_be_left_out_null_or_blank(name: str, absent: str | None) -> None:
    value = without(name) if absent == "left out" else MINIMAL | {name: absent}
    assert faults_of(value) == {(name, "required")}


def test_one_recipient_or_group_is_required() -> None:
    assert faults_of(without("recipients")) == {("recipients", "no-recipient")}
    assert faults_of(MINIMAL | {"recipients": []}) == {("recipients", "no-recipient")}
    group = DocumentMetadata.from_json(MINIMAL | {"recipients": [{"group": "tinh"}]}, now=NOW)
    assert group.recipients[0].group == "tinh"


def test_a_recipient_is_a_body_or_a_group_and_its_code_is_a_code() -> None:
    recipients = [{"organisation": "G99", "group": "tinh"}, {}, {"organisation": "không phải mã"}]
    assert faults_of(MINIMAL | {"recipients": recipients}) == {
        ("recipients[0]", "code-or-group"),
        ("recipients[1]", "code-or-group"),
        ("recipients[2].organisation", "not-a-code"),
    }


@pytest.mark.parametrize("kind", DECREE_30)
def test_a_notation_is_required_where_the_type_has_one(kind: DocumentType) -> None:
    value = without("notation") | {"type": kind.value}
    if kind is DocumentType.THU_CONG:
        assert DocumentMetadata.from_json(value, now=NOW).notation is None
    else:
        assert faults_of(value) == {("notation", "no-notation")}


@pytest.mark.parametrize("label", ["05", "5A", "15bis", "01-2026", "số 7", "không số", "1/2/3", "№ 9", "٥"])
def test_number_and_notation_are_never_refused_by_pattern(label: str) -> None:
    metadata = DocumentMetadata.from_json(MINIMAL | {"number": label, "notation": label}, now=NOW)
    assert (metadata.number, metadata.notation) == (label, label)


def test_a_longer_text_than_edxml_allows_is_accepted_and_reported_to_the_edxml_writer() -> None:
    value = MINIMAL | {"subject": "x" * 501, "to_places": ["y" * 151, "z"], "signer": {"full_name": "n" * 51}}
    metadata = DocumentMetadata.from_json(value, now=NOW)

    assert edxml_overruns(metadata) == ("subject", "signer.full_name", "to_places")
    assert edxml_overruns(DocumentMetadata.from_json(MINIMAL, now=NOW)) == ()
    assert EDXML_LENGTHS["subject"] == 500


def test_the_future_begins_at_midnight_in_vietnam() -> None:
    tomorrow = MINIMAL | {"promulgated_on": "2026-03-03"}
    assert faults_of(tomorrow) == {("promulgated_on", "in-the-future")}
    assert DocumentMetadata.from_json(tomorrow, now=NOW + timedelta(minutes=1))
    assert DocumentMetadata.from_stored(tomorrow).promulgated_on == date(2026, 3, 3)


@pytest.mark.parametrize("mark", ["mat", "MẬT", "Tối mật", unicodedata.normalize("NFD", "Tuyệt mật"), "tuyet-mat"])
def test_a_secrecy_mark_stops_a_document(mark: str) -> None:
    assert faults_of(MINIMAL | {"secrecy": mark}) == {("secrecy", "secret")}


@pytest.mark.parametrize("mark", ["bí mật", "A", "1"])
def test_a_secrecy_mark_that_is_not_known_is_no_way_around(mark: str) -> None:
    assert faults_of(MINIMAL | {"secrecy": mark}) == {("secrecy", "not-a-choice")}


def test_everything_that_is_wrong_is_said_at_once() -> None:
    value = {
        "issuer": {"code": "?", "colour": "red"},
        "type": "other",
        "subject": "a\x00b",
        "promulgated_on": "2026-02-30",
        "number": 5,
        "urgency": "rất gấp",
        "secrecy": "mật",
        "direction": "yes",
        "page_amount": -1,
        "trace": [{"code": "H20", "at": "2026-03-02T10:00:00"}],
        "to_places": "Như trên",
        "recipients": [{"organisation": "??"}],
        "extra": 1,
    }
    assert faults_of(value) == {
        ("issuer.colour", "unknown-field"),
        ("type_name", "no-type-name"),
        ("subject", "control-character"),
        ("place", "required"),
        ("promulgated_on", "not-a-date"),
        ("number", "not-text"),
        ("urgency", "not-a-choice"),
        ("secrecy", "secret"),
        ("direction", "not-true-or-false"),
        ("page_amount", "not-a-number"),
        ("trace[0].at", "not-a-moment"),
        ("to_places", "not-a-list"),
        ("recipients[0].organisation", "not-a-code"),
        ("extra", "unknown-field"),
    }


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_what_is_no_record_is_refused(value: Any) -> None:
    assert ("$", "not-a-record") in faults_of(value)


def test_bounds_hold_a_record_small() -> None:
    assert faults_of(MINIMAL | {"content": "x" * (MAX_TEXT + 1)}) == {("content", "too-long")}
    many = [{"organisation": "G99"}] * (MAX_RECIPIENTS + 1)
    assert ("recipients", "too-many") in faults_of(MINIMAL | {"recipients": many})


@pytest.mark.parametrize("name", ["number", "notation"])
def test_number_and_notation_are_short_enough_for_the_keys_they_are_part_of(name: str) -> None:
    longest = DocumentMetadata.from_json(MINIMAL | {name: "Đ" * MAX_LABEL}, now=NOW)
    assert len(longest.to_json()[name]) == MAX_LABEL
    assert faults_of(MINIMAL | {name: "Đ" * (MAX_LABEL + 1)}) == {(name, "too-long")}


def test_a_fault_quotes_a_long_value_shortened_and_without_surrogates() -> None:
    with pytest.raises(RejectedDocument) as caught:
        DocumentMetadata.from_json(MINIMAL | {"urgency": "\ud800" * 500}, now=NOW)
    (fault,) = caught.value.faults
    assert len(fault.value) < 1000
    assert fault.value.encode("utf-8")
    assert fault.to_json()["field"] == "urgency"


@pytest.mark.parametrize("text", ["Quyết định", unicodedata.normalize("NFD", "QUYẾT  ĐỊNH"), "QĐ", "quyet-dinh", "qđ"])
def test_a_type_is_known_by_value_name_and_abbreviation_whatever_its_encoding(text: str) -> None:
    assert DocumentMetadata.from_json(MINIMAL | {"type": text}, now=NOW).type is DocumentType.QUYET_DINH


def test_text_is_kept_as_given() -> None:
    subject = unicodedata.normalize("NFD", "  Về việc nghỉ Tết ")
    assert DocumentMetadata.from_json(MINIMAL | {"subject": subject}, now=NOW).to_json()["subject"] == subject


def test_decree_30_names_29_types_told_apart_by_every_spelling() -> None:
    spellings = [spelling.casefold() for kind in DECREE_30 for spelling in kind.names()]
    assert len(DECREE_30) == 29
    assert len(spellings) == len(set(spellings))
    details = [kind.edxml_detail for kind in DECREE_30 if kind.edxml_detail is not None]
    assert len(details) == len(set(details))


@pytest.mark.parametrize(
    ("name", "detail", "kind"),
    [
        ("Công văn", 0, DocumentType.CONG_VAN),
        (unicodedata.normalize("NFD", "công văn"), 1, DocumentType.CONG_VAN),
        ("Thông tư", 18, DocumentType.OTHER),
        (None, 18, DocumentType.CONG_VAN),
        ("", 2, DocumentType.QUYET_DINH),
        (None, None, DocumentType.OTHER),
        (None, 99, DocumentType.OTHER),
    ],
)
def test_an_edxml_type_is_known_by_its_name_first(name: str | None, detail: int | None, kind: DocumentType) -> None:
    assert type_of_edxml(name, detail) is kind


def test_the_numbers_of_edxml_follow_the_order_of_our_terms() -> None:
    assert [urgency.edxml_priority for urgency in Urgency] == [0, 1, 2, 3, 4]
    assert [action.edxml_number for action in BusinessAction] == [0, 1, 2, 3]
    assert [kind.edxml_number for kind in SteeringType] == [0, 1, 2]
    assert [urgency.is_urgent for urgency in Urgency] == [False, True, True, True, True]
    assert [form.is_certified_copy for form in CopyForm] == [False, True, True, True]


def test_the_documents_that_an_update_names_are_given_once_each() -> None:
    business = {
        "action": "replace",
        "document_id": "a",
        "replacements": [{"document_id": "b", "holders": ["G99"]}, {"document_id": "a"}],
    }
    value = MINIMAL | {"business": business, "response_for": [{"document_id": "c"}, {"code": "1/AB"}]}
    assert DocumentMetadata.from_json(value, now=NOW).named_documents() == ("a", "b", "c")


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
    lambda t: bool(t.strip())
)
maybe = st.none() | texts
days = st.dates(date(1945, 9, 2), date(2100, 1, 1))
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - the zone is set behind
amounts = st.none() | st.integers(0, 10**6)
issuers = st.builds(Issuer, texts, *[maybe] * 7)
recipients = st.builds(Recipient, maybe, maybe, st.sampled_from(RecipientRole), *[maybe] * 7)
updates = st.builds(
    Update,
    st.booleans(),
    st.booleans(),
    st.lists(st.builds(ChangedReceiver, texts, st.sampled_from(ReceiverChange)), max_size=2).map(tuple),
)
businesses = st.builds(
    Business,
    st.sampled_from(BusinessAction),
    maybe,
    maybe,
    st.none() | st.booleans(),
    st.none() | st.builds(Staff, maybe, maybe, maybe, maybe),
    st.none() | updates,
    st.lists(st.builds(Replacement, texts, st.lists(texts, max_size=2).map(tuple)), max_size=2).map(tuple),
)
documents = st.builds(
    DocumentMetadata,
    issuer=issuers,
    type=st.sampled_from(DocumentType),
    subject=texts,
    place=texts,
    promulgated_on=days,
    recipients=st.lists(recipients, max_size=3).map(tuple),
    number=maybe,
    notation=maybe,
    document_id=maybe,
    type_name=maybe,
    edxml_type=amounts,
    edxml_type_detail=amounts,
    content=maybe,
    signer=st.none() | st.builds(Signer, maybe, maybe, maybe),
    due_on=st.none() | days,
    to_places=st.lists(texts, max_size=3).map(tuple),
    urgency=st.sampled_from(Urgency),
    secrecy=st.sampled_from(SecrecyMark),
    form_of_copy=st.sampled_from(CopyForm),
    sphere=maybe,
    typer_notation=maybe,
    promulgation_amount=amounts,
    page_amount=amounts,
    direction=st.none() | st.booleans(),
    appendixes=st.lists(texts, max_size=2).map(tuple),
    reply_fors=st.lists(texts, max_size=2).map(tuple),
    reference_codes=st.lists(texts, max_size=2).map(tuple),
    response_for=st.lists(st.builds(EarlierDocument, maybe, maybe, maybe, st.none() | days), max_size=2).map(tuple),
    response_for_task=maybe,
    steering_type=st.none() | st.sampled_from(SteeringType),
    application_type=maybe,
    business=businesses,
    trace=st.lists(st.builds(TraceHop, texts, moments), max_size=2).map(tuple),
)


@given(documents)
def test_metadata_survives_json_unchanged(metadata: DocumentMetadata) -> None:
    written = canonical(metadata.to_json())
    assert DocumentMetadata.from_stored(parse(written, limit=10**6)) == metadata


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*MINIMAL, "business", "trace", "urgency", "page_amount"]), json_values))
def test_any_json_is_either_read_or_refused_with_faults(changes: dict[str, Any]) -> None:
    try:
        metadata = DocumentMetadata.from_json(MINIMAL | changes, now=NOW)
    except RejectedDocument as rejected:
        faults = rejected.faults
    else:
        assert DocumentMetadata.from_stored(metadata.to_json()) == metadata
        return
    assert faults
