"""What a packet costs: CPU to read and write one of 100 kB beyond base64 and hash, and memory for one of 300 MB.

Run: ``python benchmarks/edxml.py``; prints one JSON object.
"""

import hashlib
import io
import json
import resource
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import BinaryIO, Final, cast

from docaxis_schemas.document import Business, DocumentMetadata, Issuer, Recipient, Signer, Staff, TraceHop
from docaxis_schemas.document_types import DocumentType
from docaxis_schemas.edxml import OutgoingAttachment, PacketReader, examine_packet, write_document
from docaxis_schemas.submission import ContentEntry, FileRole

NOW: Final = datetime(2026, 3, 3, tzinfo=UTC)
ROUNDS: Final = 200
PDF: Final = b"%PDF-1.7\n" + hashlib.shake_256(b"a document").digest(75 * 1024)
"""With base64 and header a packet of 100 kB; random, so that packing has its whole work."""
LARGE: Final = 225 * 1024 * 1024
"""Bytes of a file whose packet has 300 MB."""
PIECE: Final = 3 * 64 * 1024
DOCUMENT: Final = DocumentMetadata(
    issuer=Issuer("000.00.00.G22", "Văn phòng Chính phủ", "Chính phủ", "Số 1 Hoàng Hoa Thám", "a@g.vn", "04", "05"),
    type=DocumentType.CONG_VAN,
    subject="V/v kết nối, liên thông phần mềm quản lý văn bản",
    place="Hà Nội",
    promulgated_on=date(2026, 3, 2),
    recipients=tuple(Recipient(f"000.00.00.H{i}", name=f"UBND tỉnh số {i}") for i in range(10, 48)),
    number="7816",
    notation="VPCP-TTĐT",
    content="V/v kết nối",
    signer=Signer("Nguyễn Văn A", "Cục trưởng", "TL. BỘ TRƯỞNG"),
    to_places=("Các bộ", "UBND các tỉnh"),
    appendixes=("Phụ lục",),
    business=Business(reason="Văn bản mới", paper=False, staff=Staff("Văn thư", "Trâm", "84912", "v@g.vn")),
    trace=(TraceHop("000.00.00.G22", NOW),),
)


class Nowhere:
    """A stream that counts and forgets, so that only the reader's own memory is seen."""

    def write(self, data: bytes) -> int:
        return len(data)

    def seek(self, _at: int) -> int:
        return 0

    def read(self, _size: int) -> bytes:
        return b""


def attachment(data: bytes) -> OutgoingAttachment:
    entry = ContentEntry(FileRole.MAIN, "a.pdf", "application/pdf", len(data), hashlib.sha256(data).hexdigest())
    return OutgoingAttachment(entry, lambda: iter([data]))


def cost(work: Callable[[], object]) -> float:
    """Give the CPU milliseconds of one round: the median of many."""
    spent = []
    for _ in range(ROUNDS):
        begun = time.process_time_ns()
        work()
        spent.append(time.process_time_ns() - begun)
    return sorted(spent)[ROUNDS // 2] / 1e6


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def large_packet() -> Iterator[bytes]:
    block = bytes(range(256)) * (PIECE // 256)
    entry = ContentEntry(FileRole.MAIN, "a.bin", "application/octet-stream", LARGE, "0" * 64)
    pieces = lambda: (block for _ in range(LARGE // PIECE))  # noqa: E731 - said once, here
    return write_document(DOCUMENT, [OutgoingAttachment(entry, pieces)], now=NOW)


def memory() -> dict[str, float]:
    before = peak_mib()
    reader = PacketReader(lambda: cast("BinaryIO", Nowhere()), NOW)
    size = 0
    for piece in large_packet():
        reader.feed(piece)
        size += len(piece)
    found = reader.finish()
    assert found.attachments[0].size == LARGE // PIECE * PIECE
    return {"packet_mb": round(size / 1e6, 1), "added_mib": round(peak_mib() - before, 1)}


def main() -> int:
    large = memory()
    file = attachment(PDF)
    plain = b"".join(write_document(DOCUMENT, [file], now=NOW))
    packed = b"".join(write_document(DOCUMENT, [file], now=NOW, packed=True))
    encoded = b64encode(PDF)
    decoding = cost(lambda: hashlib.sha256(b64decode(encoded)))
    encoding = cost(lambda: b64encode(PDF))
    reading = cost(lambda: examine_packet(io.BytesIO(plain), io.BytesIO, NOW))
    writing = cost(lambda: b"".join(write_document(DOCUMENT, [file], now=NOW)))
    figures = {
        "packet_bytes": len(plain),
        "recipients": len(DOCUMENT.recipients),
        "base64_and_hash_ms": round(decoding, 3),
        "read_ms": round(reading, 3),
        "read_beyond_ms": round(reading - decoding, 3),
        "read_packed_ms": round(cost(lambda: examine_packet(io.BytesIO(packed), io.BytesIO, NOW)), 3),
        "write_ms": round(writing, 3),
        "write_beyond_ms": round(writing - encoding, 3),
        "write_packed_ms": round(cost(lambda: b"".join(write_document(DOCUMENT, [file], now=NOW, packed=True))), 3),
        "large": large,
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
