"""What became of every accepted document, seen from outside when the load is over: plain Kafka readers, plain SQL."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from docaxis.embedded.axis import LocalAxis
from docaxis.embedded.story.witness import KafkaWitness
from docaxis.storage.database import open_database

PATIENCE_SECONDS: Final = 30.0
"""Nothing more is waited for when nothing has come for so long."""
QUIET_SECONDS: Final = 1.0
"""Readers have reached the end when nothing came for so long."""

STATES: Final = text("SELECT submission_id, recipient, state FROM deliveries")
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
    """Look for every accepted delivery in its topic and in the state it is to be in, waiting for what is on its way.

    On a busy machine all of it is slow: it is waited for as long as anything still comes.
    """
    wanted = set(accepted)
    delivered = await _in_topics(axis, wanted)
    engine = open_database(axis.database.url, application="bench", pool=1)
    try:
        async with engine.connect() as connection:
            states = await _in_states(connection, wanted, state)
            verdicts = {f"{row.indication} {row.disposition}": row.number for row in await connection.execute(VERDICTS)}
    finally:
        await engine.dispose()
    return Inspection(
        tuple(_lost(wanted, delivered, states, state)), sum(count - 1 for count in delivered.values()), verdicts
    )


def _lost(
    wanted: set[Delivered], delivered: Counter[Delivered], states: Mapping[Delivered, str], state: str
) -> Iterator[str]:
    """Name what is missing, and where: the cause of a loss is looked for there."""
    for submission_id, recipient in sorted(wanted):
        found = states.get((submission_id, recipient), "never decided")
        absent = "" if (submission_id, recipient) in delivered else ", not in its inbox topic"
        if absent or found != state:
            yield f"{submission_id} {recipient}: {found}{absent}"


async def _in_states(connection: AsyncConnection, wanted: set[Delivered], state: str) -> dict[Delivered, str]:
    """Read the decided states until all are as wanted, or nothing changes any more."""
    loop = asyncio.get_running_loop()
    before, moved_at = dict[Delivered, str](), loop.time()
    while True:
        states = {(row.submission_id, row.recipient): row.state for row in await connection.execute(STATES)}
        if states != before:
            before, moved_at = states, loop.time()
        if all(states.get(pair) == state for pair in wanted) or loop.time() - moved_at > PATIENCE_SECONDS:
            return states
        await connection.rollback()
        await asyncio.sleep(1)


async def _in_topics(axis: LocalAxis, wanted: set[Delivered]) -> Counter[Delivered]:
    """Read every inbox topic from its beginning, committed records only, with the members' own rights."""
    async with KafkaWitness(axis.cluster.access, axis.members.values()) as witness:
        loop = asyncio.get_running_loop()
        moved_at = loop.time()
        while loop.time() - moved_at < PATIENCE_SECONDS:
            witness.changed.clear()
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    await witness.changed.wait()
            except TimeoutError:
                if wanted <= set(witness.deliveries):
                    break
            else:
                moved_at = loop.time()
        return witness.deliveries
