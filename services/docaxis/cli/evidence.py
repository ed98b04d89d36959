"""``docaxis verify-evidence``: evidence checked with pinned keys only."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from docaxis.cli.absence_words import about
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Flag, Speaking
from docaxis.cli.organisation_signature import check_signature
from docaxis.cli.output import Output, output_for
from docaxis_schemas.canonical import RejectedJson, parse, parse_object
from docaxis_schemas.evidence import MEANINGS, EvidenceType
from docaxis_signing.key_history import follow
from docaxis_signing.receipts import (
    MAX_EVIDENCE_FILE,
    SIGNATURE,
    CheckedEvidence,
    Logged,
    PinnedKeys,
    RejectedEvidence,
    check_evidence,
)
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import TransparencyError
from docaxis_signing.transparency.proof import PROOF, LogProof

NO_LOG: Final = "the pinned keys name no log"
NO_EVIDENCE: Final = "the file holds no evidence"


def verify_evidence(
    file: list[Path],
    /,
    *,
    keys: Path,
    history: Path | None = None,
    trust: Path | None = None,
    logged: Flag = False,
    speaking: Speaking | None = None,
) -> int:
    """Check evidence files.

    Args:
        file: Evidence files, proofs of the log (.tlog-proof), and signatures of the axis's organisation (.p7s, the
            .statement beside it); a file may hold one piece of evidence or an object with a list of them.
        keys: The axis's public evidence keys, pinned beforehand from a source you trust.
        history: What the axis changed of its keys since they were pinned (key-history.json, as receipt keeps it).
        trust: Trust directory, for .p7s alone: authorities, and their revocation lists in crls/; by default
            $DOCAXIS_TRUST, else ~/.config/docaxis/trust. Nothing is fetched.
        logged: Refuse evidence without a proof that the transparency log has it.
        speaking: How the command answers.
    """
    output = output_for(speaking)
    pinned = read_pinned(keys)
    if history is not None:
        try:
            pinned = follow(pinned, evidence_in(history))
        except RejectedEvidence as error:
            return _refuse(history, str(error), output)
    worst = Exit.OK
    for path in file:
        if path.suffix == PROOF:
            worst = max(worst, _check_proof(path, pinned, output))
            continue
        if path.suffix == SIGNATURE:
            worst = max(worst, check_signature(path, pinned, trust, output))
            continue
        pieces = list(evidence_in(path))
        if not pieces:  # nothing was shown: whoever asks by exit code must not take that for a yes
            worst = max(worst, _refuse(path, NO_EVIDENCE, output))
        for value in pieces:
            worst = max(worst, _check(path, value, pinned, output, logged=logged))
    return worst


def read_pinned(path: Path) -> PinnedKeys:
    """Read pinned keys.

    Raises:
        CommandFailed: The file is not of its form.
    """
    try:
        return PinnedKeys.from_json(parse_object(path.read_bytes(), limit=MAX_EVIDENCE_FILE))
    except (RejectedJson, RejectedEvidence) as error:
        vi, en = f"{path}: không phải tệp khóa đã ghim ({error}).", f"{path}: no file of pinned keys ({error})."
        raise CommandFailed(Exit.BAD_INPUT, "pinned-keys", vi, en) from error


def log_of(pinned: PinnedKeys | None) -> Policy:
    """Give the log that pinned keys name: without it nothing about the log can be found out.

    Raises:
        CommandFailed: They name none.
    """
    if pinned is None or pinned.log is None:
        vi, en = "Không có khóa của sổ nào được ghim (keys).", "No key of the log is pinned (keys)."
        raise CommandFailed(Exit.CONFIGURATION, "no-pinned-log", vi, en)
    return pinned.log


def evidence_in(path: Path) -> Iterator[Mapping[str, Any]]:
    """Give the pieces of evidence of a file, unchecked.

    Raises:
        CommandFailed: The file is no JSON.
    """
    try:
        value = parse(path.read_bytes(), limit=MAX_EVIDENCE_FILE)
    except RejectedJson as error:
        vi, en = f"{path}: không phải tệp biên nhận ({error}).", f"{path}: no evidence file ({error})."
        raise CommandFailed(Exit.BAD_INPUT, "evidence-unreadable", vi, en) from error
    listed = value.get("evidence") if isinstance(value, dict) else value
    for piece in listed if isinstance(listed, list) else [value]:
        yield piece if isinstance(piece, dict) else {}


def _check(path: Path, value: Mapping[str, Any], pinned: PinnedKeys, output: Output, *, logged: bool) -> Exit:
    try:
        checked = check_evidence(value, pinned)
    except RejectedEvidence as error:
        return _refuse(path, str(error), output)
    if logged and checked.logged is None:
        return _refuse(path, "it carries no proof of the log" if pinned.log else NO_LOG, output)
    _tell(path, checked, output)
    return Exit.OK


def _check_proof(path: Path, pinned: PinnedKeys, output: Output) -> Exit:
    """Check a proof of the log by itself: what it shows is an entry, which names nobody."""
    if pinned.log is None:
        return _refuse(path, NO_LOG, output)
    try:
        proof = LogProof.parse(path.read_bytes())
        entry = json.loads(proof.check_itself(pinned.log))
        opened = pinned.log.open(proof.checkpoint)
    except (TransparencyError, ValueError) as error:
        return _refuse(path, str(error), output)
    found = opened.checkpoint
    place = Logged(proof.index, found.size, found.origin, tuple(sorted(pinned.log.witnessed(opened.note))))
    value = {"file": str(path), "holds": True, "entry": entry, "logged": _place(place)}
    output.result(value, f"✓ {path}: {entry.get('type')} · {entry.get('time')}", _said(place, output))
    return Exit.OK


def _refuse(path: Path, reason: str, output: Output) -> Exit:
    head = output.text("KHÔNG ĐÚNG", "DOES NOT HOLD")
    output.result({"file": str(path), "holds": False, "reason": reason}, f"✗ {path}: {head}: {reason}")
    return Exit.REFUSED


def _place(logged: Logged | None) -> dict[str, Any] | None:
    if logged is None:
        return None
    return {
        "log": logged.origin,
        "index": logged.index,
        "size": logged.size,
        "witnesses": list(logged.witnesses),
    }


def _said(logged: Logged | None, output: Output) -> str:
    if logged is None:
        return output.text(
            "  Chưa kiểm tra được trong sổ minh bạch: thiếu bằng chứng, hoặc tệp khóa không ghim sổ nào.",
            "  Not checked against the transparency log: there is no proof yet, or no log is pinned.",
        )
    seen = ", ".join(logged.witnesses) or output.text("chưa có nhân chứng", "no witness")
    return output.text(
        f"  Có trong sổ minh bạch {logged.origin}: mục {logged.index} trên {logged.size} ({seen}).",
        f"  In the transparency log {logged.origin}: entry {logged.index} of {logged.size} ({seen}).",
    )


def _lack(statement: Mapping[str, Any], output: Output) -> list[str]:
    """Say of what, up to where and how surely the log is stated to have nothing."""
    if statement.get("type") not in {EvidenceType.CONTENT_ABSENT, EvidenceType.SUBMISSION_ABSENT}:
        return []
    facts = statement["facts"]
    size, root, unopened = (facts[name] for name in ("log_size", "root_sha256", "unopened"))
    about_vi, about_en = about(facts)
    vi = f"  Về {about_vi}: {size} mục đầu của sổ, mã gốc {root}; {unopened} lượt gửi không còn mở được."
    en = f"  Of {about_en}: the log's first {size} leaves, root {root}; {unopened} submissions cannot be opened."
    return [output.text(vi, en)]


def _tell(path: Path, checked: CheckedEvidence, output: Output) -> None:
    statement = checked.statement
    kind = str(statement.get("type"))
    meaning = MEANINGS[EvidenceType(kind)] if kind in set(EvidenceType) else None
    proves = output.text(meaning.proves_vi, meaning.proves_en) if meaning else ""
    limits = output.text(meaning.not_vi, meaning.not_en) if meaning else ""
    member = json.loads(checked.record.data).get("member") if checked.record else None
    said = _said(checked.logged, output)
    value = {
        "file": str(path),
        "holds": True,
        "type": kind,
        "time": statement.get("time"),
        "axis": statement.get("axis"),
        "environment": statement.get("environment"),
        "submission_id": statement.get("submission_id"),
        "member": statement.get("member"),
        "recipient": statement.get("recipient"),
        "facts": statement.get("facts"),
        "signed_by_member": member,
        "proves": {"vi": meaning.proves_vi, "en": meaning.proves_en} if meaning else None,
        "logged": _place(checked.logged),
        "does_not_prove": {"vi": meaning.not_vi, "en": meaning.not_en} if meaning else None,
    }
    output.result(
        value,
        f"✓ {path}: {kind} · {statement.get('time')}",
        *_lack(statement, output),
        f"  {proves}",
        f"  {limits}",
        said,
    )
