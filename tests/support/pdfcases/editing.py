"""What an attacker does with an editor: append updates, put bytes elsewhere, find the places that matter."""

import re
from collections.abc import Mapping


def last_startxref(data: bytes) -> int:
    """Give the offset that the last `startxref` names."""
    return int(re.findall(rb"startxref\s+(\d+)", data)[-1])


def put(data: bytes, position: int, new: bytes) -> bytes:
    """Overwrite bytes in place."""
    return data[:position] + new + data[position + len(new) :]


def swap(data: bytes, old: bytes, new: bytes) -> bytes:
    """Overwrite the one occurrence of some bytes by as many others."""
    if data.count(old) != 1 or len(old) != len(new):
        raise ValueError(f"{old!r} stands {data.count(old)} times")
    return data.replace(old, new)


def contents(data: bytes, index: int = 0) -> tuple[int, int]:
    """Find the hexadecimal digits of a signature, without their brackets."""
    found = list(re.finditer(rb"/Contents ?<([0-9a-fA-F]{99,})>", data))[index]
    return found.start(1), found.end(1)


def byte_range(data: bytes, index: int = 0) -> tuple[int, int, int, int]:
    """Read a ByteRange."""
    found = re.findall(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+)", data)[index]
    first, second, third, fourth = (int(number) for number in found)
    return first, second, third, fourth


def signed_bytes(data: bytes, index: int = 0) -> bytes:
    """Give what a ByteRange covers."""
    first, length, third, fourth = byte_range(data, index)
    return data[first : first + length] + data[third : third + fourth]


def signed_revision(data: bytes, index: int = 0) -> bytes:
    """Give the file as its signer left it."""
    _, _, start, length = byte_range(data, index)
    return data[: start + length]


def append(
    data: bytes,
    objects: Mapping[int, bytes],
    *,
    unlisted: bytes = b"",
    freed: tuple[int, ...] = (),
    root: int = 1,
    trailer: bytes = b"",
    generation: int = 0,
    previous: int | None = None,
) -> bytes:
    """Append an update: objects, a table that lists each of them, a trailer and an end marker.

    Args:
        data: The document.
        objects: Number and value of each object.
        unlisted: Bytes put in front of the table that it does not list.
        freed: Numbers that the table frees.
        root: The catalog.
        trailer: Further entries.
        generation: Of every object.
        previous: Where /Prev points; to the last section by default.
    """
    out, rows = bytearray(data), []
    if not data.endswith(b"\n"):
        out += b"\n"
    for number in sorted(objects):
        rows.append((number, b"%d 1\n%010d %05d n \n" % (number, len(out), generation)))
        out += b"%d %d obj\n" % (number, generation) + objects[number] + b"\nendobj\n"
    out += unlisted
    rows += [(number, b"%d 1\n0000000000 00001 f \n" % number) for number in freed]
    start, size = len(out), max([*objects, *freed, size_of(data) - 1]) + 1
    out += b"xref\n" + (b"".join(row for _, row in sorted(rows)) or b"0 0\n")
    out += b"trailer\n<< /Size %d /Root %d 0 R /Info 3 0 R /Prev %d %s >>\n" % (
        size,
        root,
        last_startxref(data) if previous is None else previous,
        identifier(data) + trailer,
    )
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % start


def size_of(data: bytes) -> int:
    """Read the last /Size."""
    return int(re.findall(rb"/Size (\d+)", data)[-1])


def identifier(data: bytes) -> bytes:
    """Give the file's /ID entry as it stands, empty where there is none."""
    found = re.search(rb"/ID ?\[[^\]]*\] ?", data)
    return found[0] if found else b""


def current(data: bytes, number: int) -> bytes:
    """Give the last value of an object in the bytes."""
    found = re.findall(rb"(?<!\d)%d 0 obj\s+(.*?)\s+endobj" % number, data, re.DOTALL)
    value: bytes = found[-1]
    return value


def with_entry(value: bytes, entry: bytes) -> bytes:
    """Add an entry to a dictionary."""
    return value[: value.rindex(b">>")] + entry + b" >>"
