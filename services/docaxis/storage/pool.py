"""The engine's pool of connections, with a short way to those that rest in it.

What SQLAlchemy does around a connection it lends (a greenlet at each end, a proxy with a finalizer, events, a reset)
costs more than sending a small statement and reading its answer. The driver needs none of it: whoever borrows gives
back in the same block, and says whether the connection may be used again.
"""

from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util.concurrency import greenlet_spawn
from sqlalchemy.util.queue import Empty


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
