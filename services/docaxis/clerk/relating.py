"""What a draft says about earlier documents: it updates, replaces or answers them, or passes one on. Pure.

A draft keeps it under ``about`` beside what is typed. Everything the axis is told follows from the draft alone, so that
sending it twice says the same twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum, unique
from typing import Any, Final, Self
from uuid import UUID

from docaxis_schemas.document import BusinessAction, ReceiverChange
from docaxis_schemas.faults import Fault, fault
from docaxis_schemas.natural_key import write_document_id
from docaxis_schemas.records import MAX_ITEMS

Line = Mapping[str, str]
"""A recipient as a draft has it: ``organisation`` or ``group``, and ``role``."""
MAX_EARLIER: Final = 20
"""Documents that one replacement takes the place of; people gather two or three."""


NOT_PASSED_ON: Final = frozenset({"recipients", "business", "trace"})
"""What the sender before said to its own recipients."""


@unique
class About(StrEnum):
    """What a draft does to earlier documents."""

    UPDATE = BusinessAction.UPDATE.value
    REPLACE = BusinessAction.REPLACE.value
    REPLY = "reply"
    FORWARD = "forward"


CHANGES: Final = frozenset({About.UPDATE, About.REPLACE})
"""Whose recipients are asked to agree, for a reason."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A document that a draft names: by its number where it has one, else by the submission it came with.

    ``reached`` says for each organisation that it went to which line of the recipients it was meant by.
    """

    document_id: str
    place: str
    number: str
    subject: str
    issuer: str
    promulgated_on: str
    reached: Mapping[str, str]

    @classmethod
    def of(cls, document: Mapping[str, Any], submission: UUID, place: str, reached: Mapping[str, str]) -> Self:
        """Name a document by its metadata; ``place`` is where the pages show it."""
        issuer, day = str(document["issuer"]["code"]), str(document["promulgated_on"])
        number, notation = document.get("number"), document.get("notation")
        written = write_document_id(issuer, date.fromisoformat(day), number, notation) if number else str(submission)
        label = "/".join(part for part in (number, notation) if part)
        return cls(written, place, label, str(document.get("subject", "")), issuer, day, reached)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what a draft keeps."""
        return cls(**value)

    def to_json(self) -> dict[str, Any]:
        """Give what a draft keeps."""
        return asdict(self)


def kind_of(form: Mapping[str, Any]) -> About | None:
    """Say what a draft is about; None: it is a new document of its own."""
    about = form.get("about")
    return None if about is None else About(about["kind"])


def earlier_of(form: Mapping[str, Any]) -> tuple[Earlier, ...]:
    """Give the documents that a draft names."""
    return tuple(Earlier.from_json(one) for one in (form.get("about") or {}).get("earlier", ()))


def about(kind: About, earlier: Iterable[Earlier], **more: Any) -> dict[str, Any]:
    """Write what a draft is about."""
    return {"kind": kind.value, "earlier": [one.to_json() for one in earlier]} | more


def with_earlier(form: Mapping[str, Any], added: Earlier) -> dict[str, Any]:
    """Let a draft name one more document, as far as one may."""
    kept = [one for one in earlier_of(form) if one.document_id != added.document_id]
    return _naming(form, [*kept, added][:MAX_EARLIER])


def without_earlier(form: Mapping[str, Any], document_id: str) -> dict[str, Any]:
    """Let a draft no longer name a document."""
    return _naming(form, [one for one in earlier_of(form) if one.document_id != document_id])


def _naming(form: Mapping[str, Any], earlier: Sequence[Earlier]) -> dict[str, Any]:
    return dict(form) | {"about": form["about"] | {"earlier": [one.to_json() for one in earlier]}}


def said(form: Mapping[str, Any], files: Iterable[Mapping[str, Any]], lines: Sequence[Line]) -> dict[str, Any]:
    """Give what the metadata say of it."""
    kind, named = kind_of(form), earlier_of(form)
    if kind is About.REPLY:
        return {"response_for": [_answered(one) for one in named]}
    if kind is About.REPLACE:
        return {"business": _business(form, kind) | {"replacements": [_replaced(one) for one in named]}}
    if kind is About.UPDATE:
        changed = receivers_changed(form, lines)
        update = {
            "document_changed": written(form, files) != form["about"]["before"],
            "receivers_changed": bool(changed),
            "receivers": [{"code": code, "change": change.value} for code, change in changed],
        }
        return {"business": _business(form, kind) | {"document_id": named[0].document_id, "update": update}}
    return {}


def passed_on(form: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the metadata of the document that a draft passes on, as its issuer wrote them; None: it passes none on."""
    if kind_of(form) is not About.FORWARD:
        return None
    document: dict[str, Any] = form["about"]["document"]
    return {name: value for name, value in document.items() if name not in NOT_PASSED_ON}


def faults_of(form: Mapping[str, Any]) -> Iterator[Fault]:
    """Say what is missing: whoever is asked to agree is told why, and what about."""
    if kind_of(form) not in CHANGES:
        return
    if not str(form.get("reason", "")).strip():
        yield fault("reason", "required")
    if not earlier_of(form):
        yield fault("earlier", "names-no-document")


def receivers_changed(form: Mapping[str, Any], lines: Sequence[Line]) -> list[tuple[str, ReceiverChange]]:
    """Say whom an update is sent to for the first time, and who is asked to give the document back."""
    reached = {code: line for one in earlier_of(form) for code, line in one.reached.items()}
    named = {one.get("organisation") or one.get("group") or "" for one in lines}
    organisations = [code for one in lines if (code := one.get("organisation"))]
    known = reached.keys() | set(reached.values())
    added = [(code, ReceiverChange.ADDED) for code in organisations if code not in known]
    removed = [
        (code, ReceiverChange.REMOVED) for code, line in reached.items() if line not in named and code not in named
    ]
    return added + removed


def written(form: Mapping[str, Any], files: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what was typed and brought, for an update to be compared with."""
    typed = {name: value for name, value in form.items() if isinstance(value, str) and value and name != "reason"}
    return {"typed": typed, "files": sorted(f"{one['role']} {one['sha256']}" for one in files)}


def _business(form: Mapping[str, Any], kind: About) -> dict[str, Any]:
    return {"action": kind.value, "reason": str(form.get("reason", "")).strip()}


def _replaced(one: Earlier) -> dict[str, Any]:
    """Name who holds it; where these are more than a list may have, the recipients of the replacement are meant."""
    holders = sorted(one.reached)
    return {"document_id": one.document_id} | ({"holders": holders} if len(holders) <= MAX_ITEMS else {})


def _answered(one: Earlier) -> dict[str, Any]:
    code = {"code": one.number} if one.number else {}
    return {"issuer": one.issuer, "document_id": one.document_id, "promulgated_on": one.promulgated_on} | code
