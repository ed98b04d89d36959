"""The database: one engine a process, with limits that keep a stopped process from blocking the others."""

from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from docaxis.storage.pool import BY_KEY, PLAN_AS_SET, RestingConnections

LOCK_TIMEOUT: Final = "2s"
"""A stopped process that holds a row must not make its successor wait for ever."""
IDLE_TIMEOUT: Final = "5s"
"""The same for an open transaction whose client stands still."""
STATEMENT_TIMEOUT: Final = "30s"
TRANSACTION_TIMEOUT: Final = "40s"
"""The same for a client that stands still between the halves of a statement, which counts as neither idle nor running:
asyncpg has a statement described first and runs it then. PostgreSQL 17 and later."""
_LIMIT: Final = f"""
    SELECT set_config(name, '{TRANSACTION_TIMEOUT}', false) FROM pg_settings WHERE name = 'transaction_timeout'
"""  # noqa: S608 - a constant of this module
POOL: Final = 16
"""Connections of a service at most; small statements, none held across slow work. All that were opened are kept: one
costs 20 to 50 ms of CPU on both sides until it knows its first statements, as much as a whole document."""


def open_database(url: str, *, application: str, pool: int = POOL) -> AsyncEngine:
    """Make the engine of one process; ``url`` is ``postgresql+asyncpg://...``."""
    engine = create_async_engine(
        url,
        poolclass=RestingConnections,
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
    event.listen(engine.sync_engine, "connect", _limit_transactions)
    event.listen(engine.sync_engine, "checkout", _replace_closed)
    event.listen(engine.sync_engine, "checkout", _plan_as_set)
    return engine


def _limit_transactions(dbapi_connection: Any, _record: object) -> None:
    """Bound a new connection's transactions, where the server can."""
    cursor = dbapi_connection.cursor()
    cursor.execute(_LIMIT)
    cursor.close()
    dbapi_connection.commit()


def _replace_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    """Give no connection whose server hung up: the loop has been told, so nothing needs to be sent to find it out.

    A ping before each use (`pool_pre_ping`) costs three round trips, more than most of what we ask.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise InvalidatePoolError("the server closed this connection")


def _plan_as_set(dbapi_connection: Any, record: Any, _proxy: object) -> None:
    """Have statements that go through SQLAlchemy planned as the server is set, whatever was done on this connection."""
    if record.info.pop(BY_KEY, False):
        cursor = dbapi_connection.cursor()
        cursor.execute(PLAN_AS_SET)
        cursor.close()
        dbapi_connection.commit()
