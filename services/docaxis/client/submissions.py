"""What handing in gives back, and what can be asked of a submission later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from joserfc import jws
from joserfc.errors import JoseError

from docaxis.client.errors import RejectedAnswer
from docaxis_schemas.canonical import RejectedJson, parse_object
from docaxis_schemas.moments import from_text
from docaxis_schemas.submission import MAX_MANIFEST
from docaxis_signing.statements import MemberKey, RejectedStatement, open_statement


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission that the axis has durably accepted.

    ``acknowledgement`` is the gateway's signed word for it: keep it. ``disposition`` and ``verdict`` are there when the
    axis was asked to wait and decided in that time.
    """

    submission_id: UUID
    own_id: str
    acknowledgement: str
    received_at: datetime
    recipients: Mapping[str, Any]
    disposition: str | None = None
    verdict: Mapping[str, Any] | None = None

    @classmethod
    def from_json(cls, own_id: str, value: Mapping[str, Any]) -> Self:
        """Read the axis's answer.

        Raises:
            RejectedAnswer: It is not of its form.
        """
        try:
            return cls(
                UUID(value["submission_id"]),
                own_id,
                str(value["acknowledgement"]),
                from_text(value["received_at"]),
                dict(value.get("recipients") or {}),
                value.get("disposition"),
                value.get("verdict"),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RejectedAnswer(f"an acknowledgement that is not of its form: {error}") from error


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event of a submission as evidence tells it; ``facts`` holds codes, numbers and hashes."""

    type: str
    at: datetime
    recipient: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """One recipient's line: its transport state and the last business report."""

    recipient: str
    state: str
    delivery_id: UUID | None
    report: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """A document that a document names: ``kind`` is change, reply or reference, ``text`` how its sender names it.

    Without ``submission_id`` it is none that this member sent or received; with ``delivery_id`` it was received.
    """

    kind: str
    text: str
    submission_id: UUID | None
    delivery_id: UUID | None


@dataclass(frozen=True, slots=True)
class SubmissionStatus:
    """All that the asking party may know of a submission; ``detail`` is the answer whole."""

    submission_id: UUID
    state: str
    verdict: Mapping[str, Any] | None
    deliveries: tuple[DeliveryStatus, ...]
    timeline: tuple[TimelineEntry, ...]
    detail: Mapping[str, Any]
    links: tuple[DocumentLink, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the axis's answer.

        Raises:
            RejectedAnswer: It is not of its form.
        """
        try:
            return cls(
                UUID(value["submission_id"]),
                str(value["state"]),
                value.get("verdict"),
                tuple(_delivery(item) for item in value.get("deliveries") or ()),
                tuple(_entry(item) for item in value.get("timeline") or ()),
                dict(value),
                tuple(_link(item) for item in value.get("links") or ()),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RejectedAnswer(f"a submission that is not of its form: {error}") from error


def _delivery(item: Mapping[str, Any]) -> DeliveryStatus:
    found = item.get("delivery_id")
    report = item.get("report")
    code = report.get("code") if isinstance(report, Mapping) else report
    return DeliveryStatus(str(item["recipient"]), str(item["state"]), UUID(found) if found else None, code, dict(item))


def _link(item: Mapping[str, Any]) -> DocumentLink:
    ids = [None if item.get(name) is None else UUID(item[name]) for name in ("submission_id", "delivery_id")]
    return DocumentLink(str(item["kind"]), str(item["text"]), *ids)


def _entry(item: Mapping[str, Any]) -> TimelineEntry:
    return TimelineEntry(str(item["type"]), from_text(item["at"]), item.get("recipient"), dict(item.get("facts") or {}))


def check_acknowledgement(
    submission: Submission, *, member: str, manifest_sha256: str, keys: Sequence[MemberKey]
) -> None:
    """Check that the acknowledgement is about what was sent, and, given the gateway's pinned keys, that it is its own.

    Raises:
        RejectedAnswer: It is not.
    """
    payload = _payload(submission.acknowledgement, keys, submission.received_at)
    wanted = {
        "kind": "acknowledgement",
        "submission_id": str(submission.submission_id),
        "member": member,
        "id": submission.own_id,
        "manifest_sha256": manifest_sha256,
    }
    wrong = [name for name, value in wanted.items() if payload.get(name) != value]
    if wrong:
        raise RejectedAnswer(f"the acknowledgement is about something else: {', '.join(wrong)}")


def _payload(token: str, keys: Sequence[MemberKey], at: datetime) -> Mapping[str, Any]:
    by_kid = {key.kid: key for key in keys}
    try:
        if by_kid:
            return open_statement(token, by_kid.get, at=at, limit=MAX_MANIFEST).payload
        return parse_object(jws.extract_compact(token.encode("ascii", "replace")).payload, limit=MAX_MANIFEST)
    except (RejectedStatement, RejectedJson, JoseError, ValueError) as error:
        raise RejectedAnswer(f"the acknowledgement does not hold: {error}") from error
