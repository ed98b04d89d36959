"""How far a partition has come when its records finish out of order: a next offset, and ranges finished beyond it.

The ranges travel as metadata of the committed offset, inside the same transaction. There are never more of them than
unfinished records in hand, however far the work has gone beyond the first of these: offsets that were never given
(markers of transactions, aborted records) count as finished.
"""

from collections.abc import Iterator
from typing import Final

PREFIX: Final = "ahead:"
"""Begins the metadata; anything else (another tool's commit) means that nothing beyond the offset is finished."""
METADATA_LIMIT: Final = 4096
"""Characters a broker keeps beside an offset (``offset.metadata.max.bytes``)."""
MAX_RANGES: Final = METADATA_LIMIT // 12
"""Ranges there may be: at most so many characters each while none lies a million records from the next."""


class Progress:
    """What was given and what is finished of one partition."""

    def __init__(self, position: int, metadata: str = "") -> None:
        self._read = position - 1
        self._unfinished: dict[int, None] = {}
        self._before = _parse(position, metadata)

    def give(self, offset: int) -> bool:
        """Note the next record read; False if an earlier owner finished it, so that it is not to be done again."""
        self._read = offset
        if any(first <= offset <= last for first, last in self._before):
            return False
        self._unfinished[offset] = None
        return True

    def finish(self, offset: int) -> None:
        """Note a finished record.

        Raises:
            KeyError: It was never given, or is finished already.
        """
        del self._unfinished[offset]

    @property
    def room(self) -> int:
        """How many further records may be given: each unfinished one may come to stand between two ranges.

        A slot that took more could not commit any more, and could not be taken by anybody.
        """
        before = sum(last > self._read for _, last in self._before)
        return max(0, MAX_RANGES - before - len(self._unfinished))

    @property
    def position(self) -> int:
        """The next offset to commit."""
        return next(iter(self._unfinished), self._read + 1)

    @property
    def metadata(self) -> str:
        """What is finished beyond it."""
        parts, at = [], self.position
        for first, last in self._ranges():
            parts.append(f"{first - at:x}+{last - first:x}")
            at = last
        return PREFIX + ",".join(parts) if parts else ""

    def _ranges(self) -> Iterator[tuple[int, int]]:
        unfinished = iter(self._unfinished)
        before = next(unfinished, self._read)
        for offset in (*unfinished, self._read + 1):
            if offset - before > 1:
                yield before + 1, offset - 1
            before = offset
        # What an earlier owner finished and this one has not read again yet stays finished.
        yield from ((max(first, self._read + 1), last) for first, last in self._before if last > self._read)


def _parse(position: int, metadata: str) -> list[tuple[int, int]]:
    if not metadata.startswith(PREFIX):
        return []
    ranges, at = [], position
    for part in metadata.removeprefix(PREFIX).split(","):
        skip, _, length = part.partition("+")
        first = at + int(skip, 16)
        at = first + int(length, 16)
        ranges.append((first, at))
    return ranges
