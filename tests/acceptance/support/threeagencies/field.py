"""An agency whose software knows only the field's own interface, with edXML."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

import httpx

from docaxis_schemas.identifiers import delivery_id
from docaxis_schemas.lifecycle import Report
from docaxis_schemas.moments import Clock
from threeagencies.letters import Answer, Letter
from threeagencies.packets import packet_of, status_of

AT_ONCE: Final = 6
PAGE: Final = 500
T = TypeVar("T")


class FieldAgency:
    """Speaks as the integrations of the field do: their headers, their multipart form, their reading of answers."""

    def __init__(self, code: str, http: httpx.AsyncClient, secret: str, clock: Clock) -> None:
        self.code = code
        self._http = http
        self._headers = {"X-SystemId": code, "X-SecretKey": secret}
        self._clock = clock
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def send(self, letters: Sequence[Letter]) -> None:
        async def one(letter: Letter) -> None:
            letter.submission_id = UUID(await self._post(packet_of(letter, self._clock()), "edoc"))

        await self._all(one(letter) for letter in letters)

    async def take(self, letters: Sequence[Letter]) -> None:
        """Fetch what came and say that it is stored: that signs for it."""

        async def one(letter: Letter) -> None:
            name = str(delivery_id(letter.id, self.code))
            packet = (await self._call("GET", "getEdoc", params={"docId": name}))["data"]["edxml"]
            assert letter.label in packet
            await self._call("POST", "updateStatus", json={"docId": name, "status": "done"})
            letter.becomes(state="handed_over")

        waiting = {message["docId"] for message in await self.listed("getReceivedEdocList", messageType="edoc")}
        assert {str(delivery_id(letter.id, self.code)) for letter in letters} <= waiting
        await self._all(one(letter) for letter in letters)

    async def answer(self, answers: Sequence[Answer]) -> None:
        async def one(told: Answer) -> None:
            letter, code = told.letter, Report(told.code)
            await self._post(status_of(letter, self.code, letter.sender, code, told.reason, self._clock()), "status")

        await self._all(one(told) for told in answers)

    async def recall(self, letter: Letter, reason: str) -> None:
        packet = status_of(letter, self.code, letter.to, Report.RECALL_ASKED, reason, self._clock())
        await self._post(packet, "status")

    async def listed(self, name: str, **query: str) -> list[dict[str, Any]]:
        value = await self._call("GET", name, params=query | {"pageSize": str(PAGE)})
        return list(value["data"])

    async def _post(self, packet: bytes, kind: str) -> str:
        files = {"edocFile": ("vb.edxml", packet, "application/xml")}
        value = await self._call("POST", "sendEdoc", files=files, data={"messageType": kind})
        return str(value["docId"])

    async def _call(self, method: str, name: str, **options: Any) -> Any:
        async with self._gate:
            answer = await self._http.request(method, f"/v1/{name}", headers=self._headers, **options)
        value = answer.json()
        assert value.get("ErrorCode") == "0", (name, value)
        return value

    @staticmethod
    async def _all(work: Iterable[Awaitable[T]]) -> list[T]:
        return await asyncio.gather(*work)
