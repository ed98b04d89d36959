"""Tell a database that is away, busy or deadlocked (try again) from a statement that is wrong (never try again)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from docaxis.storage.decisions import RefusedStatement, UnavailableStorage

_WRONG: Final = ("22", "23", "42", "54")
"""SQLSTATE classes of data, constraint and syntax errors, and of limits of the program (a value too long for its
index): the same statement fails the same way for ever."""


@contextmanager
def reaching_database() -> Iterator[None]:
    """Turn whatever passes by itself into `UnavailableStorage`, and what the driver says of values into silence.

    A wrong statement that went through SQLAlchemy stays what it is: the engine hides its values.

    Raises:
        RefusedStatement: It is wrong, whenever it is tried.
        UnavailableStorage: The database is away, or a lock was not to be had in time.
    """
    try:
        yield
    except DBAPIError as error:
        if _is_wrong(error.orig) and not isinstance(error, InterfaceError):
            raise
        raise UnavailableStorage("the database is away or busy") from error
    except AsyncAdapt_asyncpg_dbapi.Error as error:  # a connection of the pool could not be made
        raise UnavailableStorage("the database is away") from error
    except asyncpg.PostgresError as error:
        if _is_wrong(error):
            raise _refused(error) from None
        raise UnavailableStorage("the database is away or busy") from error
    except asyncpg.InterfaceError as error:
        if isinstance(error, ValueError):  # a value that cannot be sent: the driver's DataError, which has no name here
            raise RefusedStatement("a value does not fit its column") from None
        raise UnavailableStorage("the database is away") from error
    except (OSError, TimeoutError, PoolTimeout, asyncpg.InternalClientError) as error:
        raise UnavailableStorage("the database is away") from error


def _is_wrong(error: object) -> bool:
    state = getattr(error, "sqlstate", None)
    return isinstance(state, str) and state[:2] in _WRONG


def _refused(error: asyncpg.PostgresError) -> RefusedStatement:
    """Say which rule of which table it broke. The server's own words may quote the row, with what members signed."""
    named = (getattr(error, name, None) for name in ("table_name", "column_name", "constraint_name"))
    where = " ".join(name for name in named if name)
    return RefusedStatement(f"{type(error).__name__} ({error.sqlstate}){' at ' + where if where else ''}")
