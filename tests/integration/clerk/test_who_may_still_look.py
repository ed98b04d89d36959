"""A credential that was revoked shows no list any more, though its bearer is signed in."""

import asyncio
from datetime import timedelta

from clerkoffice import RECIPIENT, Office
from docaxis.clerk.enrolling import NewClerk, enrol
from docaxis.clerk.passwords import Passwords
from docaxis.directory.entries import Role
from docaxis.directory.repository import DirectoryRepository
from docaxis.storage.clerk_accounts import ClerkAccountStore
from docaxis.storage.contents import FileStoreKey
from docaxis.storage.database import open_database
from docaxis_schemas.moments import system_clock

LISTS = ("/inbox", "/outbox", "/registers/incoming", "/registers/incoming/table.csv", "/search?q=a", "/deadlines")
TRIES = 240


async def test_a_revoked_credential_ends_the_lists_of_who_is_signed_in(office: Office) -> None:
    engine = open_database(office.axis.database.url, application="test")
    repository = DirectoryRepository(engine)
    principal, secret = await repository.issue_credential(
        role=Role.CLERK,
        holder="thôi việc",
        expires_at=system_clock() + timedelta(days=1),
        member=RECIPIENT,
        organisations=("H98.14",),
    )
    clerk = NewClerk("thoiviec", "Văn thư thôi việc TEST", "mật khẩu cũ", secret, RECIPIENT, ("H98", "H98.14"))
    key = FileStoreKey(office.axis.keys.clerk_key)
    await enrol(ClerkAccountStore(engine), key, Passwords(), clerk, at=system_clock())
    async with office.visitor() as visitor:
        await visitor.post("/sign-in", data={"name": clerk.name, "password": clerk.password})
        for address in LISTS:
            assert (await visitor.get(address)).status_code == 200
        other = await visitor.get("/registers/incoming?organisation=H98")
        assert other.status_code == 404, "the account names it, the credential does not"
        await repository.revoke_credential(principal.credential_id)
        for _ in range(TRIES):
            if (await visitor.get("/inbox")).status_code == 403:
                break
            await asyncio.sleep(0.25)
        for address in LISTS:
            answer = await visitor.get(address)
            assert answer.status_code == 403
            assert "không còn được dùng" in answer.text
        assert (await visitor.get("/nothing")).status_code == 404
    await engine.dispose()
