"""A delivery in the hands of its recipient: fetched, checked, handed over, reported on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID, uuid5

from docaxis.client.connection import Connection, json_object
from docaxis.client.downloading import check_content, local_names, save_content
from docaxis.client.errors import RejectedAnswer
from docaxis.client.files import Progress
from docaxis.client.handing_over import HandoverQueue, SealedHandover
from docaxis.client.items import DELIVERY, Entry
from docaxis.client.records import Hand
from docaxis_schemas.canonical import canonical
from docaxis_schemas.lifecycle import CHANGE_ANSWERS, Report
from docaxis_schemas.submission import ContentEntry, HandoverRecord, Kind, ReportRecord

_PATH: Final = "/v1/deliveries"

Finished = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What a delivery is worked on with: the connection, the member's hand, and the hand-overs on their way."""

    connection: Connection
    hand: Hand
    handovers: HandoverQueue


async def _nothing() -> None:
    """Delivery looked up by its id: no subscriber waits for its end."""


class Delivery:
    """One submission for one organisation of this member.

    As an asynchronous context manager it is handed over when its block ends well: every content that was not fetched
    yet is fetched and compared, then the member signs for the hashes. When the block raises, nothing is acknowledged
    and the delivery comes again.
    """

    def __init__(self, entry: Entry, desk: Desk, finished: Finished = _nothing) -> None:
        if entry.kind != DELIVERY or entry.delivery_id is None:
            raise RejectedAnswer(f"no delivery but {entry.kind!r}")
        self.entry = entry
        self.delivery_id: UUID = entry.delivery_id
        self.contents: tuple[ContentEntry, ...] = entry.contents()
        """The files; only the main one while `is_reduced`."""
        self._desk = desk
        self._finished = finished
        self._checked: set[str] = set()
        self._handed_over = False

    @property
    def submission_id(self) -> UUID:
        """The submission this is a delivery of."""
        return self.entry.submission_id

    @property
    def recipient(self) -> str:
        """Code of the organisation it is for."""
        return self.entry.recipient

    @property
    def sender(self) -> str:
        """Member that handed it in."""
        return str(self.entry.body.get("sender", ""))

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The document's metadata as signed; only required fields while `is_reduced`."""
        document: Mapping[str, Any] = self.entry.body.get("document", {})
        return document

    @property
    def is_reduced(self) -> bool:
        """Whether metadata or file list were too large for an inbox entry; `complete` fetches them."""
        return any(self.entry.body.get(f"{name}_by_reference") is True for name in ("document", "contents"))

    @property
    def verdict(self) -> Mapping[str, Any]:
        """Indication, cause, disposition and one sentence in both languages."""
        verdict: Mapping[str, Any] = self.entry.body.get("verdict", {})
        return verdict

    @property
    def has_warning(self) -> bool:
        """Whether its signatures could not be confirmed: a person accepts or returns it, it never counts as valid."""
        return (self.verdict.get("disposition"), self.verdict.get("indication")) != ("deliver", "TOTAL-PASSED")

    async def complete(self) -> None:
        """Fetch metadata and file list whole, if the entry only refers to them."""
        if not self.is_reduced:
            return
        answer = json_object(await self._desk.connection.ask("GET", f"{_PATH}/{self.delivery_id}"))
        entry = Entry.from_json(answer)
        self.entry = replace(self.entry, body=entry.body)
        self.contents = entry.contents()
        if self.is_reduced:
            raise RejectedAnswer("the delivery is not given whole")

    async def save(self, directory: Path, *, progress: Progress | None = None) -> tuple[Path, ...]:
        """Fetch all contents into a directory, resuming what is there, and give their paths in order.

        Raises:
            RejectedContent: Bytes are not those the delivery names.
            UnavailableAxis: Patience ended; call again to resume.
        """
        await self.complete()
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
        paths = []
        for name, content in local_names(self.contents).items():
            target = directory / name
            paths.append(await save_content(self._desk.connection, self.delivery_id, content, target, progress))
            self._checked.add(content.sha256)
        return tuple(paths)

    async def hand_over(self) -> None:
        """Sign for the contents. Idempotent: again and again it is the same hand-over.

        Raises:
            RejectedContent: Bytes are not those the delivery names; nothing was signed.
            RejectedByAxis: Not this member's delivery.
            UnavailableAxis: Patience ended; call again.
        """
        if self._handed_over:
            return
        await self.complete()
        for content in self.contents:
            if content.sha256 not in self._checked:
                await check_content(self._desk.connection, self.delivery_id, content)
                self._checked.add(content.sha256)
        heading = self._desk.hand.heading(Kind.HANDOVER, f"handover:{self.delivery_id}")
        sealed = self._desk.hand.seal(HandoverRecord(heading, self.delivery_id, self._hashes()))
        handover = SealedHandover(self.delivery_id, heading.own_id, sealed)
        await self._desk.connection.persist(lambda: self._desk.handovers.send(handover))
        self._handed_over = True

    async def report(
        self,
        code: Report | str,
        *,
        reason: str | None = None,
        note: str | None = None,
        register_number: str | None = None,
        own_id: str | None = None,
    ) -> None:
        """Report a business status (01-06) to the sender, or answer it (15, 16); 02 and 16 want a reason.

        Without ``own_id`` the same words about the same delivery are the same report, however often they are sent; but
        for 15 and 16, which answer the request that waits: the same request may come again and be answered again.

        Raises:
            RejectedByAxis: Wrong party, unknown code or missing reason.
            UnavailableAxis: Patience ended; call again.
        """
        words = [str(code), reason, note, register_number]
        if own_id is None and code in CHANGE_ANSWERS:
            own_id = self._desk.hand.new_id()
        key = own_id or f"report:{uuid5(self.delivery_id, canonical(words).decode())}"
        heading = self._desk.hand.heading(Kind.REPORT, key)
        record = ReportRecord(heading, self.delivery_id, str(code), reason, note, register_number)
        sealed = self._desk.hand.seal(record)
        headers = {"Content-Type": sealed.media_type, "Idempotency-Key": key}
        path = f"{_PATH}/{self.delivery_id}/reports"
        await self._desk.connection.ask("POST", path, headers=headers, content=sealed.data)

    async def accept(self, *, register_number: str | None = None, note: str | None = None) -> None:
        """Report 03, accepted, with the number in the register of incoming documents."""
        await self.report(Report.ACCEPTED, register_number=register_number, note=note)

    async def refuse(self, reason: str) -> None:
        """Report 02, returned, for a reason."""
        await self.report(Report.REJECTED, reason=reason)

    async def agree(self, *, note: str | None = None) -> None:
        """Report 15: agree to what the sender asked (to recall, update or replace); for a recall, that it is deleted.

        Raises:
            RejectedByAxis: ``no-change-asked``: nothing was asked, or it is answered already.
            UnavailableAxis: Patience ended; call again.
        """
        await self.report(Report.CHANGE_AGREED, note=note)

    async def disagree(self, reason: str) -> None:
        """Report 16: refuse what the sender asked, for a reason.

        Raises:
            RejectedByAxis: ``no-change-asked``: nothing was asked, or it is answered already.
            UnavailableAxis: Patience ended; call again.
        """
        await self.report(Report.CHANGE_REFUSED, reason=reason)

    async def finish(self, *, note: str | None = None) -> None:
        """Report 06, finished."""
        await self.report(Report.FINISHED, note=note)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self.hand_over()
            await self._finished()

    def _hashes(self) -> tuple[str, ...]:
        return tuple(sorted({content.sha256 for content in self.contents}))
