"""Tokens of PDF syntax by regular expression. pyHanko reads a byte at a time: a third of a verdict went into it.

Only what is plain is taken: hexadecimal digits without white space, names without escapes, white space without
comments. Everything else is left to pyHanko's own reader, from the position where it began.
"""

import binascii
import re
from binascii import unhexlify
from collections.abc import Callable
from typing import Any, Final

from pyhanko.pdf_utils import generic, misc

from docaxis_signing.patching import Patch, Pin
from docaxis_signing.pdf.hashing import IN_MEMORY

MAX_DIGITS: Final = 4 * 1024 * 1024
"""Of one hexadecimal string; a signature with embedded lists has some hundred thousand."""
_NAME: Final = re.compile(rb"/([A-Za-z0-9_.+\-]{1,120})(?=[ \n\r\t\f\x00()<>\[\]{}/%])")
_SPACE: Final = re.compile(rb"[ \n\r\t\f\x00]*([^ \n\r\t\f\x00%])")

Stock = Callable[..., Any]


def _hex_strings(stock: Stock) -> Stock:
    def read_hex_string_from_stream(stream: Any) -> Any:
        if type(stream) not in IN_MEMORY:
            return stock(stream)
        # getvalue of a stream that was never written to gives the bytes it was made of, without a copy
        data, start = stream.getvalue(), stream.tell() + 1
        end = data.find(b">", start, start + MAX_DIGITS)
        if end < 0:
            return stock(stream)
        try:
            read = unhexlify(data[start:end])
        except binascii.Error:
            return stock(stream)
        stream.seek(end + 1)
        return generic.pdf_string(read)

    return read_hex_string_from_stream


def _names(stock: Stock) -> Stock:
    def read_from_stream(stream: Any) -> Any:
        if type(stream) not in IN_MEMORY:
            return stock(stream)
        found = _NAME.match(stream.getvalue(), stream.tell())
        if found is None:
            return stock(stream)
        stream.seek(found.end())
        return generic.NameObject(found[0].decode("ascii"))

    return read_from_stream


def _white_space(stock: Stock) -> Stock:
    def read_non_whitespace(stream: Any, seek_back: bool = False, allow_eof: bool = False) -> Any:  # noqa: FBT001, FBT002 - pyHanko's signature
        if type(stream) not in IN_MEMORY:
            return stock(stream, seek_back, allow_eof)
        found = _SPACE.match(stream.getvalue(), stream.tell())
        if found is None:
            return stock(stream, seek_back, allow_eof)
        stream.seek(found.start(1) if seek_back else found.end())
        return found[1]

    return read_non_whitespace


PATCHES: Final = (
    Patch(
        Pin(generic, "read_hex_string_from_stream"),
        _hex_strings,
    ),
    Patch(
        Pin(generic.NameObject, "read_from_stream"),
        _names,
    ),
    Patch(
        Pin(misc, "read_non_whitespace"),
        _white_space,
        also=(generic,),
    ),
)
