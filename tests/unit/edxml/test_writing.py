"""What is written is what the strictest reader takes, and reads back as the document that it was."""

import io
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docaxis_schemas.document import (
    EDXML_LENGTHS,
    Business,
    BusinessAction,
    ChangedReceiver,
    DocumentMetadata,
    EarlierDocument,
    Issuer,
    ReceiverChange,
    Recipient,
    Replacement,
    SecrecyMark,
    Signer,
    Staff,
    SteeringType,
    TraceHop,
    Update,
    Urgency,
)
from docaxis_schemas.document_types import DECREE_30, DocumentType, type_of_edxml
from docaxis_schemas.edxml import Examination, OutgoingAttachment, RejectedPacket, examine_packet, write_document
from docaxis_schemas.edxml.writer import complete
from docaxis_schemas.submission import ContentEntry, FileRole

Examine = Callable[[bytes], Examination]
NOW = datetime(2100, 1, 2, tzinfo=UTC)

FILE = OutgoingAttachment(
    ContentEntry(FileRole.MAIN, "a.pdf", "application/pdf", 9, "e" * 64), lambda: iter([b"%PDF-1.7\n"])
)


def written(document: DocumentMetadata, files: Sequence[OutgoingAttachment] = (FILE,), **options: Any) -> bytes:
    return b"".join(write_document(document, files, now=NOW, **options))


def test_every_element_of_the_envelope_has_the_literal_prefix_and_none_outside_it(packet: str) -> None:
    envelope, _, outside = packet.partition("</edXML:edXMLEnvelope>")
    tags = re.findall(r"</?([\w:]+)", envelope)
    assert [tag for tag in tags if not tag.startswith("edXML:")] == ["edXML"]
    assert not any(tag.startswith("edXML:") for tag in re.findall(r"</?([\w:]+)", outside))
    assert packet.startswith(
        '<?xml version="1.0" encoding="utf-8"?>\n<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">'
    )


def test_the_children_of_the_header_stand_in_the_order_of_the_standard(packet: str) -> None:
    names = re.findall(r"^        <edXML:(\w+)>", packet.partition("<edXML:TraceHeaderList>")[0], re.MULTILINE)
    assert names == [
        *("From", "To", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject", "Content"),
        *("SignerInfo", "DueDate", "ToPlaces", "OtherInfo", "ResponseFor", "SteeringType"),
        *("ResponseForTask", "ApplicationType"),
    ]


def test_what_the_standard_demands_and_nobody_gave_is_filled_in() -> None:
    given_document = DocumentMetadata(
        issuer=Issuer("H37.02"),
        type=DocumentType.QUYET_DINH,
        subject="s",
        place="p",
        promulgated_on=date(2026, 3, 2),
        recipients=(Recipient("H41"),),
        number="15",
        notation="QĐ-UBND",
    )
    whole = complete(given_document, NOW)
    assert whole.document_id == "H37.02,2026/03/02,15/QĐ-UBND"
    assert (whole.edxml_type, whole.edxml_type_detail) == (2, 2)
    assert whole.trace == (TraceHop("H37.02", NOW),)
    assert complete(whole, datetime(2030, 1, 1, tzinfo=UTC)) == whole
    text = written(given_document).decode()
    assert "<edXML:Content></edXML:Content>" in text
    assert "<edXML:BussinessDocType>0</edXML:BussinessDocType>" in text


STRICT: dict[str, tuple[str, dict[str, Any]]] = {
    "no-number": ("required", {"number": None}),
    "group": ("group-not-resolved", {"recipients": (Recipient(group="tinh"),)}),
    "nobody": ("no-recipient", {"recipients": ()}),
    "secret": ("secret", {"secrecy": SecrecyMark.MAT}),
    "not-in-xml": ("not-in-xml", {"subject": "a\ufffe"}),
    "control": ("not-in-xml", {"business": Business(staff=Staff(name="a\x0b"))}),
}


@pytest.mark.parametrize("name", STRICT)
def test_a_document_that_cannot_be_a_whole_packet_is_refused(name: str, document: DocumentMetadata) -> None:
    rule, changes = STRICT[name]
    with pytest.raises(RejectedPacket) as caught:
        write_document(replace(document, **changes), [FILE], now=NOW)
    assert rule in {fault.rule for fault in caught.value.faults}


@pytest.mark.parametrize("field", EDXML_LENGTHS)
def test_no_value_longer_than_the_standard_allows_is_written(field: str, document: DocumentMetadata) -> None:
    text = "x" * (EDXML_LENGTHS[field] + 1)
    name, _, inner = field.partition(".")
    value: Any = replace(document.signer or Signer(), **{inner: text}) if inner else text
    if name in {"to_places", "appendixes"}:
        value = (text,)
    changed = replace(document, **{name: value})
    if name == "type_name":
        changed = replace(changed, type=DocumentType.OTHER)
    with pytest.raises(RejectedPacket) as caught:
        write_document(changed, [FILE], now=NOW)
    assert [fault.rule for fault in caught.value.faults] == ["too-long"]
    at_limit: Any = replace(document.signer or Signer(), **{inner: text[1:]}) if inner else text[1:]
    at_limit = (text[1:],) if name in {"to_places", "appendixes"} else at_limit
    assert write_document(replace(changed, **{name: at_limit}), [FILE], now=NOW)


@pytest.mark.parametrize("files", [[], [FILE, FILE], [replace(FILE, entry=replace(FILE.entry, name="x" * 201))]])
def test_a_packet_without_files_or_with_unusable_names_is_not_written(
    files: list[OutgoingAttachment], document: DocumentMetadata
) -> None:
    with pytest.raises(RejectedPacket):
        write_document(document, files, now=NOW)


def test_markup_in_a_value_stays_a_value(document: DocumentMetadata, examine: Examine) -> None:
    hostile = "</edXML:Subject><edXML:Subject>]]>&amp;\r\n\t<!--"
    found = examine(written(replace(document, subject=f"a{hostile}b")))
    assert found.document is not None
    assert found.document.subject == f"a{hostile}b"


def test_the_same_document_gives_the_same_packet(document: DocumentMetadata) -> None:
    assert written(document, packed=True) == written(document, packed=True)


def plain(text: str) -> bool:
    """Leave out what a packet cannot say: space around a value is layout there."""
    return text.strip() == text and bool(text)


characters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
texts = st.text(characters, min_size=1, max_size=11).map(lambda text: unicodedata.normalize("NFC", text)).filter(plain)
short = texts.filter(lambda text: len(text) <= 10)
maybe = st.none() | short
days = st.dates(date(1945, 9, 2), date(2100, 1, 1))
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - the zone is set behind
    lambda at: at.replace(tzinfo=UTC, microsecond=0)
)
amounts = st.none() | st.integers(0, 10**6)
codes = st.sampled_from(["H37.02.02", "000.00.00.G22", "28.22.H17", "H41", "A.1"])


def some(kind: type, *parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Give nothing, or a record of which at least one value is given: an empty one is not written."""
    empty = kind()
    return st.none() | st.builds(kind, *parts).filter(lambda record: record != empty)


updates = st.builds(
    Update,
    st.booleans(),
    st.booleans(),
    st.lists(st.builds(ChangedReceiver, codes, st.sampled_from(ReceiverChange)), max_size=2).map(tuple),
)
businesses = st.builds(
    Business,
    st.sampled_from(BusinessAction),
    maybe,
    maybe,
    st.none() | st.booleans(),
    some(Staff, maybe, maybe, maybe, maybe),
    st.none() | updates,
    st.lists(st.builds(Replacement, short, st.lists(codes, max_size=2).map(tuple)), max_size=2).map(tuple),
)
documents = st.builds(
    DocumentMetadata,
    issuer=st.builds(Issuer, codes, *[maybe] * 7),
    type=st.sampled_from(DECREE_30),
    subject=short,
    place=short,
    promulgated_on=days,
    recipients=st.lists(
        st.builds(lambda code, *rest: Recipient(code, None, *rest), codes, *[]), min_size=1, max_size=3
    ).map(tuple),
    number=st.from_regex(r"[0-9]{1,5}[a-z]?", fullmatch=True),
    notation=short.filter(lambda text: "/" not in text),
    document_id=maybe,
    edxml_type=amounts,
    edxml_type_detail=amounts,
    content=maybe,
    signer=some(Signer, maybe, maybe, maybe),
    due_on=st.none() | days,
    to_places=st.lists(short, max_size=3).map(tuple),
    urgency=st.sampled_from(Urgency),
    sphere=maybe,
    typer_notation=maybe,
    promulgation_amount=amounts,
    page_amount=amounts,
    direction=st.none() | st.booleans(),
    appendixes=st.lists(short, max_size=2).map(tuple),
    reply_fors=st.lists(short, max_size=2).map(tuple),
    reference_codes=st.lists(short, max_size=2).map(tuple),
    response_for=st.lists(
        st.builds(EarlierDocument, maybe, maybe, maybe, st.none() | days).filter(lambda one: one != EarlierDocument()),
        max_size=2,
    ).map(tuple),
    response_for_task=maybe,
    steering_type=st.none() | st.sampled_from(SteeringType),
    application_type=maybe,
    business=businesses,
    trace=st.lists(st.builds(TraceHop, codes, moments), max_size=2).map(tuple),
)
unknown = short.filter(lambda name: type_of_edxml(name, None) is DocumentType.OTHER)
named = st.builds(lambda document, name: replace(document, type=DocumentType.OTHER, type_name=name), documents, unknown)


@settings(max_examples=200)
@given(documents | named, st.binary(min_size=1, max_size=300), st.booleans())
def test_a_document_goes_through_a_packet_unchanged(document: DocumentMetadata, data: bytes, packed: bool) -> None:  # noqa: FBT001
    body = b"%PDF-" + data
    entry = ContentEntry(FileRole.MAIN, "văn bản.pdf", "application/pdf", len(body), "0" * 64)
    text = written(document, [OutgoingAttachment(entry, lambda: iter([body]))], packed=packed)
    found = examine_packet(io.BytesIO(text), io.BytesIO, NOW)
    assert not [fault for fault in found.faults if fault.refuses]
    assert found.document == complete(document, NOW)
    assert [file.stream.read() for file in found.attachments] == [body]
    if document.document_id and document.trace and None not in {document.edxml_type, document.edxml_type_detail}:
        assert found.document == document
    assert written(found.document, [OutgoingAttachment(entry, lambda: iter([body]))], packed=packed) == text
