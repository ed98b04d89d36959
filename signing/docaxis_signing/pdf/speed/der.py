"""A small strict reader of DER: where the elements of a value begin and end, and nothing of what they mean.

asn1crypto makes several objects for each element that it passes. Here a value is taken apart where it is plain: tags of
one byte, lengths of definite and shortest form, elements that fill it exactly. Anything else is left to asn1crypto.
"""

from typing import Final, NamedTuple

SEQUENCE: Final = 0x30
SET: Final = 0x31
OBJECT_IDENTIFIER: Final = 0x06
_LONG_TAG: Final = 0x1F
_LONG: Final = 0x80
_LENGTH_BYTES: Final = 3
"""Of a long length: a CMS object has at most a mebibyte."""


class NotPlain(ValueError):
    """The bytes are not of this form: asn1crypto says what they are."""


class Element(NamedTuple):
    """One element: its tag, and where it begins, where its contents do and where both end."""

    tag: int
    start: int
    contents: int
    end: int


def elements(data: bytes, start: int, end: int) -> list[Element]:
    """Take contents apart.

    Raises:
        NotPlain: They are no row of plain elements.
    """
    found = []
    while start < end:
        if start + 2 > end:
            raise NotPlain
        tag, length = data[start], data[start + 1]
        contents = start + 2
        if length >= _LONG:
            contents += length - _LONG
            length = _long(data[start + 2 : contents], length - _LONG)
        after = contents + length
        if tag & _LONG_TAG == _LONG_TAG or after > end:
            raise NotPlain
        found.append(Element(tag, start, contents, after))
        start = after
    return found


def _long(digits: bytes, size: int) -> int:
    """Read a length of several bytes; it is in its shortest form and no longer than any that is met."""
    length = int.from_bytes(digits)
    if not 0 < size <= _LENGTH_BYTES or len(digits) != size or length < (_LONG if size == 1 else 1 << 8 * (size - 1)):
        raise NotPlain
    return length
