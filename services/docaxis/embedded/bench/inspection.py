"""What became of every accepted document, seen from outside when the load is over: plain Kafka readers, plain SQL."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from docaxis.embedded.axis import LocalAxis
from docaxis.embedded.story.witness import KafkaWitness
from docaxis.storage.database import open_database

PATIENCE_SECONDS: Final = 30.0
QUIET_SECONDS: Final = 1.0
"""Readers have reached the end when nothing came for so long."""

IN_STATE: Final = text("SELECT submission_id, recipient FROM deliveries WHERE state = :state")
VERDICTS: Final = text(
    "SELECT convert_from(body, 'UTF8')::json ->> 'indication' AS indication,"
    " convert_from(body, 'UTF8')::json ->> 'disposition' AS disposition, count(*) AS number"
    " FROM decisions WHERE kind = 'verdict' GROUP BY 1, 2"
)

Delivered = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Inspection:
    """``lost`` names accepted deliveries that are not in their inbox topic or not in the state they are to be in."""

    lost: tuple[str, ...]
    duplicates: int
    verdicts: Mapping[str, int]


async def inspect(axis: LocalAxis, accepted: Sequence[Delivered], *, state: str) -> Inspection:
    """Look for every accepted delivery in its topic and in the state it is to be in, waiting for what is on its way."""
    wanted = set(accepted)
    delivered = await _in_topics(axis, wanted)
    engine = open_database(axis.database.url, application="bench", pool=1)
    try:
        arrived: set[Delivered] = set()
        async with engine.connect() as connection:
            for _ in range(int(PATIENCE_SECONDS)):
                rows = await connection.execute(IN_STATE, {"state": state})
                arrived = {(row.submission_id, row.recipient) for row in rows}
                if wanted <= arrived:
                    break
                await connection.rollback()
                await asyncio.sleep(1)
            verdicts = {f"{row.indication} {row.disposition}": row.number for row in await connection.execute(VERDICTS)}
    finally:
        await engine.dispose()
    missing = sorted(wanted - (arrived & set(delivered)))
    return Inspection(
        tuple(f"{submission_id} {recipient}" for submission_id, recipient in missing),
        sum(count - 1 for count in delivered.values()),
        verdicts,
    )


async def _in_topics(axis: LocalAxis, wanted: set[Delivered]) -> Counter[Delivered]:
    """Read every inbox topic from its beginning, committed records only, with the members' own rights."""
    async with KafkaWitness(axis.cluster.access, axis.members.values()) as witness:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_SECONDS
        while loop.time() < deadline:
            witness.changed.clear()
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    await witness.changed.wait()
            except TimeoutError:
                if wanted <= set(witness.deliveries):
                    break
        return witness.deliveries
