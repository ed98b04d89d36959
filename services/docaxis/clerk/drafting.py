"""A draft as the form has it, and as the axis takes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from docaxis.clerk import relating
from docaxis.storage.clerk_drafts import Draft
from docaxis_schemas.document import DocumentMetadata, RejectedDocument
from docaxis_schemas.faults import Fault
from docaxis_schemas.submission import MAX_REASON, MAX_RECIPIENTS, Addressee, ContentEntry, FileRole

FIELDS: Final = (
    "issuer", "type", "type_name", "number", "notation", "subject", "place", "promulgated_on", "due_on", "urgency",
)  # fmt: skip
"""What the first page asks for; the names are those of the metadata."""
MAX_NAMED: Final = 200
"""Characters of a recipient's code or group that are kept; none that exists is half as long."""
ROLES: Final = ("action", "coordination", "information")


def new_draft(draft_id: UUID, issuer: str, now: datetime) -> Draft:
    """Begin a draft for an organisation."""
    return Draft(draft_id, {"issuer": issuer, "recipients": []}, (), now)


def typed(draft: Draft, form: Mapping[str, Any], now: datetime) -> Draft:
    """Take what was typed on the first page."""
    values = {name: str(form.get(name, "")).strip() for name in FIELDS}
    if "reason" in form:
        values["reason"] = str(form["reason"]).strip()[:MAX_REASON]
    return Draft(draft.draft_id, draft.form | values, draft.files, now)


def with_recipient(draft: Draft, target: Mapping[str, str], now: datetime) -> Draft:
    """Add a recipient, or change what a listed one is asked to do."""
    kept = [one for one in recipients_of(draft) if not _same(one, target)]
    named = {name: value[:MAX_NAMED] for name, value in target.items()} | {"role": _role(target.get("role", ""))}
    return Draft(draft.draft_id, draft.form | {"recipients": [*kept, named]}, draft.files, now)


def takes_more(draft: Draft) -> bool:
    """Say whether another recipient may be added: a draft holds no more than may be sent."""
    return len(recipients_of(draft)) < MAX_RECIPIENTS


def without_recipient(draft: Draft, name: str, now: datetime) -> Draft:
    """Take a recipient away, by its code or group."""
    kept = [one for one in recipients_of(draft) if name not in {one.get("organisation"), one.get("group")}]
    return Draft(draft.draft_id, draft.form | {"recipients": kept}, draft.files, now)


def with_file(draft: Draft, entry: ContentEntry, now: datetime) -> Draft:
    """Add an uploaded file; a document has one main file, so another takes its place."""
    kept = [one for one in draft.files if not (entry.role is FileRole.MAIN and one["role"] == "main")]
    added = {
        "role": entry.role.value,
        "name": entry.name,
        "media_type": entry.media_type,
        "size": entry.size,
        "sha256": entry.sha256,
    }
    return Draft(draft.draft_id, draft.form, (*kept, added), now)


def without_file(draft: Draft, sha256: str, now: datetime) -> Draft:
    """Take a file away."""
    return Draft(draft.draft_id, draft.form, tuple(one for one in draft.files if one["sha256"] != sha256), now)


def recipients_of(draft: Draft) -> list[dict[str, str]]:
    """Give the recipients chosen so far."""
    return list(draft.form.get("recipients", ()))


def addressees(draft: Draft) -> tuple[Addressee, ...]:
    """Give the recipients as a manifest names them."""
    return tuple(
        Addressee(one.get("organisation"), one.get("group"), _role(one.get("role", ""))) for one in recipients_of(draft)
    )


def contents(draft: Draft) -> tuple[ContentEntry, ...]:
    """Give the files as a manifest names them."""
    return tuple(
        ContentEntry(FileRole(one["role"]), one["name"], one["media_type"], one["size"], one["sha256"])
        for one in draft.files
    )


def metadata(draft: Draft) -> dict[str, Any]:
    """Give the metadata as the axis takes them; what was left empty is left out."""
    if (passed_on := relating.passed_on(draft.form)) is not None:
        return passed_on | {"recipients": recipients_of(draft)}
    given: dict[str, Any] = {name: draft.form[name] for name in FIELDS if draft.form.get(name)}
    given["issuer"] = {"code": draft.form.get("issuer", "")}
    lines = recipients_of(draft)
    kept: dict[str, Any] = draft.form.get("kept", {})
    return kept | given | {"recipients": lines} | relating.said(draft.form, draft.files, lines)


def faults_of(draft: Draft, now: datetime) -> list[Fault]:
    """Say everything the axis would refuse the metadata for, and what else is missing."""
    missing = list(relating.faults_of(draft.form))
    try:
        DocumentMetadata.from_json(metadata(draft), now=now)
    except RejectedDocument as error:
        missing += [one for one in error.faults if one.field not in {"business.reason", "business.document_id"}]
    return missing


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return (one.get("organisation"), one.get("group")) == (other.get("organisation"), other.get("group"))


def _role(text: str) -> Any:
    return text if text in ROLES else "action"
