"""Who lives on the embedded axis: the TEST cast, sixty communes, and the members that serve them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from docaxis.embedded.authorities import ORGANISATIONS
from docaxis_schemas.organisation import Organisation, OrganisationKind

FOUNDED: Final = date(2020, 1, 1)
MERGED_ON: Final = date(2025, 6, 30)
"""Last day of the commune that was merged into another."""

PROVINCE: Final = "H97"
COMMUNES: Final = 60
COMMUNE_GROUP: Final = "xa-vi-du"
COMMUNE_MEMBERS: Final = 6

MERGED: Final = "H98.90"
SUCCESSOR: Final = "H98.44"


@dataclass(frozen=True, slots=True)
class MemberPlan:
    """A connected system and the organisations it speaks for."""

    id: str
    name: str
    organisations: tuple[str, ...]


MEMBERS: Final = (
    MemberPlan("bo-thu-nghiem", "Hệ thống của Bộ Thử nghiệm", ("G98", "G98.05")),
    MemberPlan("tinh-thu-nghiem", "Trục tỉnh Thử Nghiệm", ("H98", "H98.14", "H98.44", MERGED)),
    MemberPlan("tinh-mo-phong", "Trục tỉnh Mô Phỏng", ("H99", "H99.09")),
    MemberPlan("tinh-uy", "Hệ thống Văn phòng Tỉnh ủy Thử Nghiệm", ("A98",)),
    *(
        MemberPlan(
            f"vi-du-{number}",
            f"Hệ thống cụm xã số {number}, tỉnh Ví Dụ",
            tuple(f"{PROVINCE}.{commune:02d}" for commune in range(number, COMMUNES + 1, COMMUNE_MEMBERS)),
        )
        for number in range(1, COMMUNE_MEMBERS + 1)
    ),
)


def member_of(code: str) -> str:
    """Give the member that serves an organisation of the population."""
    return next(member.id for member in MEMBERS if code in member.organisations)


def organisations(extra_inboxes: int = 0) -> tuple[Organisation, ...]:
    """Give the directory's entries; ``extra_inboxes`` adds communes with a member of their own each, for load runs."""
    return (*_cast(), _province(), *_communes(), _merged(), *_extra(extra_inboxes))


def members(extra_inboxes: int = 0) -> tuple[MemberPlan, ...]:
    """Give the members, with those of a load run."""
    extra = (
        MemberPlan(f"tai-{number:02d}", f"Hệ thống tải thử số {number}", (f"{PROVINCE}.{COMMUNES + number}",))
        for number in range(1, extra_inboxes + 1)
    )
    return (*MEMBERS, *extra)


def _cast() -> Iterable[Organisation]:
    by_name = {entry.name: entry.code for entry in ORGANISATIONS}
    for entry in ORGANISATIONS:
        yield Organisation(
            code=entry.code,
            old_code=entry.old_code,
            name=entry.name,
            level=1 + entry.code.count("."),
            parent=by_name.get(entry.parent),
            member=member_of(entry.code),
            valid_from=FOUNDED,
            kind=OrganisationKind.PARTY if entry.code.startswith("A") else OrganisationKind.STATE,
        )


def _province() -> Organisation:
    return Organisation(
        code=PROVINCE, old_code=f"000.00.00.{PROVINCE}", name="Ủy ban nhân dân tỉnh Ví Dụ", level=1, valid_from=FOUNDED
    )


def _communes() -> Iterable[Organisation]:
    for member in MEMBERS[-COMMUNE_MEMBERS:]:
        for code in member.organisations:
            yield _commune(code, member.id, (COMMUNE_GROUP,))


def _extra(count: int) -> Iterable[Organisation]:
    for member in members(count)[len(MEMBERS) :]:
        yield _commune(member.organisations[0], member.id, ("tai-thu",))


def _commune(code: str, member: str, groups: tuple[str, ...]) -> Organisation:
    number = int(code.rsplit(".", 1)[1])
    return Organisation(
        code=code,
        old_code=f"000.00.{number:02d}.{PROVINCE}" if number < 100 else None,
        name=f"Ủy ban nhân dân xã Mẫu số {number}",
        level=2,
        parent=PROVINCE,
        member=member,
        valid_from=FOUNDED,
        groups=groups,
    )


def _merged() -> Organisation:
    return Organisation(
        code=MERGED,
        old_code="000.00.90.H98",
        name="Ủy ban nhân dân xã Cũ Mẫu",
        level=2,
        parent="H98",
        member="tinh-thu-nghiem",
        valid_from=FOUNDED,
        valid_to=MERGED_ON,
        successor=SUCCESSOR,
    )
