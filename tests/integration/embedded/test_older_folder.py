"""An axis goes on in a folder that was made before there were clerk's pages and a log."""

import json
from pathlib import Path

from sqlalchemy import text

from docaxis.clerk.enrolling import place_of
from docaxis.clerk.passwords import Passwords
from docaxis.embedded.axis import AxisPlan, LocalAxis
from docaxis.embedded.identities import AUDITOR_NAME, FILE
from docaxis.storage.clerk_accounts import ClerkAccountStore
from docaxis.storage.contents import FileStoreKey
from docaxis.storage.database import open_database


async def test_clerks_can_sign_in_at_an_axis_that_is_older_than_the_pages(tmp_path: Path) -> None:
    async with LocalAxis(AxisPlan(tmp_path)) as axis:
        kept = axis.members["bo-thu-nghiem"].credential
        engine = open_database(axis.database.url, application="test")
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM clerk_accounts"))
        await engine.dispose()
    _make_older(tmp_path / FILE)
    async with LocalAxis(AxisPlan(tmp_path)) as axis:
        identity = axis.members["bo-thu-nghiem"]
        assert identity.credential == kept
        engine = open_database(axis.database.url, application="test")
        account = await ClerkAccountStore(engine).named(identity.clerk_name)
        auditor = await ClerkAccountStore(engine).named(AUDITOR_NAME)
        password = axis.auditor_password
        await engine.dispose()
    assert account is not None
    assert auditor is not None
    assert await Passwords().matches(password, auditor.password_hash)
    assert await Passwords().matches(identity.clerk_password, account.password_hash)
    secret = FileStoreKey(axis.keys.clerk_key).unwrap(account.credential, place_of(account.account_id))
    assert secret.decode() == identity.clerk_credential


def _make_older(file: Path) -> None:
    saved = json.loads(file.read_bytes())
    del saved["services"]["log"], saved["services"]["clerk"], saved["auditor_password"]
    for member in saved["members"].values():
        del member["clerk_password"]
    file.write_text(json.dumps(saved))
