"""A member's registers and deadlines, as the clerk's pages keep them."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Literal

from docaxis.client.connection import Connection, json_object
from docaxis.client.errors import RejectedAnswer

PAGE: Final = 500
RegisterName = Literal["incoming", "outgoing"]


class BookClient:
    """Reads registers and deadlines; looking changes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def entries(
        self, register: RegisterName, *, organisation: str = "", year: int | None = None
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Give a register's entries in the order of their numbers; by default of this year.

        Raises:
            RejectedByAxis: No such register of yours.
            RejectedAnswer: The answer is not of its form.
            UnavailableAxis: Patience ended.
        """
        after: int | None = 0
        asked: dict[str, str | int] = {"limit": PAGE} | ({"organisation": organisation} if organisation else {})
        asked |= {} if year is None else {"year": year}
        while after is not None:
            value = await self._get(f"/v1/registers/{register}", asked | {"after": after})
            entries, after = _listed(value, "entries"), value.get("next")
            for entry in entries:
                yield entry

    async def deadlines(self, limit: int = 100) -> tuple[Mapping[str, Any], ...]:
        """Give open duties of both directions, the most overdue first.

        Raises:
            RejectedByAxis: Not a party's credential.
            RejectedAnswer: The answer is not of its form.
            UnavailableAxis: Patience ended.
        """
        return tuple(_listed(await self._get("/v1/deadlines", {"limit": limit}), "deadlines"))

    async def _get(self, path: str, asked: Mapping[str, str | int]) -> dict[str, Any]:
        return json_object(await self._connection.ask("GET", path, params=asked))


def _listed(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise RejectedAnswer(f"{name} that are not of their form")
    return found
