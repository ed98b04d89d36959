"""The documents of the day with what is to become of each, and the clock of the day."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from docaxis.embedded.papers import Paper
from docaxis_schemas.document import Business, DocumentMetadata, Recipient
from docaxis_schemas.natural_key import write_document_id


class DayClock:
    """A clock that goes on as clocks do and can be put forward."""

    def __init__(self, at: datetime) -> None:
        self._at, self._began = at, time.monotonic()

    def __call__(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._began)

    def put_forward(self, to: datetime) -> None:
        assert to > self(), "a clock is never put back"
        self._at, self._began = to, time.monotonic()


@dataclass(frozen=True, slots=True)
class End:
    """What all sides must say of one delivery: transport state, last report, what was asked and what came of it."""

    state: str = "consigned"
    report: str | None = None
    change: str | None = None
    change_state: str | None = None


@dataclass(slots=True)
class Letter:
    """One document as its sender drafted it."""

    paper: Paper
    document: DocumentMetadata
    submission_id: UUID | None = None
    ends: dict[str, End] = field(default_factory=dict)

    @property
    def sender(self) -> str:
        return self.document.issuer.code

    @property
    def to(self) -> str:
        [recipient] = self.ends
        return recipient

    @property
    def end(self) -> End:
        return self.ends[self.to]

    @property
    def id(self) -> UUID:
        assert self.submission_id is not None, "not sent yet"
        return self.submission_id

    @property
    def label(self) -> str:
        return self.document.display_number

    @property
    def document_id(self) -> str:
        document = self.document
        return write_document_id(
            document.issuer.code, document.promulgated_on, document.number or "", document.notation
        )

    def becomes(self, **changes: str) -> None:
        self.ends[self.to] = replace(self.end, **changes)


def letter(paper: Paper, to: str, *, business: Business | None = None, due: bool = False) -> Letter:
    """Draft a letter; one that is ``due`` wants an answer on the day it was signed."""
    document = replace(
        paper.metadata,
        recipients=(Recipient(to),),
        due_on=paper.metadata.promulgated_on if due else None,
        business=business or Business(),
    )
    return Letter(paper, document, ends={to: End()})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a recipient says of a letter."""

    letter: Letter
    code: str
    reason: str | None = None


def of(letters: Sequence[Letter], to: str) -> list[Letter]:
    """Give the letters to an organisation."""
    return [one for one in letters if one.to == to]
