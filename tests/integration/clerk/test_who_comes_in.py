"""Who comes in at the clerk's pages, and what keeps others out."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clerkoffice import LEADER, RECIPIENT, SENDER, Office
from docaxis.clerk import ClerkPages
from docaxis.clerk.cookies import Cookie, Cookies
from docaxis.clerk.guarding import HEADERS
from docaxis.composition.parts import MisconfiguredService
from docaxis.directory.entries import MemberState
from docaxis.limiting import FAILURES
from docaxis.runtime import Runtime
from docaxis.storage.clerk_accounts import SESSION_IDLE, SESSION_LIFE
from docaxis.storage.database import open_database

SESSION = Cookies(secure=False).name(Cookie.SESSION)
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


async def token_of(visitor: httpx.AsyncClient) -> str:
    found = _TOKEN.search((await visitor.get("/inbox")).text)
    assert found, "a page of somebody signed in has forms of that session"
    return found[1]


@pytest.mark.parametrize(
    "path",
    [
        "/inbox",
        "/outbox",
        "/drafts",
        "/search",
        "/deadlines",
        "/registers/incoming",
        "/inbox/7f3b5f0e-30cf-4c1e-9f3f-0d6b8c3a5a11",
    ],
)
async def test_who_is_not_signed_in_is_asked_to(office: Office, path: str) -> None:
    async with office.visitor() as visitor:
        answer = await visitor.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_a_wrong_password_and_an_unknown_account_are_answered_alike(office: Office) -> None:
    async with office.visitor() as visitor:
        known = await visitor.post("/sign-in", data={"name": office.clerk(SENDER).clerk_name, "password": "sai"})
        unknown = await visitor.post("/sign-in", data={"name": "không-có", "password": "sai"})
    assert known.status_code == unknown.status_code == 401
    assert known.text == unknown.text
    assert SESSION not in known.cookies


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(office: Office) -> None:
    async with office.visitor() as visitor:
        clerk = office.clerk(SENDER)
        answer = await visitor.post("/sign-in", data={"name": clerk.clerk_name, "password": clerk.clerk_password})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


async def test_every_answer_binds_the_browser(office: Office) -> None:
    async with office.signed_in(SENDER) as visitor:
        for path in ("/inbox", "/sign-in", "/nothing", "/static/clerk.css"):
            answer = await visitor.get(path)
            for name, value in HEADERS.items():
                assert answer.headers[name] == value, (path, name)


async def test_a_form_without_the_sessions_token_does_nothing(office: Office) -> None:
    async with office.signed_in(SENDER) as visitor:
        before = (await visitor.get("/drafts")).text.count("/document")
        for data in ({}, {"form_token": "0" * 64}):
            answer = await visitor.post("/send", data=data)
            assert answer.status_code == 403
        assert (await visitor.get("/drafts")).text.count("/document") == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://[evil"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_from_another_site_does_nothing_even_with_the_token(
    office: Office, headers: dict[str, str]
) -> None:
    async with office.signed_in(SENDER) as visitor:
        answer = await visitor.post("/send", data={"form_token": await token_of(visitor)}, headers=headers)
        assert answer.status_code == 403
        elsewhere = await visitor.post("/sign-in", data={"name": "a", "password": "b"}, headers=headers)
        assert elsewhere.status_code == 403


async def test_anothers_token_does_not_fit(office: Office) -> None:
    async with office.signed_in(SENDER) as first, office.signed_in(SENDER) as second:
        answer = await first.post("/send", data={"form_token": await token_of(second)})
        assert answer.status_code == 403


async def test_who_signed_out_is_out(office: Office) -> None:
    async with office.signed_in(SENDER) as visitor:
        held = visitor.cookies[SESSION]
        await visitor.post("/sign-out", data={"form_token": await token_of(visitor)})
        visitor.cookies.set(SESSION, held)
        assert (await visitor.get("/inbox")).status_code == 303


async def test_a_leader_reads_and_sends_nothing(office: Office) -> None:
    async with office.visitor() as visitor:
        await visitor.post("/sign-in", data={"name": LEADER, "password": "mật khẩu lãnh đạo"})
        shown = await visitor.get("/inbox")
        assert shown.status_code == 200
        assert 'action="/send"' not in shown.text
        answer = await visitor.post("/send", data={"form_token": await token_of(visitor)})
        assert answer.status_code == 403


async def test_who_only_administers_sees_no_document(office: Office, accounts: AsyncEngine) -> None:
    async with office.signed_in(SENDER) as visitor:
        async with accounts.begin() as connection:
            await connection.execute(text(APPOINT))
        assert (await visitor.get("/")).headers["location"] == "/accounts"
        shown = await visitor.get("/account")
        assert "quản trị tài khoản" in shown.text
        assert "/inbox" not in shown.text
        for path in ("/inbox", "/outbox", "/drafts", "/search", "/deadlines", "/registers/incoming"):
            assert (await visitor.get(path)).status_code == 404


async def test_guessing_is_slowed_down(office: Office) -> None:
    async with office.visitor("127.0.0.9") as visitor:
        tries = (visitor.post("/sign-in", data={"name": "đoán", "password": str(n)}) for n in range(FAILURES + 2))
        answers = await asyncio.gather(*tries)
    assert sorted(answer.status_code for answer in answers) == [401] * FAILURES + [429] * 2


def through_proxy(published: ClerkPages, sender: str) -> httpx.AsyncClient:
    """Give a visitor whose requests a proxy on this machine forwards; what the visitor wrote itself stands left."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(published.app, client=("127.0.0.1", 4711)),
        base_url="https://axis.example",
        headers={"X-Forwarded-For": f"203.0.113.99, {sender}"},
        trust_env=False,
    )


async def sign_in(visitor: httpx.AsyncClient, office: Office, password: str | None = None) -> httpx.Response:
    clerk = office.clerk(SENDER)
    return await visitor.post(
        "/sign-in", data={"name": clerk.clerk_name, "password": clerk.clerk_password if password is None else password}
    )


async def test_behind_a_proxy_a_guesser_shuts_out_nobody_else(office: Office, published: ClerkPages) -> None:
    async with through_proxy(published, "198.51.100.66") as guesser:
        tries = (guesser.post("/sign-in", data={"name": f"đoán {n}", "password": "?"}) for n in range(FAILURES + 2))
        answers = sorted(await asyncio.gather(*tries), key=lambda answer: answer.status_code)
        assert [answer.status_code for answer in answers] == [401] * FAILURES + [429] * 2
        assert int(answers[-1].headers["retry-after"]) > 0
    async with through_proxy(published, "198.51.100.7") as clerk:
        assert (await sign_in(clerk, office)).status_code == 303


async def test_who_signed_in_before_still_can_from_an_address_that_guesses(
    office: Office, published: ClerkPages
) -> None:
    async with through_proxy(published, "198.51.100.8") as clerk, through_proxy(published, "198.51.100.8") as guesser:
        await sign_in(clerk, office)
        guesses = [asyncio.create_task(sign_in(guesser, office, str(n))) for n in range(10 * FAILURES)]
        await asyncio.wait(guesses, return_when=asyncio.FIRST_COMPLETED)
        assert (await sign_in(clerk, office)).status_code == 303
        assert 429 in [answer.status_code for answer in await asyncio.gather(*guesses)]


async def test_in_production_cookies_are_bound_to_this_very_host(office: Office, published: ClerkPages) -> None:
    async with through_proxy(published, "198.51.100.9") as visitor:
        cookies = (await sign_in(visitor, office)).headers.get_list("set-cookie")
        assert len(cookies) == 2
        for cookie in cookies:
            assert cookie.startswith("__Host-docaxis-")
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert (await visitor.get("/inbox")).status_code == 200
        plain = {SESSION: visitor.cookies[Cookies(secure=True).name(Cookie.SESSION)]}
        visitor.cookies.clear()
        visitor.cookies.update(plain)
        assert (await visitor.get("/inbox")).status_code == 303, "a name that a neighbouring host could have set"


async def test_pages_without_tls_are_for_this_machine_only(office: Office) -> None:
    settings = office.axis.settings("clerk")
    clerk = settings.clerk.model_copy(update={"host": "0.0.0.0", "gateway": "http://127.0.0.1:9"})
    with pytest.raises(MisconfiguredService, match="loopback only"):
        async with Runtime(settings.model_copy(update={"clerk": clerk}), ["clerk"]):
            pass


async def sessions_seen(connection: AsyncConnection, column: str, ago: timedelta) -> None:
    at = datetime.now(UTC) - ago
    await connection.execute(text(f"UPDATE clerk_sessions SET {column} = :at"), {"at": at})


ENDED: dict[str, tuple[str, Callable[[AsyncConnection], Awaitable[object]]]] = {
    "idle": ("/sign-in", lambda connection: sessions_seen(connection, "seen_at", SESSION_IDLE)),
    "a day old": ("/sign-in", lambda connection: sessions_seen(connection, "begun_at", SESSION_LIFE)),
    "account disabled": ("/sign-in", lambda connection: connection.execute(text(DISABLE))),
}
DISABLE = "UPDATE clerk_accounts SET disabled_at = now() WHERE name = 'vanthu.bo-thu-nghiem'"
PROMOTE = "UPDATE clerk_accounts SET roles = '{leader}' WHERE name = 'vanthu.bo-thu-nghiem'"
APPOINT = "UPDATE clerk_accounts SET roles = '{administrator}' WHERE name = 'vanthu.bo-thu-nghiem'"
ENABLE = "UPDATE clerk_accounts SET disabled_at = NULL, roles = '{clerk}' WHERE name = 'vanthu.bo-thu-nghiem'"


@pytest.fixture
async def accounts(office: Office) -> AsyncIterator[AsyncEngine]:
    """The accounts' database; what a test changed of them is undone."""
    engine = open_database(office.axis.database.url, application="test")
    yield engine
    async with engine.begin() as connection:
        await connection.execute(text(ENABLE))
    await engine.dispose()


@pytest.mark.parametrize("how", ENDED)
async def test_a_session_that_has_ended_opens_nothing(office: Office, accounts: AsyncEngine, how: str) -> None:
    where, end = ENDED[how]
    async with office.signed_in(SENDER) as visitor:
        token = await token_of(visitor)
        async with accounts.begin() as connection:
            await end(connection)
        for answer in (await visitor.get("/inbox"), await visitor.post("/send", data={"form_token": token})):
            assert (answer.status_code, answer.headers["location"]) == (303, where)


async def test_a_role_that_changes_holds_at_once(office: Office, accounts: AsyncEngine) -> None:
    async with office.signed_in(SENDER) as visitor:
        token = await token_of(visitor)
        async with accounts.begin() as connection:
            await connection.execute(text(PROMOTE))
        assert (await visitor.post("/send", data={"form_token": token})).status_code == 403
        assert (await visitor.get("/inbox")).status_code == 200


async def test_a_suspended_members_clerk_sees_and_sends_nothing_and_can_leave(
    office: Office, published: ClerkPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with through_proxy(published, "198.51.100.10") as visitor:
        await sign_in(visitor, office)
        token = await token_of(visitor)
        known = published.app.state.directory()
        member = replace(known.members[SENDER], state=MemberState.SUSPENDED)
        suspended = replace(known, members={**known.members, SENDER: member})
        monkeypatch.setattr(published.app.state, "directory", lambda: suspended)
        for path in ("/inbox", "/outbox", "/drafts", "/search"):
            answer = await visitor.get(path)
            assert answer.status_code == 403
            assert "tạm dừng" in answer.text
        assert (await visitor.post("/send", data={"form_token": token})).status_code == 403
        assert (await visitor.post("/sign-out", data={"form_token": token})).status_code == 200


async def test_going_back_after_a_change_of_language_stays_on_our_pages(office: Office) -> None:
    async with office.visitor() as visitor:
        for here in ("/outbox", "//evil.example", "https://evil.example", "/\\evil.example"):
            answer = await visitor.post("/language", data={"here": here})
            assert answer.headers["location"] == ("/outbox" if here == "/outbox" else "/inbox")


async def test_anothers_register_does_not_exist(office: Office) -> None:
    async with office.signed_in(SENDER) as visitor:
        token = await token_of(visitor)
        for path in ("", "/print", "/table.csv"):
            assert (await visitor.get(f"/registers/incoming{path}?organisation=H98")).status_code == 404
        assert (await visitor.get("/registers/secret")).status_code == 404
        given = {"form_token": token, "organisation": "H98", "through": "9", "reason": "thử"}
        assert (await visitor.post("/registers/incoming/gap", data=given)).status_code == 404


async def test_a_gap_is_noted_with_its_reason_and_shown(office: Office) -> None:
    async with office.signed_in(RECIPIENT) as visitor:
        given = {"form_token": await token_of(visitor), "organisation": "H98.44", "through": "1481"}
        refused = await visitor.post("/registers/incoming/gap", data=given)
        assert refused.status_code == 422
        answer = await visitor.post("/registers/incoming/gap", data=given | {"reason": "đã vào sổ giấy"})
        assert answer.status_code == 303
        shown = (await visitor.get(answer.headers["location"])).text
        assert "1–1481: đã vào sổ giấy" in shown
        table = await visitor.get("/registers/incoming/table.csv?organisation=H98.44")
        assert table.headers["content-type"].startswith("text/csv")
        assert table.headers["content-disposition"].startswith("attachment")
        assert table.content.startswith("\ufeff".encode())
        assert "Số đến" in table.text
