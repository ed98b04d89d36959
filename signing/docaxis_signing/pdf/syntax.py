"""A strict reader of PDF objects (ISO 32000-2, 7.2-7.3): bytes in, plain values and positions out.

It exists beside pyHanko's parser on purpose: the structure scan must not share the blind spots of the engine that it
guards. What this reader does not understand it refuses.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from docaxis_signing.pdf.limits import MAX_DEPTH

_REGULAR: Final = rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]"
_SPACE: Final = rb"[\x00\t\n\x0c\r ]"
# Possessive, so that a run of blanks before something unknown is tried once and not in every division (2^n steps).
_TOKEN: Final = re.compile(
    rb"(?:[\x00\t\n\x0c\r ]++|%[^\r\n]*+)*+"
    rb"(?:/(" + _REGULAR + rb"*+)"
    rb"|(\d{1,19})" + _SPACE + rb"++(\d{1,5})" + _SPACE + rb"++R(?!" + _REGULAR + rb")"
    rb"|([+-]?\d{1,19})(?!" + _REGULAR + rb")"
    rb"|(<<)|(>>)|(<[0-9A-Fa-f\x00\t\n\x0c\r ]*+>)|(\()|(\[)|(\])|(" + _REGULAR + rb"++))"
)
_NAME, _REFERENCE, _INTEGER, _OPEN, _CLOSE, _HEX, _LITERAL, _BEGIN, _END, _WORD = 1, 3, 4, 5, 6, 7, 8, 9, 10, 11
"""What a token is, by its last group; a reference has two."""
_MORE_FOLLOWS: Final = frozenset({_LITERAL, _OPEN, _CLOSE, _BEGIN, _END})
"""Tokens that are no whole value."""
NAMES_KEPT: Final = 4096
"""Names kept; the format knows some hundreds."""
_REAL: Final = re.compile(rb"[+-]?(?:\d+\.\d*|\.\d+)")
_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_PLAIN_STRING: Final = re.compile(rb"\((?:[^()\\]|\\.)*\)", re.DOTALL)
_STRING_PART: Final = re.compile(rb"(?:[^()\\]|\\.)+|[()]", re.DOTALL)
_HEADER: Final = re.compile(
    rb"[\r\n ]{0,4}(\d{1,10})" + _SPACE + rb"+(\d{1,5})" + _SPACE + rb"+obj(?!" + _REGULAR + rb")"
)
_STREAM: Final = re.compile(rb"(?:[\x00\t\n\x0c\r ]++|%[^\r\n]*+)*+stream(?:\r\n|\n)")
_ENDSTREAM: Final = re.compile(rb"[\x00\t\n\x0c\r ]*endstream(?!" + _REGULAR + rb")")
_ENDOBJ: Final = re.compile(rb"(?:[\x00\t\n\x0c\r ]++|%[^\r\n]*+)*+endobj(?!" + _REGULAR + rb")")
_ESCAPED: Final = re.compile(rb"\\(\r\n|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_LINE_ENDS: Final = frozenset({b"\r\n", b"\r", b"\n"})
_WORDS: Final[dict[bytes, bool | None]] = {b"true": True, b"false": False, b"null": None}


class MalformedSyntax(ValueError):
    """The bytes are not the objects that the format allows."""


class Name(bytes):
    """A name without its slash, escapes resolved."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """An indirect reference."""

    number: int
    generation: int


@dataclass(frozen=True, slots=True)
class Span:
    """A string by its place: start at its delimiter, end behind it."""

    start: int
    end: int
    hexadecimal: bool


class Dictionary(dict[bytes, Any]):
    """A dictionary that remembers the keys that occurred twice."""

    __slots__ = ("twice",)

    def __init__(self) -> None:
        super().__init__()
        self.twice: set[bytes] = set()


@dataclass(frozen=True, slots=True)
class IndirectObject:
    """An object with its number and the bytes it takes, `endobj` included."""

    number: int
    generation: int
    value: Any
    start: int
    end: int
    stream: tuple[int, int] | None = None


def read_value(data: bytes, position: int) -> tuple[Any, int]:
    """Read one direct object.

    Returns:
        The value and the position behind it.

    Raises:
        MalformedSyntax: Not an object.
    """
    return _value(data, position, 0)


def read_indirect(data: bytes, position: int, length_of: Callable[[Reference], int | None]) -> IndirectObject:
    """Read `n g obj ... endobj` at a position.

    Args:
        data: The file.
        position: Where the object number begins.
        length_of: Resolves an indirect stream length.

    Raises:
        MalformedSyntax: Anything else stands there.
    """
    header = _header(data, position)
    value, end = _value(data, header.end(), 0)
    stream = None
    begin = _STREAM.match(data, end)
    if begin is not None:
        stream, end = _stream(data, value, begin.end(), length_of)
    closing = _ENDOBJ.match(data, end)
    if closing is None:
        raise MalformedSyntax(f"the object at byte {position} does not end with endobj")
    return IndirectObject(int(header[1]), int(header[2]), value, position, closing.end(), stream)


def read_numbered(data: bytes, position: int) -> tuple[Any, int]:
    """Read `n g obj` and the value behind it, whatever follows: of a stream its dictionary.

    Returns:
        The value and the position behind it.

    Raises:
        MalformedSyntax: Anything else stands there.
    """
    return _value(data, _header(data, position).end(), 0)


def _header(data: bytes, position: int) -> re.Match[bytes]:
    header = _HEADER.match(data, position)
    if header is None:
        raise MalformedSyntax(f"no object begins at byte {position}")
    return header


def _stream(
    data: bytes, value: Any, start: int, length_of: Callable[[Reference], int | None]
) -> tuple[tuple[int, int], int]:
    length = value.get(b"Length") if isinstance(value, Dictionary) else None
    if isinstance(length, Reference):
        length = length_of(length)
    if type(length) is not int or not 0 <= length <= len(data) - start:
        raise MalformedSyntax(f"the stream at byte {start} has no usable length")
    closing = _ENDSTREAM.match(data, start + length)
    if closing is None:
        raise MalformedSyntax(f"the stream at byte {start} does not end where its length says")
    return (start, start + length), closing.end()


def _value(data: bytes, position: int, depth: int) -> tuple[Any, int]:
    token = _TOKEN.match(data, position)
    if token is None:
        raise MalformedSyntax(f"no object at byte {position}")
    return _of_token(data, token, depth)


def _of_token(data: bytes, token: re.Match[bytes], depth: int) -> tuple[Any, int]:
    kind, end = token.lastindex, token.end()
    if kind not in _MORE_FOLLOWS:
        return _scalar(token), end
    if kind == _LITERAL:
        return _literal(data, token.start(_LITERAL))
    if depth >= MAX_DEPTH:
        raise MalformedSyntax(f"nested deeper than {MAX_DEPTH}")
    if kind == _OPEN:
        return _dictionary(data, end, depth + 1)
    if kind == _BEGIN:
        return _array(data, end, depth + 1)
    raise MalformedSyntax(f"unexpected {token[0].strip()!r} at byte {token.start()}")


def _scalar(token: re.Match[bytes]) -> Any:
    kind = token.lastindex
    if kind == _NAME:
        return _name(token[_NAME])
    if kind == _REFERENCE:
        return Reference(int(token[_REFERENCE - 1]), int(token[_REFERENCE]))
    if kind == _INTEGER:
        return int(token[_INTEGER])
    if kind == _HEX:
        return Span(token.start(_HEX), token.end(), hexadecimal=True)
    return _word(token)


def resolved(name: bytes) -> bytes:
    """Write a name's escapes out (7.3.5)."""
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), name)


def unescaped(text: bytes) -> bytes:
    """Write a string's escapes out (7.3.4.2)."""
    if b"\\" not in text:
        return text
    parts = _ESCAPED.split(text)
    parts[1::2] = map(_unescaped, parts[1::2])
    return b"".join(parts)


@lru_cache(maxsize=1024)  # there are fewer: a byte, one to three octal digits, a line end
def _unescaped(code: bytes) -> bytes:
    if code[:1].isdigit():
        return bytes([int(code, 8) & 0xFF]) if code[0] < ord("8") else code
    return b"" if code in _LINE_ENDS else _ESCAPES.get(code, code)


@lru_cache(maxsize=NAMES_KEPT)
def _name(text: bytes) -> Name:
    return Name(resolved(text) if b"#" in text else text)


@lru_cache(maxsize=NAMES_KEPT)
def _key(text: bytes) -> bytes:
    return bytes(_name(text))


def _word(token: re.Match[bytes]) -> float | bool | None:
    word = token[_WORD]
    if _REAL.fullmatch(word):
        return float(word)
    if word in _WORDS:
        return _WORDS[word]
    raise MalformedSyntax(f"unknown word {word[:20]!r} at byte {token.start(_WORD)}")


def _literal(data: bytes, start: int) -> tuple[Span, int]:
    plain = _PLAIN_STRING.match(data, start)
    if plain is not None:
        return Span(start, plain.end(), hexadecimal=False), plain.end()
    depth, position = 0, start
    while part := _STRING_PART.match(data, position):
        position = part.end()
        depth += {b"(": 1, b")": -1}.get(part[0], 0)
        if depth == 0:
            return Span(start, position, hexadecimal=False), position
    raise MalformedSyntax(f"the string at byte {start} has no end")


def _array(data: bytes, position: int, depth: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    while token := _TOKEN.match(data, position):
        if token.lastindex == _END:
            return items, token.end()
        item, position = _of_token(data, token, depth)
        items.append(item)
    raise MalformedSyntax("an array has no end")


def _dictionary(data: bytes, position: int, depth: int) -> tuple[Dictionary, int]:
    entries = Dictionary()
    while token := _TOKEN.match(data, position):
        if token.lastindex != _NAME:
            if token.lastindex == _CLOSE:
                return entries, token.end()
            raise MalformedSyntax(f"a dictionary key is no name at byte {token.start()}")
        key = _key(token[_NAME])
        value, position = _value(data, token.end(), depth)
        if key in entries:
            entries.twice.add(key)
        entries[key] = value
    raise MalformedSyntax("a dictionary has no end")
