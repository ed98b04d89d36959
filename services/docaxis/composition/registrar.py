"""Builds a registrar: it signs what comes in its slots, it writes the log, or both.

Several divide the slots (`DOCAXIS_BUS__OWNED`) and all of them sign with the one evidence key; of them, or beside them,
one writes the log. One that owns no slots writes the log alone: it is given no evidence key and meets no broker.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from docaxis.bus.report import LoggedReport
from docaxis.bus.work import Pace
from docaxis.composition.log import anchoring, open_log
from docaxis.composition.parts import Context, MisconfiguredService, Part, Work, key_file
from docaxis.composition.rotation import key_rotation, key_use
from docaxis.composition.stages import staged, trimming
from docaxis.registrar.countersigning import open_countersigning
from docaxis.registrar.problems import RegistrarError
from docaxis.registrar.rotation import HeldKey
from docaxis.registrar.service import Registrar
from docaxis.storage.receipts import ReceiptStore
from docaxis_signing.receipts import EvidenceSigner

RECEIPTS_GATHER: Final = timedelta(milliseconds=100)
"""A document's statements come a few at a time and no delivery waits for them: one insert for all."""
REGISTRAR_HOLD: Final = timedelta(seconds=5)
"""Receipts are kept before; the transaction only moves the offsets, and a redo after a crash changes nothing. It costs
broker and client some 10 ms of CPU whatever it moves."""
REGISTRAR_GATHER: Final = 256
"""Records of one transaction that is not held any longer: not so many that there is no room for others (`Progress`)."""
REGISTRAR_BATCH: Final = 1000
"""Records of one transaction at most, which is whatever is finished."""
REGISTRAR_AHEAD: Final = 256
"""Statements of one partition in hand, an insert full of them: with few, a busy registrar waits instead of working."""


async def build(context: Context) -> Part:
    """Build the registrar.

    Raises:
        MisconfiguredService: It lacks a key, another one writes the log, or there is nothing for it to do.
    """
    loops: dict[str, Work] = {}
    causes: list[Callable[[], tuple[str, ...]]] = []
    if context.settings.bus.owned != ():
        loops, report = await _signing(context)
        causes.append(lambda: report.causes)
    keeper = await open_log(context)
    if keeper is not None:
        loops |= {"log": keeper.serve} | anchoring(context)
        causes.append(lambda: keeper.causes)
    if not loops:
        raise MisconfiguredService(
            "a registrar that owns no slots (DOCAXIS_BUS__OWNED) and is given no log (DOCAXIS_LOG__DIRECTORY)"
        )
    return Part("registrar", loops, lambda: tuple(cause for ask in causes for cause in ask()))


async def _signing(context: Context) -> tuple[dict[str, Work], LoggedReport]:
    """Give the loops that sign, with what they report; only they are given the evidence key."""
    path = key_file(context.settings.keys.evidence_key, "evidence key")
    signer = EvidenceSigner.from_jwk(json.loads(await asyncio.to_thread(path.read_bytes)))
    store = ReceiptStore(context.engine)
    rotation = key_rotation(context.settings, context.engine, context.clock)
    held = HeldKey(key_use(context.settings, context.engine), rotation, signer)
    try:
        await held.require()
        countersigning = await open_countersigning(context.settings, context.engine, context.stack, context.clock)
    except RegistrarError as error:
        raise MisconfiguredService(str(error)) from error
    registrar = Registrar(
        store,
        signer,
        axis=context.settings.axis,
        environment=context.settings.environment,
        clock=context.clock,
        gather=RECEIPTS_GATHER,
    )
    pace = Pace(
        ordered=False, ahead=REGISTRAR_AHEAD, batch=REGISTRAR_BATCH, gather=REGISTRAR_GATHER, hold=REGISTRAR_HOLD
    )
    work, report = await staged(context, registrar, pace=pace)
    loops: dict[str, Work] = {"stage": work, "key": held.serve, "trimming": trimming(context, "registrar")}
    if countersigning is not None:
        loops["receipts"] = countersigning.serve
    return loops, report
