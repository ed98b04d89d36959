"""People change their passwords, and an account that was disabled is out."""

import re

import httpx

from clerkoffice import SENDER, Office
from docaxis.clerk.enrolling import NewClerk, enrol
from docaxis.clerk.passwords import Passwords
from docaxis.storage.clerk_accounts import ClerkAccountStore
from docaxis.storage.contents import FileStoreKey
from docaxis.storage.database import open_database
from docaxis_schemas.moments import system_clock

NAME, FIRST, CHOSEN = "doimatkhau", "mật khẩu cấp lần đầu", "một câu dài dễ nhớ"
ADDRESS = "127.0.0.21"
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


async def sign_in(visitor: httpx.AsyncClient, password: str) -> int:
    return (await visitor.post("/sign-in", data={"name": NAME, "password": password})).status_code


async def change(visitor: httpx.AsyncClient, old: str, new: str, again: str | None = None) -> int:
    found = _TOKEN.search((await visitor.get("/account")).text)
    assert found
    given = {"form_token": found[1], "old": old, "new": new, "again": new if again is None else again}
    return (await visitor.post("/account", data=given)).status_code


async def test_a_password_is_changed_and_a_disabled_account_is_out(office: Office) -> None:
    engine = open_database(office.axis.database.url, application="test")
    store, key = ClerkAccountStore(engine), FileStoreKey(office.axis.keys.clerk_key)
    secret = office.clerk(SENDER).clerk_credential
    new = NewClerk(NAME, "Văn thư đổi mật khẩu TEST", FIRST, secret, SENDER, ("G98",))
    await enrol(store, key, Passwords(), new, at=system_clock())
    async with office.visitor(ADDRESS) as here, office.visitor(ADDRESS) as elsewhere:
        assert await sign_in(here, FIRST) == await sign_in(elsewhere, FIRST) == 303
        assert await change(here, "sai", CHOSEN) == 422
        assert await change(here, FIRST, "ngắn") == 422
        assert await change(here, FIRST, CHOSEN, "khác hẳn với lần trước") == 422
        assert await change(here, FIRST, FIRST) == 422
        assert (await elsewhere.get("/inbox")).status_code == 200, "nothing was changed yet"
        assert await change(here, FIRST, CHOSEN) == 303
        assert (await here.get("/inbox")).status_code == 200
        assert (await elsewhere.get("/inbox")).status_code == 303, "signed out everywhere else"
        assert await sign_in(elsewhere, FIRST) == 401
        assert await sign_in(elsewhere, CHOSEN) == 303
        assert await store.disable(NAME, at=system_clock())
        assert (await here.get("/inbox")).status_code == 303
        assert await sign_in(elsewhere, CHOSEN) == 401
    assert not await store.disable("không-có", at=system_clock())
    await engine.dispose()
