"""Signs statements as the axis's organisation, CAdES with a time-stamp, when somebody downloads their receipts.

No delivery waits for it. A statement is signed once and the signature kept; while the time-stamping authority is away
nothing is signed, and who asks is told so.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.pausing import stopped_within
from docaxis.registrar.problems import RegistrarError
from docaxis.settings import Settings
from docaxis.storage.decisions import StorageError
from docaxis.storage.receipt_signatures import ReceiptSignatureStore
from docaxis_schemas.moments import Clock
from docaxis_signing.cades import sign_detached
from docaxis_signing.keys import SigningKey, load_key
from docaxis_signing.pdf.timestamps import TimestampClient
from docaxis_signing.signing_errors import SigningError
from docaxis_signing.trust.store import TEST_EXTENSION

BATCH: Final = 8
"""Statements signed at once: so many requests an authority of time-stamps has from us at a time."""
PAUSE: Final = timedelta(seconds=1)
RETRY: Final = timedelta(minutes=1)
"""How soon an authority or a token that failed is asked again."""

UNEXPECTED: Final = "unexpected"


class UnusableOrganisationKey(RegistrarError):
    """Receipts cannot be signed as the settings want it; the text says why."""


class Countersigning:
    """The loop. ``timestamper`` is pyHanko's; it works in a thread of its own."""

    def __init__(self, store: ReceiptSignatureStore, key: SigningKey, timestamper: Any, clock: Clock) -> None:
        self._store = store
        self._key = key
        self._timestamper = timestamper
        self._clock = clock
        self._log = structlog.get_logger("docaxis.registrar")

    async def serve(self, stopping: asyncio.Event) -> None:
        """Sign what is asked for until told to stop."""
        while not stopping.is_set():
            await stopped_within(stopping, await self.round())

    async def round(self) -> timedelta:
        """Sign one batch; give how long to wait until the next."""
        try:
            waiting = await self._store.waiting(BATCH)
            return await self._sign(waiting) if waiting else PAUSE
        except StorageError as error:
            self._log.warning("receipts wait for their signature", cause=f"{type(error).__name__}: {error}")
            return RETRY

    async def _sign(self, waiting: Mapping[UUID, bytes]) -> timedelta:
        tasks = [
            sign_detached(data, self._key, timestamper=self._timestamper, at=self._clock()) for data in waiting.values()
        ]
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        made = {one: answer for one, answer in zip(waiting, answers, strict=True) if isinstance(answer, bytes)}
        if made:
            await self._store.keep(made, self._clock())
        failed = next((answer for answer in answers if isinstance(answer, BaseException)), None)
        if failed is None:
            return timedelta(0)
        # whatever it is, receipts are no reason for the registrar to stop
        await self._store.note_trouble(failed.code if isinstance(failed, SigningError) else UNEXPECTED)
        self._log.warning("receipts wait for their signature", cause=f"{type(failed).__name__}: {failed}")
        return RETRY


async def open_countersigning(
    settings: Settings, engine: AsyncEngine, stack: AsyncExitStack, clock: Clock
) -> Countersigning | None:
    """Make the loop, where the settings name the organisation's key; ``stack`` gives the key back.

    Raises:
        UnusableOrganisationKey: The key cannot be used, or no authority would time-stamp what it signs.
    """
    keys, tsa = settings.keys, settings.log.tsa
    if not keys.organisation_key:
        return None
    if not tsa:
        raise UnusableOrganisationKey("receipts are signed with a time-stamp: DOCAXIS_LOG__TSA names no authority")
    path = keys.organisation_passphrase
    try:
        passphrase = b"" if path is None else (await asyncio.to_thread(path.read_bytes)).rstrip(b"\r\n")
        key = await asyncio.to_thread(load_key, keys.organisation_key, passphrase=lambda: passphrase)
    except (SigningError, OSError) as error:
        raise UnusableOrganisationKey(f"the key of the axis's organisation: {error}") from error
    stack.callback(key.close)
    if settings.mode == "production" and any(one.oid == TEST_EXTENSION for one in key.certificate.extensions):
        raise UnusableOrganisationKey("not fit for production: the organisation's certificate is a TEST one")
    return Countersigning(ReceiptSignatureStore(engine), key, TimestampClient(tsa), clock)
