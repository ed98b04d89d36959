"""The shadow run: one document in N is judged by stock pyHanko too, in a second look at the same bytes.

The fast path is proven equal by the differential test; this watches over it where documents are real. On a difference
the stricter findings stand, and from then on everything is judged by stock pyHanko until the service is started anew:
slow is a nuisance, a wrong verdict is not to be had. An operator is told by the log and two metrics.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from docaxis_signing.verdict import DocumentFindings, Indication, Integrity

STRICTNESS: Final = (
    Integrity.INTACT,
    Integrity.INTACT_WITH_PERMITTED_CHANGES,
    Integrity.MODIFIED,
    Integrity.BROKEN,
    Integrity.UNSIGNED,
    Integrity.UNREADABLE,
)
"""Later is stricter: what can still pass comes first."""


class Shadow:
    """Decides which documents get a second look, compares, and says whether the fast path may be used."""

    def __init__(
        self, every: int, *, registry: CollectorRegistry | None = None, below: Callable[[int], int] = secrets.randbelow
    ) -> None:
        self._every = every
        self._below = below
        self._fast = True
        self._log = structlog.get_logger("docaxis.verifier.shadow")
        self._looks = Counter(
            "docaxis_verifier_shadow_runs", "documents judged by stock pyHanko too", ["outcome"], registry=registry
        )
        self._off = Gauge("docaxis_verifier_fast_path_off", "1: stock pyHanko alone judges", registry=registry)

    @property
    def fast(self) -> bool:
        """Tell whether the fast path may be used."""
        return self._fast

    def drifted(self, names: Sequence[str]) -> None:
        """Take note that the libraries are not the ones that the fast path was written for."""
        if names:
            self._switch_off("the libraries under the fast path have changed", functions=list(names))

    def due(self) -> bool:
        """Tell whether the document at hand gets a second look; at random, so that no sender can know."""
        return self._fast and self._every > 0 and self._below(self._every) == 0

    def unfinished(self, cause: str) -> None:
        """Take note of a second look that came to no end: stock pyHanko is slower, and the limits are the same."""
        self._looks.labels("unfinished").inc()
        self._log.warning("a shadow run came to no end", cause=cause)

    def compare(self, fast: DocumentFindings, stock: DocumentFindings) -> DocumentFindings:
        """Give the findings that stand: the only ones there are, or on a difference the stricter ones."""
        if comparable(fast) == comparable(stock):
            self._looks.labels("same").inc()
            return fast
        self._looks.labels("different").inc()
        self._switch_off(
            "the fast path and stock pyHanko differ over a document",
            sha256=fast.sha256,
            fast=fast.to_json(),
            stock=stock.to_json(),
        )
        return fast if strictness(fast) > strictness(stock) else stock

    def _switch_off(self, event: str, **facts: Any) -> None:
        self._fast = False
        self._off.set(1)
        self._log.critical(event, consequence="stock pyHanko alone judges until the service is started anew", **facts)


def comparable(findings: DocumentFindings) -> DocumentFindings:
    """Leave out the wording of notes: pyHanko names unexplained objects in the order of a set."""
    return replace(findings, notes=(), signatures=tuple(replace(item, notes=()) for item in findings.signatures))


def strictness(findings: DocumentFindings) -> tuple[bool, int, int, int]:
    """Order findings: as a whole failed, integrity, signatures that failed, and those that did not pass."""
    indications = [item.indication for item in findings.signatures]
    return (
        findings.cause is not None,
        STRICTNESS.index(findings.integrity),
        indications.count(Indication.TOTAL_FAILED),
        len(indications) - indications.count(Indication.TOTAL_PASSED),
    )
