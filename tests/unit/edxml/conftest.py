"""A document with every field, its packet, and a way to read packets back."""

import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial

import pytest

from docaxis_schemas.document import (
    Business,
    DocumentMetadata,
    EarlierDocument,
    Issuer,
    Recipient,
    Signer,
    Staff,
    SteeringType,
    TraceHop,
    Urgency,
)
from docaxis_schemas.document_types import DocumentType
from docaxis_schemas.edxml import Examination, OutgoingAttachment, examine_packet, write_document
from docaxis_schemas.submission import ContentEntry, FileRole

NOW = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"\n%%EOF\n"
TABLE = b"PK\x03\x04 not unpacked: the name says it is a workbook" * 3

Examine = Callable[[bytes], Examination]


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def document() -> DocumentMetadata:
    return DocumentMetadata(
        issuer=Issuer("000.00.00.G22", "Văn phòng Chính phủ", "Chính phủ", "Số 1", "a@g.vn", "04", "05", "vpcp.vn"),
        type=DocumentType.CONG_VAN,
        subject="V/v thử nghiệm <liên thông> & kiểm tra",
        place="Hà Nội",
        promulgated_on=date(2026, 3, 2),
        recipients=(Recipient("000.00.00.H41", name="UBND Tỉnh Nghệ An"), Recipient("H37.02.02")),
        number="7816",
        notation="VPCP-TTĐT",
        document_id="000.00.00.G22,2026/03/02,7816/VPCP-TTĐT",
        edxml_type=2,
        edxml_type_detail=18,
        content="Nội dung",
        signer=Signer("Nguyễn Văn A", "Cục trưởng", "TL. BỘ TRƯỞNG"),
        due_on=date(2026, 4, 1),
        to_places=("Các bộ", "UBND các tỉnh"),
        urgency=Urgency.THUONG_KHAN,
        sphere="Liên thông",
        typer_notation="TVC",
        promulgation_amount=2,
        page_amount=22,
        direction=False,
        appendixes=("Phụ lục I", "Phụ lục II"),
        reply_fors=("12/BC-A",),
        reference_codes=("A-1", "A-2"),
        response_for=(EarlierDocument("000.00.00.H14", "2/X", "000.00.00.H14,2026/01/02,2/X", date(2026, 1, 2)),),
        response_for_task="NV-1",
        steering_type=SteeringType.STEERING,
        application_type="MCDT_DT",
        business=Business(reason="Văn bản mới", paper=False, staff=Staff("Văn thư", "Trâm", "84912", "v@g.vn")),
        trace=(TraceHop("000.00.00.G22", datetime(2026, 3, 2, 9, 8, 7, tzinfo=UTC)),),
    )


def outgoing(data: bytes, name: str, media_type: str, role: FileRole = FileRole.ENCLOSURE) -> OutgoingAttachment:
    entry = ContentEntry(role, name, media_type, len(data), hashlib.sha256(data).hexdigest())
    return OutgoingAttachment(entry, partial(_pieces, data))


def _pieces(data: bytes) -> Iterator[bytes]:
    yield data[:7]
    yield data[7:]


@pytest.fixture
def files() -> list[OutgoingAttachment]:
    return [
        outgoing(PDF, "công văn.pdf", "application/pdf", FileRole.MAIN),
        outgoing(TABLE, "bảng.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ]


@pytest.fixture
def packet(document: DocumentMetadata, files: list[OutgoingAttachment], now: datetime) -> str:
    return b"".join(write_document(document, files, now=now)).decode()


@pytest.fixture
def examine(now: datetime) -> Examine:
    return lambda data: examine_packet(io.BytesIO(data), io.BytesIO, now)
