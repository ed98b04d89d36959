"""Files packed alone in a ZIP come out whole; ZIPs that are the file stay as they are; hostile ones are refused."""

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas.document import DocumentMetadata
from docaxis_schemas.edxml import Examination, OutgoingAttachment, write_document
from docaxis_schemas.edxml.contents import Stored
from docaxis_schemas.edxml.limits import MAX_RATIO, RATIO_FREE
from docaxis_schemas.edxml.packaging import RejectedZip, Wrapper, unwrap

Examine = Callable[[bytes], Examination]
DATA = b"%PDF-1.7 " + bytes(range(256)) * 20


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def opened(data: bytes, name: str) -> bytes | None:
    stored = Stored(io.BytesIO(data), len(data), hashlib.sha256(data).hexdigest())
    found = unwrap(stored, name, io.BytesIO)
    if found is None:
        return None
    inner = found.stream.read()
    assert (found.size, found.sha256) == (len(inner), hashlib.sha256(inner).hexdigest())
    return inner


def test_packed_files_come_out_of_a_packet_as_they_went_in(
    document: DocumentMetadata, files: list[OutgoingAttachment], now: datetime, examine: Examine
) -> None:
    text = b"".join(write_document(document, files, now=now, packed=True))
    assert text.count(b">application/zip<") == 2 * len(files)
    found = examine(text)
    assert found.faults == ()
    assert [file.was_packed for file in found.attachments] == [True, True]
    assert [file.sha256 for file in found.attachments] == [file.entry.sha256 for file in files]
    assert [file.media_type for file in found.attachments] == [file.entry.media_type for file in files]


@given(st.binary(max_size=100_000), st.sampled_from(["a.pdf", "a.docx", "a", "văn bản.PDF"]))
def test_what_is_packed_is_unpacked_equal_and_any_tool_opens_it(data: bytes, name: str) -> None:
    wrapper = Wrapper(name, hashlib.sha256(data).hexdigest())
    packed = wrapper.open() + wrapper.feed(data[:10]) + wrapper.feed(data[10:]) + wrapper.close()
    assert opened(packed, name) == data
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert [archive.read(entry) for entry in archive.infolist()] == [data]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    ("inner", "name"),
    [
        ("32da2890-1a55-4ccd-9ac9-cd0d98559e67.edxml", "1896_QD-TTg.doc"),
        ("32da2890-1a55-4ccd-9ac9-cd0d98559e67.edxml", "bảng.xlsx"),
        ("bảng.xlsx", "bảng.xlsx"),
        ("x.zip", "hồ sơ.zip"),
        ("van-ban.pdf", "văn bản"),
    ],
)
def test_a_wrapper_of_any_tool_is_opened(method: int, inner: str, name: str) -> None:
    assert opened(zipped((inner, DATA), method=method), name) == DATA


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (DATA, "a.pdf"),
        (zipped(("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")), "a.docx"),
        (zipped(("one.pdf", DATA), ("two.pdf", DATA)), "hồ sơ.zip"),
        (zipped(("one.pdf", DATA)), "hồ sơ.zip"),
        (b"PK\x03\x04 broken, but nobody asked us to open it", "hồ sơ.zip"),
    ],
)
def test_a_zip_that_is_the_file_itself_stays(data: bytes, name: str) -> None:
    assert opened(data, name) is None


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def central(data: bytes) -> int:
    return data.index(b"PK\x01\x02")


ONE = zipped(("a.pdf", DATA))
HOSTILE: dict[str, tuple[str, bytes]] = {
    "two-files": ("zip-many", zipped(("a.pdf", DATA), ("b.pdf", DATA))),
    "no-file": ("zip-broken", b"PK\x03\x04" + zipped()),
    "same-name-twice": ("zip-broken", ONE[: central(ONE)] + zipped(("a.pdf", DATA), ("A.pdf", b"x"))),
    "encrypted": ("zip-encrypted", patched(patched(ONE, 6, b"\x01"), central(ONE) + 8, b"\x01")),
    "another-name-inside": ("zip-broken", patched(ONE, 30, b"b")),
    "another-size-inside": ("zip-broken", patched(ONE, 22, b"\x01")),
    "wrong-checksum": ("zip-broken", patched(patched(ONE, 14, b"\0\0\0\0"), central(ONE) + 16, b"\0\0\0\0")),
    "unknown-packing": ("zip-broken", patched(patched(ONE, 8, b"\x0c"), central(ONE) + 10, b"\x0c")),
    "cut-off": ("zip-broken", ONE[:-30]),
    "bytes-behind": ("zip-broken", ONE + b"%PDF-1.7"),
    "bytes-before-the-directory": ("zip-broken", ONE[: central(ONE)] + b"hidden" + ONE[central(ONE) :]),
    "size-of-zip64": ("zip-broken", patched(ONE, central(ONE) + 24, b"\xff\xff\xff\xff")),
    "packed-data-broken": ("zip-broken", patched(ONE, 40, b"\xff" * 20)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_wrapper_is_refused_by_name(name: str) -> None:
    rule, data = HOSTILE[name]
    with pytest.raises(RejectedZip) as caught:
        opened(data, "a.pdf")
    assert caught.value.rule == rule


def linked(target: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("a.pdf")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, target)
    return out.getvalue()


HARMLESS: dict[str, tuple[bytes, bytes]] = {
    "parent": (zipped(("../../etc/passwd", DATA)), DATA),
    "absolute": (zipped(("/etc/passwd", DATA)), DATA),
    "drive": (zipped(("C:\\windows\\a.exe", DATA)), DATA),
    "link": (linked(b"/etc/passwd"), b"/etc/passwd"),
    "nested": (zipped(("b.zip", zipped(("c.pdf", DATA)))), zipped(("c.pdf", DATA))),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_a_wrapper_calls_its_file_leads_nowhere_and_nothing_is_opened_twice(name: str) -> None:
    data, inner = HARMLESS[name]
    assert opened(data, "a.pdf") == inner


def test_a_directory_of_a_million_entries_is_refused_by_its_count() -> None:
    end = ONE.rindex(b"PK\x05\x06")
    with pytest.raises(RejectedZip) as caught:
        opened(patched(ONE, end + 8, b"\xff\xff\xff\xff"), "a.pdf")
    assert caught.value.rule == "zip-many"


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    size = 50 * RATIO_FREE
    packed = zlib.compressobj(9, wbits=-15)
    body = b"".join(packed.compress(bytes(1024 * 1024)) for _ in range(size // (1024 * 1024))) + packed.flush()
    assert size > len(body) * MAX_RATIO
    head = struct.pack("<5H3I2H", 20, 0, 8, 0, 0, 0, len(body), size, 1, 0)
    local = b"PK\x03\x04" + head + b"a" + body
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + head + struct.pack("<3H2I", 0, 0, 0, 0, 0) + b"a"
    bomb = local + entry + b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 1, 1, len(entry), len(local), 0)
    with pytest.raises(RejectedZip) as caught:
        opened(bomb, "a.pdf")
    assert caught.value.rule == "zip-bomb"


def test_a_file_that_says_it_is_small_and_is_not_is_refused() -> None:
    lying = patched(patched(ONE, 22, struct.pack("<I", 5)), central(ONE) + 24, struct.pack("<I", 5))
    with pytest.raises(RejectedZip):
        opened(lying, "a.pdf")


def test_a_blank_scan_that_packs_very_well_is_no_bomb() -> None:
    blank = bytes(RATIO_FREE)
    assert opened(zipped(("a.bmp", blank)), "a.bmp") == blank


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_damage_is_refused_or_harmless(damage: bytes, at: int) -> None:
    data = patched(ONE, 4 + at, damage)
    try:
        found = opened(data, "a.pdf")
    except RejectedZip:
        return
    assert found == DATA
