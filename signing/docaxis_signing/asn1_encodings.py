"""What was read with asn1crypto is written as it was read.

Its `dump` takes every header that ends with the octet 0x80 for one of indefinite length (its issue 249, open), so also
the length 384 (82 01 80), and then encodes the value anew. One length in 256 ends so. Encoded anew, whatever is not as
DER wants it changes, such as an explicit default or an unsorted set, though it was signed as it stood. And where a
default was filled in the value counts as changed from then on, so that each level above it is encoded several times:
18 seconds for one signature with a time-stamp.
"""

from collections.abc import Callable
from typing import Any, Final

from asn1crypto import core

from docaxis_signing.patching import Patch, Patches, Pin, known_sources

_INDEFINITE: Final = 0x80
_LONG_TAG: Final = 0x1F

Dump = Callable[..., bytes]


def is_indefinite(header: bytes) -> bool:
    """Tell whether a header has an indefinite length (X.690, 8.1.3.6); with explicit tags it is several in a row.

    Raises:
        IndexError: It is cut off.
    """
    at = 0
    while at < len(header):
        at = _after_tag(header, at)
        first = header[at]
        if first == _INDEFINITE:
            return True
        at += 1 + (first & 0x7F if first > _INDEFINITE else 0)
    return False


def _after_tag(header: bytes, at: int) -> int:
    at += 1
    if header[at - 1] & _LONG_TAG == _LONG_TAG:
        while header[at] & 0x80:
            at += 1
        at += 1
    return at


def _keeping(stock: Dump) -> Dump:
    def dump(self: Any, force: bool = False) -> bytes:  # noqa: FBT001, FBT002 - the library's signature
        header: bytes | None = self._header
        if force or not header or header[-1] != _INDEFINITE or is_indefinite(header):
            return stock(self, force)
        if isinstance(self, core.Choice):  # its header are explicit tags, before what was chosen
            return header + bytes(self.chosen.dump())
        contents: bytes = self.contents
        if self._header is None:  # something inside had been changed, and was encoded with it
            return stock(self, force)
        return header + contents + bytes(self._trailer)

    return dump


PATCHES: Final = tuple(
    Patch(Pin(owner, "dump"), _keeping)
    for owner in (core.Asn1Value, core.Choice, core.Primitive, core.Sequence, core.SequenceOf)
)


def keep_encodings() -> bool:
    """Put it right in this process, once and for good; False where the library is not the one this was written for."""
    if core.Sequence.dump.__module__ == __name__:
        return True
    sources = known_sources()
    if not all(patch.holds(sources) for patch in PATCHES):
        return False
    Patches(PATCHES).install()
    return True
