"""``docaxis audit absent``: the axis's word that its log has nothing about a file or a submission, kept as evidence."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from docaxis.cli.absence_words import about
from docaxis.cli.audit_checks import pinned_of
from docaxis.cli.connecting import connect
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Connecting
from docaxis.cli.output import output_for
from docaxis.cli.receipt import keep
from docaxis.client.auditing import AuditClient
from docaxis.client.files import OutgoingFile, measure

_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_SUBMISSION: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UNFIT: Final = re.compile(r"[^\w.-]")
"""Characters that the name of a file does not get."""
PAUSE_SECONDS: Final = 1.0
"""Each look for the statement is evidence itself; the log moves once a second."""


async def absent(
    what: str | None = None,
    /,
    *,
    issuer: str | None = None,
    number: str | None = None,
    to: Path | None = None,
    wait: int = 30,
    connecting: Connecting | None = None,
) -> int:
    """Have the axis state that its log has nothing about a file or a submission. It is the axis's word, and no proof.

    Looked for is, up to the log's checkpoint: the SHA-256 of a file's bytes among the files of every submission; the id
    of a submission; or a document's number together with its issuer, as senders stated them. If the log has it, nothing
    is stated and the exit code is 1. Your question becomes evidence too.

    Args:
        what: A file, the SHA-256 of one in hex, or the id of a submission.
        issuer: Organisation code of whoever issued the document; wants a number.
        number: Number of the document, alone or with its notation (15/QĐ-BNV); case and accents do not count.
        to: The evidence file to write, with its .tlog-proof beside it; by default absent-….json here, named after what
            was looked for.
        wait: Seconds to wait until the log has the statement; it takes a few.
        connecting: How the command answers, and as whom it speaks.
    """
    output, pinned = output_for(connecting), pinned_of(connecting)
    sought = await _sought(what, issuer, number)
    async with connect(connecting) as axis:
        stated = await axis.audit.absence(**sought)
        piece = await _logged(axis.audit, UUID(stated["absence_id"]), wait)
    size, root, unopened = stated["log_size"], stated["root_sha256"], stated["unopened"]
    about_vi, about_en = about(stated)
    head = output.text(
        f"Trục tuyên bố: {size} mục đầu của sổ không có gì về {about_vi} (mã gốc {root}).",
        f"The axis states: the log's first {size} leaves have nothing about {about_en} (root {root}).",
    )
    limits = output.text(
        f"Đây là lời của trục, không phải bằng chứng; {unopened} lượt gửi không còn mở được để tìm.",
        f"That is its word and no proof; {unopened} submissions can no longer be opened and searched.",
    )
    if piece is None:
        waiting = output.text("Chưa có trong sổ; hãy hỏi lại.", "It is not in the log yet; ask again.")
        output.result(dict(stated) | {"file": None}, head, limits, waiting)
        return Exit.UNAVAILABLE
    kept, lines = await asyncio.to_thread(keep, to or _named_after(sought), piece, pinned)
    output.result(dict(stated) | kept, head, limits, *lines)
    return Exit.REFUSED if kept["holds"] is False else Exit.OK


async def _sought(what: str | None, issuer: str | None, number: str | None) -> dict[str, str]:
    if (what is None) == (issuer is None) or (issuer is None) != (number is None):
        vi = "Cần đúng một trong: tệp (hoặc mã băm, mã lượt gửi), hay --issuer cùng --number."
        en = "Exactly one is wanted: a file (or its hash, or a submission's id), or --issuer with --number."
        raise CommandFailed(Exit.USAGE, "usage", vi, en)
    if what is None:
        return {"issuer": str(issuer), "number": str(number)}
    if _SHA256.fullmatch(what):
        return {"content": what.lower()}
    if _SUBMISSION.fullmatch(what):
        return {"submission": what.lower()}
    return {"content": (await measure(OutgoingFile(Path(what)))).entry.sha256}


def _named_after(sought: Mapping[str, str]) -> Path:
    name = "-".join(sought.values())
    return Path(f"absent-{_UNFIT.sub('-', name)}.json")


async def _logged(audit: AuditClient, absence: UUID, wait: int) -> Mapping[str, Any] | None:
    """Wait for the statement and its proof; without a proof in time, give it as it is, None if it is not there."""
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        piece = next(iter(await audit.absence_evidence(absence)), None)
        if (piece is not None and piece.get("proof")) or asyncio.get_running_loop().time() > deadline:
            return piece
        await asyncio.sleep(PAUSE_SECONDS)
