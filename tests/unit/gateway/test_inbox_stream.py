"""The stream of server-sent events: it must not outlive the credential that opened it."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from starlette.requests import Request

from docaxis.directory.entries import Principal, Role
from docaxis.gateway.inbox import InboxReader
from docaxis.gateway.refusals import Refused
from docaxis.storage.inbox import InboxEntry, InboxPage
from docaxis_schemas.problems import Code

PRINCIPAL = Principal("c", "bo-mau", ("G99",), Role.MEMBER_SYSTEM, "hệ thống")


def page(number: int) -> InboxPage:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    entry = InboxEntry(f"0.{number}", UUID(int=number), "delivery", UUID(int=1), "G99", None, 1, at, b"{}")
    return InboxPage((entry,), entry.cursor)


class Models:
    """An inbox that always holds one entry more."""

    async def inbox_page(self, member: str, cursor: str | None, limit: int) -> InboxPage:
        assert (member, limit > 0) == ("bo-mau", True)
        return page(int((cursor or "0.0").partition(".")[2]) + 1)


class Notifications:
    """Nothing is told; nobody has to wait either."""

    stopping = False

    @asynccontextmanager
    async def waiting(self, name: str) -> AsyncIterator[asyncio.Event]:
        assert name == "bo-mau"
        yield asyncio.Event()


class Door:
    """Lets in so often, then the credential is revoked."""

    def __init__(self, times: int) -> None:
        self.times = times

    async def require(self, request: Request, roles: Collection[Role]) -> Principal:
        assert PRINCIPAL.role in roles
        assert request.method == "GET"
        self.times -= 1
        if self.times < 0:
            raise Refused(Code.UNAUTHENTICATED)
        return PRINCIPAL


async def test_a_revoked_credential_ends_the_stream_and_gets_no_further_entry() -> None:
    parts: Any = SimpleNamespace(models=Models(), notifications=Notifications(), doorkeeper=Door(2))
    request = Request({"type": "http", "method": "GET", "headers": []})
    reader = InboxReader(parts)
    async with asyncio.timeout(5):
        told = [text async for text in reader.stream(request, PRINCIPAL, page(1))]
    assert [text.partition("\n")[0] for text in told] == ["retry: 2000", "id: 0.1", "id: 0.2", "id: 0.3"]
