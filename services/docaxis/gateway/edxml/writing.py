"""Deliveries as packets: written as they are sent, the files streamed out of the store."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

from docaxis.gateway.refusals import Refused
from docaxis.storage.contents import ContentStore
from docaxis.storage.contents.reading import OpenContent
from docaxis.storage.readmodels import DeliveryView
from docaxis_schemas.document import DocumentMetadata, Recipient
from docaxis_schemas.edxml import RejectedPacket
from docaxis_schemas.edxml.writer import PacketLayout, lay_out
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import ContentEntry, FileRole


async def delivery_packet(
    view: DeliveryView, contents: ContentStore, now: datetime, *, packed: bool
) -> AsyncIterator[bytes]:
    """Prepare the packet of a delivery; every file is found before the first byte is given.

    Raises:
        Refused: It holds what XML cannot.
        MissingContent: A file is gone.
        UnavailableStorage: Store or database are away.
    """
    document = _for_recipient(DocumentMetadata.from_stored(view.document), view.entry.recipient)
    files = [
        ContentEntry(FileRole(item["role"]), item["name"], item["media_type"], item["size"], item["sha256"])
        for item in view.contents
    ]
    try:
        layout = lay_out(files, document, now=now, packed=packed, strict=False)
    except RejectedPacket as error:
        raise Refused(Code.EDXML_INVALID, faults=error.faults) from error
    return _stream(layout, [await contents.open(view.sender, file.sha256) for file in files])


async def _stream(layout: PacketLayout, contents: list[OpenContent]) -> AsyncIterator[bytes]:
    yield layout.head
    for frame, content in zip(layout.frames, contents, strict=True):
        yield frame.open()
        async for piece in content.stream():
            yield await asyncio.to_thread(frame.feed, piece)
        yield frame.close()
    yield layout.tail


def _for_recipient(document: DocumentMetadata, recipient: str) -> DocumentMetadata:
    """Put the recipient itself in the place of groups, which edXML does not know."""
    named = tuple(one for one in document.recipients if one.organisation is not None)
    if len(named) == len(document.recipients):
        return document
    if all(one.organisation != recipient for one in named):
        named += (Recipient(recipient),)
    return replace(document, recipients=named)
