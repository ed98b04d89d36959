"""One document has one natural key, however its number is written; and edXML ids say the same in many ways."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas.document import CopyForm, DocumentMetadata, Issuer
from docaxis_schemas.document_types import DocumentType
from docaxis_schemas.natural_key import (
    DocumentReference,
    NaturalKey,
    RejectedDocumentId,
    natural_key,
    parse_document_id,
    write_document_id,
)


def document(number: str | None, notation: str | None, form: CopyForm = CopyForm.ORIGINAL) -> DocumentMetadata:
    return DocumentMetadata(
        issuer=Issuer("000.00.14.H20"),
        type=DocumentType.QUYET_DINH,
        subject="Thử",
        place="Hà Nội",
        promulgated_on=date(2026, 1, 5),
        number=number,
        notation=notation,
        form_of_copy=form,
    )


EXPECTED = NaturalKey("H20.14", 2026, "5", "QĐ-STN", "original")


@pytest.mark.parametrize(
    ("number", "notation"),
    [
        ("5", "QĐ-STN"),
        ("05", "QĐ-STN"),
        (" 5 ", "QĐ - STN"),
        ("5", "qđ-stn"),
        ("5", "QD\u0323-STN".replace("D\u0323", "\u00d0")),
        ("5", "QĐ–STN"),
        ("5", "5/QĐ-STN"),
        ("5", "/QĐ-STN"),
        ("5/QĐ-STN", None),
        ("5/QĐ-STN", "QĐ-STN"),
        ("5/QĐ-STN", "5/QĐ-STN"),
    ],
)
def test_the_same_label_in_any_spelling_gives_the_same_key(number: str, notation: str | None) -> None:
    assert natural_key(document(number, notation), "H20.14") == EXPECTED


def test_notation_in_either_encoding_gives_the_same_key() -> None:
    assert natural_key(document("5", "UBNDTỉnh"), "H20") == natural_key(document("5", "UBNDTi\u0309nh"), "H20")


def test_what_is_another_document_has_another_key() -> None:
    others = [
        natural_key(document("6", "QĐ-STN"), "H20.14"),
        natural_key(document("50", "QĐ-STN"), "H20.14"),
        natural_key(document("5", "CT-STN"), "H20.14"),
        natural_key(document("5", "QD-STN"), "H20.14"),
        natural_key(document("5A", "QĐ-STN"), "H20.14"),
        natural_key(document("5", "QĐ-STN"), "H20.15"),
        natural_key(document("5", "QĐ-STN", CopyForm.SAO_Y), "H20.14"),
    ]
    assert EXPECTED not in others
    assert len(set(others)) == len(others)


@pytest.mark.parametrize("number", [None, "", "  "])
def test_without_a_number_there_is_no_key(number: str | None) -> None:
    assert natural_key(document(number, "QĐ-STN"), "H20.14") is None


def test_the_text_of_a_key_is_one_to_one() -> None:
    first = NaturalKey("H20", 2026, "5", "", "SY")
    second = NaturalKey("H20", 2026, "5", "A", "SY")
    assert first.to_text() == "H20 2026 5 - SY"
    assert first.to_text() != second.to_text()


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        (
            "000.00.00.G22,2015/09/30,7816/VPCP-TTĐT",
            DocumentReference("000.00.00.G22", 2015, "7816", "VPCP-TTĐT", date(2015, 9, 30)),
        ),
        ("G22, 2015-09-30, 7816/VPCP-TTĐT", DocumentReference("G22", 2015, "7816", "VPCP-TTĐT", date(2015, 9, 30))),
        ("g22,2015,07816/vpcp-ttđt", DocumentReference("G22", 2015, "7816", "VPCP-TTĐT")),
        ("14.H20,2026/1/5,05/QĐ-STN", DocumentReference("000.00.14.H20", 2026, "5", "QĐ-STN", date(2026, 1, 5))),
        ("H20.14-2026-5", DocumentReference("H20.14", 2026, "5", "")),
        ("H20.14-2026-5/QĐ-STN", DocumentReference("H20.14", 2026, "5", "QĐ-STN")),
        ("H20,2026,5/A,B", DocumentReference("H20", 2026, "5", "A,B")),
    ],
)
def test_every_spelling_of_a_document_id_in_the_field_is_read(text: str, reference: DocumentReference) -> None:
    assert parse_document_id(text) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        "G22",
        "G22,2015",
        ",2015,5",
        "G22,2015/13/01,5",
        "G22,xx,5",
        "??,2015,5",
        "G22,2015, ",
        "G" * 301,
        "G22-15-5",
    ],
)
def test_what_is_no_document_id_is_refused(text: str) -> None:
    with pytest.raises(RejectedDocumentId):
        parse_document_id(text)


@given(
    st.dates(date(1945, 9, 2), date(2100, 1, 1)),
    st.integers(0, 10**6).map(str),
    st.text("ABCĐ-&", min_size=1, max_size=20),
)
def test_an_id_that_we_write_is_read_back_as_the_natural_key_says(day: date, number: str, notation: str) -> None:
    reference = parse_document_id(write_document_id("H20.14", day, number, notation))
    key = natural_key(document(number, notation), "H20.14")
    assert key is not None
    assert (reference.number, reference.notation) == (key.number, key.notation)
    assert (reference.issuer, reference.year, reference.day) == ("H20.14", day.year, day)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        reference = parse_document_id(text)
    except RejectedDocumentId:
        return
    assert reference.number
    assert reference.year
