"""Attachments on their way in: base64 by pieces into a stream of the caller's, counted and hashed as it goes."""

import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, Self

from docaxis_schemas.edxml.limits import MAX_ATTACHMENT

Spool = Callable[[], BinaryIO]
"""Gives an empty stream that can be written, sought and read; what lies behind it is the caller's business."""

_BLANK: Final = b" \t\r\n"


class Spools:
    """Opens spools for one packet and closes them together, whatever became of the packet."""

    def __init__(self, spool: Spool) -> None:
        self._open = spool
        self._streams: list[BinaryIO] = []

    def __call__(self) -> BinaryIO:
        stream = self._open()
        self._streams.append(stream)
        return stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._streams:
            stream.close()


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes in a spool: rewound, with their size and lower-case hex SHA-256."""

    stream: BinaryIO
    size: int
    sha256: str


class HashedWriter:
    """Writes to a spool and hashes what passes."""

    def __init__(self, spool: Spool) -> None:
        self._stream = spool()
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self._stream.write(data)
        self._digest.update(data)
        self.size += len(data)

    def finish(self) -> Stored:
        """Rewind, and give what was written."""
        self._stream.seek(0)
        return Stored(self._stream, self.size, self._digest.hexdigest())


class Base64Content:
    """Decodes the text of one attachment. What goes wrong is kept in ``problem``, a rule; the rest is read over."""

    def __init__(self, spool: Spool) -> None:
        self._out = HashedWriter(spool)
        self._rest = b""
        self._ended = False
        self.problem: str | None = None

    def feed(self, text: str) -> None:
        """Take the next piece of text."""
        if self.problem is not None:
            return
        try:
            data = self._rest + text.encode("ascii").translate(None, _BLANK)
        except UnicodeEncodeError:
            self.problem = "not-base64"
            return
        whole = len(data) & ~3
        self._rest = data[whole:]
        self._decode(data[:whole])

    def finish(self) -> Stored:
        """Take the end; text whose last padding was left out is read all the same."""
        if self._rest and self.problem is None:
            self._decode(self._rest + b"=" * (-len(self._rest) % 4))
        if self.problem is None and self._out.size == 0:
            self.problem = "attachment-empty"
        return self._out.finish()

    def _decode(self, data: bytes) -> None:
        if not data:
            return
        if self._ended:
            self.problem = "not-base64"
            return
        try:
            self._out.write(binascii.a2b_base64(data, strict_mode=True))
        except binascii.Error:
            self.problem = "not-base64"
        self._ended = data.endswith(b"=")
        if self._out.size > MAX_ATTACHMENT:
            self.problem = "attachment-too-large"
