"""An auditor's view of an axis: search with proofs, openings of leaves, and the log's files."""

import asyncio
import base64
import binascii
import errno
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from docaxis.client.connection import Connection, json_object
from docaxis.client.errors import RejectedAnswer, RejectedByAxis
from docaxis.client.files import CHUNK
from docaxis_signing.transparency.leaves import IDENTIFYING, Openings, leaf
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import TransparencyError
from docaxis_signing.transparency.proof import LogProof

PAGE: Final = 500
"""Leaves of one page of disclosures."""
NOT_FOUND: Final = 404
SUBMISSIONS: Final = "/v1/audit/submissions"
"""Where an auditor finds what there is of one submission."""


class RejectedRow(Exception):
    """A row of the index is not shown by the log; the text says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a search, with what opens its leaf and its proof, as the axis gave them. Nothing is checked yet."""

    row: Mapping[str, Any]
    statement: bytes | None
    salts: Openings | None
    proof: LogProof | None

    def check(self, policy: Policy) -> None:
        """Check that the log has this leaf at this place, and that it says what the row says of it.

        Raises:
            RejectedRow: It does not, or nothing was given to check it by.
        """
        if self.proof is None:
            raise RejectedRow("it came without a proof")
        try:
            entry = self.proof.check_itself(policy)
            if self.proof.index != self.row.get("leaf_index"):
                raise RejectedRow("the proof is of another leaf")
            shown = json.loads(entry)
            if any(self.row.get(name) != shown[name] for name in ("type", "time", "codes")):
                raise RejectedRow("the row says something else than the leaf")
            if self.statement is not None:
                self._check_statement(self.statement, entry)
        except (TransparencyError, ValueError, KeyError) as error:
            raise RejectedRow(str(error)) from error

    def _check_statement(self, statement: bytes, entry: bytes) -> None:
        if leaf(statement, self.salts or {}) != entry:
            raise RejectedRow("the statement is not the one that the leaf commits to")
        said = json.loads(statement)
        if any(self.row.get(name) != said.get(name) for name in IDENTIFYING):
            raise RejectedRow("the row says something else than the statement")


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What was found, the youngest leaf first; ``next`` is where the search goes on, None at its end."""

    found: tuple[Found, ...]
    indexed: int
    next: int | None


@dataclass(frozen=True, slots=True)
class DisclosedLeaf:
    """A leaf with what opens it, and the row that the axis's index has of it."""

    index: int
    leaf: bytes
    statement: bytes | None
    salts: Openings | None
    verdict: Mapping[str, Any] | None
    manifest: bytes | None
    row: bytes | None
    source: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class SavedPackage:
    """An evidence package as it was saved. ``size`` in bytes."""

    sha256: str
    size: int


class AuditClient:
    """What an auditor's credential may ask; every question becomes evidence in the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def search(self, *, before: int | None = None, limit: int = 20, **asked: str) -> SearchPage:
        """Search the log; see the command's help for what can be asked.

        Raises:
            RejectedByAxis: Not an auditor, or not askable.
            RejectedAnswer: The answer is not of its form.
            UnavailableAxis: Patience ended.
        """
        wanted: dict[str, str | int] = dict(asked) | {"limit": limit} | ({} if before is None else {"before": before})
        value = await self._get("/v1/audit/entries", wanted)
        try:
            found = tuple(_found(item) for item in value["entries"])
            return SearchPage(found, int(value["indexed"]), None if value["next"] is None else int(value["next"]))
        except (KeyError, TypeError, ValueError, AttributeError, TransparencyError) as error:
            raise RejectedAnswer(f"a search that is not of its form: {error}") from error

    async def disclosures(self, first: int, end: int) -> AsyncIterator[DisclosedLeaf]:
        """Give leaves in their order with what opens them, as far as the axis has them.

        Raises:
            RejectedByAxis: Not an auditor.
            RejectedAnswer: The answer is not of its form.
            UnavailableAxis: Patience ended.
        """
        for start in range(first, end, PAGE):
            asked = {"first": start, "limit": min(PAGE, end - start)}
            value = await self._get("/v1/audit/disclosures", asked)
            try:
                page = [_disclosed(item) for item in value["disclosures"]]
            except (KeyError, TypeError, ValueError, IndexError, AttributeError, binascii.Error) as error:
                raise RejectedAnswer(f"disclosures that are not of their form: {error}") from error
            for one in page:
                yield one

    async def looks(self, limit: int) -> tuple[Mapping[str, Any], ...]:
        """Give what auditors and operators looked at, the latest first."""
        value = await self._get("/v1/audit/looks", {"limit": limit})
        found = value.get("looks")
        if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
            raise RejectedAnswer("looks that are not of their form")
        return tuple(found)

    async def absence(self, **sought: str) -> Mapping[str, Any]:
        """Have the axis state that its log, as far as its checkpoint, has nothing about something.

        That is ``content`` (SHA-256 of a file, hex), ``submission`` (its id), or ``issuer`` and ``number`` of a
        document.

        Raises:
            RejectedByAxis: ``content-logged``, ``submission-logged``: it has; or not an auditor.
            UnavailableAxis: Patience ended, or the index is behind the log. A repeat is a statement of its own.
        """
        return json_object(await self._connection.ask("POST", "/v1/audit/absences", params=sought))

    async def absence_evidence(self, absence_id: UUID) -> tuple[Mapping[str, Any], ...]:
        """Give the evidence file of such a statement; none as long as it is on its way.

        Raises:
            RejectedByAxis: Not an auditor.
            RejectedAnswer: The answer is not of its form.
            UnavailableAxis: Patience ended.
        """
        try:
            found = (await self._get(f"/v1/audit/absences/{absence_id}/evidence", {})).get("evidence")
        except RejectedByAxis as error:
            if error.problem.status == NOT_FOUND:
                return ()
            raise
        if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
            raise RejectedAnswer("evidence that is not of its form")
        return tuple(found)

    async def story(self, submission_id: UUID) -> dict[str, Any]:
        """Give all that is told of a submission.

        That is ``submission`` (as `AxisClient.submission` reads it), ``manifest``, ``verdicts``, ``evidence``
        (``event_id``, ``leaf_index``, ``open``, ``file``), ``indexed``, and of its ``package`` what ``package.json``
        says, with the ``objects`` in it.

        Raises:
            RejectedByAxis: Not an auditor, or there is no such submission.
            UnavailableAxis: Patience ended.
        """
        return await self._get(f"{SUBMISSIONS}/{submission_id}", {})

    async def anchors(self) -> tuple[int, ...]:
        """Give the sizes at which the log was time-stamped, the smallest first.

        Raises:
            RejectedAnswer: The answer is not of its form.
            UnavailableAxis: Patience ended.
        """
        found = (await self._get("/log/anchors", {})).get("anchors")
        if not isinstance(found, list) or not all(isinstance(item, int) for item in found):
            raise RejectedAnswer("anchors that are not of their form")
        return tuple(found)

    async def export(self, submission_id: UUID, target: Path) -> SavedPackage:
        """Save the evidence package of a submission; a file that is there is left alone.

        Raises:
            FileExistsError: It is there already.
            RejectedByAxis: Not an auditor, or there is no such submission.
            UnavailableAxis: Patience ended; nothing is kept.
        """
        partial = target.with_name(f".{target.name}.part")

        async def attempt() -> SavedPackage:
            path, found, size = f"{SUBMISSIONS}/{submission_id}/package", hashlib.sha256(), 0
            async with self._connection.open("GET", path) as response:
                with partial.open("wb") as out:
                    async for chunk in response.aiter_bytes(CHUNK):
                        found.update(chunk)
                        size += len(chunk)
                        await asyncio.to_thread(out.write, chunk)
            return SavedPackage(found.hexdigest(), size)

        if await asyncio.to_thread(target.exists):
            raise FileExistsError(errno.EEXIST, "is there already", str(target))
        try:
            saved = await self._connection.persist(attempt)
            await asyncio.to_thread(partial.replace, target)
        finally:
            partial.unlink(missing_ok=True)
        return saved

    async def log_file(self, path: str) -> bytes | None:
        """Give a file of the log; None if it has none of that name.

        Raises:
            RejectedByAxis: Not allowed to.
            UnavailableAxis: Patience ended.
        """
        try:
            return (await self._connection.ask("GET", f"/log/{path}")).content
        except RejectedByAxis as error:
            if error.problem.status == NOT_FOUND:
                return None
            raise

    async def _get(self, path: str, params: Mapping[str, str | int]) -> dict[str, Any]:
        return json_object(await self._connection.ask("GET", path, params=dict(params)))


def _salts(value: Mapping[str, str] | None) -> Openings | None:
    return None if value is None else {str(field): bytes.fromhex(salt) for field, salt in value.items()}


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else value.encode()


def _found(value: Mapping[str, Any]) -> Found:
    proof = value["proof"]
    return Found(
        dict(value["row"]),
        _bytes(value["statement"]),
        _salts(value["openings"]),
        None if proof is None else LogProof.parse(proof.encode()),
    )


def _disclosed(value: Mapping[str, Any]) -> DisclosedLeaf:
    return DisclosedLeaf(
        int(value["leaf_index"]),
        base64.b64decode(value["leaf"], validate=True),
        _bytes(value["statement"]),
        _salts(value["openings"]),
        value["verdict"],
        _bytes(value["manifest"]),
        _bytes(value["row"]),
        None if value["source"] is None else (int(value["source"][0]), int(value["source"][1])),
    )
