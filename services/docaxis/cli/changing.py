"""``docaxis update`` and ``docaxis replace``: a document that corrects or takes the place of what was sent before."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import REPEATED, Connecting, Describing
from docaxis.cli.send import document_of, hand_in
from docaxis_schemas.document import BusinessAction, ReceiverChange
from docaxis_schemas.natural_key import RejectedDocumentId, parse_document_id, write_document_id


async def update(
    earlier: str,
    file: Path,
    /,
    *,
    reason: str,
    remove: Annotated[tuple[str, ...], REPEATED] = (),
    describing: Describing | None = None,
    id: str | None = None,  # noqa: A002 - the name of the option
    wait: int = 0,
    connecting: Connecting | None = None,
) -> int:
    """Update a document sent before; whoever has it is asked to agree.

    Args:
        earlier: The document: id of its submission, or its edXML id, such as H98.14,2026/03/04,15/QĐ-SNV.
        file: The signed PDF, corrected or as it was.
        reason: Why; every recipient reads it.
        remove: Code of a recipient that is asked to give it back; repeat for more.
        describing: What the document is.
        id: Your own key; the same key with the same content is the same submission.
        wait: Seconds to wait for the verdict.
        connecting: How the command answers, and as whom it speaks.
    """
    told = describing or Describing()
    document = document_of(told)
    removed = [{"code": code, "change": ReceiverChange.REMOVED.value} for code in remove]
    changes = {"document_changed": True, "receivers_changed": bool(removed), "receivers": removed}
    named = _own_id(document) if _is_submission(earlier) else None
    business = _business(BusinessAction.UPDATE, reason) | {"document_id": named or _named(earlier), "update": changes}
    return await hand_in(file, told, document | {"business": business}, connecting, own_id=id, wait=wait)


async def replace(
    file: Path,
    /,
    *,
    earlier: Annotated[tuple[str, ...], REPEATED],
    reason: str,
    holder: Annotated[tuple[str, ...], REPEATED] = (),
    describing: Describing | None = None,
    id: str | None = None,  # noqa: A002 - the name of the option
    wait: int = 0,
    connecting: Connecting | None = None,
) -> int:
    """Replace documents sent before by a new one; whoever has them is asked to agree.

    Args:
        file: The signed PDF of the new document.
        earlier: A document that it replaces: id of its submission, or its edXML id; repeat for more.
        reason: Why; every recipient reads it.
        holder: Code of an organisation that holds them; repeat for more, none means the new one's recipients.
        describing: What the new document is.
        id: Your own key; the same key with the same content is the same submission.
        wait: Seconds to wait for the verdict.
        connecting: How the command answers, and as whom it speaks.
    """
    told = describing or Describing()
    replacements = [{"document_id": _named(one), "holders": list(holder)} for one in earlier]
    business = _business(BusinessAction.REPLACE, reason) | {"replacements": replacements}
    return await hand_in(file, told, document_of(told) | {"business": business}, connecting, own_id=id, wait=wait)


def _business(action: BusinessAction, reason: str) -> dict[str, Any]:
    if not reason.strip():
        raise CommandFailed(Exit.USAGE, "usage", "Ghi lý do sau --reason.", "Give the reason after --reason.")
    return {"action": action.value, "reason": reason}


def _own_id(document: Mapping[str, Any]) -> str | None:
    """Give the update's own edXML id: under the number that it keeps, the axis finds what is updated."""
    number, issuer = document.get("number"), document.get("issuer")
    if not number or not isinstance(issuer, Mapping):
        return None
    try:
        day = date.fromisoformat(str(document.get("promulgated_on")))
    except ValueError:
        return None  # the axis says what is wrong with it
    return write_document_id(str(issuer.get("code")), day, str(number), document.get("notation"))


def _is_submission(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _named(text: str) -> str:
    if _is_submission(text):
        return text
    try:
        parse_document_id(text)
    except RejectedDocumentId as error:
        vi = f"{text}: không phải mã lượt gửi hay mã văn bản edXML."
        en = f"{text}: neither the id of a submission nor an edXML id."
        raise CommandFailed(Exit.USAGE, "usage", vi, en) from error
    return text
