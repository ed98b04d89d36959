"""The day itself: who sends what to whom, what goes wrong, and how it is mended."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.embedded.papers import Paper
from docaxis.embedded.population import member_of
from docaxis_schemas.document import Business, BusinessAction, Replacement
from docaxis_schemas.lifecycle import Report
from threeagencies.letters import Answer, Letter, letter, of
from threeagencies.outside import until_arrived, until_told
from threeagencies.scene import CITY, MINISTRY, MORNING, PROVINCE, Scene

FROM_MINISTRY: Final = 12
FROM_OTHERS: Final = 87
DUE_EVERY: Final = 7
"""Each seventh letter wants its answer the same day."""
TAKEN_AT_PAGES: Final = 10
"""Of what came to the pages the clerk signs for so many and accepts them; the rest waits."""
AT_ONCE: Final = 4
EVENING: Final = timedelta(days=1, hours=9, minutes=30)
"""From the morning to the end of the next working day."""


@dataclass(slots=True)
class Day:
    """What was done."""

    scene: Scene
    engine: AsyncEngine
    began_at: datetime
    letters: list[Letter] = field(default_factory=list)
    accepted: list[Letter] = field(default_factory=list)
    _serial: int = 0

    @property
    def ended_at(self) -> datetime:
        return self.scene.clock()

    def credential_of(self, code: str) -> str:
        return self.scene.axis.members[member_of(code)].credential

    async def papers(self, code: str, count: int) -> list[Paper]:
        first, self._serial = self._serial + 1, self._serial + count
        return [await self.scene.papers.original(code, seed) for seed in range(first, first + count)]

    async def draft(self, code: str, others: Sequence[str], count: int) -> list[Letter]:
        """Draft letters to the others in turn."""
        made = await self.papers(code, count)
        return [
            letter(paper, others[number % len(others)], due=number % DUE_EVERY == 0)
            for number, paper in enumerate(made)
        ]

    async def send(self, letters: Sequence[Letter]) -> None:
        """Let each sender send what is its own, all at the same time, and wait until everything has arrived."""
        async with asyncio.TaskGroup() as group:
            for code, agency in self.scene.agencies.items():
                if own := [one for one in letters if one.sender == code]:
                    group.create_task(agency.send(own))
        self.letters += letters
        await until_arrived(self.engine, self.letters)
        await self.scene.city.take(of(letters, CITY))  # the connector signs for what it finds whenever it looks
        await self.settled()

    async def take(self, letters: Sequence[Letter]) -> None:
        async with asyncio.TaskGroup() as group:
            for code, agency in self.scene.agencies.items():
                if own := of(letters, code):
                    group.create_task(agency.take(own))
        await self.settled()

    async def answer(self, *answers: Answer) -> None:
        """Let recipients answer; what they say of a letter stands at its end."""
        async with asyncio.TaskGroup() as group:
            for code, agency in self.scene.agencies.items():
                if own := [one for one in answers if one.letter.to == code]:
                    group.create_task(agency.answer(own))
        for told in answers:
            code = Report(told.code)
            if code is Report.CHANGE_AGREED:
                state = "recalled" if told.letter.end.state == "consigned" else told.letter.end.state
                told.letter.becomes(change_state="agreed", state=state)
            elif code is Report.CHANGE_REFUSED:
                told.letter.becomes(change_state="refused")
            else:
                told.letter.becomes(report=told.code)
                if code is Report.ACCEPTED:
                    self.accepted.append(told.letter)
        await self.settled()

    async def recall(self, *letters: Letter) -> None:
        for one in letters:
            await self.scene.agencies[one.sender].recall(one, "Gửi nhầm nơi nhận.")
            one.becomes(change="recall", change_state="asked")
        await self.settled()

    async def settled(self) -> None:
        await until_told(self.engine, self.letters)

    async def at(self, moment: datetime) -> None:
        """Put the clock forward; who was away from the pages for so long signs in again."""
        self.scene.clock.put_forward(moment)
        await self.scene.desk.sign_in()


async def work_one_day(scene: Scene, engine: AsyncEngine) -> Day:
    """Work from eight in the morning to the end of the next working day."""
    day = Day(scene, engine, scene.clock())
    ministry = await day.draft(MINISTRY, (PROVINCE, CITY), FROM_MINISTRY)
    province = await day.draft(PROVINCE, (MINISTRY, CITY), FROM_OTHERS)
    city = await day.draft(CITY, (MINISTRY, PROVINCE), FROM_OTHERS)
    everything = [*ministry, *province, *city]
    await day.send(everything)
    await day.at(MORNING.replace(hour=10))
    at_pages = [*of(province, MINISTRY)[:TAKEN_AT_PAGES:2], *of(city, MINISTRY)[:TAKEN_AT_PAGES:2]]
    await day.take([*at_pages, *of(everything, PROVINCE)])
    await _accept(day, at_pages, everything)
    await day.at(MORNING.replace(hour=13))
    await _correct(day, [of(ministry, PROVINCE)[-1], of(ministry, CITY)[-1], *_last(province), *_last(city)])
    await day.at(MORNING.replace(hour=14))
    await _recall(day, ministry, province, city)
    await day.at(MORNING.replace(hour=15))
    await _change(day, province, city)
    await day.at(MORNING + EVENING)
    return day


def _last(letters: Sequence[Letter]) -> tuple[Letter, Letter]:
    """Give the last letter to each of the two others."""
    last = letters[-1]
    return last, next(one for one in reversed(letters) if one.to != last.to)


async def _accept(day: Day, at_pages: Sequence[Letter], everything: Sequence[Letter]) -> None:
    """Accept at the pages and by the field's software what is to be answered, and some more."""
    accepted = [*at_pages, *of(everything, PROVINCE)[::3], *of(everything, CITY)[::5]]
    await day.answer(*(Answer(one, Report.ACCEPTED) for one in accepted))


async def _correct(day: Day, faulty: Sequence[Letter]) -> None:
    """Return letters for a reason; their senders send them again, corrected, under the same number."""
    reason = "Sai thể thức: thiếu nơi nhận."
    await day.answer(*(Answer(one, Report.REJECTED, reason) for one in faulty))
    again = []
    for one in faulty:
        paper = await day.scene.papers.original(one.sender, int(one.document.number or 0), spec=one.paper.spec)
        again.append(letter(paper, one.to))
    await day.send(again)


async def _recall(day: Day, ministry: list[Letter], province: list[Letter], city: list[Letter]) -> None:
    """Ask six letters back, one from each to each; half of them are given back."""
    wanted = [of(letters, to)[1] for letters in (ministry, province, city) for to in (MINISTRY, PROVINCE, CITY)
              if of(letters, to)]  # fmt: skip
    await day.recall(*wanted)
    refused = "Đã ban hành văn bản thực hiện."
    await day.answer(
        *(Answer(one, Report.CHANGE_AGREED) for one in wanted[::2]),
        *(Answer(one, Report.CHANGE_REFUSED, refused) for one in wanted[1::2]),
    )


async def _change(day: Day, province: list[Letter], city: list[Letter]) -> None:
    """Update a letter to each, and put one letter in the place of two."""
    asked: list[Letter] = []
    changing: list[Letter] = []
    for letters, others in ((province, (MINISTRY, CITY)), (city, (MINISTRY, PROVINCE))):
        for to in others:
            old, first, second = of(letters, to)[2:5]
            spec = old.paper.spec
            paper = await day.scene.papers.original(old.sender, int(old.document.number or 0), spec=spec)
            update = Business(BusinessAction.UPDATE, "Đính chính ngày họp.", old.document_id)
            changing.append(letter(paper, to, business=update))
            named = tuple(Replacement(one.document_id, (to,)) for one in (first, second))
            [paper] = await day.papers(old.sender, 1)
            replacing = Business(BusinessAction.REPLACE, "Gộp hai văn bản.", replacements=named)
            changing.append(letter(paper, to, business=replacing))
            old.becomes(change="update", change_state="asked")
            for one in (first, second):
                one.becomes(change="replacement", change_state="asked")
            asked += (old, first, second)
    await day.send(changing)
    await day.take(of(changing, PROVINCE))
    await day.answer(*(Answer(one, Report.CHANGE_AGREED) for one in asked))
