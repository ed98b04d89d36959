"""Each shipped rule is raised by its case, and stays silent on the nearest thing that is none."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from docaxis.alerter import shipped_rules
from docaxis.alerter.events import AuditEvent, Signed
from docaxis.alerter.memory import Memory
from docaxis.alerter.occurrences import Alert
from docaxis.alerter.readings import BrokenLog, KeptList, Readings, RefusedNumber, UsedCertificate, Waiting
from docaxis.alerter.watch import Watch
from docaxis_schemas.evidence import EvidenceType

NOON = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
"""A Wednesday, twelve o'clock in Vietnam: in no change window."""
POLICY = {"policy_sha256": "a" * 64, "trust_sha256": "b" * 64}
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass
class Story:
    """Events one after the other, and what they raised."""

    watch: Watch = field(default_factory=lambda: Watch(shipped_rules()))
    memory: Memory = field(default_factory=Memory)
    raised: list[Alert] = field(default_factory=list)
    leaf: int = 0

    def tell(self, *events: AuditEvent) -> "Story":
        for event in events:
            told = replace(event, leaf_index=self.leaf, event_id=event.event_id or f"event-{self.leaf}")
            self.leaf += 1
            self.raised += self.watch.take(told, self.memory)
        return self

    def ids(self, *rules: str) -> set[object]:
        return {alert.alert_id for alert in self.raised if alert.rule in rules}

    @property
    def rules(self) -> set[str]:
        return {alert.rule for alert in self.raised}


def verdict(cause: str | None = None, **changes: Any) -> AuditEvent:
    indication = "TOTAL-PASSED" if cause is None else "INDETERMINATE"
    values: dict[str, Any] = {
        "leaf_index": 0,
        "type": EvidenceType.VERDICT_GIVEN.value,
        "at": NOON,
        "codes": POLICY | {"indication": indication, "cause": cause},
        "submission": "s-1",
        "member": "so-noi-vu",
        "signatures": (Signed(cause, "c" * 64, NOON + 300 * DAY, NOON - MINUTE),),
        "received_at": NOON,
    }
    return AuditEvent(**(values | changes))


def received(member: str = "so-noi-vu", **changes: Any) -> AuditEvent:
    values: dict[str, Any] = {"member": member, "submission": f"of-{member}", "main_sha256": ("f" * 64,)}
    return AuditEvent(0, EvidenceType.SUBMISSION_RECEIVED.value, NOON, **(values | changes))


def rejected(cause: str) -> AuditEvent:
    return AuditEvent(0, EvidenceType.SUBMISSION_REJECTION.value, NOON, {"cause": cause}, submission="s-1")


def look(kind: EvidenceType, credential: str = "one", at: datetime = NOON) -> AuditEvent:
    return AuditEvent(0, kind.value, at, facts={"credential_id": credential}, member="axis.auditor")


def signed_at(claimed: datetime) -> AuditEvent:
    return verdict(signatures=(Signed(None, "c" * 64, None, NOON - 9 * DAY), Signed(None, "d" * 64, None, claimed)))


def verdicts(failed: int, of: int, *, member: str = "so-noi-vu", apart: timedelta = timedelta(0)) -> list[AuditEvent]:
    causes = [None] * (of - failed) + ["broken"] * failed
    return [verdict(cause, at=NOON + number * apart, member=member) for number, cause in enumerate(causes)]


def under(at: datetime = NOON, **codes: str) -> AuditEvent:
    return verdict(at=at, codes=POLICY | {"indication": "TOTAL-PASSED"} | codes)


SEARCHED, EXPORTED = EvidenceType.AUDIT_SEARCHED, EvidenceType.EVIDENCE_EXPORTED
SATURDAY = datetime(2026, 3, 7, 3, 0, tzinfo=UTC)
EVENTS: dict[str, tuple[Iterable[AuditEvent], Iterable[AuditEvent]]] = {
    "signed-after-revocation": ([verdict("revoked_before_reception")], [verdict("expired_before_reception")]),
    "certificate-not-registered": ([verdict("signer_not_registered")], [verdict("seal_missing")]),
    "certificate-first-used": ([verdict()], [verdict(signatures=(Signed("unsigned"),))]),
    "verdicts-failing": (verdicts(2, 20), verdicts(1, 20)),
    "number-with-another-file": ([rejected("natural-key-taken")], [rejected("not-connected")]),
    "file-from-two-agencies": ([received(), received("bo-mau")], [received(), received("bo-mau", passed_on=True)]),
    "modified-after-signing": ([verdict("modified")], [verdict("form_filled")]),
    "weak-algorithm": ([verdict("weak_algorithm")], [verdict("wrong_key_usage")]),
    "signing-time-ahead": ([signed_at(NOON + 6 * MINUTE)], [signed_at(NOON + 5 * MINUTE)]),
    "signing-time-long-ago": ([signed_at(NOON - DAY - MINUTE)], [signed_at(NOON - DAY)]),
    "status-data-lacking": ([verdict("revocation_stale")], [verdict("revoked_before_reception")]),
    "timestamp-not-accepted": ([verdict("timestamp_untrusted")], [verdict("timestamp_missing")]),
    "bulk-search": ([look(SEARCHED)] * 301, [look(SEARCHED)] * 300),
    "bulk-export": ([look(EXPORTED)] * 21, [look(EXPORTED, name) for name in ("one", "two")] * 20),
    "policy-changed": ([under(), under(policy_sha256="0" * 64)], [under(), under()]),
    "trust-list-changed": ([under(), under(trust_sha256="0" * 64)], [under(), under(SATURDAY, trust_sha256="0" * 64)]),
}
USED = UsedCertificate("c" * 64, NOON + 14 * DAY, NOON - DAY, "so-noi-vu")
BROKEN = BrokenLog("7 ab", "RejectedProof")
READINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "certificate-expiring": (
        {"certificates": (USED,)},
        {"certificates": (replace(USED, not_after=NOON + 31 * DAY), replace(USED, used_at=NOON - 31 * DAY))},
    ),
    "revocation-list-stale": (
        {"lists": (KeptList("ca", "1", NOON - 16 * MINUTE),)},
        {"lists": (KeptList("ca", "1", NOON - 15 * MINUTE), KeptList("cb", "2", None))},
    ),
    "log-silent": ({"waiting": Waiting("e", NOON - 2 * MINUTE)}, {"waiting": Waiting("e", NOON - MINUTE)}),
    "log-not-cosigned": ({"uncosigned_since": NOON - 11 * MINUTE}, {"uncosigned_since": NOON - 10 * MINUTE}),
    "log-not-anchored": ({"unanchored_since": NOON - 76 * MINUTE}, {"unanchored_since": NOON - 75 * MINUTE}),
    "log-inconsistent": ({"broken": BROKEN}, {}),
    "number-refused": ({"refused": (RefusedNumber("k", "f" * 64, "s-1", "so-noi-vu"),)}, {"refused": ()}),
    "dead-letters-growing": ({"dead_letters": (NOON - 14 * MINUTE,)}, {"dead_letters": (NOON - 15 * MINUTE,)}),
}


def test_every_shipped_rule_has_its_case_here() -> None:
    assert [rule.id for rule in shipped_rules().rules if rule.id not in EVENTS | READINGS] == []
    assert len(EVENTS) + len(READINGS) == len(shipped_rules().rules)


@pytest.mark.parametrize("rule", EVENTS)
def test_a_rule_over_events_is_raised_by_its_case_and_not_by_the_near_miss(rule: str) -> None:
    case, miss = EVENTS[rule]
    assert rule in Story().tell(*case).rules
    assert rule not in Story().tell(*miss).rules


@pytest.mark.parametrize("rule", READINGS)
def test_a_rule_over_readings_is_raised_by_its_case_and_not_by_the_near_miss(rule: str) -> None:
    case, miss = READINGS[rule]
    assert {alert.rule for alert in Watch(shipped_rules()).look(Readings(now=NOON, **case))} == {rule}
    assert list(Watch(shipped_rules()).look(Readings(now=NOON, **miss))) == []


def test_a_certificate_is_new_once() -> None:
    told = Story().tell(verdict(), verdict(submission="s-2", at=NOON + 400 * DAY))
    assert len([alert for alert in told.raised if alert.rule == "certificate-first-used"]) == 1


def test_one_occurrence_has_one_id_and_the_next_another() -> None:
    same = Story().tell(verdict("modified"), verdict("modified", type=EvidenceType.VERDICT_REVISED.value))
    assert len(same.ids("modified-after-signing")) == 1
    assert len(same.tell(verdict("modified", submission="s-2")).ids("modified-after-signing")) == 2
    hours = Story().tell(*(verdict("seal_of_another_organisation", at=NOON + n * 20 * MINUTE) for n in range(6)))
    assert len(hours.ids("certificate-not-registered")) == 2


def test_failures_of_different_members_or_hours_are_not_added_up() -> None:
    apart = verdicts(2, 20, apart=MINUTE)
    assert "verdicts-failing" not in Story().tell(*apart).rules, "only the last fifteen minutes count"
    two = [*verdicts(1, 20), *verdicts(1, 20, member="bo-mau")]
    assert "verdicts-failing" not in Story().tell(*two).rules
    assert "verdicts-failing" not in Story().tell(*verdicts(2, 19)).rules, "too few to speak of a share"


def test_both_policies_of_a_rolling_restart_are_told_once_and_a_return_to_an_old_one_is_told() -> None:
    new = "0" * 64
    rolling = [under(), under(policy_sha256=new), under(NOON + MINUTE), under(NOON + 2 * MINUTE, policy_sha256=new)]
    story = Story().tell(*rolling)
    assert len(story.ids("policy-changed")) == 1
    later = NOON + timedelta(hours=5)
    assert len(story.tell(under(later, policy_sha256=new), under(later + MINUTE)).ids("policy-changed")) == 2


def test_what_the_signer_claims_is_judged_by_the_last_signature_alone() -> None:
    assert Story().tell(signed_at(NOON - MINUTE)).rules == {"certificate-first-used"}


def test_a_shredded_leaf_raises_nothing() -> None:
    shredded = AuditEvent(0, EvidenceType.SUBMISSION_RECEIVED.value, NOON)
    assert Story().tell(received(), shredded).raised == []


def test_an_alert_about_alerts_is_none() -> None:
    raised = AuditEvent(
        0, EvidenceType.ALERT_RAISED.value, NOON, {"rule": "x", "severity": "high"}, member="axis.alerter"
    )
    assert Story().tell(*[raised] * 500).raised == []


@pytest.mark.parametrize("days", [30, 14, 7, 1])
def test_the_end_of_a_certificate_is_told_at_each_of_its_days(days: int) -> None:
    watch = Watch(shipped_rules())

    def at(not_after: datetime) -> list[Alert]:
        return list(watch.look(Readings(now=NOON, certificates=(replace(USED, not_after=not_after),))))

    (alert,) = at(NOON + days * DAY)
    assert alert.met.details["days"] == days
    assert [one.alert_id for one in at(NOON + days * DAY - MINUTE)] == [alert.alert_id], "told once"
    assert at(NOON - MINUTE) == [], "a certificate that has ended is another matter"


@pytest.fixture
def restart() -> Callable[[list[AuditEvent], int], set[object]]:
    """Read events up to a place, then with a new watch that is shown the last window again."""

    def run(events: list[AuditEvent], at: int) -> set[object]:
        story = Story().tell(*events[:at])
        fresh = Story(memory=story.memory)
        for event in events[:at]:
            list(fresh.watch.take(event, Memory()))
        return {alert.alert_id for alert in [*story.raised, *fresh.tell(*events[at:]).raised]}

    return run


def test_a_restart_between_any_two_events_changes_nothing(
    restart: Callable[[list[AuditEvent], int], set[object]],
) -> None:
    events = [*verdicts(3, 24), received(), received("bo-mau"), under(policy_sha256="0" * 64)]
    whole = {alert.alert_id for alert in Story().tell(*events).raised}
    assert len(whole) > 3
    for at in range(0, len(events), 3):
        assert restart(events, at) == whole
