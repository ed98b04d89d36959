"""A bounded memory: the newest answers by their key; the oldest go first."""

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Holds at most so many answers."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: K) -> V | None:
        """Give what is kept under a key."""
        return self._held.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep an answer; beyond the size the one that was kept first is forgotten."""
        if len(self._held) >= self._size and key not in self._held:
            del self._held[next(iter(self._held))]
        self._held[key] = value

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
