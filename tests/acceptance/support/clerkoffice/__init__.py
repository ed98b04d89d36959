"""An axis with its clerk's pages as the tests see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from docaxis.embedded.axis import LocalAxis
from docaxis.embedded.identities import MemberIdentity
from docaxis.embedded.papers import PaperDesk

SENDER, RECIPIENT, STRANGER = "bo-thu-nghiem", "tinh-thu-nghiem", "tinh-mo-phong"
LEADER, LEADER_PASSWORD = "lanhdao.bo", "mật khẩu lãnh đạo"


@dataclass(frozen=True, slots=True)
class Office:
    """The axis, where its pages and its gateway are, and the clerks."""

    axis: LocalAxis
    pages: str
    papers: PaperDesk
    gateway: str = ""

    def clerk(self, member: str) -> MemberIdentity:
        return self.axis.members[member]

    def visitor(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """Give a visitor from an address of this machine that follows no redirect and keeps its cookies."""
        transport = httpx.AsyncHTTPTransport(local_address=address)
        return httpx.AsyncClient(base_url=self.pages, trust_env=False, timeout=30, transport=transport)

    @asynccontextmanager
    async def signed_in(self, member: str) -> AsyncIterator[httpx.AsyncClient]:
        """Give a visitor signed in as a member's clerk."""
        clerk = self.clerk(member)
        async with self.visitor() as visitor:
            answer = await visitor.post("/sign-in", data={"name": clerk.clerk_name, "password": clerk.clerk_password})
            assert answer.status_code == 303, answer.text
            yield visitor
