"""Administrators make, change and shut the accounts of their organisations, and nobody else's."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from clerkoffice import RECIPIENT, SENDER, Office
from clerkoffice.accessibility import check_by_axe
from clerkoffice.walking import picture
from docaxis.clerk.enrolling import NewClerk, enrol
from docaxis.clerk.passwords import Passwords
from docaxis.storage.clerk_accounts import ClerkAccountStore, ClerkRole
from docaxis.storage.contents import FileStoreKey
from docaxis.storage.database import open_database
from docaxis_schemas.moments import system_clock

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')
_ONCE = re.compile(r"<code>([\w-]{16})</code>")
_LINK = re.compile(r'href="(/accounts/[0-9a-f-]{36})">([^<]+)</a>')
PASSWORD, CHOSEN = "mật khẩu quản trị", "một câu dài do tôi chọn"
ADDRESS = "127.0.0.31"


@pytest.fixture
async def database(office: Office) -> AsyncIterator[AsyncEngine]:
    engine = open_database(office.axis.database.url, application="test")
    yield engine
    await engine.dispose()


async def enrolled(
    office: Office, engine: AsyncEngine, member: str, organisations: tuple[str, ...], *roles: ClerkRole
) -> str:
    """Make an account as the operator does and give its name."""
    name = f"quantri{uuid4().hex[:8]}"
    new = NewClerk(
        name, "Quản trị TEST", PASSWORD, office.clerk(member).clerk_credential, member, organisations, frozenset(roles)
    )
    await enrol(
        ClerkAccountStore(engine), FileStoreKey(office.axis.keys.clerk_key), Passwords(), new, at=system_clock()
    )
    return name


async def sign_in(visitor: httpx.AsyncClient, name: str, password: str) -> int:
    return (await visitor.post("/sign-in", data={"name": name, "password": password})).status_code


async def token_of(visitor: httpx.AsyncClient) -> str:
    found = _TOKEN.search((await visitor.get("/account")).text)
    assert found
    return found[1]


@asynccontextmanager
async def administrator(
    office: Office, engine: AsyncEngine, member: str, *organisations: str, roles: tuple[ClerkRole, ...] = ()
) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
    """Give an administrator's browser and the token of its forms."""
    name = await enrolled(office, engine, member, organisations, ClerkRole.ADMINISTRATOR, *roles)
    async with office.visitor(ADDRESS) as visitor:
        assert await sign_in(visitor, name, PASSWORD) == 303
        yield visitor, {"form_token": await token_of(visitor)}


async def address_of(visitor: httpx.AsyncClient, name: str) -> str:
    found: dict[str, str] = {account: link for link, account in _LINK.findall((await visitor.get("/accounts")).text)}
    return found[name]


async def make(
    visitor: httpx.AsyncClient, token: dict[str, str], name: str, *roles: str, organisation: str = "G98"
) -> httpx.Response:
    typed = {"name": name, "full_name": "Người mới TEST", "organisation": organisation, "role": list(roles)}
    return await visitor.post("/accounts/new", data=token | typed)


async def test_an_account_is_made_used_changed_and_shut(office: Office, database: AsyncEngine) -> None:
    async with administrator(office, database, SENDER, "G98") as (admin, token), office.visitor(ADDRESS) as person:
        short = f"moi{uuid4().hex[:6]}"
        name = f"{short}.{SENDER}"
        made = await make(admin, token, short, "clerk")
        found = _ONCE.search(made.text)
        assert found
        assert found[1] not in (await admin.get("/accounts")).text, "shown once"
        assert (await make(admin, token, short, "clerk")).status_code == 422
        address = await address_of(admin, name)

        assert await sign_in(person, name, found[1]) == 303
        assert (await person.get("/inbox")).headers["location"] == "/account", "chooses a password first of all"
        own = {"form_token": await token_of(person)}
        refused = await person.post("/send", data=own)
        assert refused.headers["location"] == "/account"
        chosen = await person.post("/account", data=own | {"old": found[1], "new": CHOSEN, "again": CHOSEN})
        assert chosen.status_code == 303
        assert (await person.get("/inbox")).status_code == 200
        assert (await person.get("/accounts")).status_code == 404, "a clerk administers nothing"
        assert (await make(person, own, "keke", "clerk")).status_code == 404

        assert (await admin.post(f"{address}/roles", data=token)).status_code == 422, "no role at all"
        assert (await admin.post(f"{address}/roles", data=token | {"role": "leader"})).status_code == 303
        assert (await person.post("/send", data=own)).status_code == 403, "holds at once"
        assert (await admin.post(f"{address}/end-sessions", data=token)).status_code == 303
        assert (await person.get("/inbox")).headers["location"] == "/sign-in"
        assert await sign_in(person, name, CHOSEN) == 303

        assert (await admin.post(f"{address}/disable", data=token)).status_code == 303
        assert (await person.get("/inbox")).headers["location"] == "/sign-in"
        assert await sign_in(person, name, CHOSEN) == 401
        renewed = _ONCE.search((await admin.post(f"{address}/renew", data=token)).text)
        assert renewed
        assert await sign_in(person, name, CHOSEN) == 401
        assert await sign_in(person, name, renewed[1]) == 303

        shown = (await admin.get("/accounts")).text
        for act in ("tạo", "đổi vai trò: văn thư → lãnh đạo", "đăng xuất mọi nơi", "khóa", "cấp mật khẩu mới"):
            assert act in shown
        async with database.connect() as connection:
            live = await connection.execute(text(CREDENTIALS), {"holder": f"pages: {name}"})
            assert live.scalar_one() == 1, "a new password has a new credential, the others are ended"


CREDENTIALS = "SELECT count(*) FROM credentials WHERE holder = :holder AND revoked_at IS NULL"


async def test_a_password_that_was_handed_out_ends_by_itself(office: Office, database: AsyncEngine) -> None:
    async with administrator(office, database, SENDER, "G98") as (admin, token), office.visitor(ADDRESS) as person:
        short = f"cham{uuid4().hex[:6]}"
        once = _ONCE.search((await make(admin, token, short, "clerk")).text)
        assert once
        late = system_clock() - timedelta(seconds=1)
        async with database.begin() as connection:
            await connection.execute(
                text("UPDATE clerk_passwords SET once_until = :at WHERE once_until IS NOT NULL"), {"at": late}
            )
        assert await sign_in(person, f"{short}.{SENDER}", once[1]) == 401


async def test_what_is_typed_wrong_makes_no_account(office: Office, database: AsyncEngine) -> None:
    async with administrator(office, database, SENDER, "G98") as (admin, token):
        for name, roles, organisation in (
            ("", ("clerk",), "G98"),
            ("Tên có dấu", ("clerk",), "G98"),
            ("../a", ("clerk",), "G98"),
            ("dai" * 20, ("clerk",), "G98"),
            ("khongvaitro", (), "G98"),
            ("vaitrola", ("operator",), "G98"),
            ("coquanla", ("clerk",), "H98"),
            ("coquanla", ("clerk",), "H98.14"),
        ):
            assert (await make(admin, token, name, *roles, organisation=organisation)).status_code == 422
        assert (await make(admin, {}, "khongma", "clerk")).status_code == 403, "without the session's token"
        listed = (await admin.get("/accounts")).text
        for name in ("khongvaitro", "vaitrola", "coquanla", "khongma"):
            assert name not in listed


async def test_others_accounts_do_not_exist(office: Office, database: AsyncEngine) -> None:
    async with (
        administrator(office, database, RECIPIENT, "H98", "H98.14") as (whole, _),
        administrator(office, database, RECIPIENT, "H98.14") as (part, token),
        administrator(office, database, SENDER, "G98") as (stranger, other),
    ):
        clerk = office.clerk(RECIPIENT).clerk_name
        wide = await enrolled(office, database, RECIPIENT, ("H98", "H98.14"), ClerkRole.CLERK)
        narrow = await enrolled(office, database, RECIPIENT, ("H98.14",), ClerkRole.CLERK)
        address = await address_of(whole, wide)
        assert narrow in (await whole.get("/accounts")).text
        seen = (await part.get("/accounts")).text
        assert narrow in seen
        assert wide not in seen, "it works for more than this administrator's organisations"
        assert clerk not in seen
        assert narrow not in (await stranger.get("/accounts")).text
        for who, given in ((part, token), (stranger, other)):
            assert (await who.get(address)).status_code == 404
            for act in ("renew", "disable", "roles", "end-sessions"):
                assert (await who.post(f"{address}/{act}", data=given | {"role": "clerk"})).status_code == 404
        async with office.visitor(ADDRESS) as person:
            assert await sign_in(person, wide, PASSWORD) == 303, "nothing of it was done"


async def test_the_last_administrator_stays(office: Office, database: AsyncEngine) -> None:
    async with database.begin() as connection:
        await connection.execute(
            text("UPDATE clerk_accounts SET disabled_at = now() WHERE 'administrator' = ANY(roles)")
        )
    async with administrator(office, database, SENDER, "G98") as (first, token):
        listed, me = (await first.get("/accounts")).text, (await first.get("/account")).text
        own = next(link for link, name in _LINK.findall(listed) if f"<dd>{name}</dd>" in me)
        for act, given in (("disable", {}), ("roles", {"role": "clerk"})):
            answer = await first.post(f"{own}/{act}", data=token | given)
            assert answer.status_code == 422
            assert "người quản trị cuối cùng" in answer.text
        async with administrator(office, database, SENDER, "G98"):
            assert (await first.post(f"{own}/disable", data=token)).status_code == 303
            assert (await first.get("/accounts")).headers["location"] == "/sign-in"


async def test_the_administrators_pages_are_accessible(office: Office, database: AsyncEngine, browser: Browser) -> None:
    name = await enrolled(office, database, SENDER, ("G98",), ClerkRole.ADMINISTRATOR)
    context = await browser.new_context(locale="vi-VN", viewport={"width": 640, "height": 512})  # 1280 px at 200 %
    page = await context.new_page()
    await page.goto(f"{office.pages}/sign-in")
    await page.get_by_label("Tài khoản").fill(name)
    await page.get_by_label("Mật khẩu").fill(PASSWORD)
    await page.get_by_role("button", name="Đăng nhập").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Tài khoản cơ quan")
    await check_by_axe(page)
    await page.get_by_role("link", name="Thêm tài khoản").click()
    await page.get_by_label("Tên đăng nhập").fill("ten sai")
    await page.get_by_label("Họ và tên").fill("Người mới TEST")
    await page.get_by_role("button", name="Tạo tài khoản").click()
    await expect(page.get_by_role("alert")).to_contain_text("chữ thường")
    await check_by_axe(page)
    await page.get_by_label("Tên đăng nhập").fill(f"axe{uuid4().hex[:6]}")
    await page.get_by_role("button", name="Tạo tài khoản").click()
    await check_by_axe(page)
    await page.get_by_role("link", name="Tiếp tục").click()
    await expect(page.get_by_role("button", name="Khóa tài khoản")).to_be_visible()
    await check_by_axe(page)
    await page.set_viewport_size({"width": 1280, "height": 720})
    await page.goto(f"{office.pages}/accounts")
    await picture(page, "accounts")
    await context.close()
