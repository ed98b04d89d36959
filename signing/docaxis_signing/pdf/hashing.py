"""The SHA-256 of a document and of what its signatures cover, all from one pass over its bytes.

A signature covers everything but its own `/Contents`. So the digest over a document has been, at the place where that
begins, the digest over what the signature covers first: its state is kept there, and goes on behind the gap.
"""

import hashlib
from collections.abc import Iterable
from io import BytesIO
from typing import Any


class Digests:
    """Digests over one document, made when the first of them is asked for."""

    def __init__(self, data: bytes, gaps: Iterable[int] = ()) -> None:
        """Take the bytes.

        Args:
            data: The document.
            gaps: Where signatures leave out their `/Contents`.
        """
        self._data = memoryview(data)
        self._gaps = sorted({gap for gap in gaps if 0 < gap <= len(data)})
        self._states: dict[int, Any] = {}

    def whole(self) -> str:
        """Give the SHA-256 of the document."""
        return str(self._state(len(self._data)).hexdigest())

    def around(self, gap: int, start: int, end: int) -> bytes:
        """Give the SHA-256 of the document from its beginning to a gap, and of a part behind it.

        Args:
            gap: Where the first part ends.
            start: Where the second part begins.
            end: Where it ends.
        """
        digest = self._state(gap).copy()
        digest.update(self._data[start:end])
        return bytes(digest.digest())

    def _state(self, position: int) -> Any:
        if not self._states:
            digest, done = hashlib.sha256(), 0
            for place in (*self._gaps, len(self._data)):
                digest.update(self._data[done:place])
                done = place
                self._states[place] = digest.copy()
        if position not in self._states:
            self._states[position] = hashlib.sha256(self._data[:position])
        return self._states[position]


class Source(BytesIO):
    """A document for pyHanko to read, with the digests over it."""

    def __init__(self, data: bytes, digests: Digests) -> None:
        super().__init__(data)
        self.digests = digests


IN_MEMORY = frozenset({BytesIO, Source})
"""Streams that hold all of their bytes, and nothing between them and their reader."""
