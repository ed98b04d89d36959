"""The engine's pool of connections, with a short way to those that rest in it.

What SQLAlchemy does around a connection it lends (a greenlet at each end, a proxy with a finalizer, events, a reset)
costs more than sending a small statement and reading its answer. The driver needs none of it: whoever borrows gives
back in the same block, and says whether the connection may be used again.

How a connection plans its statements is noted in its ``info``, which ends with it.
"""

from typing import Final

from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util.concurrency import greenlet_spawn
from sqlalchemy.util.queue import Empty

BY_KEY: Final = "docaxis plans by key"
"""In a connection's ``info``: whether it plans as `PLAN_BY_KEY` says."""
PLAN_BY_KEY: Final = """
    SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false),
      set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false)
"""
"""For statements that find few rows by their keys. Left to itself PostgreSQL takes a parameter that is an array for ten
rows where it does not see it and for one where it does, and so plans anew at every execution, which costs more than
executing; or it keeps a plan from when the tables were empty, that reads them whole."""
PLAN_AS_SET: Final = """
    SELECT set_config(name, reset_val, false) FROM pg_settings
    WHERE name IN ('plan_cache_mode', 'enable_seqscan', 'enable_hashjoin', 'enable_mergejoin')
"""


class RestingConnections(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool in every respect; `borrow` and `give_back` go past its machinery, not past its limits."""

    def borrow(self) -> ConnectionPoolEntry | None:
        """Give a connection that rests here and that the server holds open; None where that takes waiting or opening.

        Give it back with `give_back`, whatever happens.
        """
        try:
            entry = self._pool.get(block=False)
        except Empty:
            return None
        driver = entry.driver_connection
        if driver is not None and not driver.is_closed():
            return entry
        self._do_return_conn(entry)  # whoever comes by the long way opens it anew
        return None

    async def give_back(self, entry: ConnectionPoolEntry, *, broken: bool) -> None:
        """Take back what `borrow` gave; who waits for a connection gets it. A ``broken`` one is closed first."""
        try:
            if broken:
                await greenlet_spawn(entry.invalidate)
        finally:
            self._do_return_conn(entry)
