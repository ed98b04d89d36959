"""What an auditor's pages ask: which criteria a form holds, and whether the log shows what was found."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum, unique
from typing import Final
from uuid import UUID

from docaxis.clerk.rendering import read_day
from docaxis.client import AxisClient
from docaxis.client.auditing import Found, RejectedRow
from docaxis.client.errors import RejectedAnswer
from docaxis_schemas.evidence import OF_NO_SUBMISSION, EvidenceType
from docaxis_schemas.moments import VIETNAM, to_text
from docaxis_signing.receipts import PinnedKeys, RejectedEvidence
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.note import COSIGNATURE_BYTES, Note, Signature, Verifier, cosigned_at
from docaxis_signing.transparency.policy import NONE, Policy, Witness
from docaxis_signing.transparency.problems import RejectedNote, TransparencyError
from docaxis_signing.verdict import Indication

TERMS: Final[tuple[str, ...]] = (
    *("number", "organisation", "signer", "issuer", "serial", "certificate", "algorithm", "content", "submission"),
)
"""Criteria that are typed, in the order of the form; each has the name that the axis calls it by."""
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "verdict": tuple(one.value for one in Indication),
    "type": tuple(one.value for one in EvidenceType),
}
MAX_TERM: Final = 200
DAYS: Final = ("from", "to")
_Keys = Mapping[tuple[str, bytes], Witness]
"""Witnesses by the name and id of their keys, as signature lines name them."""


class RejectedForm(Exception):
    """What was typed cannot be asked; ``fault`` is the word that says why."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


def read_criteria(typed: Mapping[str, str]) -> dict[str, str]:
    """Give what the axis is asked; days are Vietnam's, the last one included.

    Raises:
        RejectedForm: A day, an id or a choice is none.
    """
    asked = {name: typed[name].strip() for name in (*TERMS, *CHOICES) if typed[name].strip()}
    if any(asked.get(name, known[0]) not in known for name, known in CHOICES.items()):
        raise RejectedForm("audit-no-choice")
    try:
        UUID(asked.get("submission", str(UUID(int=0))))
    except ValueError as error:
        raise RejectedForm("audit-no-id") from error
    for name, parameter, later in (("from", "since", 0), ("to", "until", 1)):
        if typed[name]:
            day = read_day(typed[name])
            if day is None:
                raise RejectedForm("audit-no-day")
            asked[parameter] = _begin(day + timedelta(days=later))
    return asked


def _begin(day: date) -> str:
    return to_text(datetime.combine(day, time(), VIETNAM).astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was found; ``shown`` whether the log shows it, None where nothing was given to check it by."""

    found: Found
    shown: bool | None
    reason: str

    @property
    def submission(self) -> str | None:
        """Give the submission it is about; looks, alerts, keys and comparisons are about none."""
        row = self.found.row
        return None if row["type"] in OF_NO_SUBMISSION else row.get("submission_id")


def check_row(found: Found, policy: Policy) -> Row:
    """Check a row against the log."""
    if found.proof is None:
        return Row(found, None, "")
    try:
        found.check(policy)
    except RejectedRow as error:
        return Row(found, shown=False, reason=str(error))
    return Row(found, shown=True, reason="")


async def stated_policy(axis: AxisClient) -> Policy:
    """Give whom to believe of the log as the axis itself states it: nobody here pinned anything before.

    Raises:
        RejectedAnswer: It hands out no log, or the key of none.
        UnavailableAxis: Patience ended.
    """
    vkey = await axis.audit.log_file("vkey")
    try:
        return Policy((Verifier.from_vkey((vkey or b"").decode("utf-8", "replace")),), {}, {}, NONE)
    except TransparencyError as error:
        raise RejectedAnswer(f"the axis hands out no log: {error}") from error


async def stated_keys(axis: AxisClient) -> PinnedKeys:
    """Give the keys of evidence and log as the axis itself states them.

    Raises:
        RejectedAnswer: They are not of their form, or there is no log.
        UnavailableAxis: Patience ended.
    """
    policy = await stated_policy(axis)
    try:
        return replace(PinnedKeys.from_json(await axis.keys()), log=policy)
    except RejectedEvidence as error:
        raise RejectedAnswer(f"keys of evidence: {error}") from error


@unique
class Standing(StrEnum):
    """What a line of a witness is worth to these pages."""

    HOLDS = "holds"
    FALSE = "false"
    """It carries the name and key id of a witness of the policy, and that witness did not sign this checkpoint."""
    UNKNOWN = "unknown"
    """The policy, if there is one, has no such key: nothing is known of the line."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a witness's line says. Its time is the witness's word where it holds; None where the line has none."""

    name: str
    at: datetime | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class Head:
    """The published checkpoint; ``trouble`` says why the log's own key did not sign it, empty if it did.

    ``quorum`` says whether the witnesses whose lines hold are as many as the policy wants; None without a policy.
    """

    checkpoint: Checkpoint
    text: str
    trouble: str
    cosigned: tuple[Cosigned, ...]
    quorum: bool | None


def read_head(data: bytes, policy: Policy, witnesses: Policy | None) -> Head:
    """Read a checkpoint and check that its log signed it, and which lines are of witnesses of a policy.

    Raises:
        RejectedAnswer: It is none.
    """
    try:
        note = Note.parse(data)
        stated = Checkpoint.parse(note.text)
    except TransparencyError as error:
        raise RejectedAnswer(f"no checkpoint: {error}") from error
    trouble, log = "", policy.logs[0]
    try:
        policy.require(data)
    except TransparencyError as error:
        trouble = str(error)
    others = [one for one in note.signatures if (one.name, one.key_id) != (log.name, log.key_id)]
    keys = _keys_of(witnesses)
    read = [(keys.get((line.name, line.key_id)), _cosigned(note, line, keys)) for line in others]
    seen = frozenset(who.name for who, one in read if who and one and one.standing is Standing.HOLDS)
    quorum = None if witnesses is None else witnesses.satisfied(seen)
    return Head(stated, data.decode(), trouble, tuple(one for _, one in read if one is not None), quorum)


def _keys_of(witnesses: Policy | None) -> _Keys:
    known = () if witnesses is None else witnesses.witnesses.values()
    return {(one.verifier.name, one.verifier.key_id): one for one in known}


def _cosigned(note: Note, line: Signature, keys: _Keys) -> Cosigned | None:
    """Say what a line is; None for a stranger's that is of no cosignature's form."""
    at, witness = _stated_time(line), keys.get((line.name, line.key_id))
    if witness is None:
        return None if at is None else Cosigned(line.name, at, Standing.UNKNOWN)
    try:
        witness.verifier.check(note.text.encode(), line)
    except RejectedNote:
        return Cosigned(line.name, at, Standing.FALSE)
    return Cosigned(line.name, at, Standing.HOLDS)


def _stated_time(line: Signature) -> datetime | None:
    seconds = cosigned_at(line) if len(line.data) == COSIGNATURE_BYTES else 0
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 1 << 34 else None  # what a calendar has
