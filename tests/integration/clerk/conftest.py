"""A whole axis with the clerk's pages, and a real browser before them."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright
from sqlalchemy.ext.asyncio import AsyncEngine

from chromium import CHROMIUM, SWITCHES
from clerkoffice import LEADER, SENDER, Office
from clerkoffice.walking import PATIENCE_MS
from docaxis.clerk import ClerkPages, build_clerk_pages
from docaxis.clerk.enrolling import NewClerk, enrol
from docaxis.clerk.passwords import Passwords
from docaxis.directory import DirectoryRepository
from docaxis.embedded.axis import AxisPlan, LocalAxis
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.embedded.papers import PaperDesk
from docaxis.runtime import Runtime
from docaxis.settings import ClerkSettings
from docaxis.storage.clerk_accounts import ClerkAccountStore, ClerkRole
from docaxis.storage.contents import FileStoreKey
from docaxis.storage.database import open_database
from docaxis.storage.migrate import upgrade
from docaxis_schemas.moments import system_clock


@pytest.fixture(scope="session")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    folder = tmp_path_factory.mktemp("clerk")
    async with LocalAxis(AxisPlan(folder / "axis")) as axis, Runtime(axis.settings()) as runtime:
        await _enrol_leader(axis)
        yield Office(axis, runtime.pages_url, PaperDesk(axis.authorities, system_clock), runtime.url)


async def _enrol_leader(axis: LocalAxis) -> None:
    identity = axis.members[SENDER]
    leader = NewClerk(
        LEADER,
        "Lãnh đạo TEST",
        "mật khẩu lãnh đạo",
        identity.clerk_credential,
        SENDER,
        ("G98",),
        frozenset({ClerkRole.LEADER}),
    )
    engine = open_database(axis.database.url, application="test")
    try:
        store = ClerkAccountStore(engine)
        await enrol(store, FileStoreKey(axis.keys.clerk_key), Passwords(), leader, at=system_clock())
    finally:
        await engine.dispose()


@pytest.fixture
async def published(office: Office) -> AsyncIterator[ClerkPages]:
    """The pages as they are in production, behind a TLS proxy on this machine, over the same accounts."""
    clerk = ClerkSettings(trusted_proxies=(ip_network("127.0.0.1/32"),))
    settings = office.axis.settings().model_copy(update={"mode": "production", "clerk": clerk})
    engine = open_database(office.axis.database.url, application="test")
    directory = await DirectoryRepository(engine).snapshot()
    key = FileStoreKey(office.axis.keys.clerk_key)
    yield build_clerk_pages(
        settings, engine=engine, directory=lambda: directory, key=key, gateway="http://127.0.0.1:9", clock=system_clock
    )
    await engine.dispose()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield opened
        await opened.close()


@pytest.fixture
async def plain(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser in which no script of a page runs."""
    context = await browser.new_context(java_script_enabled=False, locale="vi-VN")
    context.set_default_timeout(PATIENCE_MS)
    yield context
    await context.close()


@pytest.fixture(scope="session")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncEngine]:
    async with EmbeddedDatabase(tmp_path_factory.mktemp("clerk-database") / "database") as database:
        await upgrade(database.url)
        engine = open_database(database.url, application="tests")
        yield engine
        await engine.dispose()
