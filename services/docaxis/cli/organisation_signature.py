"""The part of ``docaxis verify-evidence`` that checks what the axis's organisation signed (CAdES, ``.p7s``)."""

import logging
from pathlib import Path

from docaxis.cli.exit_codes import Exit
from docaxis.cli.output import Output
from docaxis_schemas.canonical import RejectedJson
from docaxis_schemas.moments import system_clock, to_text
from docaxis_signing.receipts import STATEMENT, PinnedKeys, RejectedEvidence, read_statement


def check_signature(path: Path, pinned: PinnedKeys, trust: Path | None, output: Output) -> Exit:
    """Check one over the statement beside it, with the authorities and lists of a trust directory and nothing else."""
    from docaxis.cli.trusting import load_revocation, load_trust, trust_directory  # noqa: PLC0415 - an extra
    from docaxis_signing.cades import RejectedDetached, open_detached  # noqa: PLC0415 - an extra
    from docaxis_signing.pdf.chain import Knowledge, run  # noqa: PLC0415 - an extra

    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # the answer says why; its traceback says no more
    now, directory = system_clock(), trust_directory(trust)
    store = load_trust(directory, output)
    lists = run(load_revocation(store, directory, output, now, offline=True))  # which waits for nothing
    data = path.with_suffix(STATEMENT).read_bytes()
    try:
        statement = read_statement(data, pinned)
        found = open_detached(data, path.read_bytes(), pinned.certificates, Knowledge(store, lists, now))
    except (RejectedJson, RejectedEvidence, RejectedDetached) as error:
        head = output.text("KHÔNG ĐÚNG", "DOES NOT HOLD")
        output.result({"file": str(path), "holds": False, "reason": str(error)}, f"✗ {path}: {head}: {error}")
        return Exit.REFUSED
    value = {
        "file": str(path),
        "holds": True,
        "type": statement.get("type"),
        "time": statement.get("time"),
        "event_id": statement.get("event_id"),
        "signer": found.subject,
        "certificate_sha256": found.certificate_sha256,
        "signed_before": to_text(found.at),
        "authority": found.authority,
    }
    said = output.text(
        f"  Tổ chức ký: {found.subject}; dấu thời gian {to_text(found.at)} ({found.authority}).",
        f"  Signed by the organisation {found.subject}; time-stamp {to_text(found.at)} ({found.authority}).",
    )
    output.result(value, f"✓ {path}: {value['type']} · {value['time']}", said)
    return Exit.OK
