"""How far a reader has come, when what it took in order is finished in any order."""

from typing import Generic, TypeVar

P = TypeVar("P")


class FinishedPrefix(Generic[P]):
    """Positions taken in order; only a prefix without gaps counts as done, so nothing unfinished is ever skipped."""

    def __init__(self) -> None:
        self._open: dict[P, bool] = {}

    def take(self, position: P) -> None:
        """Note that work on a position begins."""
        self._open[position] = False

    def finish(self, position: P) -> P | None:
        """Note that it is finished; give the end of the finished prefix if that moved it."""
        if position not in self._open:
            return None
        self._open[position] = True
        end: P | None = None
        while self._open and self._open[first := next(iter(self._open))]:
            del self._open[first]
            end = first
        return end
