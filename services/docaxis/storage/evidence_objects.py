"""SQL of what verdicts were drawn from: what many share, once each by content, and the inputs of each verdict."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.decisions import StorageError
from docaxis.storage.driver import Database, Row, Statement
from docaxis_schemas.moments import Clock
from docaxis_signing.rerun import join, record_of

_THERE: Final = Statement("SELECT sha256 FROM evidence_objects WHERE sha256 = ANY(CAST(:names AS text[]))")
_DAMAGED: Final = Statement("""
    SELECT min(sha256) AS name FROM evidence_objects
    WHERE sha256 = ANY(CAST(:names AS text[])) AND encode(sha256(content), 'hex') <> sha256
""")
_KEEP: Final = Statement("""
    INSERT INTO evidence_objects (sha256, content, kept_at) VALUES (:sha256, :content, :at)
    ON CONFLICT (sha256) DO NOTHING
""")
_READ: Final = Statement("SELECT content FROM evidence_objects WHERE sha256 = :sha256")
_VERDICTS: Final = Statement("""
    SELECT d.body, i.shared AS name, o.content AS shared, i.own FROM decisions d
    LEFT JOIN verdict_inputs i ON i.event_id = d.event_id
    LEFT JOIN evidence_objects o ON o.sha256 = i.shared
    WHERE d.submission_id = CAST(:submission AS uuid) AND d.kind IN ('verdict', 'verdict-revised')
    ORDER BY d.decided_at, d.version
""")
_OF_THE_DECISION: Final = ("verdict_sha256", "disposition")
"""What a decision says beside the verdict itself."""


class DamagedObject(StorageError):
    """An object has other bytes than its name says: whatever rests on it cannot be shown until it is restored."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the object {name} is kept with other bytes")
        self.name = name


@dataclass(frozen=True, slots=True)
class KeptInputs:
    """What one verdict was drawn from: the name of what it shares with others, and its own part (canonical JSON)."""

    shared: str
    own: bytes


@dataclass(frozen=True, slots=True)
class KeptVerdict:
    """A verdict with what it was drawn from; ``inputs`` are None of one from before they were kept."""

    sha256: str
    verdict: Mapping[str, Any]
    inputs: Mapping[str, Any] | None

    def record(self) -> dict[str, Any] | None:
        """Write it as ``docaxis verify --evidence`` reads it; None if it cannot be drawn again."""
        return None if self.inputs is None else record_of(self.verdict, self.sha256, self.inputs)


class EvidenceObjects:
    """Objects by content; nothing is ever changed or removed here."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._database = Database(engine, by_key=True)
        self._clock = clock

    async def keep(self, objects: Mapping[str, bytes]) -> None:
        """Keep objects by their names; what is there stays.

        Raises:
            UnavailableStorage: The database is away.
        """
        there, now = await self.there(objects), self._clock()
        for name, content in objects.items():
            if name not in there:
                await self._database.run(_KEEP, sha256=name, content=content, at=now)

    async def there(self, names: Iterable[str]) -> frozenset[str]:
        """Say which of these are kept.

        Raises:
            UnavailableStorage: The database is away.
        """
        return frozenset(row["sha256"] for row in await self._database.rows(_THERE, names=sorted(names)))

    async def read(self, sha256: str) -> bytes | None:
        """Give an object; None if it is not kept.

        Raises:
            DamagedObject: Its bytes are not those of its name.
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_READ, sha256=sha256)
        return None if row is None else _checked(sha256, bytes(row["content"]))

    async def whole(self, names: Iterable[str]) -> frozenset[str]:
        """Say which of these are kept, each with the bytes of its name.

        Raises:
            DamagedObject: One has other bytes.
            UnavailableStorage: The database is away.
        """
        wanted = sorted(names)
        row = await self._database.row(_DAMAGED, names=wanted)
        if row is not None and row["name"] is not None:
            raise DamagedObject(row["name"])
        return await self.there(wanted)

    async def verdicts_of(self, submission_id: UUID) -> list[KeptVerdict]:
        """Give the verdicts of a submission, oldest first, with what each was drawn from.

        Raises:
            DamagedObject: What several share has other bytes than its name says.
            UnavailableStorage: The database is away.
        """
        return [_kept(row) for row in await self._database.rows(_VERDICTS, submission=submission_id)]


def _kept(row: Row) -> KeptVerdict:
    body = json.loads(row["body"])
    verdict = {name: item for name, item in body.items() if name not in _OF_THE_DECISION}
    inputs = None if row["shared"] is None else join(_checked(row["name"], row["shared"]), row["own"])
    return KeptVerdict(body["verdict_sha256"], verdict, inputs)


def _checked(name: str, content: bytes) -> bytes:
    if hashlib.sha256(content).hexdigest() != name:
        raise DamagedObject(name)
    return content
