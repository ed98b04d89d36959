"""SQL of the one timer table: what is due, and what was done."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.reaching import reaching_database
from docaxis.storage.routing import NewTimer

_DUE: Final = text("""
    SELECT timer_id, due_at, kind, submission_id, body FROM timers
    WHERE done_at IS NULL AND due_at <= :now ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_DONE: Final = text("UPDATE timers SET done_at = :now WHERE timer_id = ANY(CAST(:done AS uuid[]))")


class TimerStore:
    """Hands out due timers; several processes may ask at once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def fire(self, now: datetime, limit: int, publish: Callable[[Sequence[NewTimer]], Awaitable[None]]) -> int:
        """Publish what is due and mark it done; whatever fails before that is published again. Gives how many.

        Raises:
            UnavailableStorage: The database is away.
        """
        with reaching_database():
            async with self._engine.begin() as connection:
                rows = (await connection.execute(_DUE, {"now": now, "limit": limit})).mappings()
                due = [NewTimer(**row) for row in rows]
                if due:
                    await publish(due)
                    await connection.execute(_DONE, {"now": now, "done": [timer.timer_id for timer in due]})
        return len(due)
