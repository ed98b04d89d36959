"""edXML packets (QCVN 102:2016/BTTTT and its amendment of 2022): read leniently, written strictly.

Reading takes every variant that existing software emits; writing emits the one form that all of it accepts. Nothing
here opens a file or a connection: bytes come in by pieces, attachments go to streams that the caller gives.
"""

from docaxis_schemas.edxml.contents import Spools
from docaxis_schemas.edxml.faults import EdxmlFault, RejectedPacket
from docaxis_schemas.edxml.packet import Attachment, Examination, PacketKind, Status
from docaxis_schemas.edxml.reader import PacketReader, examine_packet
from docaxis_schemas.edxml.writer import OutgoingAttachment, write_document, write_status

__all__ = [
    "Attachment",
    "EdxmlFault",
    "Examination",
    "OutgoingAttachment",
    "PacketKind",
    "PacketReader",
    "RejectedPacket",
    "Spools",
    "Status",
    "examine_packet",
    "write_document",
    "write_status",
]
