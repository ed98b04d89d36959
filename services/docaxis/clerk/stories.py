"""One document's full story as an auditor's page tells it: what was said, whether the log shows it, what is missing.

Read from what the axis tells an auditor; every receipt and proof is checked here before it is called shown. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Any, Final

from docaxis_schemas.canonical import canonical
from docaxis_schemas.evidence import LOGGED_WITHIN, OPEN_FACTS
from docaxis_schemas.moments import from_text
from docaxis_signing.causes import EXPLANATIONS, Explanation
from docaxis_signing.checklist import Check, checklist
from docaxis_signing.receipts import PinnedKeys, RejectedEvidence, check_evidence
from docaxis_signing.transparency.leaves import FACTS
from docaxis_signing.verdict import SignatureFinding, SubmissionVerdict

_OF_THE_DECISION: Final = frozenset({"verdict_sha256", "disposition", "decided_at"})
"""What is told with a verdict and no part of it."""


@unique
class Standing(StrEnum):
    """What the log shows of a statement."""

    SHOWN = "shown"
    WAITING = "waiting"
    OVERDUE = "overdue"
    SHUT = "shut"
    """It has a leaf, and the secret that opens it was destroyed."""
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Opening:
    """A value that the leaf holds as a commitment, with the salt (hex) that opens it."""

    field: str
    value: str
    salt: str


@dataclass(frozen=True, slots=True)
class Line:
    """One event; ``said`` is its statement once receipt, record and proof hold, None with the ``reason`` why not."""

    event_id: str
    leaf_index: int | None
    standing: Standing
    reason: str
    said: Mapping[str, Any] | None
    openings: tuple[Opening, ...] = ()
    signed: bool = False
    """Whether the signed record of the member that acted is with it."""

    @property
    def codes(self) -> dict[str, str]:
        """Give the facts that the log shows to everybody."""
        facts = {} if self.said is None else self.said["facts"]
        return {name: _text(facts[name]) for name in sorted(facts) if name in OPEN_FACTS}


@unique
class Lack(StrEnum):
    """What a story may want; the word on the page has the same name after ``lack-``."""

    RECEIPT = "receipt"
    """An event that the stages told, and for which there is no receipt."""
    LEAF = "leaf"
    VERDICT = "verdict"
    GROUNDS = "grounds"
    """What a verdict was drawn from."""
    OBJECT = "object"
    DOCUMENT = "document"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that ought to be there; ``what`` names it."""

    lack: Lack
    what: str


@dataclass(frozen=True, slots=True)
class CheckedSignature:
    """A signature of a verdict with the answer to each check."""

    finding: SignatureFinding
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file of a verdict with its signatures; ``report`` is its ETSI report's name in the package."""

    name: str
    report: str
    signatures: tuple[CheckedSignature, ...]


@dataclass(frozen=True, slots=True)
class Layers:
    """A verdict in layers: the cause in a sentence, the checks, the report, and the evidence each signature names.

    ``record``: the name in the package of what it was drawn from, None if that was not kept.
    """

    verdict: SubmissionVerdict
    decided_at: str
    explanation: Explanation | None
    files: tuple[CheckedFile, ...]
    record: str | None


def lines_of(told: Mapping[str, Any], pinned: PinnedKeys, now: datetime) -> tuple[Line, ...]:
    """Give every statement of a submission in the order of time, which need not be that of the log."""
    return tuple(_line(one, pinned, now) for one in told["evidence"])


def _line(one: Mapping[str, Any], pinned: PinnedKeys, now: datetime) -> Line:
    event_id, index, file = str(one["event_id"]), one["leaf_index"], one["file"]
    try:
        checked = check_evidence(file, pinned)
    except RejectedEvidence as error:
        return Line(event_id, index, Standing.FALSE, str(error), None)
    said = checked.statement
    if said["event_id"] != event_id or (checked.logged is not None and checked.logged.index != index):
        return Line(event_id, index, Standing.FALSE, "the proof or the receipt is of another event", None)
    standing = Standing.SHOWN if checked.logged is not None else _unshown(one, now - from_text(said["time"]))
    return Line(event_id, index, standing, "", said, tuple(_openings(said, file)), checked.record is not None)


def _unshown(one: Mapping[str, Any], age: timedelta) -> Standing:
    if not one["open"]:
        return Standing.SHUT
    return Standing.OVERDUE if age > LOGGED_WITHIN else Standing.WAITING


def _openings(said: Mapping[str, Any], file: Mapping[str, Any]) -> Iterator[Opening]:
    for field, salt in sorted((file["openings"] or {}).items()):
        value = said["facts"][field.removeprefix(FACTS)] if field.startswith(FACTS) else said[field]
        yield Opening(field, _text(value), salt)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value).decode()


def layers_of(told: Mapping[str, Any]) -> tuple[Layers, ...]:
    """Give the verdicts, the one that stands first."""
    records = {one["sha256"]: one["record"] for one in told["package"]["verdicts"]}
    return tuple(_layers(one, records.get(one["verdict_sha256"])) for one in reversed(told["verdicts"]))


def _layers(body: Mapping[str, Any], record: str | None) -> Layers:
    verdict = SubmissionVerdict.from_json({name: one for name, one in body.items() if name not in _OF_THE_DECISION})
    files = tuple(
        CheckedFile(
            file.name,
            f"reports/{body['verdict_sha256']}-{number}.xml",
            tuple(CheckedSignature(one, checklist(one)) for one in file.findings.signatures),
        )
        for number, file in enumerate(verdict.files, 1)
    )
    explanation = None if verdict.cause is None else EXPLANATIONS[verdict.cause]
    return Layers(verdict, str(body["decided_at"]), explanation, files, record)


def missing_of(told: Mapping[str, Any], lines: Sequence[Line]) -> tuple[Missing, ...]:
    """Give what ought to be there and is not."""
    return tuple(_missing(told, lines))


def _missing(told: Mapping[str, Any], lines: Sequence[Line]) -> Iterator[Missing]:
    stated = {one.event_id for one in lines}
    for event in told["submission"]["timeline"]:
        if event["event_id"] not in stated:
            yield Missing(Lack.RECEIPT, f"{event['type']} {event['event_id']}")
    for one in lines:
        if one.standing in {Standing.WAITING, Standing.OVERDUE}:
            yield Missing(Lack.LEAF, f"{one.said['type'] if one.said else ''} {one.event_id}")
    behind = [one.leaf_index for one in lines if one.leaf_index is not None and one.leaf_index >= told["indexed"]]
    yield from (Missing(Lack.INDEX, str(index)) for index in behind)
    if not told["verdicts"]:
        yield Missing(Lack.VERDICT, "")
    package = told["package"]
    yield from (Missing(Lack.GROUNDS, one["sha256"]) for one in package["verdicts"] if one["record"] is None)
    yield from (Missing(Lack.OBJECT, name) for name in package["missing_objects"])
    yield from (Missing(Lack.DOCUMENT, one["name"]) for one in package["documents"] if one["file"] is None)
