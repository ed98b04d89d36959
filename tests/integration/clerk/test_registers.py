"""Registers and search on a real database: numbers without gaps, and nobody sees another's documents."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.clerk_documents import ClerkDocuments, DocumentRow, FoundDocument, Question, Register
from docaxis.storage.clerk_lists import Place
from docaxis.storage.clerk_registers import Book, ClerkRegisters, RejectedGap
from docaxis_schemas.folding import folded

AT = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
NEW_YEAR_IN_VIETNAM = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)


@pytest.fixture
def member() -> str:
    return f"m-{uuid4().hex[:12]}"


def document(member: str, **given: Any) -> DocumentRow:
    values: dict[str, Any] = {
        "register": Register.INCOMING,
        "document_id": uuid4(),
        "submission_id": uuid4(),
        "member": member,
        "organisation": "H98",
        "at": AT,
        "issuer": "G98",
        "number": "15/QĐ-BTN",
        "type_name": "Quyết định",
        "subject": "Ban hành Đề án chuyển đổi số",
        "signer": "Người Ký TEST",
        "promulgated_on": None,
        "due_at": None,
        "urgency": "normal",
    } | given
    return DocumentRow(**values, folded=folded(f"{values['number']} {values['type_name']} {values['subject']}"))


def book(member: str, year: int = 2026) -> Book:
    return Book(member, "H98", Register.INCOMING, year)


async def test_clerks_at_once_get_different_numbers_without_a_gap(engine: AsyncEngine, member: str) -> None:
    registers = ClerkRegisters(engine)
    documents = [document(member) for _ in range(12)]
    twice = [*documents, *documents]
    given = await asyncio.gather(*(registers.accept(one, account="văn thư", at=AT) for one in twice))
    assert given[:12] == given[12:], "a document keeps its number, however often it is accepted"
    assert sorted(given[:12]) == list(range(1, 13))
    entries = await registers.entries(book(member), rising=True)
    assert [entry.found.register_number for entry in entries] == list(range(1, 13))
    assert await registers.last(book(member)) == 12


async def test_numbers_begin_anew_with_the_year_in_vietnam_and_for_each_organisation(
    engine: AsyncEngine, member: str
) -> None:
    registers = ClerkRegisters(engine)
    last_second = NEW_YEAR_IN_VIETNAM - timedelta(seconds=1)
    assert await registers.accept(document(member), account="a", at=last_second) == 1
    assert await registers.accept(document(member), account="a", at=last_second) == 2
    assert await registers.accept(document(member), account="a", at=NEW_YEAR_IN_VIETNAM) == 1
    assert await registers.accept(document(member, organisation="H98.14"), account="a", at=last_second) == 1
    assert len(await registers.entries(book(member, 2027))) == 1


async def test_a_gap_is_explained_and_never_goes_backwards(engine: AsyncEngine, member: str) -> None:
    registers = ClerkRegisters(engine)
    gap = await registers.explain_gap(book(member), 1481, reason="đã vào sổ giấy", account="a", at=AT)
    assert (gap.first, gap.last) == (1, 1481)
    assert await registers.accept(document(member), account="a", at=AT) == 1482
    for backwards in (0, 1481, 1482, 2**31):
        with pytest.raises(RejectedGap):
            await registers.explain_gap(book(member), backwards, reason="lùi", account="a", at=AT)
    assert await registers.gaps(book(member)) == [gap]
    assert await registers.last(book(member)) == 1482, "a refused gap takes no number"


async def test_pages_of_a_register_join_without_loss(engine: AsyncEngine, member: str) -> None:
    registers = ClerkRegisters(engine)
    for _ in range(7):
        await registers.accept(document(member), account="a", at=AT)
    first = await registers.entries(book(member), limit=4)
    rest = await registers.entries(book(member), below=first[-1].found.register_number, limit=4)
    assert [entry.found.register_number for entry in (*first, *rest)] == [7, 6, 5, 4, 3, 2, 1]


async def find(engine: AsyncEngine, member: str, words: str, **given: Any) -> list[FoundDocument]:
    asked = {"organisations": ("H98",), "words": tuple(folded(words).split())} | given
    return await ClerkDocuments(engine).find(Question(member, **asked), None)


@pytest.mark.parametrize(
    ("words", "hits"),
    [
        ("chuyen doi so", 1),
        ("CHUYỂN ĐỔI", 1),
        ("số de an", 1),
        ("15/qd", 1),
        ("15/QĐ-BTN đề", 1),
        ("quyet dinh", 1),
        ("chuyển nhượng", 0),
        ("%", 0),
        ("_", 0),
        ("\\", 0),
        ("' OR 1=1 --", 0),
    ],
)
async def test_words_are_found_with_and_without_diacritics(
    engine: AsyncEngine, member: str, words: str, hits: int
) -> None:
    await ClerkRegisters(engine).accept(document(member), account="a", at=AT)
    assert len(await find(engine, member, words)) == hits


async def test_a_register_number_an_agency_and_days_narrow_the_search(engine: AsyncEngine, member: str) -> None:
    registers = ClerkRegisters(engine)
    for number, issuer in ((1, "G98"), (2, "H99"), (3, "H99")):
        at = AT + timedelta(days=number)
        await registers.accept(document(member, issuer=issuer, at=at, subject="x"), account="a", at=AT)
    numbered = await find(engine, member, "2", register_number=2)
    assert [one.register_number for one in numbered] == [2]
    assert {one.register_number for one in await find(engine, member, "", agencies=("H99",))} == {2, 3}
    assert await find(engine, member, "", agencies=()) == []
    within = await find(engine, member, "", since=AT + timedelta(days=2), before=AT + timedelta(days=3))
    assert [one.register_number for one in within] == [2]


async def test_another_organisation_finds_nothing(engine: AsyncEngine, member: str) -> None:
    await ClerkRegisters(engine).accept(document(member), account="a", at=AT)
    assert len(await find(engine, member, "de an")) == 1
    assert await find(engine, member, "de an", organisations=("H98.14",)) == []
    assert await find(engine, "another-member", "de an") == []
    assert await ClerkRegisters(engine).entries(Book("another-member", "H98", Register.INCOMING, 2026)) == []


async def test_pages_of_a_search_join_even_where_moments_are_alike(engine: AsyncEngine, member: str) -> None:
    registers = ClerkRegisters(engine)
    for _ in range(5):
        await registers.accept(document(member), account="a", at=AT)
    documents, question = ClerkDocuments(engine), Question(member, ("H98",))
    seen: list[UUID] = []
    after = None
    while rows := await documents.find(question, after, limit=2):
        seen += [row.document.document_id for row in rows]
        after = Place(rows[-1].document.at, rows[-1].document.document_id)
    assert len(seen) == len(set(seen)) == 5


async def test_the_same_number_of_the_year_is_found_again(engine: AsyncEngine, member: str) -> None:
    sent = document(member, register=Register.OUTGOING, promulgated_on=date(2026, 3, 4))
    await ClerkRegisters(engine).accept(sent, account="a", at=AT)
    documents = ClerkDocuments(engine)
    assert await documents.same_number(member, "H98", "15/qd-btn", 2026) == [(sent.document_id, AT)]
    for other in (
        (member, "H98", "15/qd", 2026),
        (member, "H98", "15/qd-btn", 2025),
        (member, "H98.14", "15/qd-btn", 2026),
    ):
        assert await documents.same_number(*other) == []
