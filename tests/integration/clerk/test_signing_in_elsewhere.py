"""Signing in with an OpenID Connect provider: the way there and back, and everything that is refused on it."""

import base64
import hmac
import json
import re
import socket
import sys
from asyncio import create_subprocess_exec, sleep, subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey
from playwright.async_api import Browser, expect
from pydantic import ValidationError
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from clerkoffice.accessibility import check_by_axe
from clerkoffice.provider import CLIENT, SECRET, Claims, StrictProvider
from docaxis.clerk import UnfitProvider, build_clerk_pages
from docaxis.clerk.cookies import Cookie, Cookies
from docaxis.clerk.enrolling import NewClerk, enrol
from docaxis.clerk.oidc.provider import RETURN_PATH, Provider
from docaxis.clerk.passwords import Passwords
from docaxis.directory import DirectoryRepository
from docaxis.directory.entries import Role
from docaxis.settings import ClerkSettings, OidcSettings, Settings
from docaxis.storage.clerk_accounts import ClerkAccountStore, ClerkRole
from docaxis.storage.clerk_administration import ClerkAdministration, Scope, TakenIdentity
from docaxis.storage.contents import FileStoreKey
from docaxis.storage.tables.directory import members, organisations
from docaxis_schemas.moments import system_clock

SESSION, TRIP = (Cookies(secure=False).name(one) for one in (Cookie.SESSION, Cookie.TRIP))
PASSWORD = "mật khẩu tại chỗ"
SENDER, BODY = "dang-nhap-thu", "G96"
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Desk:
    """Pages at which people may sign in elsewhere, over the accounts of the whole axis."""

    pages: str
    store: ClerkAccountStore
    administration: ClerkAdministration
    key: FileStoreKey
    credential: str

    @property
    def scope(self) -> Scope:
        return Scope(SENDER, (BODY,), "quantri")

    async def person(self, *roles: ClerkRole) -> tuple[UUID, str]:
        """Make an account."""
        name = f"nguoi{uuid4().hex[:8]}"
        given = frozenset(roles or (ClerkRole.CLERK,))
        await enrol(
            self.store,
            self.key,
            Passwords(),
            NewClerk(name, "Người TEST", PASSWORD, self.credential, SENDER, (BODY,), given),
            at=system_clock(),
        )
        account = await self.store.named(name)
        assert account is not None
        return account.account_id, name

    async def linked(self, provider: StrictProvider) -> UUID:
        """Make an account that is linked to who signs in at the provider."""
        account_id, _ = await self.person()
        provider.subject = f"nguoi-{uuid4().hex[:8]}"
        await self.administration.link(self.scope, account_id, provider.issuer, provider.subject, at=system_clock())
        return account_id


async def registered(engine: AsyncEngine) -> str:
    """Register a member with one body, once, and give a credential of its clerks."""
    member = {"member": SENDER, "name": "TEST", "state": "active", "registered_at": system_clock()}
    body = {"code": BODY, "valid_from": date(2025, 1, 1), "from_version": 1, "name": "Bộ TEST", "level": 1}
    body |= {"member": SENDER, "groups": [], "kind": "state"}
    async with engine.begin() as connection:
        await connection.execute(postgresql.insert(members).values(member).on_conflict_do_nothing())
        await connection.execute(postgresql.insert(organisations).values(body).on_conflict_do_nothing())
    directory = DirectoryRepository(engine)
    _, secret = await directory.issue_credential(
        role=Role.CLERK,
        holder=uuid4().hex,
        expires_at=system_clock() + timedelta(days=1),
        member=SENDER,
        organisations=[BODY],
    )
    return secret


@asynccontextmanager
async def desk_with(engine: AsyncEngine, port: int, **oidc: Any) -> AsyncIterator[Desk]:
    url = f"http://127.0.0.1:{port}"
    clerk = ClerkSettings(port=port, oidc=OidcSettings(client_id=CLIENT, public_url=url, name="Cổng thử", **oidc))
    settings = Settings(clerk=clerk)
    credential = await registered(engine)
    directory = await DirectoryRepository(engine).snapshot()
    key = FileStoreKey(b"k" * 32)
    pages = build_clerk_pages(
        settings, engine=engine, directory=lambda: directory, key=key, gateway="http://127.0.0.1:9", clock=system_clock
    )
    assert await pages.start() == url
    yield Desk(url, ClerkAccountStore(engine), ClerkAdministration(engine), key, credential)
    await pages.stop()


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "client-secret"
    file.write_text(SECRET + "\n", "utf-8")
    return file


@pytest.fixture
async def provider() -> AsyncIterator[StrictProvider]:
    made = StrictProvider(free_port(), f"http://127.0.0.1:{free_port()}{RETURN_PATH}")
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def desk(engine: AsyncEngine, provider: StrictProvider, secret_file: Path) -> AsyncIterator[Desk]:
    port = int(provider.return_address.rpartition(":")[2].partition("/")[0])
    async with desk_with(engine, port, issuer=provider.issuer, client_secret_file=secret_file) as made:
        yield made


def browser_at(desk: Desk) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=desk.pages, trust_env=False, timeout=30)


async def way_back(visitor: httpx.AsyncClient) -> str:
    """Go to the provider and give the address that it sends the browser back to."""
    there = await visitor.get("/sign-in/provider")
    assert there.status_code == 303
    async with httpx.AsyncClient(trust_env=False) as at_provider:
        answer = await at_provider.get(there.headers["location"])
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def test_who_is_linked_signs_in_and_out(desk: Desk, provider: StrictProvider) -> None:
    await desk.linked(provider)
    async with browser_at(desk) as visitor:
        assert "Cổng thử" in (await visitor.get("/sign-in")).text
        visitor.cookies.set(SESSION, "gan-san", domain="127.0.0.1", path="/")
        welcomed = await visitor.get(await way_back(visitor))
        assert welcomed.status_code == 200
        assert 'http-equiv="refresh" content="0;url=/"' in welcomed.text
        assert visitor.cookies[SESSION] != "gan-san", "a session is never one that was there before"
        assert TRIP not in visitor.cookies
        shown = await visitor.get("/account")
        found = _TOKEN.search(shown.text)
        assert found
        left = await visitor.post("/sign-out", data={"form_token": found[1]})
        assert f"{provider.issuer}/end?a=b&amp;client_id={CLIENT}" in left.text
        assert (await visitor.get("/inbox")).headers["location"] == "/sign-in"


def under_the_public_key(key: RSAKey, claims: Claims) -> str:
    """Sign with a MAC whose key everybody knows; libraries refuse to make such a token."""
    signed = plain({"alg": "HS256", "kid": "first"}, claims).rstrip(".").encode()
    mac = hmac.digest(key.as_pem(private=False), signed, "sha256")
    return f"{signed.decode()}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def plain(header: Claims, claims: Claims) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join([*parts, ""])


FOREIGN = RSAKey.generate_key(2048)
FORGED: dict[str, Callable[[StrictProvider, Claims], str]] = {
    "another issuer": lambda p, c: p.sign(c | {"iss": "http://localhost:1"}),
    "issuer with a slash": lambda p, c: p.sign(c | {"iss": c["iss"] + "/"}),
    "another client": lambda p, c: p.sign(c | {"aud": "khac"}),
    "nobody's": lambda p, c: p.sign({k: v for k, v in c.items() if k != "aud"}),
    "several clients, no azp": lambda p, c: p.sign(c | {"aud": [CLIENT, "khac"]}),
    "issued to another": lambda p, c: p.sign(c | {"azp": "khac"}),
    "another sign-in": lambda p, c: p.sign(c | {"nonce": "khac"}),
    "no nonce": lambda p, c: p.sign({k: v for k, v in c.items() if k != "nonce"}),
    "alg none": lambda _, c: plain({"alg": "none"}, c),
    "alg None": lambda _, c: plain({"alg": "None", "kid": "first"}, c),
    "MAC under the public key": lambda p, c: under_the_public_key(p.key, c),
    "another key under its name": lambda p, c: p.sign(c, FOREIGN),
    "another key, unknown": lambda p, c: p.sign(c, FOREIGN, kid="second"),
    "another kind of key": lambda p, c: p.sign(c, ECKey.generate_key("P-256"), alg="ES256"),
    "a key it brings": lambda p, c: p.sign(c, FOREIGN, jwk=FOREIGN.as_dict(private=False)),
    "expired": lambda p, c: p.sign(c | {"exp": c["iat"] - 61}),
    "no end": lambda p, c: p.sign({k: v for k, v in c.items() if k != "exp"}),
    "end in words": lambda p, c: p.sign(c | {"exp": "9999999999"}),
    "issued tomorrow": lambda p, c: p.sign(c | {"iat": c["iat"] + 86400, "exp": c["iat"] + 90000}),
    "issued yesterday": lambda p, c: p.sign(c | {"iat": c["iat"] - 86400}),
    "not valid yet": lambda p, c: p.sign(c | {"nbf": c["iat"] + 3600}),
    "nobody": lambda p, c: p.sign({k: v for k, v in c.items() if k != "sub"}),
    "an empty name": lambda p, c: p.sign(c | {"sub": ""}),
    "a list of people": lambda p, c: p.sign(c | {"sub": [c["sub"]]}),
    "a notice of signing out": lambda p, c: p.sign(c, typ="logout+jwt"),
    "an unknown condition": lambda p, c: p.sign(c).replace(".", "x.", 1),
    "changed": lambda p, c: p.sign(c)[:-8] + "AAAAAAAA",
    "no token": lambda _, __: "khong phai",
    "a huge one": lambda p, c: p.sign(c | {"filler": "x" * 20_000}),
}


async def test_a_forged_token_lets_nobody_in(desk: Desk, provider: StrictProvider) -> None:
    await desk.linked(provider)
    async with browser_at(desk) as visitor:
        for how, forge in FORGED.items():
            provider.forge = partial(forge, provider)
            refused = await visitor.get(await way_back(visitor))
            assert refused.status_code == 403, how
            assert "Không tin được câu trả lời" in refused.text, how
            assert SESSION not in visitor.cookies, how
        provider.forge = None
        assert (await visitor.get(await way_back(visitor))).status_code == 200, "an honest one does"


async def test_an_answer_is_taken_once_by_the_browser_that_asked(desk: Desk, provider: StrictProvider) -> None:
    await desk.linked(provider)
    async with browser_at(desk) as asking, browser_at(desk) as other:
        back = await way_back(asking)
        trip = asking.cookies[TRIP]
        assert (await other.get(back)).status_code == 400, "another browser, which asked nothing"
        await way_back(other)
        assert (await other.get(back)).status_code == 400, "another browser, which asked something else"
        without_state = re.sub(r"state=[^&]*", "state=", back)
        assert (await asking.get(without_state)).status_code == 400
        asking.cookies.set(TRIP, trip, domain="127.0.0.1", path="/")
        assert (await asking.get(back)).status_code == 200
        asking.cookies.set(TRIP, trip, domain="127.0.0.1", path="/")
        assert (await asking.get(back)).status_code == 400, "once more"
        for changed in (trip[:-4] + "AAAA", "", "x"):
            asking.cookies.set(TRIP, changed, domain="127.0.0.1", path="/")
            assert (await asking.get(back)).status_code == 400
        assert SESSION not in other.cookies


async def test_a_code_of_another_sign_in_and_an_answer_of_another_issuer(desk: Desk, provider: StrictProvider) -> None:
    await desk.linked(provider)
    code = re.compile(r"code=[^&]*")
    async with browser_at(desk) as victim, browser_at(desk) as thief:
        stolen = code.search(await way_back(victim))
        assert stolen
        injected = code.sub(stolen[0], await way_back(thief))
        assert (await thief.get(injected)).status_code == 403, "PKCE binds a code to its browser"
        mixed = re.sub(r"iss=[^&]*", "iss=https%3A%2F%2Fevil.example", await way_back(thief))
        assert (await thief.get(mixed)).status_code == 403
        unnamed = re.sub(r"&iss=[^&]*", "", await way_back(thief))
        assert (await thief.get(unnamed)).status_code == 403, "it says that it names itself (RFC 9207)"
        cancelled = (await way_back(thief)).partition("?")[0] + "?error=access_denied&state="
        state = re.search(r"state=([^&]*)", await way_back(thief))
        assert state
        assert (await thief.get(cancelled + state[1])).status_code == 403
        assert SESSION not in thief.cookies


async def test_nobody_comes_in_who_is_not_linked(desk: Desk, provider: StrictProvider) -> None:
    account_id = await desk.linked(provider)
    linked = provider.subject
    async with browser_at(desk) as visitor:
        provider.subject = "nguoi-la"
        refused = await visitor.get(await way_back(visitor))
        assert refused.status_code == 403
        assert "Chưa có tài khoản nào được liên kết" in refused.text
        provider.subject = linked
        assert (await visitor.get(await way_back(visitor))).status_code == 200
        other, _ = await desk.person()
        with pytest.raises(TakenIdentity):
            await desk.administration.link(desk.scope, other, provider.issuer, linked, at=system_clock())
        await desk.administration.link(desk.scope, account_id, provider.issuer, "", at=system_clock())
        assert (await visitor.get("/inbox")).headers["location"] == "/sign-in", "unlinked: signed out"
        assert (await visitor.get(await way_back(visitor))).status_code == 403
        await desk.administration.link(desk.scope, account_id, provider.issuer, linked, at=system_clock())
        await desk.administration.disable(desk.scope, account_id, at=system_clock())
        assert (await visitor.get(await way_back(visitor))).status_code == 403, "disabled"


async def test_without_the_provider_passwords_still_work(desk: Desk, provider: StrictProvider) -> None:
    _, name = await desk.person()
    async with browser_at(desk) as visitor:
        await desk.linked(provider)
        back = await way_back(visitor)
        await provider.stop()
        for answer in (await visitor.get(back), await visitor.get("/sign-in/provider", headers={})):
            if answer.status_code != 303:  # its own description is remembered a while
                assert answer.status_code == 503
                assert "Vẫn đăng nhập được bằng mật khẩu" in answer.text
        assert SESSION not in visitor.cookies
        signed_in = await visitor.post("/sign-in", data={"name": name, "password": PASSWORD})
        assert signed_in.status_code == 303
        elsewhere = await visitor.get("/sign-in/provider", headers={"Sec-Fetch-Site": "cross-site"})
        assert elsewhere.headers["location"] == "/sign-in", "another site signs nobody in"


@pytest.mark.parametrize(
    "says",
    [
        {"issuer": "http://localhost:1"},
        {"token_endpoint": "http://198.51.100.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "https://[evil"},
    ],
)
async def test_a_provider_that_describes_another_is_not_believed(
    desk: Desk, provider: StrictProvider, says: Claims
) -> None:
    provider.discovery = says
    async with browser_at(desk) as visitor:
        assert (await visitor.get("/sign-in/provider")).status_code == 503


async def test_a_code_is_not_carried_on_to_where_the_provider_points(desk: Desk, provider: StrictProvider) -> None:
    await desk.linked(provider)
    provider.discovery = {"token_endpoint": f"{provider.issuer}/moved"}
    async with browser_at(desk) as visitor:
        assert (await visitor.get(await way_back(visitor))).status_code == 403


async def test_the_providers_new_key_is_read_at_once(desk: Desk, provider: StrictProvider) -> None:
    await desk.linked(provider)
    async with browser_at(desk) as visitor:
        assert (await visitor.get(await way_back(visitor))).status_code == 200
        provider.key = RSAKey.generate_key(2048, {"kid": "first"})
        assert (await visitor.get(await way_back(visitor))).status_code == 200


async def test_accounts_may_be_linked_by_another_claim(
    engine: AsyncEngine, provider: StrictProvider, secret_file: Path
) -> None:
    port = int(provider.return_address.rpartition(":")[2].partition("/")[0])
    async with (
        desk_with(engine, port, issuer=provider.issuer, client_secret_file=secret_file, claim="employee") as desk,
        browser_at(desk) as visitor,
    ):
        account_id, _ = await desk.person()
        provider.subject = uuid4().hex
        link = f"so-{provider.subject}"
        await desk.administration.link(desk.scope, account_id, provider.issuer, link, at=system_clock())
        assert (await visitor.get(await way_back(visitor))).status_code == 200


@pytest.mark.parametrize("claim", ["email", "preferred_username", "name", "phone_number", ""])
def test_what_people_change_themselves_links_nobody(claim: str) -> None:
    with pytest.raises(ValidationError):
        OidcSettings(claim=claim)


@pytest.mark.parametrize(
    ("change", "production"),
    [
        ({"issuer": "http://sso.example"}, False),
        ({"issuer": "http://127.0.0.1:1"}, True),
        ({"public_url": "http://pages.example"}, False),
        ({"public_url": ""}, False),
        ({"client_id": ""}, False),
        ({"client_secret_file": Path("/nonexistent")}, False),
    ],
)
async def test_settings_that_are_not_safe_are_refused(change: dict[str, Any], *, production: bool) -> None:
    fit = {"issuer": "https://sso.example", "public_url": "https://pages.example", "client_id": "a"}
    await Provider(OidcSettings.model_validate(fit), production=True, clock=system_clock).close()
    with pytest.raises(UnfitProvider):
        Provider(OidcSettings.model_validate(fit | change), production=production, clock=system_clock)


@asynccontextmanager
async def foreign_provider() -> AsyncIterator[str]:
    """A provider that others wrote, as a process of its own."""
    port = free_port()
    command = (sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port))
    process = await create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issuer = f"http://localhost:{port}"
    try:
        async with httpx.AsyncClient(trust_env=False) as asking:
            for _ in range(240):
                try:
                    if (await asking.get(f"{issuer}/.well-known/openid-configuration")).status_code == 200:
                        break
                except httpx.TransportError:
                    await sleep(0.25)
        yield issuer
    finally:
        process.terminate()
        await process.wait()


async def test_in_a_browser_with_a_provider_of_others(engine: AsyncEngine, browser: Browser, secret_file: Path) -> None:
    async with (
        foreign_provider() as issuer,
        desk_with(engine, free_port(), issuer=issuer, client_secret_file=secret_file) as desk,
    ):
        subject = f"canbo-{uuid4().hex[:8]}"
        _, name = await desk.person(ClerkRole.ADMINISTRATOR, ClerkRole.CLERK)
        context = await browser.new_context(locale="vi-VN", java_script_enabled=False)
        page = await context.new_page()
        await page.goto(f"{desk.pages}/sign-in")
        await page.get_by_label("Tài khoản").fill(name)
        await page.get_by_label("Mật khẩu").fill(PASSWORD)
        await page.get_by_role("button", name="Đăng nhập").click()
        await page.get_by_role("link", name="Tài khoản cơ quan").click()
        await page.get_by_role("link", name=name).click()
        await page.get_by_label("Mã người dùng ở hệ thống đó").fill(subject)
        await page.get_by_role("button", name="Lưu liên kết").click()
        await expect(page.get_by_role("status")).to_have_text("Đã ghi nhận.")
        await page.get_by_role("button", name="Đăng xuất", exact=True).click()

        await page.get_by_role("link", name="Đăng nhập bằng Cổng thử").click()
        await page.locator("input[name=sub]").fill(subject)
        await page.get_by_role("button", name="Authorize").click()
        await expect(page.get_by_role("heading", name="Văn bản đến")).to_be_visible()
        await page.get_by_role("link", name="Người TEST").click()
        await expect(page.get_by_role("main")).to_contain_text(name)
        await page.get_by_role("button", name="Đăng xuất", exact=True).click()
        await expect(page.get_by_role("link", name="Đăng xuất cả ở Cổng thử")).to_be_visible()
        await context.close()
        accessible = await (await browser.new_context(locale="vi-VN")).new_page()
        await accessible.goto(f"{desk.pages}/sign-in/provider/return?state=x")
        await expect(accessible.get_by_role("alert")).to_contain_text("bắt đầu lại")
        await check_by_axe(accessible)
        await accessible.context.close()
