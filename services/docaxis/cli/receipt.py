"""``docaxis receipt``: the receipts of a submission with their proofs, checked before they are kept.

Beside each lies the statement that it signs, and the signature of the axis's organisation over the same bytes: CAdES,
for where Ed25519 has no standing.
"""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from docaxis.cli.connecting import connect, read_profile
from docaxis.cli.evidence import read_pinned
from docaxis.cli.exit_codes import Exit
from docaxis.cli.options import Connecting
from docaxis.cli.output import Output, output_for
from docaxis.client.axis import AxisClient
from docaxis.client.evidence import PinnedKeys, RejectedEvidence, check_evidence
from docaxis_schemas.canonical import RejectedJson, parse_object
from docaxis_schemas.evidence import MAX_STATEMENT
from docaxis_signing.key_history import follow
from docaxis_signing.receipts import SIGNATURE, STATEMENT, statement_of
from docaxis_signing.transparency.proof import PROOF

Pieces = tuple[Mapping[str, Any], ...]
Signatures = Mapping[str, Mapping[str, Any]]
"""By event id."""
PAUSE_SECONDS: Final = 0.5
HISTORY: Final = "key-history.json"
"""How the changes of the axis's keys are kept beside receipts; ``verify-evidence --history`` reads it."""


async def receipt(
    submission: UUID,
    /,
    *,
    to: Path = Path(),
    keys: Path | None = None,
    wait: int = 10,
    connecting: Connecting | None = None,
) -> int:
    """Download the receipts that you may have.

    Args:
        submission: Id of the submission.
        to: Directory to keep them in, a file each, with a .tlog-proof file beside it once the log has it, and with
            the .statement that it signs and the signature of the axis's organisation over that (.p7s).
        keys: The axis's public keys, pinned beforehand; by default those of the profile.
        wait: Seconds to wait for the log to have all of them, and for the signatures; it takes one or two.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    pinned_path = keys or read_profile(connecting).keys
    pinned = None if pinned_path is None else read_pinned(pinned_path)
    async with connect(connecting) as axis:
        pieces, signatures = await _complete(axis, submission, wait)
        history = await axis.key_history() if pinned is not None and pinned.log is not None else ()
    worst = Exit.OK
    if history and pinned is not None:
        value, lines, pinned = await asyncio.to_thread(_follow, to, history, pinned)
        output.result(value, *lines)
        worst = Exit.OK if value["holds"] else Exit.REFUSED
    for number, piece in enumerate(pieces, 1):
        path = to / f"{submission}-{number:03}.json"
        value, lines = await asyncio.to_thread(keep, path, piece, pinned)
        signed, more = await asyncio.to_thread(_keep_signed, path, piece, signatures, output)
        output.result(value | signed, *lines, *more)
        worst = max(worst, Exit.OK if value["holds"] is not False else Exit.REFUSED)
    return worst


def _follow(
    directory: Path, history: Sequence[Mapping[str, Any]], pinned: PinnedKeys
) -> tuple[dict[str, Any], list[str], PinnedKeys]:
    """Keep how the axis changed its keys, and give the pinned keys with it as far as it holds."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / HISTORY
    path.write_text(json.dumps({"evidence": list(history)}, ensure_ascii=False, indent=2) + "\n", "utf-8")
    value = {"file": str(path), "changes": len(history)}
    try:
        return value | {"holds": True}, [f"✓ {path}"], follow(pinned, history)
    except RejectedEvidence as error:
        return value | {"holds": False, "reason": str(error)}, [f"✗ {path}: {error}"], pinned


async def _complete(axis: AxisClient, submission: UUID, wait: int) -> tuple[Pieces, Signatures]:
    """Fetch evidence and signatures, and again while the log or the registrar is still at them."""
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        pieces, signatures = await axis.evidence(submission), await axis.signatures(submission)
        proved = all(piece.get("proof") for piece in pieces)
        if (proved and not any(_is_waiting(one) for one in signatures.values())) or (
            asyncio.get_running_loop().time() > deadline
        ):
            return pieces, signatures
        await asyncio.sleep(PAUSE_SECONDS)


def _is_waiting(signature: Mapping[str, Any]) -> bool:
    return (signature.get("missing") or {}).get("code") == "waiting"


def keep(path: Path, piece: Mapping[str, Any], pinned: PinnedKeys | None) -> tuple[dict[str, Any], list[str]]:
    """Check a piece of evidence, write it, and say what was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    proof = piece.get("proof")
    path.write_text(json.dumps(piece, ensure_ascii=False, indent=2) + "\n", "utf-8")
    if proof:
        path.with_suffix(PROOF).write_bytes(str(proof).encode())
    value: dict[str, Any] = {
        "file": str(path),
        "proof": str(path.with_suffix(PROOF)) if proof else None,
        "holds": None,
        "type": None,
    }
    if pinned is None:
        return value, [f"? {path}"]
    try:
        checked = check_evidence(piece, pinned)
    except RejectedEvidence as error:
        return value | {"holds": False, "reason": str(error)}, [f"✗ {path}: {error}"]
    kind = str(checked.statement["type"])
    return value | {"holds": True, "type": kind}, [f"✓ {path}: {kind}"]


def _keep_signed(
    path: Path, piece: Mapping[str, Any], signatures: Signatures, output: Output
) -> tuple[dict[str, Any], list[str]]:
    """Write the statement and what the organisation signed of it, or say why there is no such signature."""
    try:
        statement = statement_of(str(piece.get("receipt")))
        found = signatures.get(str(parse_object(statement, limit=MAX_STATEMENT).get("event_id")), {})
    except (RejectedEvidence, RejectedJson):
        return {"p7s": None, "missing": None}, []  # what is no receipt was refused above
    path.with_suffix(STATEMENT).write_bytes(statement)
    if found.get("p7s"):
        path.with_suffix(SIGNATURE).write_bytes(base64.b64decode(str(found["p7s"])))
        return {"p7s": str(path.with_suffix(SIGNATURE)), "missing": None}, []
    missing = found.get("missing") or {}
    head = output.text("Không có chữ ký của tổ chức", "Not signed by the organisation")
    return {"p7s": None, "missing": missing}, [f"  {head}: {output.text(missing.get('vi', ''), missing.get('en', ''))}"]
