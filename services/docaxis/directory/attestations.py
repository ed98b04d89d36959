"""What the keeper has signed of the directory, as rows. Every function works within the caller's transaction."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from docaxis.storage.tables.directory import directory_attestations


async def keep(connection: AsyncConnection, version: int, token: str, *, at: datetime) -> None:
    """Keep an attestation; a later one of the same version takes its place."""
    row = {"version": version, "token": token, "at": at}
    await connection.execute(
        postgresql.insert(directory_attestations)
        .values(row)
        .on_conflict_do_update(index_elements=["version"], set_={"token": token, "at": at})
    )


async def newest(connection: AsyncConnection) -> str | None:
    """Give the attestation of the latest version; None if there is none."""
    tokens = select(directory_attestations.c.token).order_by(directory_attestations.c.version.desc()).limit(1)
    found: str | None = (await connection.execute(tokens)).scalar_one_or_none()
    return found
