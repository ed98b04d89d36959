"""The SDK's front door: one member's view of one axis."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID, uuid4

import httpx

from docaxis.client.auditing import AuditClient
from docaxis.client.books import BookClient
from docaxis.client.connection import Connection, Patience, json_object
from docaxis.client.delivery import Delivery, Desk
from docaxis.client.errors import RejectedAnswer
from docaxis.client.files import MeasuredFile, OutgoingFile, Progress, measure
from docaxis.client.handing_over import HandoverQueue
from docaxis.client.inbox import InboxReader, Page, fetch_page
from docaxis.client.items import DELIVERY, Entry, News
from docaxis.client.reconciling import Comparison, RegisterEntry, reconcile
from docaxis.client.records import Hand
from docaxis.client.remembering import InboxMemory, TransientMemory
from docaxis.client.submissions import Submission, SubmissionStatus, TimelineEntry, check_acknowledgement
from docaxis.client.uploading import INLINE_LIMIT, post_submission, put_content
from docaxis_schemas.document import DocumentMetadata
from docaxis_schemas.moments import Clock, system_clock
from docaxis_schemas.submission import (
    Addressee,
    ContentEntry,
    Kind,
    Manifest,
    RecallRecord,
    RecipientRole,
    record_digest,
)
from docaxis_signing.statements import MemberKey, MemberSigner

PAGE: Final = 100
"""Entries of an inbox page."""


def _random_id() -> str:
    return str(uuid4())


class AxisClient:
    """Sends, reads and reports for one member. Use it as an asynchronous context manager.

    Every method repeats its request with the same key while the axis is away, until ``patience`` ends; then it raises
    `UnavailableAxis` and the same call may be made again. `RejectedByAxis` means that repeating does not help.

    Without ``signer`` records travel unsigned and the gateway signs for the member, which only a clerk's credential may
    ask for. ``gateway_keys`` pins the keys that acknowledgements are signed with; without them only their content is
    compared.
    """

    def __init__(
        self,
        url: str,
        credential: str,
        signer: MemberSigner | None,
        *,
        member: str,
        axis: str = "docaxis",
        environment: str = "test",
        gateway_keys: Sequence[MemberKey] = (),
        memory: InboxMemory | None = None,
        patience: Patience | None = None,
        tls: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = system_clock,
        new_id: Callable[[], str] = _random_id,
    ) -> None:
        connection = Connection(url, credential, patience=patience or Patience(), tls=tls, transport=transport)
        hand = Hand(member, axis, environment, signer, clock, new_id)
        self._desk = Desk(connection, hand, HandoverQueue(connection))
        self._memory: InboxMemory = memory if memory is not None else TransientMemory()
        self._gateway_keys = tuple(gateway_keys)

    @property
    def desk(self) -> Desk:
        """What deliveries are worked on with, for other ways of subscribing."""
        return self._desk

    async def send(
        self,
        document: DocumentMetadata | Mapping[str, Any],
        files: Sequence[OutgoingFile | Path],
        recipients: Sequence[Addressee | str] = (),
        *,
        own_id: str | None = None,
        forwarded: bool = False,
        wait: int = 0,
        progress: Progress | None = None,
    ) -> Submission:
        """Hand a document in: sign its manifest, upload what is large, post the rest, and check the acknowledgement.

        ``recipients`` are organisation codes, ``group:NAME``, or `Addressee`; by default those of the metadata. A plain
        path among ``files`` is the main file. The same ``own_id`` with the same content is the same submission, however
        often it is sent. ``wait`` asks the axis to answer with its disposition, if it has one within so many seconds.

        Raises:
            RejectedByAxis: Refused; ``faults`` says field by field why.
            RejectedFile: A file cannot be read.
            UnavailableAxis: Patience ended; send again with the same ``own_id``.
        """
        measured = [await measure(file if isinstance(file, OutgoingFile) else OutgoingFile(file)) for file in files]
        inline = await self._upload_large(measured, progress)
        contents = [file.entry for file in measured]
        return await self.hand_in(
            document, contents, recipients, own_id=own_id, forwarded=forwarded, wait=wait, inline=inline
        )

    async def hand_in(
        self,
        document: DocumentMetadata | Mapping[str, Any],
        contents: Sequence[ContentEntry],
        recipients: Sequence[Addressee | str] = (),
        *,
        own_id: str | None = None,
        forwarded: bool = False,
        wait: int = 0,
        inline: Sequence[MeasuredFile] = (),
    ) -> Submission:
        """Hand a document in whose contents were uploaded before, but for those ``inline``; else as `send`.

        Raises:
            RejectedByAxis: Refused; ``faults`` says field by field why.
            RejectedFile: A file cannot be read.
            UnavailableAxis: Patience ended; hand in again with the same ``own_id``.
        """
        hand = self._desk.hand
        metadata = document.to_json() if isinstance(document, DocumentMetadata) else dict(document)
        addressees = tuple(map(addressee, recipients)) or _recipients_of(metadata)
        if not metadata.get("recipients"):
            metadata["recipients"] = [_as_recipient(one) for one in addressees]
        key = own_id or hand.new_id()
        manifest = Manifest(hand.heading(Kind.SUBMISSION, key), metadata, tuple(contents), addressees, forwarded)
        sealed = hand.seal(manifest)

        async def attempt() -> dict[str, Any]:
            return await post_submission(self._desk.connection, key, sealed, tuple(inline), wait)

        submission = Submission.from_json(key, await self._desk.connection.persist(attempt))
        digest = record_digest(manifest.to_json())
        check_acknowledgement(submission, member=hand.member, manifest_sha256=digest, keys=self._gateway_keys)
        return submission

    async def upload(self, file: Path | OutgoingFile, *, progress: Progress | None = None) -> ContentEntry:
        """Upload a content beforehand, resuming where an earlier upload stopped; give what a manifest says of it.

        Raises:
            RejectedByAxis: Too large, or of a type that is not accepted.
            RejectedFile: The file cannot be read.
            UnavailableAxis: Patience ended; call again to resume.
        """
        measured = await measure(file if isinstance(file, OutgoingFile) else OutgoingFile(file))
        await put_content(self._desk.connection, measured, progress)
        return measured.entry

    async def submission(self, submission_id: UUID) -> SubmissionStatus:
        """Give the state of a submission of which this member is a party.

        Raises:
            RejectedByAxis: ``not-found`` for any other.
        """
        return SubmissionStatus.from_json(await self._get(f"/v1/submissions/{submission_id}"))

    async def recall(
        self, submission_id: UUID, reason: str, *, recipients: Sequence[str] = (), own_id: str | None = None
    ) -> None:
        """Ask to have a submission back, from some recipients or from all.

        What was not delivered yet never is; who has it already is asked and answers with 15 or 16, which comes as news.

        Raises:
            RejectedByAxis: ``nothing-to-recall``, no reason, a recipient it did not go to, or not this member's.
            UnavailableAxis: Patience ended; call again with the same ``own_id``.
        """
        hand = self._desk.hand
        key = own_id or hand.new_id()
        record = RecallRecord(hand.heading(Kind.RECALL, key), submission_id, reason, tuple(recipients))
        sealed = hand.seal(record)
        headers = {"Content-Type": sealed.media_type, "Idempotency-Key": key}
        path = f"/v1/submissions/{submission_id}/recalls"
        await self._desk.connection.ask("POST", path, headers=headers, content=sealed.data)

    async def reconcile(
        self, other: str, register: Iterable[RegisterEntry], *, since: datetime, until: datetime
    ) -> Comparison:
        """Compare what this member's register holds of a period with what the axis has between it and another member.

        Raises:
            RejectedRegister: More of one moment than a statement has room for.
            RejectedByAxis: No such member, or a credential for some of its organisations only.
            UnavailableAxis: Patience ended.
        """
        return await reconcile(self._desk, other, register, since, until)

    async def timeline(self, submission_id: UUID) -> tuple[TimelineEntry, ...]:
        """Give what happened to a submission, in order."""
        return (await self.submission(submission_id)).timeline

    async def verdict(self, submission_id: UUID) -> Mapping[str, Any]:
        """Give the signature verdict of a submission whole."""
        return await self._get(f"/v1/submissions/{submission_id}/verdict")

    async def evidence(self, submission_id: UUID) -> tuple[Mapping[str, Any], ...]:
        """Give the evidence files of a submission that this member may have; check them with `check_evidence`."""
        found = (await self._get(f"/v1/submissions/{submission_id}/evidence")).get("evidence")
        if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
            raise RejectedAnswer("evidence that is not of its form")
        return tuple(found)

    async def signatures(self, submission_id: UUID) -> Mapping[str, Mapping[str, Any]]:
        """Give, by event id, what the axis's organisation signed of the same evidence, or why it has not (yet).

        Asking has the axis sign what it has not signed before; ask again for what is still ``waiting``.
        """
        found = (await self._get(f"/v1/submissions/{submission_id}/evidence/signatures")).get("signatures")
        if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
            raise RejectedAnswer("signatures that are not of their form")
        return {str(item.get("event_id")): item for item in found}

    def inbox(self, *, follow: bool = True, stream: str = "deliveries") -> AsyncIterator[Delivery]:
        """Give this member's deliveries, each to be worked on in ``async with delivery:``.

        Following, it waits for further ones for ever; else it ends with the inbox. What was finished is not given
        again; what raised comes with the next call.
        """
        return self._reader(stream, follow=follow).deliveries()

    def news(self, *, follow: bool = True, stream: str = "news") -> AsyncIterator[News]:
        """Give news about what this member sent; a piece is finished when the next is asked for."""
        return self._reader(stream, follow=follow).news()

    async def inbox_page(self, cursor: str | None = None, *, limit: int = PAGE, wait: int = 0) -> Page:
        """Look at a page of the inbox without finishing anything."""
        return await fetch_page(self._desk.connection, cursor, limit=limit, wait=wait)

    async def delivery(self, delivery_id: UUID) -> Delivery:
        """Look a delivery up by its id.

        Raises:
            RejectedByAxis: ``not-found``: none, or not this member's.
        """
        value = await self._get(f"/v1/deliveries/{delivery_id}")
        return Delivery(Entry.from_json(value | {"kind": DELIVERY}), self._desk)

    async def organisations(self, query: str, *, limit: int = 20) -> tuple[Mapping[str, Any], ...]:
        """Search the directory by name or code."""
        answer = await self._get("/v1/organisations", q=query, limit=limit)
        found = answer.get("organisations", answer.get("items"))
        if not isinstance(found, list):
            raise RejectedAnswer("organisations that are not of their form")
        return tuple(found)

    async def keys(self) -> Mapping[str, Any]:
        """Give the axis's public keys as it states them. Pin them from a trusted copy, not from here."""
        return await self._get("/v1/keys")

    async def key_history(self) -> tuple[Mapping[str, Any], ...]:
        """Give the evidence of each change of evidence keys, the earliest first.

        Raises:
            UnavailableAxis: It cannot be reached.
        """
        return tuple((await self._get("/v1/keys/history"))["evidence"])

    async def dead_letters(self) -> tuple[Mapping[str, Any], ...]:
        """Give what waits for an operator; wants that role."""
        answer = await self._get("/v1/dead-letters")
        found = answer.get("dead_letters", answer.get("items"))
        if not isinstance(found, list):
            raise RejectedAnswer("dead letters that are not of their form")
        return tuple(found)

    async def replay(self, dead_letter_id: UUID) -> Mapping[str, Any]:
        """Put a dead letter back into processing; wants the role of an operator."""
        return json_object(await self._desk.connection.ask("POST", f"/v1/dead-letters/{dead_letter_id}/replay"))

    @property
    def audit(self) -> AuditClient:
        """What an auditor may ask; wants that role."""
        return AuditClient(self._desk.connection)

    @property
    def books(self) -> BookClient:
        """Registers and deadlines."""
        return BookClient(self._desk.connection)

    async def close(self) -> None:
        """Close the connection."""
        await self._desk.connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _get(self, path: str, **params: Any) -> dict[str, Any]:
        return json_object(await self._desk.connection.ask("GET", path, params=params))

    def _reader(self, stream: str, *, follow: bool) -> InboxReader:
        return InboxReader(self._desk, self._memory, stream, limit=PAGE, follow=follow)

    async def _upload_large(self, files: Sequence[MeasuredFile], progress: Progress | None) -> tuple[MeasuredFile, ...]:
        """Upload beforehand until the rest is small enough for one request; give the rest."""
        inline: list[MeasuredFile] = []
        room = INLINE_LIMIT
        for file in sorted(files, key=lambda file: file.entry.size):
            room -= file.entry.size
            if room >= 0:
                inline.append(file)
            else:
                await put_content(self._desk.connection, file, progress)
        return tuple(inline)


def addressee(text: Addressee | str, role: RecipientRole = "action") -> Addressee:
    """Read one recipient: an organisation code, or ``group:NAME``."""
    if isinstance(text, Addressee):
        return text
    name = text.removeprefix("group:")
    return Addressee(None, name, role) if name != text else Addressee(text, None, role)


def _recipients_of(metadata: Mapping[str, Any]) -> tuple[Addressee, ...]:
    listed = metadata.get("recipients")
    return tuple(
        Addressee(item.get("organisation"), item.get("group"), item.get("role", "action"))
        for item in (listed if isinstance(listed, list) else ())
        if isinstance(item, Mapping)
    )


def _as_recipient(one: Addressee) -> dict[str, Any]:
    """Write a recipient as the metadata have it."""
    target = {"organisation": one.organisation} if one.group is None else {"group": one.group}
    return target | {"role": one.role}
