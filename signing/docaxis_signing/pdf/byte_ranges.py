"""Where the name /ByteRange is written: the mark of a signature, whether a section lists it or not."""

import re
from collections.abc import Iterable
from typing import Final

_BYTE_RANGE: Final = re.compile(
    rb"/(?:B|#42)(?:y|#79)(?:t|#74)(?:e|#65)(?:R|#52)(?:a|#61)(?:n|#6[eE])(?:g|#67)(?:e|#65)"
    rb"(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])"
)
"""The name, each character as it is or escaped (7.3.5)."""


def byte_ranges(data: bytes, position: int, last: int, streams: Iterable[tuple[int, int]]) -> list[int]:
    """Find where /ByteRange is written between two places, outside of some streams."""
    found: list[int] = []
    for start, end in (*sorted(streams), (last, last)):
        found += (item.start() for item in _BYTE_RANGE.finditer(data, position, start))
        position = max(position, end)
    return found
