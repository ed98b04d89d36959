"""Judges an observation: what is lost, what came twice, what contradicts itself, what is missing.

Pure, so that it can be shown to find planted errors (see `test_checker_sharpness`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import UUID

from axisfaults.observation import Observation, Pair, Said
from docaxis_schemas.evidence import EvidenceType

T = TypeVar("T")

DELIVERED: Final = frozenset({"consigned", "handed_over"})
FINAL: Final = frozenset({"handed_over"})
"""Every recipient of a run takes what it is given, so each delivery ends like this."""
ACCEPTED, REJECTED = EvidenceType.SUBMISSION_ACCEPTANCE.value, EvidenceType.SUBMISSION_REJECTION.value
CONSIGNED, HANDED_OVER = EvidenceType.CONTENT_CONSIGNMENT.value, EvidenceType.CONTENT_HANDOVER.value
ONCE: Final = (EvidenceType.SUBMISSION_RECEIVED.value, EvidenceType.VERDICT_GIVEN.value)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong, one sentence each."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    contradictory: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        """Give every finding."""
        return [*self.lost, *self.duplicated, *self.contradictory, *self.incomplete]


def check(seen: Observation) -> Findings:
    """Judge a run in which every document is good and every recipient takes what it is given."""
    findings = Findings()
    findings.lost.extend(_lost(seen))
    findings.duplicated.extend(_duplicated(seen))
    findings.contradictory.extend(_contradictory(seen))
    findings.incomplete.extend(_incomplete(seen))
    return findings


def _wanted(seen: Observation) -> Iterator[Pair]:
    for name, recipients in sorted(seen.acknowledged.items()):
        for recipient in sorted(recipients):
            yield name, recipient


def _lost(seen: Observation) -> Iterator[str]:
    yield from (f"{name}: acknowledged, never routed" for name in sorted(set(seen.acknowledged) - seen.routes))
    places = {
        "decided deliveries": {(name, recipient) for name, recipient, _ in seen.states},
        "the inbox": set(seen.inbox),
        "the inbox topic": set(seen.consigned),
        "what the SDK gave": set(seen.given),
    }
    for pair in _wanted(seen):
        yield from (f"{pair}: not in {place}" for place, pairs in places.items() if pair not in pairs)
    yield from (f"{name}: in the dead letters" for name in sorted(seen.dead))


def _duplicated(seen: Observation) -> Iterator[str]:
    yield from (f"{pair}: {times} times in the inbox" for pair, times in _repeated(seen.inbox))
    yield from (f"{pair}: {times} times in the inbox topic" for pair, times in _repeated(seen.consigned))
    yield from (f"{pair}: given {times} times" for pair, times in sorted(seen.given.items()) if times > 1)
    for topic, names in sorted(seen.records.items()):
        for name, times in _repeated(names):
            yield f"{topic}: event {name} {times} times: {', '.join(seen.places.get(name, ()))}"


def _contradictory(seen: Observation) -> Iterator[str]:
    for place, pairs in (("decided", seen.states), ("shown", seen.lines)):
        yield from (
            f"{pair}: {times} {place} states"
            for pair, times in _repeated((name, recipient) for name, recipient, _ in pairs)
        )
    decided = {(name, recipient): state for name, recipient, state in seen.states}
    for name, recipient, state in seen.lines:
        if decided.get((name, recipient)) != state:
            yield f"{(name, recipient)}: shown as {state}, decided {decided.get((name, recipient))}"
    for name, said in sorted(seen.receipts.items()):
        yield from (f"{name}: {what}" for what in _contradictions(said, _delivered(seen, name)))
    yield from (f"receipt rejected: {text}" for text in seen.rejected_receipts)


def _delivered(seen: Observation, name: UUID) -> set[str]:
    return {recipient for other, recipient, state in seen.states if other == name and state in DELIVERED}


def _contradictions(said: tuple[Said, ...], delivered: set[str]) -> Iterator[str]:
    kinds = Counter(kind for kind, _ in said)
    if kinds[ACCEPTED] + kinds[REJECTED] > 1:
        yield f"{kinds[ACCEPTED]} acceptances and {kinds[REJECTED]} rejections"
    yield from (f"{kinds[kind]} receipts {kind}" for kind in ONCE if kinds[kind] > 1)
    if delivered and kinds[REJECTED]:
        yield "rejected, yet delivered"
    pairs = Counter(said)
    for kind in (CONSIGNED, HANDED_OVER):
        for (other, recipient), times in sorted(pairs.items(), key=str):
            if other == kind and (times > 1 or recipient not in delivered):
                yield f"{times} receipts {kind} for {recipient}"


def _incomplete(seen: Observation) -> Iterator[str]:
    for name, recipients in sorted(seen.acknowledged.items()):
        wanted: set[Said] = {(kind, None) for kind in (*ONCE, ACCEPTED)}
        wanted |= {(kind, recipient) for kind in (CONSIGNED, HANDED_OVER) for recipient in recipients}
        for place, found in (("receipts", seen.receipts), ("timeline", seen.timelines)):
            times = Counter(found.get(name, ()))
            yield from (f"{name}: {times[said]} times {said} in {place}" for said in wanted if times[said] != 1)
    for name, recipient, state in seen.states:
        if state not in FINAL:
            yield f"{(name, recipient)}: still {state}"


def _repeated(things: Iterable[T]) -> Iterator[tuple[T, int]]:
    yield from ((thing, times) for thing, times in sorted(Counter(things).items(), key=str) if times > 1)
