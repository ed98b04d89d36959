"""The directory as existing software asks for it, and why it cannot be changed by a call.

The list of organisations is signed and published; no member adds to it or takes from it. A client that registers what
is already there hears that all is well, and so does one that removes what is already gone; anything else is a matter
for whoever keeps the list.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from docaxis.directory import DirectorySnapshot
from docaxis.directory.entries import Principal
from docaxis.directory.snapshot import day_of
from docaxis.gateway.refusals import Refused
from docaxis_schemas.organisation import Organisation
from docaxis_schemas.problems import Code


def agencies(snapshot: DirectorySnapshot, now: datetime) -> list[dict[str, Any]]:
    """Give every organisation that exists and can be sent to, under the names of both interfaces of the field."""
    return [
        {
            "id": entry.code,
            "pid": entry.parent or "",
            "code": entry.code,
            "oldCode": entry.old_code or "",
            "name": entry.name,
            "mail": "",
            "orgCode": entry.code,
            "orgName": entry.name,
            "parentCode": entry.parent,
        }
        for entry in _latest(snapshot)
        if entry.exists_on(day_of(now)) and entry.member is not None
    ]


def units(snapshot: DirectorySnapshot, now: datetime) -> list[dict[str, Any]]:
    """Give every organisation that ever was, with the day of its last change."""
    today = day_of(now)
    return [
        {
            "id": entry.code,
            "pid": entry.parent or "",
            "code": entry.code,
            "name": entry.name,
            "mail": "",
            "version": len(snapshot.organisations.periods[entry.code]),
            "centerCode": entry.member or "",
            "deleted": not entry.exists_on(today),
            "modifyDate": f"{entry.valid_to or entry.valid_from:%Y/%m/%d}",
            "isAgency": entry.member is not None,
        }
        for entry in _latest(snapshot)
    ]


def _latest(snapshot: DirectorySnapshot) -> Iterator[Organisation]:
    for periods in snapshot.organisations.periods.values():
        yield periods[-1]


def require_registered(snapshot: DirectorySnapshot, principal: Principal, code: str) -> None:
    """Check that an agency is what registering it would make it: in the list, and this member's.

    Raises:
        Refused: It is not, and a call cannot change that.
    """
    canonical = snapshot.canonical(code)
    if canonical is None or canonical not in principal.organisations:
        raise Refused(
            Code.NOT_AUTHORISED_FOR_ISSUER,
            f"{code}: danh mục cơ quan được ký số và chỉ đơn vị quản lý danh mục sửa được.",
            f"{code}: the list of organisations is signed; only who keeps it changes it.",
        )


def require_removed(snapshot: DirectorySnapshot, code: str, now: datetime) -> None:
    """Check that an agency is what removing it would make it: gone.

    Raises:
        Refused: It is there, and a call cannot change that.
    """
    if snapshot.organisation(code, now) is not None:
        raise Refused(
            Code.NOT_AUTHORISED_FOR_ISSUER,
            f"{code} còn trong danh mục; chỉ đơn vị quản lý danh mục cho dừng được.",
            f"{code} is in the list; only who keeps the list ends it.",
        )
