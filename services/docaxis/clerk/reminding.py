"""Reminders before a deadline and notices after it: to who has the duty, to who waits, and to the body above.

Nothing is kept in memory and no moment is planned: every look compares all that is open with the clock, and a notice's
id follows from what it tells to whom. So a look that came late after a restart gives what is due, and none comes twice.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

import structlog

from docaxis.directory.snapshot import DirectorySnapshot
from docaxis.duties import LOOKED_AT, duties_of
from docaxis.pausing import stopped_within
from docaxis.storage.clerk_deadlines import ClerkDeadlines, Dated, Notice
from docaxis.storage.clerk_documents import ClerkDocuments, Register
from docaxis.storage.decisions import UnavailableStorage
from docaxis_schemas.calendar import WorkingCalendar, vietnam
from docaxis_schemas.deadlines import Deadline, Standing, standing
from docaxis_schemas.moments import Clock

NOTICES: Final = UUID("0f0fd6a3-7a2c-5f1c-8a55-5b8b2a0e1c77")
"""Name space of notice ids."""
PAUSE: Final = timedelta(minutes=1)
"""Between looks: the nearest deadline is an hour."""
TOLD_WITHIN: Final = timedelta(days=30)
"""What has been overdue for longer is no news: pages that begin to watch tell nobody of last year."""
REMINDER, OVERDUE = "reminder", "overdue"


class Reminding:
    """Gives notices for all members with accounts at the pages."""

    def __init__(
        self,
        documents: ClerkDocuments,
        deadlines: ClerkDeadlines,
        directory: Callable[[], DirectorySnapshot],
        clock: Clock,
    ) -> None:
        self._documents = documents
        self._deadlines = deadlines
        self._directory = directory
        self._clock = clock
        self._log = structlog.get_logger("docaxis.clerk.reminding")

    async def look(self) -> None:
        """Give every notice that is due.

        Raises:
            UnavailableStorage: The database is away.
        """
        now, snapshot = self._clock(), self._directory()
        for member in await self._documents.members():
            for register in Register:
                found = await self._deadlines.open(register, member, None, since=now - LOOKED_AT)
                given = notices(found, register, member, snapshot=snapshot, now=now, calendar=vietnam())
                await self._deadlines.give(list(given))

    async def serve(self, stopping: asyncio.Event, pause: timedelta = PAUSE) -> None:
        """Look until told to stop."""
        while not stopping.is_set():
            try:
                await self.look()
            except UnavailableStorage as error:
                self._log.warning("reminders wait", cause=str(error))
            await stopped_within(stopping, pause)


def notices(
    found: Iterable[Dated],
    register: Register,
    member: str,
    *,
    snapshot: DirectorySnapshot,
    now: datetime,
    calendar: WorkingCalendar,
) -> Iterator[Notice]:
    """Say what is to be told now; pure."""
    for dated in found:
        for deadline, done_at in duties_of(dated, calendar):
            if now - deadline.due_at > TOLD_WITHIN:
                continue
            match standing(deadline, done_at, now):
                case Standing.SOON if register is Register.INCOMING:
                    yield _notice(REMINDER, deadline, dated, (member, dated.organisation, "recipient"), now)
                case Standing.OVERDUE:
                    side = "recipient" if register is Register.INCOMING else "sender"
                    yield _notice(OVERDUE, deadline, dated, (member, dated.organisation, side), now)
                    yield from _to_parent(deadline, dated, snapshot, now)


def _to_parent(deadline: Deadline, dated: Dated, snapshot: DirectorySnapshot, now: datetime) -> Iterator[Notice]:
    body = snapshot.organisation(dated.recipient, now)
    above = None if body is None or body.parent is None else snapshot.organisation(body.parent, now)
    if above is not None and above.member is not None:
        yield _notice(OVERDUE, deadline, dated, (above.member, above.code, "parent"), now)


def _notice(kind: str, deadline: Deadline, dated: Dated, to: tuple[str, str, str], now: datetime) -> Notice:
    member, organisation, relation = to
    told = (kind, deadline.duty.value, str(dated.submission_id), dated.recipient, member, organisation, relation)
    known = relation != "parent"
    return Notice(
        notice_id=uuid5(NOTICES, "\n".join(told)),
        member=member,
        organisation=organisation,
        kind=kind,
        duty=deadline.duty.value,
        relation=relation,
        recipient=dated.recipient,
        document_id=dated.document_id if known else None,
        number=dated.number if known else "",
        due_at=deadline.due_at,
        at=now,
    )
