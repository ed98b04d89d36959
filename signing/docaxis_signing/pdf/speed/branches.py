"""The references in an object, each with the path to it, from its bytes: no object is made of what has none.

To learn who refers to what, pyHanko's difference analysis reads every object of a revision. Here an object of the plain
grammar is only looked through, as strictly as it would be read; one of any other kind has to be read.
"""

import binascii
import re
from binascii import unhexlify
from functools import lru_cache
from typing import Any, Final

from pyhanko.pdf_utils.generic import Reference

from docaxis_signing.pdf.speed.grammar import (
    BEGIN,
    CLOSE,
    COMMENT,
    END,
    ENTRY,
    ENTRY_INTEGER,
    ENTRY_KEY,
    ENTRY_REFERENCE,
    HEX,
    INTEGER,
    MAX_NESTED,
    NAME,
    NUMBERS,
    OPEN,
    REFERENCE,
    SPACE,
    STREAM,
    TOKEN,
    Unusual,
    entry_key,
)
from docaxis_signing.pdf.speed.tokens import MAX_DIGITS

Path = tuple[str | int, ...]
Branches = tuple[tuple[Path, Any], ...]
"""The references in an object, each with the path from the object to it."""

MAX_KEPT: Final = 2048
"""Bytes of an object of which it is kept what it refers to: a font with its widths has half of that."""
OBJECTS_KEPT: Final = 2048
"""Such objects: documents of one program have catalogs, page trees and fonts in common, byte for byte."""
_BEHIND: Final = 8
"""Bytes behind an object's end in which the next one begins."""
_HEADER: Final = re.compile(rb"(\d{1,9}) (\d{1,5}) obj[ \n\r\t\f\x00]*+(?:<<|(?=\[))")
_PAYLOAD: Final = re.compile(rb"stream(?:\r\n|\n)")
_PAYLOAD_END: Final = re.compile(rb"[ \n\r\t\f\x00]*+endstream(?=[ \n\r\t\f\x00])")
_OBJECT_END: Final = re.compile(rb"[ \n\r\t\f\x00]*+endobj[ \n\r\t\f\x00]*+(?=[^ \n\r\t\f\x00%])")
_NESTED: Final = frozenset({OPEN, BEGIN})
_CLOSING: Final = frozenset({CLOSE, END})
_LENGTH: Final = b"Length"
_PARENT: Final = "/Parent"
"""The way back up, which pyHanko does not follow."""


Place = tuple[int, int]
"""Number and generation of an object."""


def plain_branches(data: bytes, position: int, reference: Reference) -> Branches | None:
    """Look through a dictionary, stream or array that stands at a position; None where it has to be read."""
    place = reference.idnum, reference.generation
    end = data.find(b"endobj", position, position + MAX_KEPT)
    found = _of_equal_bytes(data[position : end + len(b"endobj") + _BEHIND], place) if end >= 0 else None
    if found is None:
        found = _look_through(data, position, place)
    return None if found is None else tuple((path, Reference(*to, reference.pdf)) for path, to in found)


@lru_cache(maxsize=OBJECTS_KEPT)
def _of_equal_bytes(written: bytes, place: Place) -> tuple[tuple[Path, Place], ...] | None:
    """Look through an object by itself: what is whole there is whole wherever these bytes stand."""
    return _look_through(written, 0, place)


def _look_through(data: bytes, position: int, place: Place) -> tuple[tuple[Path, Place], ...] | None:
    header = _HEADER.match(data, position)
    if header is None or (int(header[1]), int(header[2])) != place:
        return None
    looking = _Looking(data)
    try:
        end = looking.array(header.end(), (), 1) if data[header.end()] == ord("[") else looking.outermost(header.end())
    except Unusual:
        return None
    return tuple(looking.found) if _OBJECT_END.match(data, end) else None


class _Looking:
    """One object being looked through; every method gives the position behind what it went over."""

    __slots__ = ("data", "found", "length")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.found: list[tuple[Path, Place]] = []
        self.length: int | None = None
        """What the outermost dictionary says of its stream."""

    def outermost(self, position: int) -> int:
        """Go over a dictionary or stream that is an object of its own, from behind its beginning."""
        end = self.entries(position, (), 1)
        follows = SPACE.match(self.data, end).end()  # type: ignore[union-attr]
        if self.data[follows : follows + 1] != b"s":
            return end
        payload = _PAYLOAD.match(self.data, follows)
        if payload is None or self.length is None:
            raise Unusual
        closing = _PAYLOAD_END.match(self.data, payload.end() + self.length)
        if closing is None:
            raise Unusual
        return closing.end()

    def entries(self, position: int, path: Path, depth: int) -> int:
        """Go over the entries of a dictionary and its end."""
        if depth > MAX_NESTED:
            raise Unusual
        data, keys = self.data, set()
        while True:
            entry = ENTRY.match(data, position)
            if entry is not None:
                if entry[ENTRY_KEY] in keys:
                    break
                keys.add(entry[ENTRY_KEY])
                self.plain_entry(entry, path, depth)
                position = entry.end()
                continue
            token = TOKEN.match(data, position)
            if token is None:
                break
            if token.lastindex != NAME:
                if token.lastindex == CLOSE:
                    return token.end()
                break
            name = token[NAME]
            value = TOKEN.match(data, token.end())
            if name in keys or value is None:
                break
            keys.add(name)
            if name == _LENGTH and depth == 1:
                self.length = _whole(value[INTEGER])
            position = self.over(value, path, entry_key(name), depth)
        raise Unusual

    def plain_entry(self, entry: re.Match[bytes], path: Path, depth: int) -> None:
        """Take note of an entry that is a name, a reference or an integer."""
        if entry.lastindex == ENTRY_REFERENCE:
            step = entry_key(entry[ENTRY_KEY])
            if step != _PARENT:
                place = int(entry[ENTRY_REFERENCE - 1]), int(entry[ENTRY_REFERENCE])
                self.found.append(((*path, step), place))
        elif entry[ENTRY_KEY] == _LENGTH and depth == 1:
            self.length = _whole(entry[ENTRY_INTEGER])

    def dictionary(self, position: int, path: Path, depth: int) -> int:
        """Go over a dictionary that is no stream's, from behind its beginning."""
        end = self.entries(position, path, depth)
        follows = SPACE.match(self.data, end).end()  # type: ignore[union-attr]
        if follows == len(self.data) or self.data[follows] in {STREAM, COMMENT}:
            raise Unusual  # pyHanko takes what follows any dictionary for its stream
        return end

    def array(self, start: int, path: Path, depth: int) -> int:
        """Go over an array, from its beginning."""
        data = self.data
        numbers = NUMBERS.match(data, start)
        if numbers is not None:
            return numbers.end()
        if depth > MAX_NESTED:
            raise Unusual
        position, index = start + 1, 0
        while (token := TOKEN.match(data, position)) is not None:
            if token.lastindex == END:
                return token.end()
            position = self.over(token, path, index, depth)
            index += 1
        raise Unusual

    def over(self, token: re.Match[bytes], path: Path, step: str | int, depth: int) -> int:
        """Go over the value that begins with a token and stands a step below a path."""
        kind, end = token.lastindex, token.end()
        if kind == REFERENCE:
            if step != _PARENT:
                place = int(token[REFERENCE - 1]), int(token[REFERENCE])
                self.found.append(((*path, step), place))
        elif kind in _NESTED:
            before = len(self.found)
            below = (*path, step)
            if kind == OPEN:
                end = self.dictionary(end, below, depth + 1)
            else:
                end = self.array(token.start(BEGIN), below, depth + 1)
            if step == _PARENT:
                del self.found[before:]
        elif kind == HEX:
            end = self.hexadecimal(end)
        elif kind in _CLOSING:
            raise Unusual
        return end

    def hexadecimal(self, start: int) -> int:
        """Go over a string of digits, from behind its beginning."""
        end = self.data.find(b">", start, start + MAX_DIGITS)
        if end < 0:
            raise Unusual
        try:
            unhexlify(self.data[start:end])
        except binascii.Error as error:
            raise Unusual from error
        return end + 1


def _whole(digits: bytes | None) -> int | None:
    return int(digits) if digits is not None and digits.isdigit() else None
