"""The alerter: follows the index over the log, looks at the axis, and keeps what its rules find.

An alert, the timer by which the router states it, the calls of webhooks, what rules remember and how far they have read
are kept in one transaction. So a crash loses none of it, and what is read once more finds alerts that are there.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from docaxis.alerter.events import AuditEvent
from docaxis.alerter.looking import LOG_KEYS, Looking
from docaxis.alerter.measures import AlertMeasures
from docaxis.alerter.memory import Key, Kind, Memory, Remembered, keys_of
from docaxis.alerter.occurrences import Alert, Severity
from docaxis.alerter.rules import Rules
from docaxis.alerter.watch import Watch
from docaxis.alerter.webhooks import Webhook
from docaxis.pausing import stopped_within
from docaxis.storage.alerts import AlertStore, Kept, NewAlert
from docaxis.storage.audit_index import AuditIndex
from docaxis.storage.decisions import StorageError
from docaxis_schemas.canonical import canonical
from docaxis_schemas.moments import Clock

BATCH: Final = 500
"""Leaves read at once."""
LOOK: Final = timedelta(seconds=10)
"""Between two looks at how the axis is; the shortest of the shipped rules waits for a minute."""
_POSITION: Final = ("position", "leaf")


@dataclass(frozen=True, slots=True)
class Position:
    """The next leaf to read. Leaves below ``silent`` were there before the first start: learnt of, and not told."""

    next: int
    silent: int

    def kept(self) -> Kept:
        """Write it for the table."""
        return Kept(canonical({"next": self.next, "silent": self.silent}))


class Alerter:
    """The loop. What it counted is read again after a start; everything else is in the database."""

    def __init__(
        self,
        rules: Rules,
        store: AlertStore,
        index: AuditIndex,
        *,
        looking: Looking,
        webhooks: Sequence[Webhook],
        clock: Clock,
        measures: AlertMeasures,
    ) -> None:
        self._watch = Watch(rules)
        self._rules = rules
        self._store = store
        self._index = index
        self._looking = looking
        self._webhooks = webhooks
        self._clock = clock
        self._measures = measures
        self._position: Position | None = None
        self._looked: datetime | None = None
        self._log = structlog.get_logger("docaxis.alerter")

    async def serve(self, stopping: asyncio.Event, every: timedelta) -> None:
        """Watch until told to stop."""
        while not stopping.is_set():
            try:
                read = await self.round()
            except (StorageError, OSError) as error:
                self._log.warning("the rules wait", cause=str(error))
                read = 0
            if not read:
                await stopped_within(stopping, every)

    async def round(self) -> int:
        """Read what was logged, and look at the axis if it is time; give how many leaves were read.

        Raises:
            StorageError: The database is away.
            OSError: The log's files cannot be read.
        """
        read = await self._read()
        now = self._clock()
        if self._looked is None or now - self._looked >= LOOK:
            await self._look(now)
            self._looked = now
            self._measures.looked.set(now.timestamp())
        return read

    async def _read(self) -> int:
        position = self._position or await self._begin()
        rows = await self._index.rows(position.next, position.next + BATCH)
        events = [AuditEvent.of(rows[index]) for index in sorted(rows)]
        if events:
            memory = await self._recalled({key for event in events for key in keys_of(event)})
            found = [
                alert
                for event in events
                for alert in self._watch.take(event, memory)
                if event.leaf_index >= position.silent
            ]
            further = Position(events[-1].leaf_index + 1, position.silent)
            # What was counted is ahead of what is kept until this returns: should it fail, all is counted anew.
            self._position = None
            await self._keep(found, memory, further)
            self._position = further
            self._measures.read.set(further.next)
        return len(events)

    async def _begin(self) -> Position:
        """Go on where an earlier process was, once the windows of counting rules have been filled again."""
        kept = (await self._store.recall([_POSITION])).get(_POSITION)
        if kept is None:
            position = Position(0, await self._index.published())
            await self._store.keep((), {_POSITION: position.kept()})
        else:
            position = Position(**json.loads(kept.value))
        self._watch = Watch(self._rules)
        first, scratch = await self._store.first_within(self._watch.window, position.next), Memory()
        while first < position.next:
            end = min(first + BATCH, position.next)
            for _, row in sorted((await self._index.rows(first, end)).items()):
                for _ in self._watch.take(AuditEvent.of(row), scratch):
                    pass  # it was kept then
            first = end
        self._position = position
        return position

    async def _look(self, now: datetime) -> None:
        memory = await self._recalled({Key(Kind.LOG, key) for key in LOG_KEYS})
        readings = await self._looking.readings(now, memory)
        await self._keep(list(self._watch.look(readings)), memory, None)

    async def _recalled(self, keys: Iterable[Key]) -> Memory:
        found = await self._store.recall({(key.kind.value, key.key) for key in keys})
        return Memory(
            {Key(Kind(kind), key): Remembered.of(kept.value, kept.until) for (kind, key), kept in found.items()}
        )

    async def _keep(self, found: Sequence[Alert], memory: Memory, position: Position | None) -> None:
        once = {alert.alert_id: alert for alert in reversed(found)}
        remembered = {(key.kind.value, key.key): Kept(one.to_bytes(), one.until) for key, one in memory.changed.items()}
        if position is not None:
            remembered[_POSITION] = position.kept()
        if not once and not remembered:
            return
        now = self._clock()
        raised = await self._store.keep([self._new(alert, now) for alert in once.values()], remembered)
        for alert_id, alert in once.items():
            if alert_id in raised:
                self._tell(alert)

    def _new(self, alert: Alert, now: datetime) -> NewAlert:
        told = tuple(webhook.name for webhook in self._webhooks if webhook.wants(alert.severity))
        body = alert.body(self._rules.sha256)
        return NewAlert(alert.alert_id, alert.rule, alert.severity.value, now, body, told)

    def _tell(self, alert: Alert) -> None:
        self._measures.raised.labels(alert.rule, alert.severity.value).inc()
        say = {
            Severity.INFORMATIONAL: self._log.info,
            Severity.CRITICAL: self._log.critical,
            Severity.HIGH: self._log.error,
        }.get(alert.severity, self._log.warning)
        say(
            "alert",
            alert_id=str(alert.alert_id),
            rule=alert.rule,
            severity=alert.severity.value,
            subject=alert.met.subject,
            details=dict(alert.met.details),
            runbook=alert.runbook,
        )
