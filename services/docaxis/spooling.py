"""Temporary storage that requests in hand share: bounded together, and no sender takes more than half of it."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

AGAIN_SECONDS: Final = 10
"""When who found no room should come again: a packet of 100 MB is taken in by then."""


class NoRoom(Exception):
    """Requests in hand have taken what there is: the same may succeed in a moment."""


class TooLargeForRoom(Exception):
    """One request wants more than any may have: it will never succeed."""


class SpoolRoom:
    """Counts bytes and requests. Writing threads use it too."""

    def __init__(self, *, size: int, requests: int) -> None:
        self._size = size
        self._requests = requests
        self._lock = threading.Lock()
        self._bytes: Counter[str] = Counter()
        self._in_hand: Counter[str] = Counter()

    @property
    def most(self) -> int:
        """Bytes that one sender may have."""
        return self._size // 2

    @property
    def taken(self) -> int:
        """Bytes that requests in hand have now."""
        with self._lock:
            return self._bytes.total()

    @contextmanager
    def share(self, sender: str) -> Iterator["SpoolShare"]:
        """Let a request of a sender in; what it took is free again at the end.

        Raises:
            NoRoom: As many as may be are in hand, or half of them are this sender's.
        """
        with self._lock:
            if self._in_hand.total() >= self._requests or self._in_hand[sender] >= max(1, self._requests // 2):
                raise NoRoom
            self._in_hand[sender] += 1
        share = SpoolShare(self, sender)
        try:
            yield share
        finally:
            with self._lock:
                share.ended = True
                self._give_back(self._in_hand, sender, 1)
                self._give_back(self._bytes, sender, share.taken)

    def take(self, share: "SpoolShare", count: int) -> None:
        """Count bytes for a request.

        Raises:
            NoRoom: There are not so many left, or not for this sender; or the request has ended meanwhile.
            TooLargeForRoom: This request alone is too large.
        """
        with self._lock:
            if share.taken + count > self.most:
                raise TooLargeForRoom
            if share.ended or self._bytes.total() + count > self._size or self._bytes[share.sender] + count > self.most:
                raise NoRoom
            self._bytes[share.sender] += count
            share.taken += count

    @staticmethod
    def _give_back(counter: Counter[str], sender: str, count: int) -> None:
        counter[sender] -= count
        if not counter[sender]:
            del counter[sender]


class SpoolShare:
    """What one request has of the room."""

    def __init__(self, room: SpoolRoom, sender: str) -> None:
        self._room = room
        self.sender = sender
        self.taken = 0
        self.ended = False

    def take(self, count: int) -> None:
        """Count bytes that are about to be written.

        Raises:
            NoRoom: There is no room for them now.
            TooLargeForRoom: This request alone is too large.
        """
        self._room.take(self, count)
