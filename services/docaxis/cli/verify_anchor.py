"""``docaxis verify-anchor``: how old the log is at least, by the word of a time-stamping authority."""

import asyncio
import logging
from pathlib import Path
from typing import Any

from docaxis.cli.evidence import NO_LOG, read_pinned
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Flag, Speaking
from docaxis.cli.output import Output, output_for
from docaxis_schemas.moments import system_clock, to_text
from docaxis_signing.anchor_files import TOKEN
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import TransparencyError


async def verify_anchor(
    file: list[Path],
    /,
    *,
    keys: Path,
    trust: Path | None = None,
    offline: Flag = False,
    speaking: Speaking | None = None,
) -> int:
    """Check time-stamped checkpoints of the log.

    Args:
        file: Checkpoints (LOG/anchors/*.checkpoint), each with its token (.tst) beside it.
        keys: The axis's public keys, pinned beforehand, which name its log.
        trust: Trust directory with the authority; by default $DOCAXIS_TRUST, else ~/.config/docaxis/trust.
        offline: Fetch no revocation lists.
        speaking: How the command answers.
    """
    from docaxis.cli.trusting import load_revocation, load_trust, trust_directory  # noqa: PLC0415 - an extra
    from docaxis_signing.pdf.chain import Knowledge  # noqa: PLC0415 - an extra

    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # the answer says why; its traceback says no more
    output, now = output_for(speaking), system_clock()
    pinned = await asyncio.to_thread(read_pinned, keys)
    if pinned.log is None:
        vi, en = f"{keys}: không ghim sổ minh bạch nào.", f"{keys}: {NO_LOG}."
        raise CommandFailed(Exit.BAD_INPUT, "pinned-keys", vi, en)
    directory = trust_directory(trust)
    store = load_trust(directory, output)
    lists = await load_revocation(store, directory, output, now, offline=offline)
    return max(_check(path, pinned.log, Knowledge(store, lists, now), output) for path in file)


def _check(path: Path, policy: Policy, knowledge: Any, output: Output) -> Exit:
    from docaxis_signing.anchors import RejectedAnchor, open_anchor  # noqa: PLC0415 - an extra

    try:
        found = open_anchor(path.read_bytes(), path.with_suffix(TOKEN).read_bytes(), policy, knowledge)
    except (RejectedAnchor, TransparencyError) as error:
        head = output.text("KHÔNG ĐÚNG", "DOES NOT HOLD")
        output.result({"file": str(path), "holds": False, "reason": str(error)}, f"✗ {path}: {head}: {error}")
        return Exit.REFUSED
    seen = found.checkpoint
    value = {
        "file": str(path),
        "holds": True,
        "log": seen.origin,
        "size": seen.size,
        "at": to_text(found.at),
        "authority": found.authority,
        "self_anchored": found.self_anchored,
    }
    said = output.text(
        f"  {seen.size} mục đầu của sổ {seen.origin} đã có từ {to_text(found.at)} ({found.authority}).",
        f"  The first {seen.size} entries of {seen.origin} existed at {to_text(found.at)} ({found.authority}).",
    )
    own = output.text(
        "  Tự neo: dấu thời gian của tổ chức thử nghiệm TEST, không chứng minh gì với người ngoài.",
        "  Self-anchored: the time-stamp is of a TEST authority and proves nothing to outsiders.",
    )
    output.result(value, f"✓ {path}", said, *([own] if found.self_anchored else []))
    return Exit.OK
