"""What a stage tells of itself: metrics, log lines, and the causes for which it is not ready."""

from typing import Final, Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class StageReport(Protocol):
    """Takes note of what happens in a stage."""

    def owned(self, slot: int) -> None:
        """A slot was taken and works."""

    def lost(self, slot: int, cause: str) -> None:
        """A slot stands still for this cause and will be tried again."""

    def waiting(self, slot: int, where: str, cause: str) -> None:
        """One record waits for something that is not there; others go on."""

    def dead_letter(self, slot: int, where: str, cause: str) -> None:
        """One record was given up."""

    def committed(self, slot: int, records: int, seconds: float) -> None:
        """A transaction was committed."""

    def in_hand(self, slot: int, records: int) -> None:
        """So many records are being worked on or wait."""


class LoggedReport:
    """Counts for Prometheus, logs what an operator should see, and remembers which slots stand still."""

    def __init__(self, stage: str, registry: CollectorRegistry) -> None:
        self._log = structlog.get_logger("docaxis.stage").bind(stage=stage)
        self._causes: dict[int, str | None] = {}
        name = f"docaxis_{stage.replace('-', '_')}"
        self._records = Counter(f"{name}_records", "records committed", ["slot"], registry=registry)
        self._seconds = Histogram(
            f"{name}_transaction_seconds", "time of a transaction", buckets=SECONDS_BUCKETS, registry=registry
        )
        self._losses = Counter(f"{name}_slot_losses", "times a slot stood still", ["slot"], registry=registry)
        self._dead = Counter(f"{name}_dead_letters", "records given up", ["slot"], registry=registry)
        self._waits = Counter(f"{name}_waits", "times a record had to wait", ["slot"], registry=registry)
        self._hand = Gauge(f"{name}_in_hand", "records being worked on", ["slot"], registry=registry)

    @property
    def causes(self) -> tuple[str, ...]:
        """Say why the stage is not ready; empty while every slot works."""
        return tuple(f"slot {slot}: {cause}" for slot, cause in sorted(self._causes.items()) if cause is not None)

    def expect(self, slot: int) -> None:
        """Count a slot as not ready until it was taken."""
        self._causes.setdefault(slot, "not taken yet")

    def owned(self, slot: int) -> None:
        """A slot was taken and works."""
        self._causes[slot] = None
        self._log.info("slot taken", slot=slot)

    def lost(self, slot: int, cause: str) -> None:
        """A slot stands still."""
        self._causes[slot] = cause
        self._losses.labels(slot).inc()
        self._log.warning("slot stands still", slot=slot, cause=cause)

    def waiting(self, slot: int, where: str, cause: str) -> None:
        """One record waits."""
        self._waits.labels(slot).inc()
        self._log.warning("record waits", slot=slot, where=where, cause=cause)

    def dead_letter(self, slot: int, where: str, cause: str) -> None:
        """One record was given up."""
        self._dead.labels(slot).inc()
        self._log.error("record given up", slot=slot, where=where, cause=cause)

    def committed(self, slot: int, records: int, seconds: float) -> None:
        """A transaction was committed."""
        self._records.labels(slot).inc(records)
        self._seconds.observe(seconds)

    def in_hand(self, slot: int, records: int) -> None:
        """So many records are in hand."""
        self._hand.labels(slot).set(records)
