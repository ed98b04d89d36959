"""What a case of the story promises, and what was seen of it from outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

PASSED: Final = "TOTAL-PASSED"
INDETERMINATE: Final = "INDETERMINATE"
FAILED: Final = "TOTAL-FAILED"


@dataclass(frozen=True, slots=True)
class Promise:
    """The outcome a case must have; ``recipients`` maps organisations to transport states."""

    verdict: str
    disposition: str
    cause: str | None = None
    recipients: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """One recipient as seen from outside: by its own member over HTTP, by a plain Kafka reader, in the database."""

    organisation: str
    member: str | None
    state: str
    http: int
    kafka: int

    @property
    def once(self) -> bool:
        """Whether a delivery is there exactly once in every view."""
        return (self.http, self.kafka) == (1, 1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document, with what else the case looked at (``facts``: a sentence and whether it holds)."""

    case: str
    title: str
    submission_id: UUID
    verdict: str
    sub_indication: str | None
    cause: str | None
    disposition: str
    recipients: tuple[Seen, ...]
    promise: Promise
    facts: tuple[tuple[str, bool], ...] = ()

    @property
    def differences(self) -> tuple[str, ...]:
        """Say where the outcome differs from what was promised; empty when it does not."""
        promised = self.promise
        found = [
            f"{name}: {got} instead of {wanted}"
            for name, got, wanted in (
                ("verdict", self.verdict, promised.verdict),
                ("disposition", self.disposition, promised.disposition),
                ("cause", self.cause, promised.cause),
            )
            if got != wanted
        ]
        seen = {one.organisation: one for one in self.recipients}
        for organisation, state in promised.recipients.items():
            one = seen.get(organisation)
            if one is None or one.state != state:
                found.append(f"{organisation}: {one.state if one else 'nothing'} instead of {state}")
            elif one.member is not None and not one.once:
                found.append(f"{organisation}: seen {one.http} times over HTTP, {one.kafka} times on Kafka")
        found += [f"{organisation}: not promised" for organisation in seen.keys() - promised.recipients.keys()]
        return (*found, *(sentence for sentence, holds in self.facts if not holds))

    def to_json(self) -> dict[str, Any]:
        """Give the form of `docaxis demo --json`."""
        return {
            "case": self.case,
            "submission_id": str(self.submission_id),
            "verdict": self.verdict,
            "sub_indication": self.sub_indication,
            "cause": self.cause,
            "disposition": self.disposition,
            "recipients": [
                {"organisation": one.organisation, "state": one.state, "http": one.http, "kafka": one.kafka}
                for one in self.recipients
            ],
            "facts": [{"sentence": sentence, "holds": holds} for sentence, holds in self.facts],
            "as_promised": not self.differences,
        }


def no_outcome(case: str, title: str, why: str) -> Outcome:
    """Say that a case came to no outcome: the story failed there, and the others are told all the same."""
    nothing = Promise("", "")
    return Outcome(case, title, UUID(int=0), "", None, None, "", (), nothing, ((f"no outcome: {why}", False),))
