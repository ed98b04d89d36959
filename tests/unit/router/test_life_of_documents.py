"""Two agencies and the axis through random steps: whatever crashes or comes twice, none contradicts another.

The real router decides, over rows in memory. A step hands something in, asks, answers, hands over, lets a timer ring,
or has the router take a record: well, with a crash before or after its commit, or twice. What the agencies read and
what the log states are folded from the records the router sent, and compared with each other and with the rows.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from docaxis.bus.lookup import RecordLookup
from docaxis.bus.memory import MemoryBroker, MemoryBus
from docaxis.bus.port import Partition, Received
from docaxis.bus.work import Work
from docaxis.router.envelopes import Envelopes
from docaxis.router.expiry import EXPIRED
from docaxis.router.own_news import TIMER, timer_action
from docaxis.router.parking import LOOKED_BACK, PARKED, look_of
from docaxis.router.problems import RejectedWork
from docaxis.router.service import Router
from docaxis.storage.changes import SignedRecord
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.routing import NewTimer
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import decode
from docaxis_schemas.events import Action, EvidenceRecord, InboxItem, Judged
from docaxis_schemas.identifiers import delivery_id, event_id, submission_id
from docaxis_signing.statements import MemberSigner
from memoryrouting import MemoryRouting, run

NOON = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
AGENCIES = {"so-mot": ("H01",), "so-hai": ("H02", "H02.01")}
SERVES = {code: member for member, codes in AGENCIES.items() for code in codes}
KEYS = {member: MemberSigner.generate(f"{member}-1").public_jwk() for member in AGENCIES}
NUMBERS = ("1", "2", "3")
PARKED_FOR = timedelta(hours=1)
NEAR = st.integers(0, 2)
"""Which one is meant, counted from the latest: what happens to one thing matters, not that there are many."""
FOR_ROUTER = {"route", "dead-letter", "given-up"}
"""Decisions after which nothing waits for a submission any more."""
FAULTS = ("none", "none", "none", "crash before commit", "crash after commit", "comes twice")


class _Member:
    compromised_since = None


class _Directory:
    members = dict.fromkeys(AGENCIES, _Member())

    def canonical(self, code: str) -> str | None:
        return code

    def member_of(self, code: str, at: datetime) -> str | None:
        return SERVES.get(code)


@dataclass(frozen=True)
class Paper:
    """What was handed in: its number as an issuer's, and which earlier ones it names."""

    sender: str
    key: tuple[str, str | None]
    received_at: datetime
    names: frozenset[tuple[str, str] | UUID]
    delivers: bool


class LifeOfDocuments(RuleBasedStateMachine):
    """The scene, its steps, and what must hold after each of them."""

    @initialize()
    def begin(self) -> None:
        self.store = MemoryRouting()
        self.now = NOON
        self.router = Router(
            cast("Any", self.store),
            _Directory,
            Envelopes("docaxis", "test", 1),
            lambda: self.now,
            lambda at: at,
            records=RecordLookup(MemoryBus(MemoryBroker())),
            parked_for=PARKED_FOR,
        )
        self.waiting: list[tuple[int, Judged | Action]] = []
        self.offset = 0
        self.sent: dict[UUID, bytes] = {}
        self.log: list[tuple[EvidenceRecord, dict[str, Any]]] = []
        self.inboxes: dict[str, list[tuple[InboxItem, dict[str, Any]]]] = {member: [] for member in AGENCIES}
        self.handed: list[tuple[UUID, str, tuple[str, ...], tuple[str, ...]]] = []
        self.named: dict[str, set[str]] = {}
        self.acts = 0
        self.papers: dict[UUID, Paper] = {}
        self.routed: set[UUID] = set()

    # What agencies do. Records are kept as the gateway would keep them, also those it would have refused.

    @rule(
        sender=st.sampled_from(sorted(AGENCIES)),
        number=st.sampled_from([*NUMBERS, None]),
        action=st.sampled_from(["new", "new", "update", "replace", "revoke"]),
        content=st.sampled_from("abc"),
        earlier=st.sampled_from(NUMBERS),
        refused=st.sampled_from([False, False, False, True]),
        how=st.sampled_from(["plainly", "plainly", "forwarded", "several", "removing", "by id"]),
    )
    def hand_in(
        self,
        sender: str,
        number: str | None,
        action: str,
        content: str,
        earlier: str,
        refused: bool,  # noqa: FBT001 - drawn
        how: str,
    ) -> None:
        self._hand_in(sender, number, action, content, earlier, refused=refused, how=how)

    @rule(
        sender=st.sampled_from(sorted(AGENCIES)),
        action=st.sampled_from(["update", "replace", "revoke"]),
        earlier=st.sampled_from(NUMBERS),
        number=st.sampled_from([*NUMBERS, None]),
        how=st.sampled_from(["plainly", "several", "removing", "by id"]),
        fault=st.sampled_from(FAULTS),
        at_length=st.booleans(),
    )
    def one_overtakes_what_it_names(
        self,
        sender: str,
        action: str,
        earlier: str,
        number: str | None,
        how: str,
        fault: str,
        at_length: bool,  # noqa: FBT001 - drawn
    ) -> None:
        """At length everybody else's records are taken and its timer rings; its own may come again after that."""
        self._hand_in(sender, earlier, "new", "c", earlier)
        self._hand_in(sender, number, action, "a", earlier, how=how)
        self._take(-1, fault)
        if not at_length:
            return
        name = self.handed[-1][0]
        for other in [event for _, event in self.waiting if event.submission_id != name]:
            self._take(next(place for place, (_, event) in enumerate(self.waiting) if event is other), "none")
        for timer in [one for one in self.store.rows.timers.values() if one.submission_id == name]:
            self._ring(timer, late=False)
            self._take(-1, "none")

    def _hand_in(
        self,
        sender: str,
        number: str | None,
        action: str,
        content: str,
        earlier: str,
        *,
        refused: bool = False,
        how: str = "plainly",
    ) -> None:
        self.now += timedelta(seconds=1)
        other = next(member for member in AGENCIES if member != sender)
        issuer, recipients = AGENCIES[other if how == "forwarded" else sender][0], AGENCIES[other]
        own_id = f"key-{len(self.handed)}"
        name = submission_id(sender, own_id)
        sha256 = hashlib.sha256(f"{sender}/{content}".encode()).hexdigest()
        document = {
            "issuer": {"code": issuer}, "type": "cong-van", "subject": "V/v thử nghiệm", "place": "Hà Nội",
            "promulgated_on": "2026-03-04", "notation": "CV", "recipients": [{"organisation": recipients[0]}],
        }  # fmt: skip
        document |= {} if number is None else {"number": number}
        names: list[tuple[str, str] | UUID] = []
        if action != "new":
            own = [one for one, by, *_ in self.handed if by == sender]
            names = [own[-1]] if how == "by id" and own else [(issuer, earlier)]
            if how == "several" and action == "replace":
                names.append((issuer, NUMBERS[NUMBERS.index(earlier) - 1]))
            document |= {"business": _business(action, names, recipients, how)}
        manifest = {
            "v": 1, "kind": "submission", "axis": "docaxis", "environment": "test", "member": sender, "id": own_id,
            "time": "2026-03-04T04:59:00.000000Z", "document": document,
            "forwarded": how == "forwarded",
            "contents": [
                {"role": "main", "name": "a.pdf", "media_type": "application/pdf", "size": 10, "sha256": sha256}
            ],
            "recipients": [{"organisation": code, "role": "action"} for code in recipients],
        }  # fmt: skip
        resolved = [{"organisation": code, "member": other, "role": "action"} for code in recipients]
        self.store.rows.claims[name] = {
            "submission_id": name, "member": sender, "own_id": own_id, "manifest": canonical(manifest),
            "manifest_digest": "d" * 64, "received_at": self.now, "urgency": 0,
            "resolution": canonical({"recipients": resolved, "unknown": [], "suspended": [], "merged": []}),
        }  # fmt: skip
        verdict = ("TOTAL-FAILED", "broken", "refuse") if refused else ("TOTAL-PASSED", None, "deliver")
        self.handed.append((name, sender, recipients, (sha256,)))
        self.papers[name] = Paper(sender, (issuer, number), self.now, frozenset(names), not refused)
        self._put(
            Judged(name, 1, sender, event_id(name, "v"), "ab" * 32, verdict[0], None, verdict[1], verdict[2], self.now)
        )

    @precondition(lambda self: self.handed)
    @rule(pick=NEAR, by_sender=st.sampled_from([True, True, True, False]), one=st.booleans(), at_once=st.booleans())
    def recall(self, pick: int, by_sender: bool, one: bool, at_once: bool) -> None:  # noqa: FBT001 - drawn
        name, sender, recipients, _ = self._meant(pick)
        member = sender if by_sender else SERVES[recipients[0]]
        body = {"submission_id": str(name), "reason": "gửi nhầm", "recipients": [recipients[0]] if one else []}
        action = self._act(name, "recall", member, None, body)
        self.named[str(action)] = {recipients[0]} if one else set(recipients)
        if at_once:
            self._take(-1, "none")

    @precondition(lambda self: self.handed)
    @rule(pick=NEAR, first=st.booleans(), what=st.sampled_from(["handover", "02", "03", "15", "15", "16", "16"]))
    def act(self, pick: int, first: bool, what: str) -> None:  # noqa: FBT001 - drawn
        self.act_on_a_delivery(pick, first=first, what=what)

    def act_on_a_delivery(self, pick: int, *, first: bool, what: str) -> None:
        """Only its recipient's member can know of a delivery, and only once it was made."""
        name, _, recipients, contents = self._meant(pick)
        recipient = recipients[0] if first else recipients[-1]
        delivery = delivery_id(name, recipient)
        if not any(item.delivery_id == delivery for item, _ in self.inboxes[SERVES[recipient]]):
            return
        kind = "handover" if what == "handover" else "report"
        facts = {"contents": list(contents)} if kind == "handover" else {"code": what, "reason": "lý do"}
        self._act(name, kind, SERVES[recipient], recipient, {"delivery_id": str(delivery)} | facts)

    @precondition(lambda self: self.handed)
    @rule(pick=NEAR, codes=st.lists(st.sampled_from(["15", "16"]), max_size=3))
    def recall_and_answer_at_length(self, pick: int, codes: list[str]) -> None:
        """Everything that waits is settled first, so that the answers meet a request: one, or more than one."""
        name, sender, recipients, _ = self._meant(pick)
        body = {"submission_id": str(name), "reason": "gửi nhầm", "recipients": []}
        for settled in range(2 + len(codes)):
            while self.waiting:
                self._take(0, "none")
            if settled == 0:
                self.named[str(self._act(name, "recall", sender, None, body))] = set(recipients)
            elif settled <= len(codes):
                self.act_on_a_delivery(pick, first=True, what=codes[settled - 1])

    @precondition(lambda self: self.handed)
    @rule(pick=NEAR)
    def time_is_over(self, pick: int) -> None:
        name = self._meant(pick)[0]
        body = canonical({"timer": EXPIRED})
        self._put(Action(timer_action(name, EXPIRED), name, TIMER, "", None, self.now, body))

    @precondition(lambda self: self.store.rows.timers)
    @rule(pick=NEAR, late=st.sampled_from([False, False, True]))
    def a_timer_rings(self, pick: int, late: bool) -> None:  # noqa: FBT001 - drawn
        """It may ring long after it was due: whoever looks at timers may have been away."""
        timers = sorted(self.store.rows.timers.values(), key=lambda one: (one.due_at, one.timer_id))
        self._ring(timers[pick % len(timers)], late=late)

    @precondition(lambda self: self.waiting)
    @rule(pick=NEAR, fault=st.sampled_from(FAULTS))
    def the_router_takes_a_record(self, pick: int, fault: str) -> None:
        self._take(-1 - pick % len(self.waiting), fault)

    @precondition(lambda self: self.waiting)
    @rule(fault=st.sampled_from(FAULTS), latest_first=st.booleans())
    def the_router_takes_what_waits(self, fault: str, latest_first: bool) -> None:  # noqa: FBT001 - drawn
        for _ in range(len(self.waiting)):
            self._take(-1 if latest_first else 0, fault if len(self.waiting) == 1 else "none")

    def _meant(self, pick: int) -> tuple[UUID, str, tuple[str, ...], tuple[str, ...]]:
        return self.handed[-1 - pick % len(self.handed)]

    def _act(self, name: UUID, kind: str, member: str, recipient: str | None, body: dict[str, Any]) -> UUID:
        self.acts += 1
        own_id = f"act-{self.acts}"
        heading = {"v": 1, "kind": kind, "axis": "docaxis", "environment": "test", "member": member, "id": own_id}
        data = canonical(heading | {"time": "2026-03-04T05:00:00.000000Z"} | body)
        action = event_id(name, kind, member, own_id)
        self.store.rows.records[member, own_id] = SignedRecord(action, data, canonical(KEYS[member]))
        self._put(Action(action, name, kind, member, recipient, self.now, data, "jws"))
        return action

    # What the axis does.

    def _put(self, event: Judged | Action) -> None:
        self.offset += 1
        self.waiting.append((self.offset, event))

    def _ring(self, timer: NewTimer, *, late: bool) -> None:
        del self.store.rows.timers[timer.timer_id]
        self.now = max(self.now, timer.due_at) + (2 * PARKED_FOR if late else timedelta())
        name, body = timer.submission_id, canonical({"timer": timer.kind})
        self._put(Action(timer_action(name, timer.kind), name, TIMER, "", None, self.now, body))

    def _take(self, index: int, fault: str) -> None:
        offset, event = self.waiting[index]
        self.now += timedelta(seconds=1)
        self.store.fail_next = fault == "crash before commit"
        topic = "judged" if isinstance(event, Judged) else "actions"
        record = Received(Partition(topic, 0), offset, b"", b"", (), 0)
        try:
            outcome = run(self.router.handle(Work(record, event)))
        except UnavailableStorage:
            return  # it stays, and comes again
        except RejectedWork:
            self.store.fail_next = False
            del self.waiting[index]  # a dead letter
            return
        if fault == "crash after commit":
            return  # decided, and nothing was sent: it comes again
        del self.waiting[index]
        if fault == "comes twice":
            self._put(event)
        for outgoing in outcome.outgoing:
            self._note(decode(outgoing.value), outgoing.value)

    def _note(self, event: Any, data: bytes) -> None:
        assert event.event_id not in self.sent, "every event is sent once"
        self.sent[event.event_id] = data
        if isinstance(event, InboxItem):
            self.inboxes[event.member].append((event, json.loads(event.body)))
        else:
            self.log.append((event, json.loads(event.statement)["facts"]))

    # What must hold.

    @invariant()
    def what_names_an_earlier_document_is_routed_after_it(self) -> None:
        decisions = self.store.rows.decisions
        done = {one.submission_id for one in decisions.values() if one.kind in FOR_ROUTER}
        for name in done - self.routed:
            paper, parked = self.papers[name], decisions.get(event_id(name, PARKED))
            open_ones = {
                other
                for other, one in self.papers.items()
                if (other in paper.names or one.key in paper.names) and one.sender == paper.sender
                if paper.received_at - LOOKED_BACK <= one.received_at < paper.received_at and other not in done
            }
            if paper.delivers and open_ones:
                assert parked is not None, (name, open_ones)
                assert self.now >= parked.decided_at + PARKED_FOR, "it waits as long as it may"
        self.routed = done

    @invariant()
    def what_waits_for_another_is_told_to_its_sender_once_and_stated(self) -> None:
        told = Counter(
            item.submission_id for items in self.inboxes.values() for item, body in items if body.get("news") == "held"
        )
        stated = Counter(event.submission_id for event, _ in self.log if event.type == "submission.parked")
        assert told == stated
        assert set(stated.values()) <= {1}

    @invariant()
    def a_delivery_ends_once_and_is_asked_about_once_at_a_time(self) -> None:
        for facts in self._lines().values():
            ends = [kind for kind, _ in facts if kind in {"ContentHandover", "delivery.expired", "delivery.cancelled"}]
            assert len(ends) <= 1, ends
            changes = [told for kind, told in facts if kind.startswith("change.")]
            for before, after in zip([{}, *changes], changes, strict=False):
                assert ("code" in after) is (bool(before) and "code" not in before), changes
                assert before.get("code") != "15", "an agreement is the end"

    @invariant()
    def who_is_told_and_what_is_stated_are_the_same(self) -> None:
        stated = Counter((kind, delivery) for delivery, facts in self._lines().items() for kind, _ in facts)
        told: Counter[tuple[str, UUID]] = Counter()
        for member, items in self.inboxes.items():
            for item, body in items:
                kind = {
                    "delivery": "ContentConsignment", "change_asked": "change.asked", "expired": "delivery.expired",
                    "change_answered": "change.answered", "handed_over": "ContentHandover", "report": "status.reported",
                }.get(body.get("news", item.kind))  # fmt: skip
                if kind is not None and item.delivery_id is not None:
                    told[kind, item.delivery_id] += 1
                    to_recipient = SERVES[item.recipient] == member
                    assert to_recipient is (kind in {"ContentConsignment", "change.asked", "delivery.expired"})
        del_kinds = {"delivery.cancelled"}
        assert told == Counter({key: count for key, count in stated.items() if key[0] not in del_kinds})

    @invariant()
    def a_cancelled_delivery_is_heard_of_by_nobody_but_its_sender(self) -> None:
        for delivery, facts in self._lines().items():
            if any(kind == "delivery.cancelled" for kind, _ in facts):
                assert len(facts) == 1
                assert not any(item.delivery_id == delivery for items in self.inboxes.values() for item, _ in items)

    @invariant()
    def what_a_sender_is_told_of_its_recall_is_what_the_recipients_were_asked(self) -> None:
        asked = Counter(
            (facts["action_id"], event.recipient)
            for event, facts in self.log
            if event.type == "change.asked" and "action_id" in facts
        )
        told = Counter(
            (body["action_id"], code)
            for items in self.inboxes.values()
            for _, body in items
            if body.get("news") == "recall"
            for code in body.get("asked", ())
        )
        assert asked == told

    @invariant()
    def a_recall_reaches_whom_it_names_and_what_it_cancels_reaches_nobody(self) -> None:
        for items in self.inboxes.values():
            for item, body in items:
                if body.get("news") != "recall":
                    continue
                told = {
                    code for name in ("asked", "asked_already", "ended", "cancelled") for code in body.get(name, ())
                }
                assert told <= self.named[body["action_id"]]
                for code in body.get("cancelled", ()):
                    inbox = self.inboxes[SERVES[code]]
                    assert not any(
                        (one.kind, one.submission_id, one.recipient) == ("delivery", item.submission_id, code)
                        for one, _ in inbox
                    )

    @invariant()
    def a_number_is_held_as_long_as_a_document_stands_under_it(self) -> None:
        standing = {row["natural_key"] for row in self.store.rows.deliveries.values() if row["standing"]} - {None}
        assert set(self.store.rows.keys) == standing

    def teardown(self) -> None:
        """Let everything that waits be done without faults, then compare rows and log, line by line."""
        if not hasattr(self, "waiting"):
            return
        for late in (False, True):
            while self.waiting:
                self._take(0, "none")
            self.what_names_an_earlier_document_is_routed_after_it()
            for timer in [one for one in self.store.rows.timers.values() if look_of(one.kind) is not None]:
                self._ring(timer, late=late)
        while self.waiting:
            self._take(0, "none")
        self.what_names_an_earlier_document_is_routed_after_it()
        self.what_waits_for_another_is_told_to_its_sender_once_and_stated()
        assert self.routed == set(self.papers), "nothing waits for ever"
        parked = {one.submission_id for one in self.store.rows.decisions.values() if one.kind == PARKED}
        assert {event.submission_id for event, _ in self.log if event.type == "submission.parked"} == parked
        lines = self._lines()
        for delivery, row in self.store.rows.deliveries.items():
            assert row["state"] == _state(lines.get(delivery, [])), (row, lines.get(delivery))
            assert row["change_state"] == _change(lines.get(delivery, []))
            assert row["change_state"] != "agreed" or row["state"] != "consigned", "an agreement ends what waits"
        made = {name for name, row in self.store.rows.deliveries.items() if row["state"] != "refused"}
        assert set(lines) == made

    def _lines(self) -> dict[UUID, list[tuple[str, dict[str, Any]]]]:
        """Give what the log states about each delivery, in the order of its versions."""
        found: dict[UUID, list[tuple[str, dict[str, Any]]]] = {}
        for event, facts in self.log:
            if event.recipient is not None and "version" in facts:
                found.setdefault(UUID(facts["delivery_id"]), []).append((event.type, facts))
        return {name: sorted(facts, key=lambda one: one[1]["version"]) for name, facts in found.items()}


def _business(
    action: str, names: list[tuple[str, str] | UUID], recipients: tuple[str, ...], how: str
) -> dict[str, Any]:
    ids = [str(one) if isinstance(one, UUID) else f"{one[0]},2026/03/04,{one[1]}/CV" for one in names]
    business: dict[str, Any] = {"action": action, "reason": "sai"}
    if len(ids) > 1:
        return business | {"replacements": [{"document_id": one, "holders": [recipients[-1]]} for one in ids]}
    if how == "removing" and action == "update":
        business |= {"update": {"receivers": [{"code": recipients[-1], "change": "removed"}]}}
    return business | {"document_id": ids[0]}


def _state(facts: list[tuple[str, dict[str, Any]]]) -> str:
    states = {
        "ContentConsignment": "consigned", "ContentHandover": "handed_over", "delivery.expired": "expired",
        "delivery.cancelled": "recalled",
    }  # fmt: skip
    state = "refused"
    for kind, told in facts:
        state = told.get("state", states.get(kind, state))
    return state


def _change(facts: list[tuple[str, dict[str, Any]]]) -> str | None:
    state = None
    for kind, told in facts:
        if kind == "change.asked":
            state = "asked"
        elif kind == "change.answered":
            state = {"15": "agreed", "16": "refused"}[told["code"]]
    return state


QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def test_two_agencies_and_the_axis_never_contradict_each_other() -> None:
    run_state_machine_as_test(
        LifeOfDocuments,
        settings=settings(max_examples=50, stateful_step_count=25, deadline=None, suppress_health_check=QUIET),
    )


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_ten_thousand_steps_without_a_contradiction() -> None:
    run_state_machine_as_test(
        LifeOfDocuments,
        settings=settings(max_examples=200, stateful_step_count=50, deadline=None, suppress_health_check=QUIET),
    )
