"""A clerk reconciles the registers at the pages: nothing where nothing was lost, exactly what was, and who may."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, insert

from docaxis.clerk import build_clerk_pages
from docaxis.clerk.enrolling import NewClerk, enrol
from docaxis.clerk.passwords import Passwords
from docaxis.directory import DirectoryRepository
from docaxis.storage.clerk_accounts import ClerkAccountStore, ClerkRole
from docaxis.storage.contents import FileStoreKey
from docaxis.storage.tables.clerk import clerk_documents
from docaxis.storage.tables.readmodels import delivery_lines
from docaxis_schemas.moments import VIETNAM

World = Any
SENDER, RECIPIENT = "so-noi-vu", "bo-mau"
PASSWORD = "mật khẩu văn thư"


@dataclass(frozen=True)
class Desk:
    """The pages as one clerk sees them."""

    visitor: httpx.AsyncClient

    async def reconcile(self, other: str, since: str, until: str) -> httpx.Response:
        asked = await self.visitor.get("/reconcile")
        token = re.search(r'name="form_token" value="([^"]+)"', asked.text)
        assert token is not None, asked.text
        form = {"form_token": token[1], "with": other, "from": since, "to": until}
        return await self.visitor.post("/reconcile", data=form)


@pytest.fixture
async def desks(world: World) -> AsyncIterator[dict[str, Desk]]:
    """The pages over the gateway of the world, with a clerk of each side signed in."""
    key = FileStoreKey(b"c" * 32)
    snapshot = await DirectoryRepository(world.engine, clock=world.time).snapshot()
    pages = build_clerk_pages(
        world.settings,
        engine=world.engine,
        directory=lambda: snapshot,
        key=key,
        gateway=await world.gateway.start(),
        clock=world.time,
    )
    url = await pages.start()
    found = {}
    for member, code in ((SENDER, "H20.14"), (RECIPIENT, "G99")):
        secret = world.secrets[f"clerk of {member}"]
        clerk = NewClerk(member, "Văn thư TEST", PASSWORD, secret, member, (code,), frozenset({ClerkRole.CLERK}))
        await enrol(ClerkAccountStore(world.engine), key, Passwords(), clerk, at=world.time())
        visitor = httpx.AsyncClient(base_url=url, trust_env=False, timeout=30)
        answer = await visitor.post("/sign-in", data={"name": member, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        found[member] = Desk(visitor)
    yield found
    for desk in found.values():
        await desk.visitor.aclose()
    await pages.stop()


async def sent(world: World) -> UUID:
    written = world.write()
    submission = UUID((await world.send(written)).json()["submission_id"])
    await world.judge(submission)
    delivery = await world.deliver(written, submission, "G99", RECIPIENT)
    line = {"recipient": "G99", "delivery_id": delivery, "state": "consigned", "version": 1, "changed_at": world.time()}
    async with world.engine.begin() as connection:
        await connection.execute(insert(delivery_lines).values(submission_id=submission, **line))
    return submission


async def test_what_the_registers_lost_is_named_with_what_to_do(world: World, desks: dict[str, Desk]) -> None:
    now = world.time.now
    lost = await sent(world)
    world.time.now += timedelta(hours=2)  # registers catch up from an hour before their newest
    kept = await sent(world)
    days = [at.astimezone(VIETNAM).date().isoformat() for at in (now, world.time.now)]
    world.time.now = now
    agreed = await desks[SENDER].reconcile(RECIPIENT, *days)
    assert (agreed.status_code, "Hai bên khớp nhau, không thiếu gì." in agreed.text) == (200, True), agreed.text
    async with world.engine.begin() as connection:
        await connection.execute(delete(clerk_documents).where(clerk_documents.c.submission_id == lost))
    found = await desks[SENDER].reconcile(RECIPIENT, *days)
    [row] = re.findall(r"<tr>\s*<td>.*?</tr>", found.text, re.DOTALL)
    assert f'href="/outbox/{lost}"' in row
    assert "Bên nhận có, bên gửi không có" in row
    assert "mở lại văn bản trên trục" in row
    assert str(kept) not in found.text


async def test_who_sees_a_part_only_may_not_and_what_is_typed_is_checked(world: World, desks: dict[str, Desk]) -> None:
    today = world.time().astimezone(VIETNAM).date().isoformat()
    refused = await desks[RECIPIENT].reconcile(SENDER, today, today)
    assert (refused.status_code, "mọi cơ quan của thành viên" in refused.text) == (403, True)
    wrong = await desks[SENDER].reconcile(RECIPIENT, "2026-02-30", today)
    assert (wrong.status_code, "Chọn ngày bắt đầu" in wrong.text) == (422, True)
    unknown = await desks[SENDER].reconcile("khong-co", today, today)
    assert (unknown.status_code, "Chọn thành viên" in unknown.text) == (422, True)
