"""Turns timers that are due into actions: at least once, with deterministic ids, so that the router acts once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from docaxis.bus.port import BusError, Publisher
from docaxis.pausing import stopped_within
from docaxis.router.envelopes import Envelopes
from docaxis.router.own_news import TIMER, timer_action
from docaxis.router.routing import write_body
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.routing import NewTimer
from docaxis.storage.timers import TimerStore
from docaxis_schemas.events import ACCOUNT_ACT, ALERT, Action
from docaxis_schemas.moments import Clock

BATCH: Final = 200
"""Timers published at once; the rows stay locked meanwhile."""
PAUSE: Final = timedelta(seconds=15)
"""Between looks: timers are about days, a quarter of a minute late is on time."""
PUBLISH_SECONDS: Final = 4.0
"""Longest wait for the broker while rows are locked: below the database's limit for idle transactions."""


class Timers:
    """Serves the timer table."""

    def __init__(self, store: TimerStore, publisher: Publisher, envelopes: Envelopes, clock: Clock) -> None:
        self._store = store
        self._publisher = publisher
        self._envelopes = envelopes
        self._clock = clock
        self._log = structlog.get_logger("docaxis.timers")

    async def fire_due(self) -> int:
        """Publish every timer that is due and give how many there were.

        Raises:
            UnavailableStorage: The database is away.
            BusError: The broker is away: the timers stay due.
        """
        fired = 0
        while True:
            count = await self._store.fire(self._clock(), BATCH, self._publish)
            fired += count
            if count < BATCH:
                return fired

    async def _publish(self, due: Sequence[NewTimer]) -> None:
        async with asyncio.timeout(PUBLISH_SECONDS):
            await self._publisher.publish([self._envelopes.action(self._action(timer)) for timer in due])

    @staticmethod
    def _action(timer: NewTimer) -> Action:
        if timer.kind in {ALERT, ACCOUNT_ACT}:
            return Action(timer.timer_id, timer.submission_id, timer.kind, "", None, timer.due_at, timer.body)
        return Action(
            action_id=timer_action(timer.submission_id, timer.kind),
            submission_id=timer.submission_id,
            kind=TIMER,
            member="",
            recipient=None,
            at=timer.due_at,
            body=write_body({"timer": timer.kind}),
        )

    async def serve(self, stopping: asyncio.Event, pause: timedelta = PAUSE) -> None:
        """Fire what is due until told to stop."""
        while not stopping.is_set():
            try:
                await self.fire_due()
            except (UnavailableStorage, BusError) as error:
                self._log.warning("timers wait", cause=str(error))
            await stopped_within(stopping, pause)
