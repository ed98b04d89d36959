"""From ``out/`` to the axis: a packet is taken apart, signed with the member's key, sent, and its file moved.

The key of a submission is made of the packet's bytes. So a packet that was sent when the power went is sent again and
is the same submission, however often.
"""

import asyncio
import hashlib
import logging
import shutil
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from docaxis.client.axis import AxisClient
from docaxis.client.errors import ClientError, ProblemReport, RejectedByAxis, RejectedFile, UnavailableAxis
from docaxis.client.files import OutgoingFile
from docaxis.client.reconciling import RegisterEntry
from docaxis.connector.carrying import carry
from docaxis.connector.folder import Folder
from docaxis.connector.store import Store
from docaxis_schemas.digests import contents_digest
from docaxis_schemas.edxml import Examination, PacketReader, RejectedPacket, Spools, Status
from docaxis_schemas.edxml.limits import CHUNK
from docaxis_schemas.edxml.packet import entries
from docaxis_schemas.holdings import Direction, Held
from docaxis_schemas.lifecycle import CHANGE_ANSWERS, REPORTED_BY
from docaxis_schemas.moments import Clock, to_text
from docaxis_schemas.problems import PROBLEMS, Code
from docaxis_schemas.submission import MAX_REASON

SETTLE_SECONDS: Final = 10.0
"""A packet that ends too early is given this long after its last change: it may still be written."""

_log = logging.getLogger("docaxis.connector")


class _Wait(Exception):
    """Not now: the packet is still being written."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Sends what waits."""

    axis: AxisClient
    folder: Folder
    store: Store
    clock: Clock
    now: Callable[[], float] = time.time

    async def pass_once(self) -> int:
        """Send everything that waits, some at a time; gives how many packets were settled.

        Raises:
            UnavailableAxis: It stayed away for some of them.
        """
        return await carry(self._waiting(), self._try)

    async def _waiting(self) -> AsyncIterator[Path]:
        for path in await asyncio.to_thread(self.folder.take):
            yield path

    async def _try(self, path: Path) -> bool:
        try:
            return await self._settle(path)
        except UnavailableAxis:
            raise
        except (ClientError, OSError) as error:  # of this packet alone: it is tried again
            _log.warning("a packet waits: %s: %s: %s", path.name, type(error).__name__, error)
            return False

    async def _settle(self, path: Path) -> bool:
        work = self.folder.work / hashlib.sha256(path.name.encode()).hexdigest()[:16]
        await asyncio.to_thread(work.mkdir, exist_ok=True)
        try:
            with Spools(_files_in(work)) as spools:
                sha256, found = await asyncio.to_thread(self._read, path, spools)
                told = await self._send(path, sha256, found)
            await self._move(path, self.folder.sent, sha256, told, "receipt")
        except _Wait:
            return False
        except RejectedPacket as error:
            await self._refuse(path, {"code": "edxml-invalid", "faults": [fault.to_json() for fault in error.faults]})
        except RejectedByAxis as error:
            problem = error.problem
            told = {"code": problem.code, "vi": problem.sentence("vi"), "en": problem.sentence("en")}
            await self._refuse(path, told | {"faults": list(error.faults)})
        except RejectedFile as error:
            _log.warning("a packet cannot be read now: %s: %s", path.name, error)
            return False
        finally:
            await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)
        return True

    def _read(self, path: Path, spools: Spools) -> tuple[str, Examination]:
        """Read a packet whole.

        Raises:
            RejectedPacket: With everything that is wrong with it.
            _Wait: It may still be written.
        """
        reader, digest = PacketReader(spools, self.clock()), hashlib.sha256()
        try:
            with path.open("rb") as stream:
                while data := stream.read(CHUNK):
                    digest.update(data)
                    reader.feed(data)
            return digest.hexdigest(), reader.finish().require()
        except RejectedPacket as error:
            is_young = self.now() - path.stat().st_mtime < SETTLE_SECONDS
            if is_young and {fault.rule for fault in error.faults} == {"not-xml"}:
                raise _Wait from error
            raise

    async def _send(self, path: Path, sha256: str, found: Examination) -> dict[str, Any]:
        if found.status is not None:
            return await self._report(found, f"edxml:{sha256}")
        assert found.document is not None, "a readable packet is a status or a document"
        files = []
        for attachment, entry in zip(found.attachments, entries(found.attachments), strict=True):
            attachment.stream.flush()
            files.append(OutgoingFile(Path(attachment.stream.name), entry.role, entry.name, entry.media_type))
        document = found.document.to_json()
        receivers = found.document.receivers()
        submission = await self.axis.send(document, files, receivers, own_id=f"edxml:{sha256}")
        name = self.folder.target(path, self.folder.sent, sha256).name
        sha256s = contents_digest(attachment.sha256 for attachment in found.attachments)
        held = [
            RegisterEntry(Direction.SENT, submission.received_at, Held(submission.submission_id, receiver, sha256s))
            for receiver in receivers
        ]
        await asyncio.to_thread(self.store.remember_submission, submission.submission_id, name, document, held)
        return {
            "submission_id": str(submission.submission_id),
            "id": submission.own_id,
            "received_at": to_text(submission.received_at),
            "recipients": dict(submission.recipients),
            "acknowledgement": submission.acknowledgement,
        }

    async def _report(self, found: Examination, own_id: str) -> dict[str, Any]:
        status = found.status
        assert status is not None, "the caller looked"
        named = status.response_for.document_id or ""
        if REPORTED_BY[status.code] == "sender":
            return await self._recall(status, named, own_id)
        find = self.store.delivery_asked if status.code in CHANGE_ANSWERS else self.store.delivery_of
        delivery_id = await asyncio.to_thread(find, named, status.issuer.code)
        if delivery_id is None:
            raise _problem(Code.NOT_FOUND)
        delivery = await self.axis.delivery(delivery_id)
        await delivery.report(status.code, reason=status.description, own_id=own_id)
        if status.code not in CHANGE_ANSWERS:
            await asyncio.to_thread(
                self.store.remember_state,
                Direction.RECEIVED, delivery.submission_id, delivery.recipient, state=None, report=status.code.value,
            )  # fmt: skip
        return {"delivery_id": str(delivery_id), "code": status.code.value, "id": own_id}

    async def _recall(self, status: Status, named: str, own_id: str) -> dict[str, Any]:
        """Recall what a status 13 names from the recipient it is addressed to; addressed to the issuer, from all."""
        submission_id = await asyncio.to_thread(self.store.submission_of, named)
        if submission_id is None:
            raise _problem(Code.NOT_FOUND)
        to = status.response_for.issuer or status.issuer.code
        recipients = () if to == status.issuer.code else (to,)
        reason = (status.description or "")[:MAX_REASON]
        await self.axis.recall(submission_id, reason, recipients=recipients, own_id=own_id)
        return {"submission_id": str(submission_id), "code": status.code.value, "id": own_id}

    async def _refuse(self, path: Path, told: dict[str, Any]) -> None:
        _log.warning("a packet is refused: %s: %s", path.name, told["code"])
        await self._move(path, self.folder.refused, hashlib.sha256(path.name.encode()).hexdigest(), told, "refusal")

    async def _move(self, path: Path, place: Path, mark: str, told: dict[str, Any], kind: str) -> None:
        await asyncio.to_thread(self.folder.settle, path, place, mark, told, kind)


def _files_in(work: Path) -> Callable[[], BinaryIO]:
    """Give spools that lie in a directory, so that what they hold can be sent by its path."""
    numbers = iter(range(1_000_000))
    return lambda: (work / f"{next(numbers)}.part").open("w+b")


def _problem(code: Code) -> RejectedByAxis:
    known = PROBLEMS[code]
    return RejectedByAxis(
        ProblemReport(
            known.status, code.value, known.title_en, known.title_vi, action=known.action_en, action_vi=known.action_vi
        )
    )
