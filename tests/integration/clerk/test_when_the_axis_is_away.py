"""While the axis is away the pages say so, nothing can be handed in, and drafts are kept."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from clerkoffice import SENDER, Office
from docaxis.clerk import ClerkPages
from docaxis.storage.clerk_lists import ClerkLists
from docaxis.storage.tables.intake import attempts, claims
from docaxis.storage.tables.readmodels import dead_letters

AT = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


async def test_pages_say_so_and_drafts_are_written_on(office: Office, published: ClerkPages) -> None:
    """The gateway of these pages is an address where nobody listens."""
    async with httpx.AsyncClient(trust_env=False) as client:
        await published.conditions.look(client)
    transport = httpx.ASGITransport(published.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://axis.example", trust_env=False) as visitor:
        assert "Trục đang gián đoạn" not in (await visitor.get("/sign-in")).text
        clerk = office.clerk(SENDER)
        await visitor.post("/sign-in", data={"name": clerk.clerk_name, "password": clerk.clerk_password})
        shown = (await visitor.get("/inbox")).text
        assert "Trục đang gián đoạn" in shown
        found = _TOKEN.search(shown)
        assert found
        form = {"form_token": found[1]}
        draft = (await visitor.post("/send", data=form)).headers["location"]
        typed = {"subject": "Soạn khi trục gián đoạn", "save": "1"}
        assert (await visitor.post(draft, data=form | typed)).status_code == 200
        check = (await visitor.get(draft.replace("/document", "/check"))).text
        assert "Soạn khi trục gián đoạn" in check
        assert "Chưa gửi được lúc này. Bản nháp đã lưu" in check
        assert ">Gửi</button>" not in check
        assert "Soạn khi trục gián đoạn" in (await visitor.get("/drafts")).text
        await visitor.post(draft.replace("/document", "/discard"), data=form)


async def _claim(engine: AsyncEngine, at: datetime, **given: object) -> UUID:
    values = {column.name: b"" if column.type.python_type is bytes else "" for column in claims.columns}
    own = {
        "submission_id": uuid4(),
        "own_id": uuid4().hex,
        "member": "m",
        "acted_by_gateway": False,
        "urgency": 0,
        "directory_version": 1,
        "received_at": at,
        "deadline": at,
        "published_at": at,
        "decided_at": None,
    }
    async with engine.begin() as connection:
        await connection.execute(insert(claims).values({**values, **own, **given}))
    return UUID(str(own["submission_id"]))


async def test_late_is_what_was_not_examined_once(engine: AsyncEngine) -> None:
    lists = ClerkLists(engine)
    assert not await lists.is_late(AT)
    await _claim(engine, AT + timedelta(seconds=1))
    await _claim(engine, AT - timedelta(days=2))
    await _claim(engine, AT - timedelta(minutes=1), decided_at=AT)
    held, given_up = [await _claim(engine, AT - timedelta(minutes=1)) for _ in range(2)]
    place = {"topic": "retry.short", "partition": 0, "offset": 0}
    letter = {"stage": "verifier", "record_sha256": "", "cause": "", "at": AT, "dead_letter_id": uuid4()}
    async with engine.begin() as connection:
        await connection.execute(insert(attempts).values(submission_id=held, attempt=2, **place))
        await connection.execute(insert(dead_letters).values(submission_id=given_up, **place, **letter))
    assert not await lists.is_late(AT)
    await _claim(engine, AT - timedelta(minutes=1))
    assert await lists.is_late(AT)
