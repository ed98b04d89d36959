"""Keeps the log going: a checkpoint a second while statements come, cosigned, and an alarm when it cannot be done."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Gauge

from docaxis.pausing import stopped_within
from docaxis.registrar.problems import RefusedToSign
from docaxis.registrar.sequencing import Sequencer
from docaxis.registrar.witnesses import Asked, Round
from docaxis.storage.decisions import StorageError
from docaxis_signing.transparency.checkpoint import SignedCheckpoint
from docaxis_signing.transparency.note import Note
from docaxis_signing.transparency.problems import TransparencyError

ALARM_SECONDS: Final = 10.0
"""For so long the log may fail to be written before its process says that it is not well."""


class LogMeasures:
    """What the log tells those who watch the axis."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.leaves = Gauge("docaxis_log_leaves", "Leaves of the last published checkpoint.", registry=registry)
        self.cosignatures = Gauge("docaxis_log_cosignatures", "Witnesses that cosigned it.", registry=registry)
        self.claims = Gauge(
            "docaxis_log_unproven_claims", "Witnesses that accuse the log and show nothing.", registry=registry
        )
        self.failing = Gauge("docaxis_log_failing", "1 while the log cannot be written.", registry=registry)
        self.refused = Gauge("docaxis_log_refused", "1 if its past does not hold: page someone.", registry=registry)


class LogKeeper:
    """The loop around a `Sequencer`."""

    def __init__(
        self, sequencer: Sequencer, witnesses: Asked | None, interval: timedelta, measures: LogMeasures
    ) -> None:
        self._sequencer = sequencer
        self._witnesses = witnesses
        self._interval = interval.total_seconds()
        self._measures = measures
        self._open = False
        self._heard = False
        self._stood = False
        self._cosignatures = 0
        self._refused = ""
        self._trouble = "not opened yet"
        self._since = 0.0
        self._log = structlog.get_logger("docaxis.registrar")

    @property
    def causes(self) -> tuple[str, ...]:
        """Say why the log is not well; nothing for what passes by itself in time."""
        if self._refused:
            return (f"the log refuses to sign: {self._refused}",)
        late = asyncio.get_running_loop().time() - self._since > ALARM_SECONDS
        if self._trouble and (late or not self._stood):
            return (f"the log cannot be written: {self._trouble}",)
        return ()

    async def serve(self, stopping: asyncio.Event) -> None:
        """Log what comes until told to stop."""
        loop = asyncio.get_running_loop()
        while not stopping.is_set():
            began = loop.time()
            if not self._refused:
                await self.round()
            await stopped_within(stopping, max(0.0, began + self._interval - loop.time()))

    async def round(self) -> None:
        """Log what waits, once."""
        try:
            await self._round()
        except RefusedToSign as error:
            self._refused = str(error)
            self._measures.refused.set(1)
            self._log.critical("the log refuses to sign", cause=self._refused)
        except (OSError, StorageError, TransparencyError) as error:
            self._failed(f"{type(error).__name__}: {error}")
        else:
            self._trouble = "" if self._open else self._trouble
            self._measures.failing.set(not self._open)

    async def _round(self) -> None:
        if not self._open:
            signed = await self._sequencer.open()
            if self._sequencer.rebuilt:
                self._log.error("tiles of the log were lost or damaged, and written anew from the order")
            self._published(signed, 0)
            cosigned = await self._cosign(signed)
            if cosigned is not None and not (cosigned.enough or self._heard):
                self._failed("before a quorum of witnesses has answered nothing is signed after a start", cosigned)
                return
            self._open = self._stood = self._heard = True
        if advanced := await self._sequencer.advance(witnessing=self._witnessed):
            self._published(advanced, self._cosignatures)

    async def _cosign(self, signed: SignedCheckpoint) -> Round | None:
        """Have the standing checkpoint cosigned."""
        if self._witnesses is None:
            return None
        cosigned = await self._witnesses.cosign(signed, self._sequencer)
        self._measures.claims.set(cosigned.claims)
        if cosigned.cosignatures:
            await self._sequencer.cosigned(_with(signed, cosigned))
            self._published(signed, len(cosigned.cosignatures))
        return cosigned

    async def _witnessed(self, signed: SignedCheckpoint) -> Note:
        """Have a checkpoint cosigned that is not published yet."""
        self._cosignatures = 0
        if self._witnesses is None:
            return signed.note
        cosigned = await self._witnesses.cosign(signed, self._sequencer)
        self._measures.claims.set(cosigned.claims)
        self._cosignatures = len(cosigned.cosignatures)
        return _with(signed, cosigned)

    def _published(self, signed: SignedCheckpoint, cosignatures: int) -> None:
        self._measures.leaves.set(signed.checkpoint.size)
        self._measures.cosignatures.set(cosignatures)

    def _failed(self, why: str, asked: Round | None = None) -> None:
        why = "; ".join((why, *(asked.causes if asked else ())))
        if not self._trouble:
            self._since = asyncio.get_running_loop().time()
        self._trouble, self._open = why, False
        self._measures.failing.set(1)
        self._log.warning("the log cannot be written", cause=why)


def _with(signed: SignedCheckpoint, cosigned: Round) -> Note:
    return Note(signed.note.text, (*signed.note.signatures, *cosigned.cosignatures))
