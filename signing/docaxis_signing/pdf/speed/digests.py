"""The digest over a ByteRange in one pass over memory; pyHanko copies it in pieces of 4 kB.

Over a document at hand not even that: the pass that its own SHA-256 takes serves its signatures too (`hashing.py`).
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

from pyhanko.sign.validation import pdf_embedded

from docaxis_signing.patching import Patch, Pin
from docaxis_signing.pdf.hashing import IN_MEMORY, Source

_DIGESTS: Final = frozenset({"sha256", "sha384", "sha512"})


def _byte_ranges(stock: Callable[..., Any]) -> Callable[..., Any]:
    def byte_range_digest(stream: Any, byte_range: Any, md_algorithm: str, *more: Any, **options: Any) -> Any:
        if type(stream) not in IN_MEMORY or md_algorithm not in _DIGESTS or len(byte_range) != 4:
            return stock(stream, byte_range, md_algorithm, *more, **options)
        data = stream.getvalue()
        first, length, second, rest = map(int, byte_range)
        if not (first >= 0 and second >= 0 and 0 <= length <= len(data) - first and 0 <= rest <= len(data) - second):
            return stock(stream, byte_range, md_algorithm, *more, **options)
        if type(stream) is Source and first == 0 and md_algorithm == "sha256":
            return length + rest, stream.digests.around(length, second, second + rest)
        view, digest = memoryview(data), hashlib.new(md_algorithm)
        digest.update(view[first : first + length])
        digest.update(view[second : second + rest])
        return length + rest, digest.digest()

    return byte_range_digest


PATCHES: Final = (
    Patch(
        Pin(pdf_embedded, "byte_range_digest"),
        _byte_ranges,
    ),
)
