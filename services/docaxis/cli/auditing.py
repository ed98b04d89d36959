"""``docaxis audit search`` and ``docaxis audit looks``: what the log holds, found by what its openings say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cyclopts import Parameter

from docaxis.cli.connecting import connect, read_profile
from docaxis.cli.evidence import read_pinned
from docaxis.cli.exit_codes import Exit
from docaxis.cli.options import Connecting
from docaxis.cli.output import Output, output_for
from docaxis.client.auditing import Found, RejectedRow
from docaxis_schemas.moments import VIETNAM, from_text
from docaxis_signing.transparency.policy import Policy

_PAGE: Final = 100
_CODES: Final = ("indication", "cause", "code", "rule", "severity")
"""Codes that a line shows."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for; everything that is given has to hold.

    Attributes:
        certificate: SHA-256 of a signer's certificate (DER, hex).
        serial: Serial number of a signer's certificate, in hex.
        issuer: Issuing authority: SHA-256 of its certificate, or words of its name.
        organisation: Code of an organisation that issued the document, or that it was sent to.
        signer: Words of the signer's name, with or without diacritics.
        since: Nothing earlier than this.
        until: Nothing from this time on.
        verdict: TOTAL-PASSED, INDETERMINATE or TOTAL-FAILED.
        algorithm: Algorithm of a signature or of its digest, as verdicts name it.
        number: Number of a document, alone or with its notation (15/QĐ-BNV): everything about it.
        content: SHA-256 of a file: everything about the documents that hold it.
        submission: Id of a submission: its whole story.
        type: Type of the leaf, as the reference of leaves names it.
    """

    certificate: str | None = None
    serial: str | None = None
    issuer: str | None = None
    organisation: str | None = None
    signer: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    verdict: str | None = None
    algorithm: str | None = None
    number: str | None = None
    content: str | None = None
    submission: UUID | None = None
    type: str | None = None

    def asked(self) -> dict[str, str]:
        """Give what was given, as the axis is asked; a time without a zone is Vietnam's."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return {name: _text(value) for name, value in given.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=VIETNAM)).isoformat()
    return str(value)


async def search(
    *, sought: Sought | None = None, limit: int = 20, before: int | None = None, connecting: Connecting | None = None
) -> int:
    """Search the log. Your question becomes evidence in it.

    Args:
        sought: What is looked for.
        limit: Rows at most.
        before: Only leaves below this place, to go on where an earlier search ended.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    keys = read_profile(connecting).keys
    policy = None if keys is None else read_pinned(keys).log
    asked = {} if sought is None else sought.asked()
    worst, left = Exit.OK, limit
    async with connect(connecting) as axis:
        while left > 0:
            page = await axis.audit.search(before=before, limit=min(left, _PAGE), **asked)
            for found in page.found:
                worst = max(worst, _tell(found, policy, output))
            left, before = left - len(page.found), page.next
            if before is None:
                break
    if before is not None:
        output.note(f"Còn nữa: --before {before}", f"There is more: --before {before}")
    elif left == limit > 0:
        output.note("Sổ không có mục nào như vậy.", "The log has no such entry.")
    return worst


async def looks(*, limit: int = 100, connecting: Connecting | None = None) -> int:
    """Show what auditors and operators looked at, the latest first.

    Args:
        limit: Rows at most.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    async with connect(connecting) as axis:
        found = [dict(item) for item in await axis.audit.looks(limit)]
    titles = (output.text("lúc", "at"), output.text("ai", "who"), output.text("việc", "what"), "query")
    rows = [
        [_when(one["at"]), str(one["holder"]), str(one["what"]), json.dumps(one["query"], ensure_ascii=False)]
        for one in found
    ]
    output.table(found, titles, rows)
    return Exit.OK


def _tell(found: Found, policy: Policy | None, output: Output) -> Exit:
    """Say what was found and whether the log shows it; without a pinned log nothing can be shown."""
    shown, reason = _shown(found, policy)
    mark = {True: "✓", False: "✗", None: "?"}[shown]
    row = found.row
    value = {"row": dict(row), "shown": shown, "reason": reason or None}
    value["proof"] = None if found.proof is None else found.proof.to_bytes().decode()
    output.result(value, *_lines(mark, row), *([f"  {reason}"] if reason else []))
    return Exit.REFUSED if shown is False else Exit.OK


def _shown(found: Found, policy: Policy | None) -> tuple[bool | None, str]:
    """Say whether the log shows a row, and if not why; None where nothing can be said."""
    if policy is None:
        return None, "no log is pinned"
    if found.proof is None:
        return None, "no proof yet"
    try:
        found.check(policy)
    except RejectedRow as error:
        return False, str(error)
    return True, ""


def _lines(mark: str, row: Mapping[str, Any]) -> list[str]:
    codes = " ".join(str(row["codes"][name]) for name in _CODES if row["codes"].get(name))
    lines = [f"{mark} {row['leaf_index']} {_when(row['time'])} {row['type']} {codes}".rstrip()]
    parties = " → ".join(str(row[name]) for name in ("member", "recipient") if row.get(name))
    if row.get("submission_id"):
        lines.append(f"  {row['submission_id']} {parties}")
    document = row.get("document")
    if document:
        number = "/".join(str(document[name]) for name in ("number", "notation") if document[name])
        lines.append(f"  {document['issuer']} {number} {document['promulgated_on'] or ''}".rstrip())
    for one in row.get("signatures", ()):
        certificate = one["certificate"]
        lines.append(f"  {one['field']}: {one['indication']} {certificate['subject']} ({certificate['serial']})")
    return lines


def _when(text: object) -> str:
    return f"{from_text(str(text)).astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}"
