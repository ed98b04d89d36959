"""The database: one engine a process, with limits that keep a stopped process from blocking the others."""

from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

LOCK_TIMEOUT: Final = "2s"
"""A stopped process that holds a row must not make its successor wait for ever."""
IDLE_TIMEOUT: Final = "5s"
"""The same for an open transaction whose client stands still."""
STATEMENT_TIMEOUT: Final = "30s"
POOL: Final = 16
"""Connections of a service at most; small statements, none held across slow work. All that were opened are kept: one
costs 20 to 50 ms of CPU on both sides until it knows its first statements, as much as a whole document."""


def open_database(url: str, *, application: str, pool: int = POOL) -> AsyncEngine:
    """Make the engine of one process; ``url`` is ``postgresql+asyncpg://...``."""
    engine = create_async_engine(
        url,
        hide_parameters=True,  # an error is logged and quoted in dead letters; what members signed is not
        pool_size=pool,
        max_overflow=0,
        pool_use_lifo=True,  # few that are always warm rather than all in turn
        connect_args={
            "server_settings": {
                "application_name": f"docaxis-{application}",
                "lock_timeout": LOCK_TIMEOUT,
                "idle_in_transaction_session_timeout": IDLE_TIMEOUT,
                "statement_timeout": STATEMENT_TIMEOUT,
                "timezone": "UTC",
            },
        },
    )
    event.listen(engine.sync_engine, "checkout", _replace_closed)
    return engine


def _replace_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    """Give no connection whose server hung up: the loop has been told, so nothing needs to be sent to find it out.

    A ping before each use (`pool_pre_ping`) costs three round trips, more than most of what we ask.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise InvalidatePoolError("the server closed this connection")
