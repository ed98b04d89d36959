"""The watch over an axis: events and readings go in, alerts come out. Pure.

Whoever asks looks up beforehand what `memory.keys_of` names, and stores what the memory changed together with the
alerts. After a restart the events of the last `window` are shown once more, their alerts left aside: then the watch has
counted what it had.
"""

from collections.abc import Iterator
from datetime import timedelta

from docaxis.alerter.conditions import NONE, Condition
from docaxis.alerter.events import AuditEvent
from docaxis.alerter.memory import Memory, remember
from docaxis.alerter.occurrences import Alert
from docaxis.alerter.readings import ReadingCondition, Readings
from docaxis.alerter.rules import Rule, Rules


class Watch:
    """All rules of a file."""

    def __init__(self, rules: Rules) -> None:
        self._events: list[tuple[Rule, Condition]] = [
            (rule, rule.condition()) for rule in rules.rules if rule.over_events
        ]
        self._readings: list[tuple[Rule, ReadingCondition]] = [
            (rule, rule.condition()) for rule in rules.rules if not rule.over_events
        ]

    @property
    def window(self) -> timedelta:
        """The longest stretch that any rule counts over."""
        return max((condition.window for _, condition in self._events), default=NONE)

    def take(self, event: AuditEvent, memory: Memory) -> Iterator[Alert]:
        """Judge one event, and remember what later ones are compared with."""
        for rule, condition in self._events:
            for met in condition.met(event, memory):
                yield Alert(rule.id, rule.severity, met)
        remember(event, memory)

    def look(self, readings: Readings) -> Iterator[Alert]:
        """Judge how the axis is."""
        for rule, condition in self._readings:
            for met in condition.met(readings):
                yield Alert(rule.id, rule.severity, met)
