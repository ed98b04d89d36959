"""An agency whose software puts packets into a folder and reads them there; the connector carries them."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from docaxis.client import Comparison, load_profile
from docaxis.connector import Connector
from docaxis.connector.store import Store
from docaxis_schemas.identifiers import delivery_id
from docaxis_schemas.lifecycle import Report
from docaxis_schemas.moments import Clock
from threeagencies.letters import Answer, Letter
from threeagencies.packets import packet_of, status_of

LOOKS: Final = 120
"""As a connector that runs would, it looks again: a delivery may be told of before it lies in the inbox."""
LOOK_SECONDS: Final = 0.25


class FolderAgency:
    """Works with files alone."""

    def __init__(self, code: str, folder: Path, profile: Path, clock: Clock) -> None:
        self.code = code
        self.folder = folder
        self._profile = load_profile(profile)
        self._connector = Connector(folder, self._profile, clock=clock)
        self._clock = clock
        self._serial = 0

    async def send(self, letters: Sequence[Letter]) -> None:
        names = {self._put(packet_of(letter, self._clock())): letter for letter in letters}
        await self.carry()
        for name, letter in names.items():
            receipt = json.loads((self.folder / "sent" / f"{name}.receipt.json").read_text("utf-8"))
            letter.submission_id = UUID(receipt["submission_id"])

    async def take(self, letters: Sequence[Letter]) -> None:
        """Find what came in the folder; the connector has signed for it and reported 01."""
        places = {letter.id: self.folder / "in" / f"{delivery_id(letter.id, self.code)}.edxml" for letter in letters}
        for _ in range(LOOKS):
            await self.carry()
            if all(place.exists() for place in places.values()):
                break
            await asyncio.sleep(LOOK_SECONDS)
        for letter in letters:
            assert letter.label.encode() in places[letter.id].read_bytes()
            letter.becomes(state="handed_over", report="01")

    async def answer(self, answers: Sequence[Answer]) -> None:
        await self.carry()  # what is asked of this agency is known to the connector from its news
        for told in answers:
            letter, code = told.letter, Report(told.code)
            self._put(status_of(letter, self.code, letter.sender, code, told.reason, self._clock()))
        await self.carry()

    async def recall(self, letter: Letter, reason: str) -> None:
        self._put(status_of(letter, self.code, letter.to, Report.RECALL_ASKED, reason, self._clock()))
        await self.carry()

    async def carry(self) -> None:
        await self._connector.once()
        left = [path.name for place in ("out", "refused") for path in (self.folder / place).iterdir()]
        assert left == []

    async def reconcile(self, member: str, since: datetime, until: datetime) -> Comparison:
        """Reconcile with a member from the connector's own store."""
        register = Store(self.folder / ".connector" / "store.sqlite").held()
        async with self._profile.connect(clock=self._clock) as axis:
            return await axis.reconcile(member, register, since=since, until=until)

    def lose(self, letter: Letter) -> None:
        """Lose a letter, as a system restored from an old copy does."""
        with closing(sqlite3.connect(self.folder / ".connector" / "store.sqlite")) as store, store:
            done = store.execute("DELETE FROM held WHERE submission_id = ?", (str(letter.id),))
            assert done.rowcount == 1

    def _put(self, packet: bytes) -> str:
        self._serial += 1
        name = f"{self._serial:04}.edxml"
        out = self.folder / "out"
        out.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(packet)
        return name
