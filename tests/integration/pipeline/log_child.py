"""A writer of the log in a process of its own, to be killed: ``DATABASE DIRECTORY SKEY FAILPOINT``."""

import asyncio
import sys
from pathlib import Path

from docaxis import failpoints
from docaxis.registrar.sequencing import Sequencer
from docaxis.storage.database import open_database
from docaxis.storage.log_files import LocalDisk, LogFiles
from docaxis.storage.log_order import LogOrder
from docaxis_schemas.moments import system_clock
from docaxis_signing.transparency.note import Signer


async def main(database: str, directory: str, skey: str, failpoint: str) -> None:
    failpoints.arm(failpoint or None)
    signer, engine = Signer.from_skey(skey), open_database(database, application="log")
    files = LogFiles(LocalDisk(Path(directory)))
    writer = Sequencer(LogOrder(engine, signer.verifier.name), files, signer, system_clock)
    await writer.open()
    while await writer.advance(limit=40):
        pass
    await engine.dispose()


asyncio.run(main(*sys.argv[1:]))
