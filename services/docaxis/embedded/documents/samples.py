"""Invented documents with real Vietnamese administrative prose; the same seed gives the same document."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from random import Random

from docaxis.embedded.authorities.cast import Organisation

from .specification import DocumentSpec

FIRST_DAY = date(2026, 1, 5)
DAYS = 250
MAXIMUM_NUMBER = 999


@dataclass(frozen=True, slots=True)
class _Topic:
    type_name: str
    abbreviation: str
    subject: str
    paragraphs: tuple[str, ...]


@lru_cache(maxsize=1)
def _topics() -> tuple[_Topic, ...]:
    text = (files("docaxis.embedded.documents") / "prose.toml").read_text(encoding="utf-8")
    return tuple(
        _Topic(item["type_name"], item["abbreviation"], item["subject"], tuple(item["paragraphs"]))
        for item in tomllib.loads(text)["topic"]
    )


def sample(
    seed: int, organisation: Organisation, recipients: Sequence[str] = (), *, by_deputy: bool = False
) -> DocumentSpec:
    """Invent a document of an organisation, signed by its leader or by the deputy in the leader's place."""
    chance = Random(seed)  # noqa: S311 - reproducible prose, no secret
    topic = chance.choice(_topics())
    issued_on = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
    values = {
        "organisation": organisation.name,
        "year": issued_on.year,
        "deadline": f"{issued_on + timedelta(days=chance.randrange(10, 40)):%d/%m/%Y}",
        "chapters": chance.randrange(3, 7),
        "articles": chance.randrange(15, 32),
        "share": chance.randrange(91, 100),
        "visits": chance.randrange(6, 29),
        "sent": chance.randrange(400, 2400),
        "received": chance.randrange(800, 5200),
    }
    person = organisation.clerk if by_deputy else organisation.leader
    prefix, suffix = (f"{topic.abbreviation}-", "") if topic.type_name else ("", "-VP")
    spec = DocumentSpec(
        organisation=organisation.name,
        parent=organisation.parent,
        number=f"{chance.randrange(1, MAXIMUM_NUMBER):02d}",
        notation=f"{prefix}{organisation.abbreviation}{suffix}",
        place=organisation.place,
        issued_on=issued_on,
        type_name=topic.type_name,
        subject=topic.subject,
        paragraphs=tuple(text.format(**values) for text in topic.paragraphs),
        capacity=person.capacity,
        position=person.title,
        signer=person.name,
        recipients=(*(f"{name};" for name in recipients), f"Lưu: VT, {organisation.abbreviation}."),
    )
    return spec if topic.type_name else replace(spec, addressees=tuple(recipients) or ("Các cơ quan, đơn vị",))


def certified_copy(spec: DocumentSpec) -> DocumentSpec:
    """The same document as an electronic copy made by an agency (decree 30/2020 Art. 25)."""
    return replace(spec, form_of_copy="SAO Y")


def appendix(spec: DocumentSpec) -> DocumentSpec:
    """A separate appendix of a document."""
    rows = (
        "1. Danh sách các đơn vị tham gia thí điểm gửi, nhận văn bản điện tử có ký số.",
        "2. Mẫu báo cáo định kỳ về số lượng văn bản, tỷ lệ ký số và thời gian phản hồi trạng thái.",
        "3. Lộ trình thực hiện: khảo sát, tập huấn, vận hành thử, đánh giá và nhân rộng.",
    )
    return replace(
        spec, type_name="PHỤ LỤC", paragraphs=rows, appendix_of=spec.number_notation, addressees=(), recipients=()
    )
