"""``docaxis audit absent``: the axis's word that its log has nothing about a file, kept as evidence."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from docaxis.cli.audit_checks import pinned_of
from docaxis.cli.connecting import connect
from docaxis.cli.exit_codes import Exit
from docaxis.cli.options import Connecting
from docaxis.cli.output import output_for
from docaxis.cli.receipt import keep
from docaxis.client.auditing import AuditClient
from docaxis.client.files import OutgoingFile, measure

_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
PAUSE_SECONDS: Final = 1.0
"""Each look for the statement is evidence itself; the log moves once a second."""


async def absent(what: str, /, *, to: Path | None = None, wait: int = 30, connecting: Connecting | None = None) -> int:
    """Have the axis state that its log has nothing about a file. It is the axis's word, and no proof.

    Looked for is the SHA-256 of the file's bytes among the files of every submission that the log has, up to its
    checkpoint. If the log has it, nothing is stated and the exit code is 1. Your question becomes evidence too.

    Args:
        what: A file, or the SHA-256 of one in hex.
        to: The evidence file to write, with its .tlog-proof beside it; by default absent-SHA256.json here.
        wait: Seconds to wait until the log has the statement; it takes a few.
        connecting: How the command answers, and as whom it speaks.
    """
    output, pinned = output_for(connecting), pinned_of(connecting)
    content = what.lower() if _SHA256.fullmatch(what) else (await measure(OutgoingFile(Path(what)))).entry.sha256
    async with connect(connecting) as axis:
        stated = await axis.audit.absence(content)
        piece = await _logged(axis.audit, UUID(stated["absence_id"]), wait)
    size, root, unopened = stated["log_size"], stated["root_sha256"], stated["unopened"]
    head = output.text(
        f"Trục tuyên bố: {size} mục đầu của sổ không có gì về tệp {content} (mã gốc {root}).",
        f"The axis states: the log's first {size} leaves have nothing about the file {content} (root {root}).",
    )
    limits = output.text(
        f"Đây là lời của trục, không phải bằng chứng; {unopened} lượt gửi không còn mở được để tìm.",
        f"That is its word and no proof; {unopened} submissions can no longer be opened and searched.",
    )
    if piece is None:
        waiting = output.text("Chưa có trong sổ; hãy hỏi lại.", "It is not in the log yet; ask again.")
        output.result(dict(stated) | {"file": None}, head, limits, waiting)
        return Exit.UNAVAILABLE
    kept, lines = await asyncio.to_thread(keep, to or Path(f"absent-{content}.json"), piece, pinned)
    output.result(dict(stated) | kept, head, limits, *lines)
    return Exit.REFUSED if kept["holds"] is False else Exit.OK


async def _logged(audit: AuditClient, absence: UUID, wait: int) -> Mapping[str, Any] | None:
    """Wait for the statement and its proof; without a proof in time, give it as it is, None if it is not there."""
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        piece = next(iter(await audit.absence_evidence(absence)), None)
        if (piece is not None and piece.get("proof")) or asyncio.get_running_loop().time() > deadline:
            return piece
        await asyncio.sleep(PAUSE_SECONDS)
