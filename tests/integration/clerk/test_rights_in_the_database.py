"""As the production role of the services: administrators' acts are possible, and what they rest on is not changed."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import docaxis.clerk
from docaxis.clerk.administering import Administering, Typed
from docaxis.clerk.enrolling import enrol, new_auditor
from docaxis.clerk.passwords import Passwords
from docaxis.directory.entries import Role
from docaxis.directory.repository import DirectoryRepository
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.embedded.postgres import find_postgres
from docaxis.storage.clerk_accounts import ClerkAccountStore, ClerkRole
from docaxis.storage.clerk_administration import ClerkAdministration, Scope
from docaxis.storage.contents import FileStoreKey
from docaxis.storage.database import open_database
from docaxis.storage.decisions import RefusedStatement
from docaxis.storage.migrate import upgrade
from docaxis.storage.tables.directory import members, organisations
from docaxis_schemas.moments import system_clock

RIGHTS = Path(docaxis.clerk.__file__).parents[3] / "deploy" / "postgres" / "never_changed.sql"
MEMBER = "quyen-thu-nghiem"
ORGANISATION = {
    "code": "G97",
    "valid_from": date(2025, 1, 1),
    "from_version": 1,
    "name": "Bộ TEST",
    "level": 1,
    "member": MEMBER,
    "groups": [],
    "kind": "state",
}
ROLES = "CREATE ROLE docaxis_services;\nCREATE ROLE docaxis_auditor;\nGRANT docaxis_services TO docaxis;\n"
AS_IN_ROLES_SQL = """
    GRANT USAGE ON SCHEMA public TO docaxis_services, docaxis_auditor;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO docaxis_services;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO docaxis_auditor
"""
FORBIDDEN = (
    "UPDATE clerk_accounts SET member = 'khac'",
    "UPDATE clerk_accounts SET organisations = '{G97}'",
    "DELETE FROM clerk_accounts",
    "UPDATE clerk_account_acts SET done_by = 'khac'",
    "DELETE FROM clerk_account_acts",
    "UPDATE credentials SET role = 'operator'",
    "DELETE FROM credentials",
)


def make_roles(data: Path) -> None:
    """Make the roles while the database is stopped: nobody who can connect to it may."""
    postgres = find_postgres()
    postgres.run("postgres", ["--single", "-D", postgres.data_argument(data), "postgres"], data, words=ROLES)


async def grant(owner: AsyncEngine) -> None:
    """Give the services what they are given in production, and a body to work for."""
    rights = re.sub(r"--.*", "", RIGHTS.read_text("utf-8"))
    async with owner.begin() as connection:
        for statement in [*AS_IN_ROLES_SQL.split(";"), *(2 * rights).split(";")]:  # it is run after every migration
            if statement.strip():
                await connection.execute(text(statement))
        row = {"member": MEMBER, "name": MEMBER, "state": "active", "registered_at": system_clock()}
        await connection.execute(insert(members).values(row))
        await connection.execute(insert(organisations).values(ORGANISATION))


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """The database as its services' role sees it."""
    async with EmbeddedDatabase(tmp_path) as database:
        await upgrade(database.url)
    await asyncio.to_thread(make_roles, tmp_path / "data")
    async with EmbeddedDatabase(tmp_path) as database:
        owner = open_database(database.url, application="test")
        await grant(owner)
        limited = create_async_engine(owner.url, connect_args={"server_settings": {"role": "docaxis_services"}})
        yield limited
        await limited.dispose()
        await owner.dispose()


async def test_the_services_role_administers_and_forges_nothing(services: AsyncEngine) -> None:
    directory, store = DirectoryRepository(services), ClerkAdministration(services)
    key = FileStoreKey(b"k" * 32)
    administering = Administering(store, directory, key, Passwords(), clock=system_clock)
    scope = Scope(MEMBER, ("G97",), "quantri")
    typed = Typed(f"moi{uuid4().hex[:6]}", "Người mới TEST", ("G97",), frozenset({ClerkRole.CLERK}))
    account_id, name, _ = await administering.make(scope, typed)
    await administering.renew(scope, account_id)
    await store.change_roles(scope, account_id, frozenset({ClerkRole.LEADER}), at=system_clock())
    await administering.disable(scope, account_id)
    assert await ClerkAccountStore(services).named(name) is None
    assert len(await store.acts(scope)) == 4
    with pytest.raises(ProgrammingError, match="row-level security"):
        await directory.issue_credential(
            role=Role.OPERATOR, holder="giả", expires_at=system_clock() + timedelta(days=1)
        )
    auditor = new_auditor("giả", "Kiểm toán giả", "mật khẩu", "dax_secret")
    with pytest.raises(RefusedStatement, match="42501"):  # insufficient_privilege
        await enrol(ClerkAccountStore(services), key, Passwords(), auditor, at=system_clock())
    for alone in ("{auditor}", "{auditor,clerk}"):
        with pytest.raises(IntegrityError, match="auditors_belong_to_nobody"):
            async with services.begin() as connection:
                await connection.execute(text(f"UPDATE clerk_accounts SET roles = '{alone}'"))
    for statement in FORBIDDEN:
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with services.begin() as connection:
                await connection.execute(text(statement))
    async with services.begin() as connection:
        back = await connection.execute(text("UPDATE credentials SET revoked_at = NULL"))
        assert back.rowcount == 0, "what was revoked stays so"
