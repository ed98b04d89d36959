"""The packaging of the national office's SDK: each file alone in a ZIP, and that in base64.

A ZIP that is the document's own file (an archive, an office document) stays as it is. Only a ZIP with one entry can be
a wrapper, and everything about that entry is checked twice, in the directory at the end and before the data, because
programs that disagree about a ZIP would show different files under one name.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, NoReturn
from uuid import NAMESPACE_OID, uuid5

from docaxis_schemas.edxml.contents import HashedWriter, Spool, Stored
from docaxis_schemas.edxml.limits import CHUNK, MAX_ATTACHMENT, MAX_RATIO, RATIO_FREE

MAGIC: Final = b"PK\x03\x04"
_END: Final = b"PK\x05\x06"
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_TAIL: Final = struct.Struct("<4s4H2IH")
_MAX_COMMENT: Final = 0xFFFF
_ENCRYPTED: Final = 0x0001
_SIZES_AFTER: Final = 0x0008
_UTF8: Final = 0x0800
_FLAGS: Final = _SIZES_AFTER | _UTF8
_STORED, _DEFLATED = 0, 8
_DOS_DATE: Final = 0x0021
"""1 January 1980: the same file gives the same packet."""

_OWN_FORMATS: Final = (
    frozenset({"zip", "docx", "docm", "dotx", "xlsx", "xlsm", "xltx", "pptx", "pptm", "ppsx"})
    | frozenset({"odt", "ods", "odp", "odg", "epub", "jar", "apk", "kmz"})
    | frozenset({"asice", "asics", "edoc", "bdoc"})
)
"""Extensions of files that are ZIPs themselves."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


class RejectedZip(ValueError):
    """A wrapper that cannot be opened; ``rule`` names the fault."""

    def __init__(self, rule: str, reason: str = "") -> None:
        super().__init__(reason or rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    start: int


def unwrap(stored: Stored, name: str, spool: Spool) -> Stored | None:
    """Take a file out of its wrapper; None if there is none. ``name`` is the attachment's.

    Raises:
        RejectedZip: It is wrapped and cannot be opened.
    """
    stored.stream.seek(0)
    is_zip = stored.stream.read(4) == MAGIC
    stored.stream.seek(0)
    if not is_zip:
        return None
    extension = _extension(name)
    try:
        entry, where = _only_entry(stored)
    except RejectedZip:
        if extension in _OWN_FORMATS:
            return None  # the file itself, sound or not: its recipients judge that
        raise
    if extension in _OWN_FORMATS and not _is_wrapper_of(entry.name, extension):
        return None
    return _unpack(stored, entry, where, spool)


def _only_entry(stored: Stored) -> tuple[_Entry, int]:
    count, where = _directory(stored)
    if count != 1:
        raise RejectedZip("zip-many")
    return _entry(stored, where), where


def _is_wrapper_of(inner: str, extension: str) -> bool:
    """Say whether the only entry of a ZIP is a wrapped file of this kind: the SDK names it by a UUID or likewise."""
    return _extension(inner) == extension or _UUID.fullmatch(PurePosixPath(inner).stem) is not None


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.lower().lstrip(".")


def _directory(stored: Stored) -> tuple[int, int]:
    """Give the number of entries and where the directory begins."""
    length = min(stored.size, _TAIL.size + _MAX_COMMENT)
    stored.stream.seek(stored.size - length)
    tail = stored.stream.read(length)
    at = tail.rfind(_END)
    if at < 0 or at + _TAIL.size > len(tail):
        _broken("no directory at its end")
    _, disk, first, here, total, size, start, comment = _TAIL.unpack_from(tail, at)
    end = stored.size - length + at
    if disk or first or here != total or start + size != end or at + _TAIL.size + comment != len(tail):
        _broken("its directory does not lie where it says")
    return total, start


def _entry(stored: Stored, where: int) -> _Entry:
    stored.stream.seek(where)
    head = stored.stream.read(_CENTRAL.size)
    if len(head) < _CENTRAL.size or not head.startswith(b"PK\x01\x02"):
        _broken("the directory is cut off")
    fields = _CENTRAL.unpack(head)
    flags, method, crc, packed, size = fields[3], fields[4], *fields[7:10]
    name = stored.stream.read(fields[10])
    if flags & _ENCRYPTED:
        raise RejectedZip("zip-encrypted")
    if method not in {_STORED, _DEFLATED} or fields[16] != 0 or 0xFFFFFFFF in {packed, size}:
        _broken("a kind of packing that is not used here")
    stored.stream.seek(0)
    local = _LOCAL.unpack(stored.stream.read(_LOCAL.size))
    if local[2] != flags or local[3] != method or stored.stream.read(local[9]) != name:
        _broken("two names or two ways of packing for one file")
    if not flags & _SIZES_AFTER and local[6:9] != (crc, packed, size):
        _broken("two sizes for one file")
    start = _LOCAL.size + local[9] + local[10]
    if start + packed > where:
        _broken("the file runs into the directory")
    encoding = "utf-8" if flags & _UTF8 else "cp437"
    return _Entry(name.decode(encoding, "replace"), flags, method, crc, packed, size, start)


def _unpack(stored: Stored, entry: _Entry, where: int, spool: Spool) -> Stored:
    if entry.size > MAX_ATTACHMENT or _is_bomb(entry.size, stored.size):
        raise RejectedZip("zip-bomb")
    if where - entry.start - entry.packed not in ({12, 16, 20, 24} if entry.flags & _SIZES_AFTER else {0}):
        _broken("bytes between the file and the directory")
    out = HashedWriter(spool)
    crc = 0
    try:
        for piece in _pieces(stored, entry):
            crc = zlib.crc32(piece, crc)
            out.write(piece)
            if out.size > entry.size:
                _broken("it unpacks to more than it says")
        if out.size != entry.size or crc != entry.crc:
            _broken("what it unpacks to is not what it says")
    except zlib.error as error:
        raise RejectedZip("zip-broken", str(error)) from error
    return out.finish()


def _is_bomb(size: int, packed: int) -> bool:
    return size > RATIO_FREE and size > packed * MAX_RATIO


def _pieces(stored: Stored, entry: _Entry) -> Iterator[bytes]:
    stored.stream.seek(entry.start)
    left = entry.packed
    inflater = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == _DEFLATED else None
    while left:
        data = stored.stream.read(min(CHUNK, left))
        if not data:
            _broken("it is cut off")
        left -= len(data)
        if inflater is None:
            yield data
            continue
        while data:
            yield inflater.decompress(data, CHUNK)
            data = inflater.unconsumed_tail
    if inflater is not None:
        yield inflater.flush()
        if not inflater.eof or inflater.unused_data:
            _broken("the packed data end elsewhere than they say")


def _broken(reason: str) -> NoReturn:
    raise RejectedZip("zip-broken", reason)


class Wrapper:
    """Packs one file as the SDK does, piece by piece; the same file and name give the same bytes."""

    def __init__(self, name: str, sha256: str) -> None:
        suffix = PurePosixPath(name).suffix
        self._inner = f"{uuid5(NAMESPACE_OID, sha256)}{suffix if suffix.isascii() else ''}".encode()
        self._packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        self._crc = self._size = self._packed = 0

    def open(self) -> bytes:
        """Begin."""
        head = _LOCAL.pack(MAGIC, 20, _FLAGS, _DEFLATED, 0, _DOS_DATE, 0, 0, 0, len(self._inner), 0)
        return head + self._inner

    def feed(self, piece: bytes) -> bytes:
        """Pack the next piece."""
        self._crc, self._size = zlib.crc32(piece, self._crc), self._size + len(piece)
        data = self._packer.compress(piece)
        self._packed += len(data)
        return data

    def close(self) -> bytes:
        """End: the rest, the sizes, the directory."""
        data = self._packer.flush()
        self._packed += len(data)
        sizes = (self._crc, self._packed, self._size)
        start = _LOCAL.size + len(self._inner) + self._packed + 16
        central = (20, 20, _FLAGS, _DEFLATED, 0, _DOS_DATE, *sizes, len(self._inner), 0, 0, 0, 0, 0, 0)
        directory = _CENTRAL.pack(b"PK\x01\x02", *central) + self._inner
        tail = _TAIL.pack(_END, 0, 0, 1, 1, len(directory), start, 0)
        return data + struct.pack("<4s3I", b"PK\x07\x08", *sizes) + directory + tail
