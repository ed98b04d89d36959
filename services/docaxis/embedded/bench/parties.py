"""Senders and recipients of a load run: what members' own systems do, each step signed with the member's key."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from docaxis.embedded.bench.wire import Wire, WireError
from docaxis_schemas.moments import Clock
from docaxis_schemas.submission import Addressee, ContentEntry, FileRole, HandoverRecord, Heading, Kind, Manifest
from docaxis_signing.statements import MemberSigner

BOUNDARY: Final = "docaxis-bench-7d1c0b6e"
WAIT_SECONDS: Final = 25
PAGE: Final = 100
PDF: Final = "application/pdf"
JOSE: Final = "application/jose"
TOGETHER: Final = 32
ACCEPTED: Final = 202


@dataclass(frozen=True, slots=True)
class Party:
    """A member with what it speaks and signs with."""

    member: str
    axis: str
    environment: str
    signer: MemberSigner
    wire: Wire
    clock: Clock

    def heading(self, kind: Kind, own_id: str) -> Heading:
        """Head a record."""
        return Heading(kind, self.axis, self.environment, self.member, own_id, self.clock())


async def hand_in(
    party: Party, own_id: str, path: Path, document: Mapping[str, Any], recipients: Sequence[str]
) -> UUID:
    """Hand one document in and give its submission's id once the axis has it durably.

    Raises:
        WireError: The axis refused.
    """
    data = await asyncio.to_thread(path.read_bytes)
    sha256 = hashlib.sha256(data).hexdigest()
    contents = (ContentEntry(FileRole.MAIN, path.name, PDF, len(data), sha256),)
    addressees = tuple(Addressee(code, None, "action") for code in recipients)
    listed = [{"organisation": code, "role": "action"} for code in recipients]
    heading = party.heading(Kind.SUBMISSION, own_id)
    manifest = Manifest(heading, {**document, "recipients": listed}, contents, addressees)
    record = party.signer.sign(manifest.to_json()).encode("ascii")
    body = b"".join((_part("manifest", JOSE), record, _part(sha256, PDF, again=True), data, _END))
    headers = {"Idempotency-Key": own_id, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = await party.wire.ask("POST", "/v1/submissions", wanted=202, headers=headers, body=body)
    return UUID(json.loads(answer)["submission_id"])


def _part(name: str, media_type: str, *, again: bool = False) -> bytes:
    file = f'; filename="{name}"' if again else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\nContent-Type: {media_type}\r\n\r\n'
    return ("\r\n" * again + head).encode("ascii")


_END: Final = f"\r\n--{BOUNDARY}--\r\n".encode("ascii")


@dataclass(slots=True)
class Recipient:
    """Follows its member's inbox by long-poll; if it is to hand over, fetches and checks each content and signs for it.

    As with the SDK, hand-overs that come while one is under way go together.

    ``arrived`` is told of each delivery as it comes, ``finished`` when nothing is left to do with it.
    """

    party: Party
    hand_over: bool
    arrived: Callable[[UUID, str], None]
    finished: Callable[[UUID, str], None]
    seen: Counter[UUID] = field(default_factory=Counter)
    _signed: list["_Signed"] = field(default_factory=list)
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def follow(self) -> None:
        """Work until cancelled."""
        cursor = ""
        async with asyncio.TaskGroup() as work:
            while True:
                path = f"/v1/inbox?limit={PAGE}&wait={WAIT_SECONDS}{cursor and f'&cursor={cursor}'}"
                page = json.loads(await self.party.wire.ask("GET", path, wanted=200))
                cursor = page["cursor"] or cursor
                for item in page["items"]:
                    if item["kind"] != "delivery":
                        continue
                    delivery_id, submission_id = UUID(item["delivery_id"]), UUID(item["submission_id"])
                    self.seen[delivery_id] += 1
                    self.arrived(submission_id, item["recipient"])
                    if not self.hand_over:
                        self.finished(submission_id, item["recipient"])
                    elif self.seen[delivery_id] == 1:
                        work.create_task(self._take(delivery_id, submission_id, item))

    async def _take(self, delivery_id: UUID, submission_id: UUID, item: Mapping[str, Any]) -> None:
        hashes = []
        for content in item["body"]["contents"]:
            path = f"/v1/deliveries/{delivery_id}/contents/{content['sha256']}"
            data = await self.party.wire.ask("GET", path, wanted=200)
            if hashlib.sha256(data).hexdigest() != content["sha256"]:
                raise ValueError(f"other bytes than the delivery names: {delivery_id}")
            hashes.append(content["sha256"])
        own_id = str(uuid5(delivery_id, "handover"))
        record = HandoverRecord(self.party.heading(Kind.HANDOVER, own_id), delivery_id, tuple(hashes))
        self._signed.append(
            _Signed(delivery_id, submission_id, item["recipient"], self.party.signer.sign(record.to_json()))
        )
        async with self._sending:
            group, self._signed = self._signed[:TOGETHER], self._signed[TOGETHER:]
            if group:  # else somebody took this one along
                await self._send(group)

    async def _send(self, group: Sequence["_Signed"]) -> None:
        if len(group) == 1:
            path, body = f"/v1/deliveries/{group[0].delivery_id}/handover", group[0].token.encode("ascii")
            await self.party.wire.ask("POST", path, wanted=202, headers={"Content-Type": JOSE}, body=body)
        else:
            body = json.dumps({"records": [one.token for one in group]}).encode("ascii")
            headers = {"Content-Type": "application/json"}
            answer = json.loads(
                await self.party.wire.ask("POST", "/v1/handovers", wanted=200, headers=headers, body=body)
            )
            refused = [result for result in answer["results"] if result["status"] != ACCEPTED]
            if refused or len(answer["results"]) != len(group):
                raise WireError(f"hand-overs that were not taken: {refused}")
        for one in group:
            self.finished(one.submission_id, one.recipient)


@dataclass(frozen=True, slots=True)
class _Signed:
    """A hand-over that is ready to go."""

    delivery_id: UUID
    submission_id: UUID
    recipient: str
    token: str
