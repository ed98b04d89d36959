"""Slows down who guesses: token buckets that only failures empty."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FAILURES: Final = 10
"""Wrong credentials an address, or one secret's holder, may try before it has to wait."""
RECOVERY_SECONDS: Final = 6.0
"""After this time one more try is given back: ten a minute in the long run."""
TRACKED: Final = 20_000
"""Names remembered; beyond that the oldest are forgotten."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class FailureLimiter:
    """Token buckets that only failures empty."""

    def __init__(self, monotonic: Callable[[], float], *, failures: int = FAILURES) -> None:
        self._monotonic = monotonic
        self._failures = failures
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, name: str) -> float:
        """Give the seconds until a try is allowed; 0 now."""
        bucket = self._buckets.get(name)
        if bucket is None:
            return 0.0
        self._refill(bucket)
        return 0.0 if bucket.left >= 1 else (1 - bucket.left) * RECOVERY_SECONDS

    def fail(self, name: str) -> None:
        """Count a failure."""
        bucket = self._buckets.setdefault(name, _Bucket(self._failures, self._monotonic()))
        self._refill(bucket)
        bucket.left = max(0.0, bucket.left - 1)
        self._buckets.move_to_end(name)
        while len(self._buckets) > TRACKED:
            self._buckets.popitem(last=False)

    def forgive(self, name: str) -> None:
        """Take a failure back that was counted beforehand."""
        if (bucket := self._buckets.get(name)) is not None:
            bucket.left = min(self._failures, bucket.left + 1)

    def _refill(self, bucket: _Bucket) -> None:
        now = self._monotonic()
        bucket.left = min(self._failures, bucket.left + (now - bucket.at) / RECOVERY_SECONDS)
        bucket.at = now
