"""The plain grammar of PDF objects, a token at a time by one regular expression.

Names without escapes, integers and plain reals, references of one space each, strings without odd escapes, arrays and
dictionaries of these. Whatever else occurs anywhere in an object is pyHanko's to read, with all of that object.
"""

import re
from functools import lru_cache
from typing import Final

from pyhanko.pdf_utils.generic import NameObject

MAX_NESTED: Final = 40
"""Arrays and dictionaries in one another; honest files stay below 20. Deeper ones are pyHanko's business."""

KEYS_KEPT: Final = 4096
"""Names of entries kept; the format knows some hundreds."""

_AHEAD: Final = rb"(?=[ \n\r\t\f\x00()<>\[\]{}/%])"
TOKEN: Final = re.compile(
    rb"[ \n\r\t\f\x00]*+(?:"
    rb"/([A-Za-z0-9_.+\-]{1,120})"
    + _AHEAD
    + rb"|([1-9]\d{0,8}) (\d{1,5}) R"
    + _AHEAD
    + rb"|([+-]?\d{1,18})(?!\s++\d++\s++R)"  # what might be a reference in pyHanko's eyes, and is not the plain one
    + _AHEAD
    + rb"|(<<)|(>>)|(\[)|(\])|(<(?=[0-9A-Fa-f>]))"
    + rb"|\(((?:[^()\\]|\\(?:[()\\nrtbf]|[0-3][0-7]{2}))*+)\)|([+-]?\d{1,18}\.\d{0,18})"
    + _AHEAD
    + rb"|(true|false|null)"
    + _AHEAD
    + rb")"
)
NAME, REFERENCE, INTEGER, OPEN, CLOSE, BEGIN, END, HEX, STRING, REAL, WORD = (
    1,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
)
ENTRY: Final = re.compile(
    rb"[ \n\r\t\f\x00]*+/([A-Za-z0-9_.+\-]{1,120})" + _AHEAD + rb"[ \n\r\t\f\x00]*+(?:"
    rb"/([A-Za-z0-9_.+\-]{1,120})"
    + _AHEAD
    + rb"|([1-9]\d{0,8}) (\d{1,5}) R"
    + _AHEAD
    + rb"|([+-]?\d{1,18})(?!\s++\d++\s++R)"
    + _AHEAD
    + rb")"
)
"""Two tokens in one: the key of an entry and a name, reference or integer, as most entries have."""
ENTRY_KEY, ENTRY_NAME, ENTRY_REFERENCE, ENTRY_INTEGER = 1, 2, 4, 5
NUMBERS: Final = re.compile(rb"\[[ \n\r\t]*+((?:[+-]?\d{1,18}(?:\.\d{0,18})?+(?=[ \n\r\t\]])[ \n\r\t]*+)*+)\]")
"""Widths, boxes and matrices: two thirds of the tokens of a document without tags."""
SPACE: Final = re.compile(rb"[ \n\r\t\f\x00]*+")
COMMENTS: Final = re.compile(rb"[ \n\r\t\f\x00]*+(?:%[^\r\n]*+[\r\n][ \n\r\t\f\x00]*+)++")
"""What pyHanko passes over before the key of an entry; software leaves its mark in trailers."""
STREAM: Final = ord("s")
COMMENT: Final = ord("%")
WHITE: Final = frozenset(b" \n\r\t\f\x00")


class Unusual(Exception):
    """Not of the plain grammar."""


@lru_cache(maxsize=KEYS_KEPT)
def entry_key(name: bytes) -> NameObject:
    """Give the key of an entry. One object serves all dictionaries: unlike a value, a key does not say where it is."""
    return NameObject("/" + name.decode("ascii"))
