"""From the axis to ``in/``: deliveries as packets, signed for once durable, reported as arrived; news likewise."""

import asyncio
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from docaxis.client.axis import AxisClient
from docaxis.client.delivery import Delivery
from docaxis.client.errors import RejectedAnswer, RejectedByAxis, RejectedContent
from docaxis.client.items import News, NewsKind
from docaxis.client.reconciling import RegisterEntry
from docaxis.connector.carrying import carry
from docaxis.connector.folder import Folder, write_json
from docaxis.connector.store import SentPacket, Store
from docaxis_schemas.digests import contents_digest
from docaxis_schemas.document import DocumentMetadata, EarlierDocument, Issuer, Recipient, RejectedDocument
from docaxis_schemas.edxml import RejectedPacket, Status, write_status
from docaxis_schemas.edxml.limits import CHUNK
from docaxis_schemas.edxml.writer import complete, lay_out
from docaxis_schemas.holdings import Direction, Held
from docaxis_schemas.lifecycle import Report, Step, TransportState
from docaxis_schemas.moments import Clock, to_text
from docaxis_signing.durable import write_pieces, write_whole

_COME_AGAIN: Final = (RejectedAnswer, RejectedByAxis, RejectedContent, OSError)
"""After these a delivery is left as it is: nothing was signed, and it comes again with the next pass."""

_log = logging.getLogger("docaxis.connector")


@dataclass(frozen=True, slots=True)
class Incoming:
    """Takes what came."""

    axis: AxisClient
    folder: Folder
    store: Store
    clock: Clock
    packed: bool = False

    async def take_deliveries(self) -> int:
        """Take every delivery that waits, some at a time; gives how many were taken.

        Raises:
            UnavailableAxis: It stayed away for some of them.
        """
        return await carry(self.axis.inbox(follow=False, stream="connector-deliveries"), self._try)

    async def _try(self, delivery: Delivery) -> bool:
        try:
            async with delivery:
                await self._take(delivery)
        except _COME_AGAIN as error:
            _log.warning("a delivery waits: %s: %s", delivery.delivery_id, error)
            return False
        return True

    async def take_news(self) -> int:
        """Take every piece of news that waits; gives how many were taken."""
        taken = 0
        async for news in self.axis.news(follow=False, stream="connector-news"):
            await self._tell(news)
            taken += 1
        return taken

    async def _take(self, delivery: Delivery) -> None:
        """Write a delivery, sign for it, report 01: in this order, each step the same when it is done twice."""
        work = self.folder.work / str(delivery.delivery_id)
        try:
            paths = await delivery.save(work)
            await asyncio.to_thread(self._write, delivery, paths)
        finally:
            await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)
        await delivery.hand_over()
        await delivery.report(Report.ARRIVED)
        held = Held(
            delivery.submission_id,
            delivery.recipient,
            contents_digest(content.sha256 for content in delivery.contents),
            TransportState.HANDED_OVER.value,
            Report.ARRIVED.value,
        )
        entry = RegisterEntry(Direction.RECEIVED, delivery.entry.at, held)
        await asyncio.to_thread(self.store.remember_held, entry)

    def _write(self, delivery: Delivery, paths: tuple[Path, ...]) -> None:
        name = str(delivery.delivery_id)
        try:
            document = DocumentMetadata.from_stored(delivery.metadata)
            shown = _for_recipient(document, delivery.recipient)
            layout = lay_out(delivery.contents, shown, now=self.clock(), packed=self.packed, strict=False)
        except (RejectedDocument, RejectedPacket) as error:
            _log.warning("a delivery cannot be a packet: %s: %s", name, error)
            for path in paths:
                target = self.folder.come / name / path.name
                target.parent.mkdir(exist_ok=True)
                write_pieces(target, _pieces(path))
        else:
            pieces: list[Iterator[bytes] | bytes] = [layout.head]
            for frame, path in zip(layout.frames, paths, strict=True):
                pieces += [frame.open(), map(frame.feed, _pieces(path)), _last(frame)]
            write_pieces(self.folder.come / f"{name}.edxml", _flat([*pieces, layout.tail]))
            self.store.remember_delivery(delivery.delivery_id, delivery.submission_id, delivery.recipient, document)
        write_json(self.folder.come / f"{name}.json", dict(delivery.entry.body) | {"delivery_id": name})

    async def _tell(self, news: News) -> None:
        if news.kind is NewsKind.CHANGE_ASKED and news.delivery_id is not None:
            by = news.body.get("changed_by")
            await asyncio.to_thread(self.store.remember_asked, news.delivery_id, by)
            if by is None:
                await asyncio.to_thread(self._write_recall, news, news.delivery_id)
        sent = await asyncio.to_thread(self.store.packet_of, news.submission_id)
        told: dict[str, Any] = dict(news.body) | {"submission_id": str(news.submission_id), "at": to_text(news.at)}
        if sent is not None and news.kind in {NewsKind.HANDED_OVER, NewsKind.REPORT}:
            await asyncio.to_thread(self._remember_state, news)
        if sent is None:
            await asyncio.to_thread(write_json, self.folder.come / f"{news.event_id}.news.json", told)
            return
        beside = self.folder.sent / f"{sent.name}.news"
        await asyncio.to_thread(beside.mkdir, exist_ok=True)
        await asyncio.to_thread(write_json, beside / f"{news.event_id}.json", told)
        try:
            evidence = await self.axis.evidence(news.submission_id)
        except (RejectedAnswer, RejectedByAxis) as error:
            _log.warning("evidence cannot be had: %s: %s", news.submission_id, error)
            evidence = ()
        for number, item in enumerate(evidence):
            await asyncio.to_thread(write_json, beside / f"evidence-{number:03}.json", dict(item))
        if news.kind in {NewsKind.REPORT, NewsKind.CHANGE_ANSWERED} and news.report is not None:
            await asyncio.to_thread(self._write_status, news, news.report, sent)

    def _remember_state(self, news: News) -> None:
        state = TransportState.HANDED_OVER.value if news.kind is NewsKind.HANDED_OVER else None
        report = news.report.value if news.report is not None and news.step != Step.BACKWARD else None
        self.store.remember_state(Direction.SENT, news.submission_id, news.recipient, state=state, report=report)

    def _write_status(self, news: News, report: Report, sent: SentPacket) -> None:
        document = sent.document
        about = EarlierDocument(
            document.issuer.code,
            document.display_number or None,
            complete(document, news.at).document_id or str(news.submission_id),
            document.promulgated_on,
        )
        register = f"Số đến: {news.register_number}" if news.register_number else None
        words = "; ".join(word for word in (news.reason, news.note, register) if word)
        self._write_packet(news, Status(Issuer(news.recipient), about, report, words or None, news.at))

    def _write_recall(self, news: News, delivery_id: UUID) -> None:
        """Write what the sender asks back as status 13, by the document's id if it has one."""
        issuer = str(news.body.get("issuer", ""))
        about = EarlierDocument(news.recipient, None, self.store.document_of(delivery_id) or str(news.submission_id))
        self._write_packet(news, Status(Issuer(issuer), about, Report.RECALL_ASKED, news.reason, news.at))

    def _write_packet(self, news: News, status: Status) -> None:
        try:
            write_whole(self.folder.come / f"{news.event_id}.edxml", write_status(status))
        except RejectedPacket as error:
            _log.warning("news cannot be a packet: %s: %s", news.event_id, error)


def _for_recipient(document: DocumentMetadata, recipient: str) -> DocumentMetadata:
    """Put the recipient itself in the place of groups, which edXML does not know."""
    named = tuple(one for one in document.recipients if one.organisation is not None)
    if len(named) == len(document.recipients):
        return document
    return replace(document, recipients=named or (Recipient(recipient),))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while data := stream.read(CHUNK):
            yield data


def _last(frame: Any) -> Iterator[bytes]:
    yield frame.close()


def _flat(parts: list[Iterator[bytes] | bytes]) -> Iterator[bytes]:
    for part in parts:
        if isinstance(part, bytes):
            yield part
        else:
            yield from part
