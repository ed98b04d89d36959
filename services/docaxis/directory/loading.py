"""Store a signed list: what changed gets a new version, what stayed keeps its own, nothing is ever overwritten."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, MetaData, Table, and_, insert, literal, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

from docaxis.directory.errors import RejectedList
from docaxis.directory.signed_list import SignedList
from docaxis.directory.versions import lock_changes, read_version, take_version
from docaxis.storage.tables.directory import directory_versions, organisations
from docaxis_schemas.organisation import Organisation, OrganisationKind

LIST: Final = "list"
_COLUMNS: Final = tuple(name for name in organisations.c.keys() if name not in {"from_version", "to_version"})  # noqa: SIM118 - column names of a table, in their order

_incoming: Final = Table(
    "incoming_organisations",
    MetaData(),
    *(Column(name, organisations.c[name].type) for name in _COLUMNS),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


async def store_list(connection: AsyncConnection, signed: SignedList, *, at: datetime) -> int:
    """Store a verified list in this transaction and give the directory's version after it.

    The list that was loaded last may be loaded again and changes nothing.

    Raises:
        RejectedList: Older than the last one, or another list under its serial.
    """
    await lock_changes(connection)
    last = (
        await connection.execute(
            select(directory_versions.c.serial, directory_versions.c.list_sha256)
            .where(directory_versions.c.what == LIST)
            .order_by(directory_versions.c.serial.desc())
            .limit(1)
        )
    ).one_or_none()
    if last is not None and (last.serial, last.list_sha256) == (signed.serial, signed.sha256):
        return await read_version(connection)
    if last is not None and signed.serial <= last.serial:
        raise RejectedList(f"the list's serial {signed.serial} is not above {last.serial}, the last one loaded")
    version = await take_version(
        connection,
        what=LIST,
        subject=f"{len(signed.organisations)} entries",
        by=f"directory key {signed.key}",
        at=at,
        serial=signed.serial,
        list_sha256=signed.sha256,
        list_key=signed.key,
    )
    await _copy(connection, signed.organisations)
    await _replace(connection, version)
    return version


async def _copy(connection: AsyncConnection, entries: Iterable[Organisation]) -> None:
    await connection.execute(CreateTable(_incoming))
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    assert driver is not None
    records = (tuple(_value(entry, name) for name in _COLUMNS) for entry in entries)
    await driver.copy_records_to_table(_incoming.name, records=records, columns=_COLUMNS)


def _value(entry: Organisation, name: str) -> Any:
    value = getattr(entry, name)
    if name == "groups":
        return list(value)
    return value.value if name == "kind" else value


async def _replace(connection: AsyncConnection, version: int) -> None:
    standing, given = organisations.c, _incoming.c
    same_entry = and_(given.code == standing.code, given.valid_from == standing.valid_from)
    unchanged = and_(same_entry, *(given[name].is_not_distinct_from(standing[name]) for name in _COLUMNS))
    await connection.execute(
        update(organisations)
        .where(standing.to_version.is_(None))
        .where(not_(select(_incoming).where(unchanged).exists()))
        .values(to_version=version)
    )
    stands = select(organisations).where(same_entry, standing.to_version.is_(None)).exists()
    fresh = select(*(given[name] for name in _COLUMNS), literal(version)).where(not_(stands))
    await connection.execute(insert(organisations).from_select([*_COLUMNS, "from_version"], fresh))


async def read_organisations(connection: AsyncConnection) -> list[Organisation]:
    """Read every entry that stands."""
    rows = await connection.execute(
        select(*(organisations.c[name] for name in _COLUMNS)).where(organisations.c.to_version.is_(None))
    )
    kinds = {kind.value: kind for kind in OrganisationKind}
    return [
        Organisation(
            code=row.code,
            name=row.name,
            level=row.level,
            valid_from=row.valid_from,
            old_code=row.old_code,
            parent=row.parent,
            member=row.member,
            valid_to=row.valid_to,
            successor=row.successor,
            groups=tuple(row.groups),
            kind=kinds[row.kind],
        )
        for row in rows
    ]
