"""Handing in: manifest first, then contents, then the claim, then the bus, then the answer.

The order is the promise: 202 is said once contents are durable, the claim is committed and all in-sync replicas have
the record. A crash at any point leaves either nothing that anybody was told of, or a claim that a repeat or the sweeper
finishes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from docaxis.directory.entries import Principal
from docaxis.failpoints import Point, reach
from docaxis.gateway.authentication import member_of
from docaxis.gateway.bodies import too_large
from docaxis.gateway.directory import FreshDirectory
from docaxis.gateway.formats import HEAD, TAIL, FileInspector, Recognised, recognise
from docaxis.gateway.intake import (
    Plan,
    check_age,
    check_heading,
    choose_lane,
    judge_manifest,
    judge_standing,
    notices_json,
    resolution_json,
)
from docaxis.gateway.limits import MAX_SIGNED_MANIFEST
from docaxis.gateway.multipart import malformed
from docaxis.gateway.publishing import Outbox
from docaxis.gateway.records import OpenedRecord, open_record
from docaxis.gateway.refusals import Refused
from docaxis.gateway.scanning import RejectedByScanner, Scanner
from docaxis.gateway.signing import GatewayKeys, Registers
from docaxis.settings import FairnessSettings, RetrySettings
from docaxis.storage.claims import Claim, ClaimStore
from docaxis.storage.contents import ContentMismatch, ContentStore, MissingContent
from docaxis_schemas.canonical import canonical
from docaxis_schemas.identifiers import submission_id
from docaxis_schemas.moments import Clock, to_text
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import MAX_MANIFEST, ContentEntry, Manifest, RejectedRecord, read_manifest

MANIFEST: Final = "manifest"


class Brought(Protocol):
    """One part of a submission as it comes in."""

    name: str
    media_type: str

    async def whole(self, limit: int) -> bytes | None:
        """Read a small part; None if it is larger than ``limit`` bytes."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Give its bytes."""


class Bringing(Protocol):
    """Brings the parts of a submission in order: a multipart body, or a packet that was taken apart."""

    def parts(self) -> AsyncIterator[Brought]:
        """Give the parts."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A submission that stands; ``repeated`` when it stood before."""

    claim: Claim
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Takes submissions in."""

    axis: str
    environment: str
    directory: FreshDirectory
    registers: Registers
    keys: GatewayKeys
    contents: ContentStore
    claims: ClaimStore
    outbox: Outbox
    scanner: Scanner
    fairness: FairnessSettings
    retry: RetrySettings
    clock: Clock

    async def accept(self, principal: Principal, own_id: str, reader: Bringing) -> Accepted:
        """Take one submission from its parts, the manifest first.

        Raises:
            Refused: By any rule of intake.
            UnavailableStorage: Store or database are away.
            BusError: The bus is away; the claim may stand.
        """
        parts = reader.parts()
        record, manifest = await self._read_manifest(principal, own_id, await anext(parts, None))
        name = submission_id(manifest.heading.member, own_id)
        standing = await self.claims.find(name)
        if standing is not None:
            return await self._answer_again(standing, record)
        now = self.clock()
        check_age(manifest.heading.time, now)
        plan = judge_manifest(manifest, await self.directory.snapshot(), principal, now)
        files = await self._take_contents(manifest, parts)
        before = await self.claims.standing(
            manifest.heading.member,
            natural_key=None if plan.natural_key is None else plan.natural_key.to_text(),
            contents_sha256=plan.contents_sha256,
            recipients=plan.recipients,
            now=now,
        )
        try:
            judge_standing(plan, before)
        except Refused as refusal:
            if refusal.code is Code.NATURAL_KEY_TAKEN and plan.natural_key is not None:
                key = plan.natural_key.to_text()
                await self.claims.note_refused(name, manifest.heading.member, key, plan.document_sha256, now)
            raise
        reach(Point.GATEWAY_AFTER_CONTENT_FSYNC)
        proposed = self._propose(name, record, plan, choose_lane(plan, before, self.fairness), files)
        return await self._claim(proposed, record, sorted({entry.sha256 for entry in manifest.contents}))

    async def _read_manifest(
        self, principal: Principal, own_id: str, part: Brought | None
    ) -> tuple[OpenedRecord, Manifest]:
        if part is None or part.name != MANIFEST:
            raise malformed("Phần đầu tiên phải là 'manifest'.", "The first part must be the 'manifest'.")
        data = await part.whole(MAX_SIGNED_MANIFEST)
        if data is None:
            raise too_large(MAX_MANIFEST)
        record = await open_record(
            data,
            part.media_type,
            principal,
            await self.directory.snapshot(),
            self.keys,
            self.registers,
            limit=MAX_MANIFEST,
            now=self.clock(),
        )
        try:
            manifest = read_manifest(record.payload)
        except RejectedRecord as error:
            raise malformed(f"Bản kê sai dạng: {error}.", f"The manifest is not of its form: {error}.") from error
        check_heading(
            manifest.heading,
            member=member_of(principal),
            own_id=own_id,
            axis=self.axis,
            environment=self.environment,
        )
        return record, manifest

    async def _answer_again(self, standing: Claim, record: OpenedRecord) -> Accepted:
        """Answer from the claim that stands; what a crash kept from the bus is published first."""
        if standing.manifest_digest != record.digest:
            raise Refused(
                Code.IDEMPOTENCY_CONFLICT,
                f"Khóa: {standing.own_id}",
                f"Key: {standing.own_id}",
                more={"submission_id": str(standing.submission_id)},
            )
        if standing.published_at is None:
            await self.outbox.submit(standing)
        return Accepted(standing, repeated=True)

    async def _take_contents(self, manifest: Manifest, parts: AsyncIterator[Brought]) -> dict[str, Recognised]:
        member = manifest.heading.member
        entries = _by_hash(manifest.contents)
        found: dict[str, Recognised] = {}
        async for part in parts:
            roles = entries.get(part.name)
            if roles is None or part.name in found:
                raise malformed(
                    "Có phần không được nêu trong bản kê hoặc bị lặp.", "A part is not in the manifest, or comes twice."
                )
            found[part.name] = await self._take(member, roles, part)
        earlier = {sha256: roles for sha256, roles in entries.items() if sha256 not in found}
        sizes = await self.contents.find(member, list(earlier)) if earlier else {}
        for sha256, roles in earlier.items():
            if sha256 not in sizes:
                raise _missing(roles[0])
            if sizes[sha256] != roles[0].size:
                raise _mismatch(roles[0])
            found[sha256] = await self._look_at(member, roles)
        for entry in manifest.contents:
            await self._scan(member, entry)
        return found

    async def _take(self, member: str, roles: Sequence[ContentEntry], part: Brought) -> Recognised:
        inspector, entry = FileInspector(), roles[0]
        try:
            async with self.contents.receive(member, entry.sha256, entry.size) as writer:
                async for chunk in part.chunks():
                    inspector.feed(chunk)
                    await writer.write(chunk)
                kinds = [inspector.judge(each) for each in roles]
                await writer.finish()
                return kinds[0]
        except ContentMismatch as error:
            raise _mismatch(entry) from error

    async def _look_at(self, member: str, roles: Sequence[ContentEntry]) -> Recognised:
        """Judge the type of a content that was uploaded before."""
        entry = roles[0]
        content = await self.contents.open(member, entry.sha256)
        head = b"".join([part async for part in content.stream(0, HEAD)])
        tail = b"".join([part async for part in content.stream(max(0, entry.size - TAIL))])
        kinds = [recognise(each, head, tail) for each in roles]
        return kinds[0]

    async def _scan(self, member: str, entry: ContentEntry) -> None:
        try:
            await self.scanner.scan(lambda: self.contents.open(member, entry.sha256))
        except RejectedByScanner as error:
            raise Refused(
                Code.CONTENT_TYPE_REFUSED, f"{entry.name}: phần mềm quét từ chối.", f"{entry.name}: {error}"
            ) from error

    def _propose(self, name: UUID, record: OpenedRecord, plan: Plan, lane: str, files: dict[str, Recognised]) -> Claim:
        heading, received_at = plan.manifest.heading, self.clock()
        urgency = plan.metadata.urgency
        deadline = received_at + (self.retry.urgent_deadline if urgency.is_urgent else self.retry.deadline)
        flags = {sha256: [flag.value for flag in file.flags] for sha256, file in files.items() if file.flags}
        acknowledgement = self.keys.service.sign(
            {
                "v": 1,
                "kind": "acknowledgement",
                "axis": self.axis,
                "environment": self.environment,
                "submission_id": str(name),
                "member": heading.member,
                "id": heading.own_id,
                "manifest_sha256": record.digest,
                "received_at": to_text(received_at),
                "deadline": to_text(deadline),
                "recipients": notices_json(plan.resolution),
            }
        )
        return Claim(
            submission_id=name,
            member=heading.member,
            own_id=heading.own_id,
            manifest_digest=record.digest,
            manifest=record.data,
            record=record.token,
            record_key=record.key,
            acted_by_gateway=record.acted_by_gateway,
            resolution=canonical(resolution_json(plan.resolution) | {"flags": flags}),
            acknowledgement=acknowledgement,
            lane=lane,
            urgency=urgency.edxml_priority,
            directory_version=plan.resolution.version,
            received_at=received_at,
            deadline=deadline,
        )

    async def _claim(self, proposed: Claim, record: OpenedRecord, hashes: list[str]) -> Accepted:
        try:
            standing = await self.claims.make(proposed, hashes)
        except MissingContent as error:
            raise Refused(Code.CONTENT_MISSING) from error
        reach(Point.GATEWAY_AFTER_CLAIM)
        if standing is not proposed:
            return await self._answer_again(standing, record)
        # Whoever asked may be gone by now: the record goes out all the same, it is already claimed.
        await asyncio.shield(self.outbox.submit(proposed))
        return Accepted(proposed, repeated=False)


def received_json(claim: Claim, resolution: dict[str, Any]) -> dict[str, Any]:
    """Give the answer to a submission; the same for every repeat."""
    names = ("merged", "unknown", "suspended")
    return {
        "submission_id": str(claim.submission_id),
        "acknowledgement": claim.acknowledgement,
        "received_at": to_text(claim.received_at),
        "recipients": {"delivered_to": len(resolution["recipients"])} | {name: resolution[name] for name in names},
    }


def _by_hash(contents: Iterable[ContentEntry]) -> dict[str, list[ContentEntry]]:
    """Gather the entries of each content: one that is named twice has to be right in each of its roles.

    Raises:
        Refused: It is named with two sizes.
    """
    found: dict[str, list[ContentEntry]] = {}
    for entry in contents:
        named = found.setdefault(entry.sha256, [])
        if named and named[0].size != entry.size:
            raise _mismatch(entry)
        named.append(entry)
    return found


def _missing(entry: ContentEntry) -> Refused:
    return Refused(Code.CONTENT_MISSING, f"{entry.name} ({entry.sha256})", f"{entry.name} ({entry.sha256})")


def _mismatch(entry: ContentEntry) -> Refused:
    return Refused(
        Code.CONTENT_MISMATCH,
        f"{entry.name}: kích thước hoặc mã băm khác với bản kê.",
        f"{entry.name}: size or hash differ from the manifest.",
    )
