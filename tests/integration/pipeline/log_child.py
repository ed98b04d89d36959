"""Registrars to be killed: imports everything once, then forks processes for each line of JSON that it reads.

A line says what they work on, where they die, and the directories in which one each starts, all at once; the answer is
how each of them ended. Each reads the whole topic from its start, as after lost offsets, and then writes the log.
"""

import asyncio
import base64
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, Final

from docaxis import failpoints
from docaxis.bus.port import Partition, Received
from docaxis.bus.work import Work
from docaxis.registrar.sequencing import Sequencer
from docaxis.registrar.service import Registrar
from docaxis.storage.database import open_database
from docaxis.storage.log_files import LocalDisk, LogFiles
from docaxis.storage.log_order import LogOrder, LostHead
from docaxis.storage.receipts import ReceiptStore
from docaxis_schemas.codec import decode
from docaxis_schemas.events import EvidenceRecord
from docaxis_schemas.moments import system_clock
from docaxis_signing.receipts import EvidenceSigner
from docaxis_signing.transparency.note import Signer

LOST: Final = 3
"""How a writer ends that another one has overtaken."""
KEY: Final = EvidenceSigner.generate("evidence-1")


def _topic(path: Path) -> list[EvidenceRecord]:
    events = [decode(base64.b64decode(line)) for line in path.read_bytes().splitlines()]
    return [event for event in events if isinstance(event, EvidenceRecord)]


async def _run(order: dict[str, Any], directory: Path) -> int:
    failpoints.arm(order["failpoint"] or None)
    engine = open_database(order["database"], application="log")
    registrar = Registrar(ReceiptStore(engine), KEY, axis="docaxis", environment="test", clock=system_clock)
    works = [
        Work(Received(Partition("evidence", 0), offset, b"", b"", (), 0), event)
        for offset, event in enumerate(_topic(Path(order["topic"])))
    ]
    try:
        await asyncio.gather(*(registrar.handle(work) for work in works))
        signer, files = Signer.from_skey(order["skey"]), LogFiles(LocalDisk(directory))
        writer = Sequencer(LogOrder(engine, signer.verifier.name), files, signer, system_clock)
        await writer.open()
        while await writer.advance(limit=order["batch"]):
            pass
    except LostHead:
        return LOST
    finally:
        await engine.dispose()
    return 0


def _fork(order: dict[str, Any], directory: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = asyncio.run(_run(order, Path(directory)))
    except Exception:  # noqa: BLE001 - told, and seen in the exit code
        traceback.print_exc()
    finally:
        os._exit(code)


for line in sys.stdin:
    wanted = json.loads(line)
    children = [_fork(wanted, directory) for directory in wanted["directories"]]
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(json.dumps(ends), flush=True)  # noqa: T201 - whoever gave the order reads this
