"""Builds the registrar; it alone is given the evidence key."""

import asyncio
import json
from datetime import timedelta
from typing import Final

from docaxis.bus.work import Pace
from docaxis.composition.log import anchoring, open_log
from docaxis.composition.parts import Context, MisconfiguredService, Part, key_file
from docaxis.composition.rotation import key_rotation
from docaxis.composition.stages import staged, trimming
from docaxis.registrar.countersigning import open_countersigning
from docaxis.registrar.problems import RegistrarError
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
    """Build the registrar; it alone is given the evidence key."""
    path = key_file(context.settings.keys.evidence_key, "evidence key")
    signer = EvidenceSigner.from_jwk(json.loads(await asyncio.to_thread(path.read_bytes)))
    store = ReceiptStore(context.engine)
    try:
        await key_rotation(context.settings, context.engine, context.clock).require_current(signer)
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
    loops = {"stage": work, "trimming": trimming(context, "registrar")}
    if countersigning is not None:
        loops["receipts"] = countersigning.serve
    keeper = await open_log(context)
    if keeper is None:
        return Part("registrar", loops, lambda: report.causes)
    loops |= {"log": keeper.serve} | anchoring(context)
    return Part("registrar", loops, lambda: (*report.causes, *keeper.causes))
