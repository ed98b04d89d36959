"""How work is divided is kept in the database: a process with another division would take work out of order."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.port import BusError
from docaxis.storage.reaching import reaching_database
from docaxis.storage.tables.decisions import slots
from docaxis_schemas.topics import PARTITION_FUNCTION


class ChangedDivision(BusError):
    """The settings divide the work otherwise than it was divided at the first start."""


async def confirm_division(engine: AsyncEngine, stage: str, count: int, function: str = PARTITION_FUNCTION) -> None:
    """Store how a stage's work is divided, or check that it still is divided so. Called before its slots are taken.

    Raises:
        ChangedDivision: Another number of slots or another partition function is on record.
        UnavailableStorage: The database is away.
    """
    row = {"stage": stage, "count": count, "partition_function": function}
    with reaching_database():
        async with engine.begin() as connection:
            await connection.execute(insert(slots).values(row).on_conflict_do_nothing(index_elements=["stage"]))
            known = select(slots.c["count"].label("slots"), slots.c.partition_function).where(slots.c.stage == stage)
            found = (await connection.execute(known)).one()
    if (found.slots, found.partition_function) != (count, function):
        raise ChangedDivision(
            f"the stage {stage} was started with {found.slots} slots by {found.partition_function}, and these settings "
            f"say {count} by {function}: records in flight would change owners. Set DOCAXIS_BUS__SLOTS back to "
            f"{found.slots}; to change it, drain all topics and migrate them."
        )
