"""The revocation lists in force: fetched ahead of need, from configured addresses, never by a worker.

The last list of each authority is kept in the database and is in force again after a restart, before anything is
fetched: an older one, however fresh it calls itself, is refused then as before.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import lru_cache
from typing import Final

import httpx
import structlog
from cryptography import x509

from docaxis.pausing import stopped_within
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.revocation_lists import KeptList, RevocationListStore
from docaxis_schemas.moments import Clock
from docaxis_signing.trust.asking import Asking
from docaxis_signing.trust.breaker import CircuitBreaker
from docaxis_signing.trust.fetching import Refreshed, new_client, refresh
from docaxis_signing.trust.lists import RejectedRevocationList, RevocationList, ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore

RETRY: Final = timedelta(seconds=15)
"""After a list could not be had."""


class Revocations:
    """Holds the newest snapshot, and wakes who waits for a later one.

    Epochs begin at the present second, so that they rise through restarts too: a record may wait for one.
    """

    def __init__(
        self,
        trust: TrustStore,
        kept: RevocationListStore,
        clock: Clock,
        every: timedelta,
        *,
        signers: Callable[[], Awaitable[list[bytes]]] | None = None,
    ) -> None:
        self.trust = trust
        self._kept = kept
        self._kept_hashes: frozenset[str] = frozenset()
        self._clock = clock
        self._every = every
        self._snapshot = RevocationSnapshot(epoch=int(clock().timestamp()))
        self._breaker = CircuitBreaker()
        self._signers = signers
        self._asking = Asking(trust)
        self._changed = asyncio.Condition()
        self._known = asyncio.Event()
        self._causes: tuple[str, ...] = ("the revocation lists were not fetched yet",)
        self._log = structlog.get_logger("docaxis.verifier.revocations")

    @property
    def causes(self) -> tuple[str, ...]:
        """Say why nothing can be judged yet; a list that cannot be had is no such reason, documents are held then."""
        return () if self._known.is_set() else self._causes

    @property
    def problems(self) -> tuple[str, ...]:
        """Name the lists that could not be had at the last try."""
        return self._causes

    async def current(self) -> RevocationSnapshot:
        """Give the lists in force; the first time wait until they were asked for."""
        await self._known.wait()
        return self._snapshot

    async def later_than(self, epoch: int, seconds: float) -> None:
        """Return once the lists are of this epoch or a later one, or after the time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self._snapshot.epoch >= epoch)

    async def take(self, snapshot: RevocationSnapshot) -> None:
        """Put a snapshot in force."""
        newer = snapshot.epoch != self._snapshot.epoch
        self._snapshot = snapshot
        self._known.set()
        if newer:
            async with self._changed:
                self._changed.notify_all()

    async def serve(self, stopping: asyncio.Event) -> None:
        """Fetch again and again until told to stop."""
        while not stopping.is_set() and not await self.restore():
            await stopped_within(stopping, RETRY)
        async with new_client() as client:
            while not stopping.is_set():
                pause = await self._refresh(client)
                await self._ask(client)
                await stopped_within(stopping, pause)

    async def restore(self) -> bool:
        """Put the lists of before the restart in force; False while the database cannot tell them."""
        try:
            rows = await self._kept.read()
        except UnavailableStorage as error:
            self._log.warning("the lists of before the restart are not to be had yet", cause=str(error))
            return False
        names = {authority.sha256: authority.name for authority in self.trust.authorities}
        for row in rows:
            if row.authority_sha256 in names:
                try:
                    item = ingest(self.trust, names[row.authority_sha256], row.list, now=self._clock())
                    self._snapshot = self._snapshot.advance(item)
                except RejectedRevocationList as error:
                    self._log.error("a kept revocation list is not usable any more", cause=str(error))
        self._kept_hashes = frozenset(self._snapshot.hashes)
        return True

    async def keep(self) -> None:
        """Keep the lists in force; what cannot be kept now is kept at the next turn."""
        new = [item for item in self._snapshot.lists if item.sha256 not in self._kept_hashes]
        if not new:
            return
        try:
            await self._kept.keep([_row(item, self.trust) for item in new])
        except UnavailableStorage as error:
            self._log.warning("revocation lists could not be kept", cause=str(error))
        else:
            self._kept_hashes = frozenset(self._snapshot.hashes)

    async def _ask(self, client: httpx.AsyncClient) -> None:
        """Ask responders about registered signers; what they do not say, the lists say in time."""
        if self._signers is None or not any(authority.ocsp for authority in self.trust.authorities):
            return
        try:
            known = [_loaded(der) for der in await self._signers()]
            asked = await self._asking.turn(self._snapshot, known, client=client, now=self._clock())
        except UnavailableStorage:
            return
        except Exception as error:  # noqa: BLE001 - whatever an answer makes a parser raise; fetching must go on
            self._log.error("signers could not be asked about", cause=repr(error))
            return
        for problem in asked.problems:
            self._log.warning("no usable answer of a responder", cause=problem)
        if asked.snapshot.epoch != self._snapshot.epoch:
            self._log.info("answers of responders", epoch=asked.snapshot.epoch, answers=len(asked.snapshot.answers))
        await self.take(asked.snapshot)

    async def _refresh(self, client: httpx.AsyncClient) -> timedelta:
        try:
            now, breaker = self._clock(), self._breaker
            done = await refresh(self.trust, self._snapshot, client=client, now=now, breaker=breaker)
        except Exception as error:  # noqa: BLE001 - whatever a served list makes a parser raise; fetching must go on
            self._log.error("revocation lists could not be refreshed", cause=repr(error))
            done = Refreshed(self._snapshot)
        causes = tuple(str(error) for error in (*done.unavailable, *done.refused))
        if causes != self._causes:
            for cause in causes:
                self._log.warning("revocation list not taken in", cause=cause)
        self._causes = causes
        if done.snapshot.epoch != self._snapshot.epoch:
            self._log.info("new revocation lists", epoch=done.snapshot.epoch, lists=len(done.snapshot.lists))
        await self.take(done.snapshot)
        await self.keep()
        return min(RETRY, self._every) if causes else self._every


@lru_cache(maxsize=20_000)
def _loaded(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def _row(item: RevocationList, trust: TrustStore) -> KeptList:
    authority = trust.named(item.authority)
    return KeptList(authority.sha256, str(item.scope), item.this_update, item.sha256, item.der)
