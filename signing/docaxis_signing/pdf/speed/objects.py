"""PDF objects of the plain grammar, read with one regular expression a token; the same objects that pyHanko makes.

pyHanko seeks and reads a byte or two for every decision. Here a whole object is read from memory: names without
escapes, integers and plain reals, references of one space each, strings without escapes, arrays and dictionaries of
these, comments before their keys. Whatever else occurs anywhere in it (a comment elsewhere, a key twice, an unknown
word, an unusual number) makes the whole object be read anew by pyHanko, which then alone decides what it is or what is
wrong with it.
"""

import binascii
import re
from binascii import unhexlify
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    BooleanObject,
    ContentOpReading,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
)

from docaxis_signing.patching import Patch, Pin
from docaxis_signing.pdf.hashing import IN_MEMORY
from docaxis_signing.pdf.speed.grammar import (
    BEGIN,
    CLOSE,
    COMMENT,
    COMMENTS,
    END,
    ENTRY,
    ENTRY_INTEGER,
    ENTRY_KEY,
    ENTRY_NAME,
    ENTRY_REFERENCE,
    HEX,
    INTEGER,
    MAX_NESTED,
    NAME,
    NUMBERS,
    OPEN,
    REAL,
    REFERENCE,
    SPACE,
    STREAM,
    STRING,
    TOKEN,
    WHITE,
    WORD,
    Unusual,
    entry_key,
)
from docaxis_signing.pdf.speed.tokens import MAX_DIGITS

_WORDS: Final[dict[bytes, Callable[[], Any]]] = {
    b"true": lambda: BooleanObject(True),  # type: ignore[no-untyped-call]
    b"false": lambda: BooleanObject(False),  # type: ignore[no-untyped-call]
    b"null": NullObject,
}
_ESCAPED: Final = re.compile(rb"\\([()\\nrtbf]|[0-3][0-7]{2})")
_ESCAPES: Final = (
    {bytes([code]): bytes([code]) for code in b"()\\"}
    | {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
    | {b"%03o" % code: bytes([code]) for code in range(256)}
)
"""What each of the escapes that `_ESCAPED` finds stands for."""

Stock = Callable[..., Any]


class _Reading:
    """One object being read: all that is made in it says by `container_ref` where it stands."""

    __slots__ = ("container", "data", "handler")

    def __init__(self, data: bytes, container: Any) -> None:
        self.data = data
        self.container = container
        self.handler = container.get_pdf_handler()

    def value(self, position: int, depth: int) -> tuple[Any, int]:
        """Read one object; give it with the position behind it."""
        token = TOKEN.match(self.data, position)
        if token is None:
            raise Unusual
        return self.of_token(token, depth)

    def of_token(self, token: re.Match[bytes], depth: int) -> tuple[Any, int]:
        kind, end = token.lastindex, token.end()
        made: Any
        if kind == NAME:
            made = NameObject("/" + token[NAME].decode("ascii"))
        elif kind == INTEGER:
            made = int.__new__(NumberObject, token[INTEGER])
        elif kind == REFERENCE:
            made = IndirectObject(int(token[2]), int(token[3]), self.handler)  # type: ignore[no-untyped-call]
        elif kind == OPEN:
            made, end = self.dictionary(end, depth + 1)
        elif kind == BEGIN:
            made, end = self.array(token.start(BEGIN), depth + 1)
        elif kind == HEX:
            made, end = self.hexadecimal(token.end())
        elif kind == STRING:
            made = generic.pdf_string(_unescaped(token[STRING]))
        elif kind == REAL:
            made = _number(token[REAL])
        elif kind == WORD:
            made = _WORDS[token[WORD]]()
        else:
            raise Unusual
        made.container_ref = self.container
        return made, end

    def hexadecimal(self, start: int) -> tuple[Any, int]:
        end = self.data.find(b">", start, start + MAX_DIGITS)
        if end < 0:
            raise Unusual
        try:
            return generic.pdf_string(unhexlify(self.data[start:end])), end + 1
        except binascii.Error as error:
            raise Unusual from error

    def array(self, start: int, depth: int) -> tuple[Any, int]:
        numbers = NUMBERS.match(self.data, start)
        if numbers is not None:
            made = ArrayObject(map(_number, numbers[1].split()))
            for one in made:
                one.container_ref = self.container
            return made, numbers.end()
        if depth > MAX_NESTED:
            raise Unusual
        items = ArrayObject()
        position = start + 1
        while (token := TOKEN.match(self.data, position)) is not None:
            if token.lastindex == END:
                return items, token.end()
            item, position = self.of_token(token, depth)
            items.append(item)
        raise Unusual

    def entries(self, position: int, depth: int) -> tuple[dict[Any, Any], int]:
        """Read the entries of a dictionary up to its end."""
        if depth > MAX_NESTED:
            raise Unusual
        entries: dict[Any, Any] = {}
        while True:
            entry = ENTRY.match(self.data, position)
            if entry is not None:
                key, value, position = entry_key(entry[ENTRY_KEY]), self.plain_value(entry), entry.end()
                if key in entries:
                    break
                entries[key] = value
                continue
            token = TOKEN.match(self.data, position)
            if token is None:
                position = self.behind_comments(position)
                continue
            if token.lastindex != NAME:
                if token.lastindex == CLOSE:
                    return entries, token.end()
                break
            key = entry_key(token[NAME])
            value, position = self.value(token.end(), depth)
            if key in entries:
                break
            entries[key] = value
        raise Unusual

    def plain_value(self, entry: re.Match[bytes]) -> Any:
        """Make the name, reference or integer of an entry."""
        made: Any
        kind = entry.lastindex
        if kind == ENTRY_NAME:
            made = NameObject("/" + entry[ENTRY_NAME].decode("ascii"))
        elif kind == ENTRY_INTEGER:
            made = int.__new__(NumberObject, entry[ENTRY_INTEGER])
        else:
            made = IndirectObject(int(entry[ENTRY_REFERENCE - 1]), int(entry[ENTRY_REFERENCE]), self.handler)  # type: ignore[no-untyped-call]
        made.container_ref = self.container
        return made

    def behind_comments(self, position: int) -> int:
        comments = COMMENTS.match(self.data, position)
        if comments is None:
            raise Unusual
        return comments.end()

    def dictionary(self, position: int, depth: int) -> tuple[Any, int]:
        """Read a dictionary that is no stream's."""
        entries, end = self.entries(position, depth)
        follows = SPACE.match(self.data, end).end()  # type: ignore[union-attr]
        if follows == len(self.data) or self.data[follows] in {STREAM, COMMENT}:
            raise Unusual  # pyHanko takes what follows any dictionary for its stream
        return _made(entries), end

    def outermost(self, position: int, stream: BytesIO) -> Any:
        """Read a dictionary or stream that is an object of its own, and leave the stream behind it."""
        entries, end = self.entries(position, 1)
        follows = SPACE.match(self.data, end).end()  # type: ignore[union-attr]
        if follows == len(self.data) or self.data[follows] == COMMENT:
            raise Unusual
        stream.seek(end)
        if self.data[follows] == STREAM:
            payload = generic._maybe_read_stream_payload(stream, entries, self.handler)  # type: ignore[no-untyped-call]  # noqa: SLF001 - what the stock function calls; pinned
            if payload is not None:
                return generic.StreamObject(entries, encoded_data=payload)
        return _made(entries)


def _number(digits: bytes) -> NumberObject | FloatObject:
    return Decimal.__new__(FloatObject, digits.decode("ascii")) if b"." in digits else int.__new__(NumberObject, digits)


def _unescaped(raw: bytes) -> bytes:
    if b"\\" not in raw:
        return raw
    parts = _ESCAPED.split(raw)
    parts[1::2] = map(_ESCAPES.__getitem__, parts[1::2])
    return b"".join(parts)


def _made(entries: dict[Any, Any]) -> DictionaryObject:
    made = DictionaryObject()  # type: ignore[no-untyped-call]
    dict.update(made, entries)  # the keys are names: nothing to normalise
    return made


class ObjectReader:
    """The replacements for pyHanko's reader of objects and of dictionaries."""

    def __init__(self) -> None:
        self._places: list[tuple[Any, str, Any, Any]] = []

    def patches(self) -> tuple[Patch, ...]:
        """Make the replacements."""
        return (
            Patch(
                Pin(generic, "read_object"),
                self._objects,
            ),
            Patch(
                Pin(DictionaryObject, "read_from_stream"),
                self._dictionaries,
            ),
        )

    def _objects(self, stock: Stock) -> Stock:
        def read_object(
            stream: Any,
            container_ref: Any,
            as_metadata_stream: bool = False,  # noqa: FBT001, FBT002 - pyHanko's signature
            in_content_stream: ContentOpReading = ContentOpReading.NO,
        ) -> Any:
            def plain(data: bytes, start: int) -> Any:
                reading = _Reading(data, container_ref)
                token = TOKEN.match(data, start)
                if token is None or data[start] in WHITE:
                    raise Unusual
                if token.lastindex == OPEN:
                    made = reading.outermost(token.end(), stream)
                    made.container_ref = container_ref
                    return made
                made, end = reading.of_token(token, 0)
                stream.seek(end)
                return made

            def as_stock() -> Any:
                return stock(stream, container_ref, as_metadata_stream, in_content_stream)

            return self._read(stream, plain, as_stock, ours=not as_metadata_stream and not in_content_stream)

        self._places.append((generic, "read_object", stock, read_object))
        return read_object

    def _dictionaries(self, stock: Stock) -> Stock:
        def read_from_stream(
            stream: Any,
            container_ref: Any,
            as_metadata_stream: bool = False,  # noqa: FBT001, FBT002 - pyHanko's signature
            in_content_stream: ContentOpReading = ContentOpReading.NO,
        ) -> Any:
            def plain(data: bytes, start: int) -> Any:
                if data[start : start + 2] != b"<<":
                    raise Unusual
                return _Reading(data, container_ref).outermost(start + 2, stream)

            def as_stock() -> Any:
                return stock(stream, container_ref, as_metadata_stream, in_content_stream)

            return self._read(stream, plain, as_stock, ours=not as_metadata_stream and not in_content_stream)

        self._places.append((DictionaryObject, "read_from_stream", staticmethod(stock), staticmethod(read_from_stream)))
        return read_from_stream

    def _read(self, stream: Any, plain: Callable[[bytes, int], Any], as_stock: Callable[[], Any], *, ours: bool) -> Any:
        """Try the plain grammar; on anything unusual leave the whole object to pyHanko.

        Its parts too: pyHanko's own functions are put back for so long, so that nothing is tried again for each part,
        and nesting goes as deep as it goes there.
        """
        if not ours or type(stream) not in IN_MEMORY:
            return as_stock()
        start = stream.tell()
        try:
            return plain(stream.getvalue(), start)
        except Unusual:
            stream.seek(start)
        for owner, name, stock, _ in self._places:
            setattr(owner, name, stock)
        try:
            return as_stock()
        finally:
            for owner, name, _, replacement in self._places:
                setattr(owner, name, replacement)


RELIED_ON: Final = (
    Pin(generic, "_maybe_read_stream_payload"),
    Pin(generic, "pdf_string"),
    Pin(NumberObject, "read_from_stream"),
    Pin(FloatObject, "__new__"),
    Pin(IndirectObject, "read_from_stream"),
    Pin(ArrayObject, "read_from_stream"),
    Pin(DictionaryObject, "__init__"),
)
