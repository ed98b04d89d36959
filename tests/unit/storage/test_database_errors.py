"""What an error of the database says: the statement, never the values, which hold what members signed."""

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import IntegrityError

from docaxis.storage.database import open_database
from docaxis.storage.decisions import RefusedStatement, UnavailableStorage
from docaxis.storage.reaching import reaching_database


def test_an_error_of_the_database_quotes_no_values() -> None:
    engine = open_database("postgresql+asyncpg://nobody@127.0.0.1:1/none", application="test").sync_engine
    hidden = engine.hide_parameters
    error = IntegrityError("INSERT", {"acknowledgement": "eyJhbGciOi"}, ValueError("twice"), hide_parameters=hidden)
    assert "eyJhbGciOi" not in str(error)


@pytest.mark.parametrize(
    "error",
    [
        # As a pool says that cannot connect.
        AsyncAdapt_asyncpg_dbapi.Error("the database system is starting up"),  # type: ignore[no-untyped-call]
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.InterfaceError("the underlying connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        ConnectionRefusedError(),
    ],
)
def test_whatever_a_restarting_server_says_is_tried_again(error: Exception) -> None:
    with pytest.raises(UnavailableStorage), reaching_database():
        raise error


def test_a_value_too_long_for_its_index_is_not_tried_again() -> None:
    told = asyncpg.ProgramLimitExceededError("index row size 8032 exceeds btree version 4 maximum 2704")
    with pytest.raises(RefusedStatement, match="54000"), reaching_database():
        raise told
