"""The figures of a load run, from what was metered, heard and found."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Final, Self

from docaxis.embedded.bench.course import Course
from docaxis.embedded.bench.inspection import Inspection
from docaxis.embedded.bench.usage import Memory, Meter

VERIFYING: Final = "verifier_workers"
AXIS: Final = ("gateway", "verifier", VERIFYING, "router", "registrar", "projector", "kafka", "postgres")
REST: Final = tuple(name for name in AXIS if name != VERIFYING)
"""The path without the examination of signatures."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meter showed at a moment."""

    at: float
    cpu_seconds: Mapping[str, float]
    memory: Mapping[str, Memory]

    @classmethod
    def of(cls, meter: Meter) -> Self:
        """Read the meter; CPU first, for reading memory takes a while."""
        at, cpu_seconds = time.monotonic(), meter.cpu_seconds()
        return cls(at, cpu_seconds, meter.memory())


@dataclass(frozen=True, slots=True)
class Exchange:
    """All of a run: its course, what the load generator said, and what was found afterwards from outside."""

    course: Course
    machine: Mapping[str, Any]
    heard: Mapping[str, Any]
    readings: Mapping[str, Reading]
    inspection: Inspection

    @property
    def sound(self) -> bool:
        """Whether everything that was accepted arrived once and passed."""
        found = self.inspection
        passed = set(found.verdicts) <= {"TOTAL-PASSED deliver"}
        return passed and not (self.lost or self.duplicates or self.heard["failures"])

    @property
    def lost(self) -> int:
        """Count accepted deliveries that are not in the inbox or were not handed over."""
        return len(self.inspection.lost)

    @property
    def duplicates(self) -> int:
        """Count entries beyond the first of the same delivery, by Kafka and by HTTP."""
        return self.inspection.duplicates + int(self.heard["seen_twice"])

    @property
    def per_document(self) -> dict[str, float]:
        """Give CPU milliseconds per document, by part, while it was measured."""
        before, after = (self.readings[name].cpu_seconds for name in ("measuring", "measured"))
        documents = max(1, self.heard["documents"])
        return {name: (after[name] - before[name]) * 1000 / documents for name in after}

    @property
    def at_rest(self) -> dict[str, float]:
        """Give CPU milliseconds per second of the idle axis, by part."""
        before, after = self.readings["resting"], self.readings["idle"]
        scale = 1000 / (after.at - before.at)
        return {name: (after.cpu_seconds[name] - before.cpu_seconds[name]) * scale for name in AXIS}

    def to_json(self) -> dict[str, Any]:
        """Give the line that is printed last."""
        cost, seconds, documents = self.per_document, self.heard["seconds"], self.heard["documents"]
        rest = sum(cost[name] for name in REST)
        idle, loaded = self.heard["idle_ms"], self.heard["loaded_ms"]
        elapsed = self.readings["measured"].at - self.readings["measuring"].at
        return {
            "documents_per_second": round(documents / seconds, 2),
            "p50_ms": percentile(idle, 50),
            "p99_ms": percentile(idle, 99),
            "lost": self.lost,
            "duplicates": self.duplicates,
            "cpu_ms_per_document": {name: round(value, 2) for name, value in cost.items()},
            "rss_mb": _resident(self.readings["measured"].memory),
            "cpu_ms_per_document_verifying": round(cost[VERIFYING], 2),
            "cpu_ms_per_document_rest": round(rest, 2),
            "cpu_ms_per_delivery_rest": round(rest / self.course.fan_out, 2),
            "cores_busy": round(sum(cost.values()) * documents / 1000 / elapsed, 2),
            "deliveries_per_second": round(documents * self.course.fan_out / seconds, 2),
            "fan_out": self.course.fan_out,
            "documents": documents,
            "seconds": round(seconds, 1),
            "warm_up_seconds": self.course.warm_up,
            "handed_over": self.course.hand_over,
            "in_flight": self.course.in_flight,
            "idle_documents": len(idle),
            "loaded_p50_ms": percentile(loaded, 50),
            "loaded_p99_ms": percentile(loaded, 99),
            "idle_rss_mb": _resident(self.readings["idle"].memory),
            "idle_axis_mb": _whole(self.readings["idle"].memory),
            "loaded_axis_mb": _whole(self.readings["measured"].memory),
            "idle_cpu_ms_per_second": {name: round(value, 1) for name, value in self.at_rest.items()},
            "verdicts": dict(self.inspection.verdicts),
            "failures": list(self.heard["failures"]),
            **self.machine,
        }


def percentile(values: Sequence[float], rank: int) -> float | None:
    """Give a percentile; None of nothing."""
    if len(values) < 2:
        return values[0] if values else None
    return round(quantiles(values, n=100, method="inclusive")[rank - 1], 1)


def _resident(memory: Mapping[str, Memory]) -> dict[str, int]:
    return {name: round(one.resident) for name, one in memory.items()}


def _whole(memory: Mapping[str, Memory]) -> dict[str, int]:
    """Sum the axis: as its processes see it, and with shared pages counted once."""
    of_axis = [memory[name] for name in AXIS]
    return {
        "resident": round(sum(one.resident for one in of_axis)),
        "proportional": round(sum(one.proportional for one in of_axis)),
    }


def lines_of(figures: Exchange) -> list[str]:
    """Say it to a person."""
    value = figures.to_json()
    costs = "  ".join(f"{name} {cost}" for name, cost in value["cpu_ms_per_document"].items())
    memory = "  ".join(f"{name} {size}" for name, size in value["rss_mb"].items())
    return [
        f"{value['documents_per_second']} documents/s over {value['seconds']} s at fan-out {value['fan_out']}",
        f"  after {value['warm_up_seconds']:.0f} s of warm-up that are not counted",
        f"idle, send to inbox: p50 {value['p50_ms']} ms, p99 {value['p99_ms']} ms",
        f"lost {value['lost']}, duplicates {value['duplicates']}, failures {len(value['failures'])}",
        f"CPU ms per document: {costs}",
        f"  verifying {value['cpu_ms_per_document_verifying']}",
        f"  rest of the path {value['cpu_ms_per_document_rest']}, {value['cpu_ms_per_delivery_rest']} per delivery",
        f"RSS MB: {memory}",
        f"idle axis: {value['idle_axis_mb']['proportional']} MB with shared pages counted once",
    ]
