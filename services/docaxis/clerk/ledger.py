"""The registers keep up with what came and went by whichever way: by the pages, by software, by edXML.

Nothing tells the pages of an arrival: they catch up with inbox and claims, now and then and before a register or a
search is shown. Where several processes serve the pages, one at a time does it for a member.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog

from docaxis.clerk.naming import type_name_of
from docaxis.clerk.referring import links_of, reference_of
from docaxis.client import Delivery
from docaxis.directory.entries import Principal, Role
from docaxis.directory.sharing import sent_for
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis.pausing import stopped_within
from docaxis.storage.clerk_documents import BATCH, BEGINNING, ClerkDocuments, DocumentRow, Register, Waiting
from docaxis.storage.clerk_registers import ClerkRegisters
from docaxis.storage.decisions import UnavailableStorage
from docaxis_schemas.calendar import OFFICE_CLOSES
from docaxis_schemas.folding import folded
from docaxis_schemas.moments import VIETNAM, Clock, from_text

PAUSE: Final = timedelta(seconds=15)
"""Between looks: whoever opens a register catches up at once."""
AT_A_LOOK: Final = 4
"""Batches that a person waits for; the rest comes by itself."""


class Ledger:
    """Takes documents into the registers."""

    def __init__(
        self,
        documents: ClerkDocuments,
        registers: ClerkRegisters,
        directory: Callable[[], DirectorySnapshot],
        clock: Clock,
    ) -> None:
        self._documents = documents
        self._registers = registers
        self._directory = directory
        self._clock = clock
        self._begun: set[tuple[str, Register]] = set()
        self._log = structlog.get_logger("docaxis.clerk.ledger")

    async def catch_up(self, member: str, *, batches: int = AT_A_LOOK) -> None:
        """Take in what came for a member, as far as so many batches go.

        Raises:
            UnavailableStorage: The database is away, or another process is just at it.
        """
        for register, read in (
            (Register.INCOMING, partial(incoming_row, member, snapshot=self._directory())),
            (Register.OUTGOING, partial(outgoing_row, member, snapshot=self._directory())),
        ):
            held = (member, register)
            for _ in range(batches):
                since = await self._documents.newest(member, register) if held in self._begun else BEGINNING
                if await self._registers.catch_up(register, member, since, read) < BATCH:
                    self._begun.add(held)  # from the beginning once in a process, near the end from then on
                    break

    async def catch_up_all(self) -> None:
        """Take in all that came for members with accounts.

        Raises:
            UnavailableStorage: The database is away.
        """
        for member in await self._documents.members():
            await self.catch_up(member, batches=1_000)

    async def accept(self, delivery: Delivery, member: str, account: str) -> int:
        """Give an incoming document its number.

        Raises:
            UnavailableStorage: The database is away.
        """
        body = json.dumps(dict(delivery.entry.body)).encode()
        told = Waiting(delivery.delivery_id, delivery.submission_id, delivery.recipient, delivery.entry.at, body)
        row = incoming_row(member, told, snapshot=self._directory())
        return await self._registers.accept(row, account=account, at=self._clock())

    async def serve(self, stopping: asyncio.Event, pause: timedelta = PAUSE) -> None:
        """Catch up until told to stop."""
        while not stopping.is_set():
            try:
                await self.catch_up_all()
            except UnavailableStorage as error:
                self._log.warning("the registers wait", cause=str(error))
            await stopped_within(stopping, pause)


def incoming_row(member: str, waiting: Waiting, *, snapshot: DirectorySnapshot) -> DocumentRow:
    """Read a delivery's inbox item."""
    body = json.loads(waiting.body)
    due = body.get("due_at")
    return _row(
        waiting,
        body.get("document", {}),
        snapshot,
        register=Register.INCOMING,
        member=member,
        organisation=waiting.organisation,
        issuer=str(body.get("issuer", "")),
        due_at=None if due is None else from_text(due),
    )


def outgoing_row(member: str, waiting: Waiting, *, snapshot: DirectorySnapshot) -> DocumentRow:
    """Read a claim; what was sent under a mandate is its system's and stands in no register."""
    manifest = json.loads(waiting.body)
    document = manifest["document"]
    issuer = str(document["issuer"]["code"])
    return _row(
        waiting,
        document,
        snapshot,
        register=Register.OUTGOING,
        member=member,
        organisation=_sending_organisation(member, manifest, snapshot),
        issuer=snapshot.canonical(issuer) or issuer,
        due_at=_closing_of(document.get("due_on")),
    )


def _sending_organisation(member: str, manifest: Mapping[str, Any], snapshot: DirectorySnapshot) -> str:
    """Say whose register: the issuer's; what is passed on stands in that of the member's first organisation."""
    own = snapshot.organisations.by_member.get(member, ())
    code = str(manifest["document"]["issuer"]["code"])
    issuer = snapshot.canonical(code) or code
    if issuer in own:
        return issuer
    anybody = Principal("", member, tuple(own), Role.CLERK, "")
    return next(iter(sorted(own)), "") if sent_for(manifest, anybody, snapshot) else ""


def _row(waiting: Waiting, document: Mapping[str, Any], snapshot: DirectorySnapshot, **own: Any) -> DocumentRow:
    number = "/".join(part for part in (document.get("number"), document.get("notation")) if part)
    type_name = document.get("type_name") or type_name_of(str(document.get("type", "")))
    subject = str(document.get("subject", ""))
    signer = document.get("signer") or {}
    return DocumentRow(
        document_id=waiting.document_id,
        submission_id=waiting.submission_id,
        at=waiting.at,
        number=number,
        type_name=type_name,
        subject=subject,
        signer=str(signer.get("full_name") or ""),
        promulgated_on=_day(document.get("promulgated_on")),
        urgency=str(document.get("urgency", "normal")),
        folded=folded(f"{number} {type_name} {subject}"),
        reference=reference_of(document, own["issuer"], waiting.submission_id),
        links=tuple(links_of(document, snapshot.canonical)),
        **own,
    )


def _closing_of(text: Any) -> datetime | None:
    due = _day(text)
    return None if due is None else datetime.combine(due, OFFICE_CLOSES, VIETNAM)


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None
