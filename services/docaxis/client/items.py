"""Entries of an inbox, the same whether they came by HTTP or by Kafka: deliveries, and news about what was sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Any, Final, Self
from uuid import UUID

from docaxis.client.errors import RejectedAnswer
from docaxis_schemas.events import InboxItem
from docaxis_schemas.lifecycle import REPORT_NAMES, Change, Report
from docaxis_schemas.moments import from_text
from docaxis_schemas.submission import ContentEntry, FileRole

DELIVERY: Final = "delivery"
NEWS: Final = "news"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it came. ``version`` orders what concerns one submission and recipient."""

    event_id: UUID
    kind: str
    submission_id: UUID
    recipient: str
    delivery_id: UUID | None
    version: int
    at: datetime
    body: Mapping[str, Any]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read an item of the HTTP inbox.

        Raises:
            RejectedAnswer: It is not of its form.
        """
        try:
            return cls(
                UUID(value["event_id"]),
                str(value["kind"]),
                UUID(value["submission_id"]),
                str(value["recipient"]),
                UUID(value["delivery_id"]) if value.get("delivery_id") else None,
                int(value["version"]),
                from_text(value["at"]),
                dict(value["body"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RejectedAnswer(f"an inbox item that is not of its form: {error}") from error

    @classmethod
    def from_record(cls, item: InboxItem) -> Self:
        """Read a record of the inbox topic.

        Raises:
            RejectedAnswer: Its body is not of its form.
        """
        try:
            body = json.loads(item.body)
        except ValueError as error:
            raise RejectedAnswer("an inbox record whose body is not JSON") from error
        if not isinstance(body, dict):
            raise RejectedAnswer("an inbox record whose body is no object")
        return cls(
            item.event_id,
            item.kind,
            item.submission_id,
            item.recipient,
            item.delivery_id,
            item.version,
            item.at,
            body,
        )

    def contents(self) -> tuple[ContentEntry, ...]:
        """Give the files of a delivery.

        Raises:
            RejectedAnswer: The list is not of its form.
        """
        try:
            return tuple(
                ContentEntry(
                    FileRole(c["role"]), str(c["name"]), str(c["media_type"]), int(c["size"]), str(c["sha256"])
                )
                for c in self.body["contents"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RejectedAnswer(f"a delivery whose contents are not of their form: {error}") from error


@unique
class NewsKind(StrEnum):
    """What a sender is told about what it sent, and a recipient about what it was sent."""

    HELD = "held"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    HANDED_OVER = "handed_over"
    REPORT = "report"
    VERDICT_REVISED = "verdict_revised"
    DEAD_LETTER = "dead_letter"
    NOT_FETCHED = "not_fetched"
    RECALL = "recall"
    CHANGE_ASKED = "change_asked"
    CHANGE_ANSWERED = "change_answered"
    EXPIRED = "expired"
    UNROUTABLE = "unroutable"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> "NewsKind":  # noqa: ARG003 - the hook's signature
        return cls.OTHER  # a newer axis tells more: the body still says it


@dataclass(frozen=True, slots=True)
class News:
    """One piece of news; what does not belong to its kind is None. ``body`` is all that was said."""

    kind: NewsKind
    event_id: UUID
    submission_id: UUID
    own_id: str | None
    recipient: str
    at: datetime
    version: int
    report: Report | None
    reason: str | None
    note: str | None
    register_number: str | None
    step: str | None
    delivery_id: UUID | None
    change: Change | None
    cause: str | None
    sentence_vi: str
    sentence_en: str
    body: Mapping[str, Any]

    @classmethod
    def from_entry(cls, entry: Entry) -> Self:
        """Read the news an entry carries."""
        body = entry.body
        sentence = body.get("sentence")
        words = sentence if isinstance(sentence, Mapping) else {}
        code, change = body.get("code"), body.get("change")
        return cls(
            NewsKind(str(body.get("news"))),
            entry.event_id,
            entry.submission_id,
            body.get("own_id"),
            str(body.get("recipient") or entry.recipient),
            entry.at,
            entry.version,
            Report(code) if code in set(Report) else None,
            body.get("reason"),
            body.get("note"),
            body.get("register_number"),
            body.get("step"),
            entry.delivery_id,
            Change(change) if change in set(Change) else None,
            body.get("cause"),
            str(words.get("vi") or ""),
            str(words.get("en") or ""),
            body,
        )

    def report_name(self, language: str) -> str:
        """Name the reported status in ``vi`` or ``en``; empty for other news."""
        return "" if self.report is None else REPORT_NAMES[self.report][0 if language == "vi" else 1]
