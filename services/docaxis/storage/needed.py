"""What of the brokers' records the database says is still needed, by first offset of a partition."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.port import Partition
from docaxis.storage.driver import Database, Statement
from docaxis_schemas.topics import DEAD_LETTERS, EVIDENCE

HELD_FOR: Final = timedelta(days=90)
"""A record is held for its dead letter as long as the letter's own topic keeps it."""
REPLAYING: Final = timedelta(days=1)
"""And so long after it was ordered that the letter's record be done again."""

# What the projector has read of the evidence; a partition of which it has read nothing is needed whole.
_UNREAD: Final = """
    SELECT CAST(:evidence AS text), slot.number, coalesce(read."offset", 0)
    FROM slots s CROSS JOIN LATERAL generate_series(0, s.count - 1) AS slot (number)
    LEFT JOIN projector_positions read ON read.topic = CAST(:evidence AS text) AND read."partition" = slot.number
    WHERE s.stage = 'registrar'
"""
# A statement is in the log when a signed checkpoint covers its leaf; where no log is written, all wait in the queue.
_UNCOVERED: Final = """
    SELECT CAST(:evidence AS text) AS topic, r.topic_partition AS "partition", min(r.topic_offset) AS "offset"
    FROM receipts r JOIN (
        SELECT event_id FROM log_queue
        UNION ALL
        SELECT event_id FROM log_leaves WHERE leaf_index >= coalesce((SELECT min(signed_size) FROM log_head), 0)
    ) AS waiting USING (event_id)
    WHERE r.topic_partition >= 0  -- a change of keys came by no topic
    GROUP BY r.topic_partition
"""
_NEEDED: Final = Statement(f"""
    SELECT topic, "partition", min("offset") AS "offset" FROM (
        SELECT topic, "partition", "offset" FROM dead_letters
        WHERE (replayed_at IS NULL OR replayed_at > now() - CAST(:replaying AS interval))
          AND at > now() - CAST(:held_for AS interval)
        UNION ALL ({_UNREAD})
        UNION ALL ({_UNCOVERED})
    ) AS needed
    WHERE topic = ANY(CAST(:topics AS text[])) GROUP BY topic, "partition"
""")  # noqa: S608 - put together of constants
_LETTERS: Final = Statement('SELECT "offset" FROM projector_positions WHERE topic = :topic')


class NeededRecords:
    """Asks what dead letters, the projector and the log still need."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def needed(self, topics: Iterable[str]) -> dict[Partition, int]:
        """Give the first offset that is needed of each partition of some topics.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(
            _NEEDED, evidence=EVIDENCE, held_for=HELD_FOR, replaying=REPLAYING, topics=list(topics)
        )
        return {Partition(row["topic"], row["partition"]): row["offset"] for row in rows}

    async def letters_read(self) -> int:
        """Give the position up to which dead letters are in the database; -1 for none.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_LETTERS, topic=DEAD_LETTERS)
        return -1 if row is None else int(row["offset"])
