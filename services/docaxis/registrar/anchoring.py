"""Has the published checkpoint time-stamped every hour, and keeps checkpoint and token beside the log."""

import asyncio
from datetime import timedelta
from typing import Any, Final, Protocol

import structlog
from asn1crypto import cms
from prometheus_client import CollectorRegistry, Gauge

from docaxis.pausing import stopped_within
from docaxis.storage.log_files import CHECKPOINT as PUBLISHED
from docaxis.storage.log_files import LogFiles
from docaxis_schemas.moments import Clock
from docaxis_signing.anchor_files import CHECKPOINT, TOKEN, anchor_path
from docaxis_signing.anchors import DIGEST, imprint
from docaxis_signing.signing_errors import UnavailableTimestamp
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.problems import TransparencyError

RETRY: Final = timedelta(minutes=1)
"""How soon an authority that gave no token is asked again; one that is down is not to be hammered."""


class Stamper(Protocol):
    """What is asked of a time-stamping authority."""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Give a token over a digest; UnavailableTimestamp if there is none to be had."""


class AnchorMeasures:
    """What anchors tell those who watch the axis."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.leaves = Gauge("docaxis_log_anchored_leaves", "Leaves below the last anchor.", registry=registry)
        self.at = Gauge("docaxis_log_anchored_timestamp_seconds", "When it was looked after last.", registry=registry)


class Anchoring:
    """The loop. A checkpoint without new entries is anchored once."""

    def __init__(
        self, files: LogFiles, stamper: Stamper, interval: timedelta, clock: Clock, measures: AnchorMeasures
    ) -> None:
        self._files = files
        self._stamper = stamper
        self._interval = interval
        self._clock = clock
        self._measures = measures
        self._log = structlog.get_logger("docaxis.registrar")

    async def serve(self, stopping: asyncio.Event) -> None:
        """Anchor until told to stop."""
        while not stopping.is_set():
            pause = self._interval if await self.round() else min(RETRY, self._interval)
            await stopped_within(stopping, pause)

    async def round(self) -> bool:
        """Anchor what is published, once; say whether there is nothing left to do."""
        try:
            return await self._round()
        except (UnavailableTimestamp, OSError, TransparencyError) as error:
            self._log.warning("the checkpoint was not anchored", cause=f"{type(error).__name__}: {error}")
            return False

    async def _round(self) -> bool:
        data = await asyncio.to_thread(self._files.read, PUBLISHED)
        if data is None:
            return False
        size = Checkpoint.stated(data).size
        if not size:
            return False  # the first leaves are not to wait for an hour
        path = anchor_path(size, CHECKPOINT)
        if await asyncio.to_thread(self._files.read, path) is None:
            token: Any = await self._stamper.async_timestamp(imprint(data), DIGEST)
            # the token first: a checkpoint in this folder always has its token beside it
            await asyncio.to_thread(self._files.put, [(anchor_path(size, TOKEN), token.dump()), (path, data)])
        self._measures.leaves.set(size)
        self._measures.at.set(self._clock().timestamp())
        return True
