"""Changes the evidence key: the old key says so, the log shows it, and only then does the new one take its place.

Registrars sign with the key side by side, and each holds a lock that says so for as long as it does (`HeldKey`).

Each step can be done again after a crash: the new key is on disk before the change is stated, the statement is kept
once under the old key's thumbprint, and the old key's file is replaced last.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from docaxis.pausing import stopped_within
from docaxis.registrar.problems import RegistrarError
from docaxis.storage.decisions import StorageError
from docaxis.storage.key_use import KeyUse, Using
from docaxis.storage.log_order import LogOrder
from docaxis.storage.receipts import Receipt, ReceiptStore
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.moments import Clock, from_text
from docaxis_signing.durable import move, write_private, write_whole
from docaxis_signing.key_history import history_id, key_change
from docaxis_signing.receipts import EvidenceKey, EvidenceSigner, PinnedKeys, thumbprint
from docaxis_signing.transparency.leaves import leaf, openings

NEXT: Final = ".next"
LOOK: Final = timedelta(seconds=2)
"""Between two looks whether the lock still stands: for about so long after its connection was lost a key could be
retired under a registrar that goes on signing with it."""
NO_TOPIC: Final = -1
"""Partition of receipts that came by no topic."""


class RefusedRotation(RegistrarError):
    """The key is not changed; the text says why."""


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """The private key of the registrar and, where this machine has it, the file of public keys that the axis states."""

    private: Path
    pinned: Path | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """A change of keys that was made."""

    retired: str
    kid: str
    public_jwk: Mapping[str, Any]
    since: datetime


class KeyRotation:
    """Changes the key of one axis."""

    def __init__(
        self, store: ReceiptStore, order: LogOrder, use: KeyUse, clock: Clock, *, axis: str, environment: str
    ) -> None:
        self._store = store
        self._order = order
        self._use = use
        self._clock = clock
        self._axis = axis
        self._environment = environment

    async def require_current(self, signer: EvidenceSigner) -> None:
        """Check that a key is not one that was retired.

        Raises:
            RefusedRotation: It was, and must sign nothing more.
            UnavailableStorage: The database is away.
        """
        used = thumbprint(signer.public_jwk())
        for piece in await self._store.key_history(history_id(self._axis, self._environment)):
            facts = json.loads(piece.statement)["facts"]
            if facts["retired_key_sha256"] == used:
                raise RefusedRotation(f"the evidence key {signer.kid} was retired at {facts['valid_from']}")

    async def rotate(self, files: KeyFiles, kid: str) -> Rotation:
        """Replace the key in its file by a new one called ``kid``, or finish doing so.

        Raises:
            RefusedRotation: A registrar runs, the name is the old one's, the key was retired before, or a file cannot
                be written: mend that and do it again.
            UnavailableStorage: The database is away, perhaps after the change was kept: do it again.
        """
        old = EvidenceSigner.from_jwk(json.loads(await asyncio.to_thread(files.private.read_bytes)))
        if kid == old.kid:
            raise RefusedRotation(f"the present key is called {kid} already")
        async with self._order.alone() as alone, self._use.changing() as unused:
            if not (alone and unused):
                raise RefusedRotation("a registrar runs: stop every one of them first")
            try:
                rotation = await self._change(old, files, kid)
            except OSError as error:  # the lock's connection would take it for its own
                raise RefusedRotation(f"a file of the keys: {error}") from error
        await asyncio.sleep(max(0.0, (rotation.since - self._clock()).total_seconds()))  # less than a second
        return rotation

    async def _change(self, old: EvidenceSigner, files: KeyFiles, kid: str) -> Rotation:
        new = await asyncio.to_thread(_next_key, files.private, kid)
        rotation = await self._state(old, new)
        if files.pinned is not None:
            await asyncio.to_thread(_pin, files.pinned, rotation)
        await asyncio.to_thread(move, _waiting(files.private), files.private)
        return rotation

    async def _state(self, old: EvidenceSigner, new: EvidenceSigner) -> Rotation:
        """Keep the statement with its entry for the log; one that is there already stands."""
        now = self._clock()
        since = now.replace(microsecond=0) + timedelta(seconds=1)
        said = key_change(
            old.public_jwk(), new.public_jwk(), axis=self._axis, environment=self._environment, said=now, since=since
        )
        data = said.to_bytes(axis=self._axis, environment=self._environment)
        secret = (await self._store.secrets([said.submission_id]))[said.submission_id]
        receipt = Receipt(
            said.event_id,
            EvidenceType.KEY_CHANGED.value,
            said.submission_id,
            said.member,
            None,
            said.at,
            data,
            old.sign(data, now),
            old.kid,
            now,
            NO_TOPIC,
            0,
        )
        kept = await self._store.insert([receipt], {said.event_id: leaf(data, openings(secret, data))})
        facts = json.loads(kept.get(said.event_id, data))["facts"]
        if facts["key_sha256"] != thumbprint(new.public_jwk()):
            raise RefusedRotation(f"{old.kid} was retired for another key, {facts['kid']}")
        return Rotation(old.kid, new.kid, new.public_jwk(), from_text(facts["valid_from"]))


class HeldKey:
    """Keeps the key from being changed while a registrar signs with it, through any outage of the database."""

    def __init__(self, use: KeyUse, rotation: KeyRotation, signer: EvidenceSigner) -> None:
        self._use = use
        self._rotation = rotation
        self._signer = signer
        self._log = structlog.get_logger("docaxis.registrar")

    async def require(self) -> None:
        """Check, before anything is signed, that the key may be used.

        Raises:
            RefusedRotation: It was retired, or is being changed.
            UnavailableStorage: The database is away.
        """
        async with self._use.signing() as using:
            await self._require(using)

    async def serve(self, stopping: asyncio.Event) -> None:
        """Hold it until told to stop; a lock that was lost with its connection is taken again.

        Raises:
            RefusedRotation: It was changed meanwhile: this process must sign nothing more.
        """
        while not stopping.is_set():
            try:
                async with self._use.signing() as using:
                    await self._hold(await self._require(using), stopping)
            except StorageError as error:
                self._log.warning("the evidence key is not held", cause=f"{type(error).__name__}: {error}")
                await stopped_within(stopping, LOOK)

    async def _require(self, using: Using | None) -> Using:
        if using is None:
            raise RefusedRotation("the evidence key is being changed")
        await self._rotation.require_current(self._signer)
        return using

    async def _hold(self, using: Using, stopping: asyncio.Event) -> None:
        while not await stopped_within(stopping, LOOK):
            await using.confirm()


def _next_key(path: Path, kid: str) -> EvidenceSigner:
    """Make the new key's file, or read the one that an interrupted change has left."""
    waiting = _waiting(path)
    if waiting.exists():
        found = EvidenceSigner.from_jwk(json.loads(waiting.read_bytes()))
        if found.kid != kid:
            raise RefusedRotation(f"a change to {found.kid} was begun: finish it under that name")
        return found
    new = EvidenceSigner.generate(kid)
    write_private(waiting, json.dumps(new.private_jwk()).encode())
    return new


def _waiting(path: Path) -> Path:
    return path.with_name(path.name + NEXT)


def _pin(path: Path, rotation: Rotation) -> None:
    pinned = PinnedKeys.from_json(json.loads(path.read_bytes()))
    ended = [replace(key, valid_to=rotation.since) if key.kid == rotation.retired else key for key in pinned.keys]
    if all(key.kid != rotation.kid for key in ended):
        ended.append(EvidenceKey(rotation.kid, rotation.public_jwk, rotation.since, None))
    value = replace(pinned, keys=tuple(ended)).to_json()
    write_whole(path, json.dumps(value, indent=2).encode(), mode=path.stat().st_mode & 0o777)
