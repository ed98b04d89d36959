"""Looks at how the axis is: the database, and the log's files as outsiders are given them."""

import asyncio
import base64
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from docaxis.alerter.memory import Kind, Memory, Remembered
from docaxis.alerter.readings import BrokenLog, KeptList, Readings, RefusedNumber, UsedCertificate, Waiting
from docaxis.auditor.consistency import LogDirectory, require_continuation
from docaxis.auditor.monitoring import FALSE
from docaxis.storage import alerts as storage
from docaxis.storage.alerts import AlertStore
from docaxis.storage.log_files import CHECKPOINT as PUBLISHED
from docaxis_schemas.canonical import digest
from docaxis_schemas.moments import from_text, to_text
from docaxis_signing.anchor_files import CHECKPOINT, anchor_path
from docaxis_signing.transparency.checkpoint import SignedCheckpoint
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import RejectedNote

ENDING: Final = timedelta(days=366)
"""How far ahead the ends of certificates are looked at; a rule names fewer days."""
GIVEN_UP: Final = timedelta(days=1)
"""How far back dead letters and refused numbers are looked at."""
MOST: Final = 1_000
"""Of each kind that is looked at in one turn."""
SEEN, UNCOSIGNED, UNANCHORED = "seen", "uncosigned", "unanchored"
LOG_KEYS: Final = (SEEN, UNCOSIGNED, UNANCHORED)
"""What is remembered of the log: the checkpoint that was seen last, and since when something has been amiss."""


class Looking:
    """Takes readings. ``log`` is where the log lies, ``policy`` whom to believe of it; without both it is let be."""

    def __init__(self, store: AlertStore, log: Path | None, policy: Policy | None) -> None:
        self._store = store
        self._log = log
        self._policy = policy
        self._ends: dict[str, datetime | None] = {}

    async def readings(self, now: datetime, memory: Memory) -> Readings:
        """Look once; what was seen of the log is remembered.

        Raises:
            UnavailableStorage: The database is away.
        """
        ending = await self._store.ending(Kind.CERTIFICATE, now, now + ENDING, MOST)
        uncovered = await self._store.uncovered()
        broken = await self._watch_log(now, memory)
        return Readings(
            now=now,
            lists=await self._lists(),
            certificates=tuple(_used(sha256, one.value, one.until) for sha256, one in ending.items() if one.until),
            waiting=None if uncovered is None else Waiting(str(uncovered[0]), uncovered[1]),
            uncosigned_since=_since(memory, UNCOSIGNED),
            unanchored_since=_since(memory, UNANCHORED),
            broken=broken,
            refused=tuple(map(_refused, await self._store.refused_numbers(now - GIVEN_UP, MOST))),
            dead_letters=tuple(await self._store.dead_letters(now - GIVEN_UP, MOST)),
        )

    async def _lists(self) -> tuple[KeptList, ...]:
        held = await self._store.lists()
        for one in held:
            if one.sha256 not in self._ends:
                self._ends[one.sha256] = _end(await self._store.list_bytes(one.sha256))
        self._ends = {one.sha256: self._ends[one.sha256] for one in held}
        return tuple(KeptList(one.authority, one.sha256, self._ends[one.sha256]) for one in held)

    async def _watch_log(self, now: datetime, memory: Memory) -> BrokenLog | None:
        """Compare the published checkpoint with the one that was seen last; only one that continues it replaces it."""
        if self._log is None or self._policy is None:
            return None
        source, seen = LogDirectory(self._log), memory.get(Kind.LOG, SEEN)
        data = await source.log_file(PUBLISHED)
        if data is None and seen is None:
            return None
        before = None if seen is None else _opened(self._policy, base64.b64decode(seen.value["note"]))
        named = "" if before is None else f"{before.checkpoint.size} {before.checkpoint.root.hex()}"
        try:
            opened = self._policy.open(data or b"")
            if before is not None and before.checkpoint != opened.checkpoint:
                await require_continuation(source, before, opened)
            cosigned = self._policy.satisfied(self._policy.witnessed(opened.note))
        except FALSE as error:
            return BrokenLog(named, type(error).__name__)
        if before is None or before.checkpoint != opened.checkpoint:
            memory.put(Kind.LOG, SEEN, {"note": base64.b64encode(data or b"").decode()})
        _note(memory, UNCOSIGNED, now, amiss=not cosigned)
        anchored, last = await asyncio.to_thread(_anchors, self._log, opened)
        _note(memory, UNANCHORED, now, amiss=bool(last) and not anchored, mark=last)
        return None


def _opened(policy: Policy, note: bytes) -> SignedCheckpoint | None:
    """Open what was seen; None if it is of a log that is pinned no longer, and watching begins anew."""
    try:
        return policy.open(note)
    except RejectedNote:
        return None


def _end(data: bytes | None) -> datetime | None:
    """Say until when a list is the newest; None of one that cannot be read, which its taker refused already."""
    try:
        return None if data is None else x509.load_der_x509_crl(data).next_update_utc
    except ValueError:
        return None


def _refused(found: storage.RefusedNumber) -> RefusedNumber:
    key = digest({"natural_key": found.natural_key})
    return RefusedNumber(key, found.document_sha256, str(found.submission_id), found.member)


def _used(sha256: str, value: bytes, until: datetime) -> UsedCertificate:
    said = Remembered.of(value, until)
    return UsedCertificate(sha256, until, said.seen_at(), said.value["member"])


def _since(memory: Memory, key: str) -> datetime | None:
    noted = memory.get(Kind.LOG, key)
    return None if noted is None or noted.value["since"] is None else from_text(noted.value["since"])


def _note(memory: Memory, key: str, now: datetime, *, amiss: bool, mark: str = "") -> None:
    """Note since when something has been amiss, or that it is no longer; another mark begins anew."""
    noted = memory.get(Kind.LOG, key)
    if noted is None or noted.value["mark"] != mark or amiss != (noted.value["since"] is not None):
        memory.put(Kind.LOG, key, {"since": to_text(now) if amiss else None, "mark": mark})


def _anchors(log: Path, opened: SignedCheckpoint) -> tuple[bool, str]:
    """Say whether the checkpoint is anchored, and name the last anchor; none of a log that has no authority."""
    place = log / anchor_path(opened.checkpoint.size, CHECKPOINT)
    return place.is_file(), max((one.name for one in place.parent.glob(f"*{CHECKPOINT}")), default="")
