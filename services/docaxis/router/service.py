"""The router: the only writer of inboxes, and the only one who decides routes and transitions.

Theory of operation. Every record leads to one decision, stored with its time, its version and the record it came from:
taken in one short transaction under the claim, or written only if its delivery is still as it was read. What is told
follows from decision and record alone, so a redo (the same record again) sends the same bytes; the same from another
record is a duplicate and sends nothing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from docaxis.bus.port import Outgoing, Received
from docaxis.bus.work import Outcome, Work
from docaxis.failpoints import Point, reach
from docaxis.router.accounts import state_account_act
from docaxis.router.actions import HANDOVER, REPORT, PartyActions
from docaxis.router.alerts import state_alert
from docaxis.router.answers import ANSWERS, state_answer
from docaxis.router.directory import CurrentDirectory
from docaxis.router.envelopes import Envelopes
from docaxis.router.expiry import EXPIRED, Expiry
from docaxis.router.looks import state_look
from docaxis.router.own_news import TIMER, OwnNews, timer_action, timer_of
from docaxis.router.parking import Parking, look_of
from docaxis.router.problems import RejectedWork
from docaxis.router.recalls import RECALL, Recalls
from docaxis.router.replays import Records, Replays
from docaxis.router.routing import Source
from docaxis.router.submissions import Submissions
from docaxis.storage.routing import RoutingStore
from docaxis_schemas.calendar import vietnam
from docaxis_schemas.events import ACCOUNT_ACT, ALERT, LOOK, REPLAY, Action, Event, Judged
from docaxis_schemas.moments import Clock

WORKING_DAYS_TO_FETCH: Final = 1
"""A consigned delivery that nobody fetched for so long is told to the sender."""


DAYS_TO_FETCH: Final = 30
"""After so many days a delivery that nobody fetched has expired: as long as inbox topics keep their records."""


def after_one_working_day(consigned_at: datetime) -> datetime:
    """Say when a delivery that was not fetched is told."""
    return vietnam().overdue_since(consigned_at, working_days=WORKING_DAYS_TO_FETCH)


def after_thirty_days(consigned_at: datetime) -> datetime:
    """Say when a delivery that was never fetched expires."""
    return consigned_at + timedelta(days=DAYS_TO_FETCH)


_STATED: Final[Mapping[str, Callable[[Action, Envelopes], tuple[Outgoing, ...]]]] = {
    LOOK: state_look,
    ALERT: state_alert,
    ACCOUNT_ACT: state_account_act,
} | dict.fromkeys(ANSWERS, state_answer)
"""Actions that say by themselves what becomes evidence; nothing else follows from them."""


class Router:
    """The stage ``router``."""

    name: Final = "router"

    def __init__(
        self,
        store: RoutingStore,
        directory: CurrentDirectory,
        envelopes: Envelopes,
        clock: Clock,
        not_fetched_after: Callable[[datetime], datetime] = after_one_working_day,
        *,
        expires_after: Callable[[datetime], datetime] = after_thirty_days,
        records: Records,
        parked_for: timedelta = timedelta(hours=25),
    ) -> None:
        parking = Parking(envelopes, clock, parked_for)
        self._submissions = Submissions(store, directory, envelopes, clock, not_fetched_after, parking=parking)
        self._parties = PartyActions(store, envelopes, clock)
        self._recalls = Recalls(store, directory, envelopes, clock)
        self._expiry = Expiry(store, directory, envelopes, clock)
        self._own_news = OwnNews(store, directory, envelopes, clock, expires_after)
        self._envelopes = envelopes
        self._by_kind = {
            HANDOVER: self._parties.act,
            REPORT: self._parties.act,
            RECALL: self._recalls.act,
            REPLAY: Replays(store, envelopes, clock, records, self._outgoing).act,
        }

    async def handle(self, work: Work) -> Outcome:
        """Decide about one record, or read what was decided, and give what is to be told.

        Raises:
            RejectedWork: It cannot be acted on, now or later.
            UnavailableStorage: Try again.
        """
        outgoing = await self._outgoing(work)
        reach(Point.ROUTER_AFTER_DECISION)
        return Outcome(outgoing)

    async def _outgoing(self, work: Work) -> tuple[Outgoing, ...]:
        record = work.record
        source = Source(record.partition.topic, record.partition.number, record.offset)
        match work.event:
            case Judged(revises=None) as judged:
                return await self._submissions.route(judged, source)
            case Judged() as judged:
                return await self._submissions.revise(judged, source)
            case Action() as action:
                return await self._act(action, source)
            case other:
                raise RejectedWork(f"the router does not take a {type(other).__name__}")

    async def _act(self, action: Action, source: Source) -> tuple[Outgoing, ...]:
        if (state := _STATED.get(action.kind)) is not None:
            return state(action, self._envelopes)
        if action.action_id == timer_action(action.submission_id, EXPIRED):
            return await self._expiry.act(action, source)
        if action.kind == TIMER and (number := look_of(timer_of(action))) is not None:
            return await self._submissions.go_on(action, number, source)
        return await self._by_kind.get(action.kind, self._own_news.act)(action, source)

    async def give_up(self, record: Received, event: Event | None, cause: str) -> Outcome:  # noqa: ARG002 - the dead letter holds the cause
        """Tell the sender of a submission that something about it could not be processed."""
        if isinstance(event, Judged | Action):
            return Outcome(await self._own_news.give_up(record, event))
        return Outcome()
