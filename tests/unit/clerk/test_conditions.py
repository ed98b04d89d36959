"""What people are told about the axis follows from what the gateway says of itself, and from what waits."""

from datetime import UTC, datetime
from typing import Any, cast

import httpx
import pytest

from docaxis.clerk.conditions import LATE, Conditions, Trouble
from docaxis.storage.clerk_lists import ClerkLists
from docaxis.storage.decisions import UnavailableStorage

NOW = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
GOOD = {"database": "ok", "contents": "ok", "directory": "ok", "bus": "ok"}


class Lists:
    late: bool | None = False
    asked: datetime | None = None

    async def is_late(self, before: datetime) -> bool:
        self.asked = before
        if self.late is None:
            raise UnavailableStorage("away")
        return self.late


async def looked(answer: Any, lists: Lists) -> Conditions:
    def respond(request: httpx.Request) -> httpx.Response:
        assert request.url == "http://gateway/readyz"
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(200, json=answer) if not isinstance(answer, str) else httpx.Response(502, text=answer)

    conditions = Conditions("http://gateway", cast("ClerkLists", lists), lambda: NOW)
    async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client:
        await conditions.look(client)
    return conditions


@pytest.mark.parametrize(
    ("answer", "late", "troubles", "read_only"),
    [
        ({"checks": GOOD}, False, (), False),
        ({"checks": GOOD | {"bus": "no broker"}}, False, (Trouble.BUS_AWAY,), True),
        ({"checks": GOOD | {"bus": "no broker", "database": "away"}}, False, (Trouble.AXIS_AWAY,), True),
        ({"checks": GOOD | {"contents": "full"}}, None, (Trouble.AXIS_AWAY,), True),
        ({"checks": GOOD}, True, (Trouble.LATE,), False),
        ({"checks": GOOD}, None, (), False),
        (httpx.ConnectError("refused"), True, (Trouble.AXIS_AWAY, Trouble.LATE), True),
        ("bad gateway", False, (Trouble.AXIS_AWAY,), True),
        ({"ready": True}, False, (Trouble.AXIS_AWAY,), True),
        ([], False, (Trouble.AXIS_AWAY,), True),
        ({"checks": None}, False, (Trouble.AXIS_AWAY,), True),
    ],
)
async def test_trouble_is_told_as_what_it_means_to_a_person(
    answer: Any, *, late: bool | None, troubles: tuple[Trouble, ...], read_only: bool
) -> None:
    lists = Lists()
    lists.late = late
    conditions = await looked(answer, lists)
    assert (conditions.troubles, conditions.read_only) == (troubles, read_only)
    assert lists.asked == NOW - LATE
