"""The router's pure core, without database or bus."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis.router.bodies import MAX_BODY, MAX_LISTED, news_body, splice, verdict_body
from docaxis.router.problems import RejectedWork
from docaxis.router.routing import Fate, Line, Route, Source
from docaxis.router.sentences import sentence
from docaxis.router.service import after_one_working_day
from docaxis.router.transitions import Told, check_party, hand_over, report
from docaxis.storage.delivered import Delivery
from docaxis_schemas.canonical import canonical
from docaxis_schemas.digests import contents_digest
from docaxis_schemas.events import Judged
from docaxis_schemas.lifecycle import TransportState
from docaxis_schemas.moments import VIETNAM
from docaxis_signing.verdict import Cause, Indication

HASHES = ("a" * 64, "b" * 64)
NOW = datetime(2026, 3, 4, 5, tzinfo=UTC)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abz", max_size=4), inner, max_size=3),
    max_leaves=8,
)


def _delivery(**changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "delivery_id": UUID(int=1),
        "submission_id": UUID(int=2),
        "recipient": "H01",
        "member": "r-1",
        "sender": "s-1",
        "own_id": "k",
        "state": "consigned",
        "report": None,
        "version": 3,
        "contents_sha256": contents_digest(HASHES),
        "natural_key": None,
        "change": None,
        "change_state": None,
        "decided": None,
        "signed": None,
    }
    return Delivery(**(values | changes))


def _judged(**changes: Any) -> Judged:
    values: dict[str, Any] = {
        "submission_id": UUID(int=2),
        "attempt": 1,
        "member": "s-1",
        "verdict_event": UUID(int=3),
        "verdict_sha256": "c" * 64,
        "indication": "TOTAL-PASSED",
        "sub_indication": None,
        "cause": None,
        "disposition": "deliver",
        "decided_at": NOW,
    }
    return Judged(**(values | changes))


@given(st.dictionaries(st.text("abcdefgh_", min_size=1), JSON, max_size=6))
def test_a_spliced_body_is_the_canonical_one(value: dict[str, Any]) -> None:
    assert splice({name: canonical(item) for name, item in value.items()}) == canonical(value)


@given(
    indication=st.sampled_from(Indication),
    disposition=st.sampled_from(["deliver", "deliver_with_warning"]),
    cause=st.none() | st.sampled_from(Cause),
)
def test_only_an_undoubted_passing_shows_as_valid(indication: str, disposition: str, cause: str | None) -> None:
    body = verdict_body(_judged(indication=indication, disposition=disposition, cause=cause))
    assert body["valid"] is (disposition == "deliver" and indication == "TOTAL-PASSED")
    if not body["valid"]:
        assert body["sentence"] != sentence(None, valid=True)


@pytest.mark.parametrize("cause", [*Cause, "natural-key-taken", "dead-letter", "not-connected", "never heard of"])
def test_every_cause_has_a_sentence_in_both_languages(cause: str) -> None:
    told = sentence(cause)
    assert told["vi"].endswith(".")
    assert told["en"].endswith(".")
    assert told["vi"] != told["en"]


@given(st.lists(st.text("HX.0123456789", min_size=1, max_size=35), max_size=6000))
def test_news_stay_small_however_many_recipients_there_are(codes: list[str]) -> None:
    body = news_body("accepted", "key", recipients=codes)
    assert len(body) < MAX_BODY
    value = json.loads(body)
    assert len(value["recipients"]) == min(len(codes), MAX_LISTED)
    assert value.get("recipients_count", len(codes)) == len(codes)


_LINES = st.builds(
    Line,
    organisation=st.text("HX.0123456789", min_size=1, max_size=35),
    member=st.none() | st.just("r-1"),
    role=st.sampled_from(["action", "coordination", "information"]),
    fate=st.sampled_from(Fate),
    first=st.none() | st.uuids(),
)


@given(
    cause=st.none() | st.text(max_size=20).filter(lambda text: text.isprintable()),
    key=st.none() | st.text(max_size=20).filter(lambda text: text.isprintable()),
    linked=st.none() | st.uuids(),
    lines=st.lists(_LINES, max_size=5),
)
def test_a_route_is_read_back_as_it_was_decided(
    cause: str | None, key: str | None, linked: UUID | None, lines: list[Line]
) -> None:
    route = Route(cause, key, linked, tuple(lines))
    value = json.loads(route.to_body(Source("judged", 1, 7), 2, "H01"))
    assert Route.from_body(value) == route
    assert (value["source"], value["attempt"], value["issuer"]) == (["judged", 1, 7], 2, "H01")


@given(_LINES)
def test_every_fate_but_a_repeat_has_exactly_one_state(line: Line) -> None:
    assert (line.state is None) is (line.fate is Fate.REPEATED)


@pytest.mark.parametrize("state", TransportState)
def test_rule_8_only_a_consigned_delivery_is_handed_over(state: TransportState) -> None:
    effect = hand_over(_delivery(state=state.value), {"contents": list(HASHES)})
    if state is TransportState.CONSIGNED:
        assert (effect.state, effect.told) == (TransportState.HANDED_OVER, Told.ALL)
    else:
        assert (effect.state, effect.told) == (state, Told.NOTHING)


def test_the_order_of_hashes_in_a_handover_does_not_matter() -> None:
    assert hand_over(_delivery(), {"contents": list(reversed(HASHES))}).state is TransportState.HANDED_OVER


@pytest.mark.parametrize("contents", [None, [], list(HASHES[:1]), [*HASHES, "f" * 64], "ab"])
def test_a_handover_names_exactly_what_was_delivered(contents: object) -> None:
    with pytest.raises(RejectedWork):
        hand_over(_delivery(), {"contents": contents})


@given(state=st.sampled_from(TransportState), code=st.sampled_from(["01", "02", "03", "04", "05", "06"]))
def test_rule_8_no_report_changes_the_transport_state(state: TransportState, code: str) -> None:
    assert report(_delivery(state=state.value), {"code": code, "reason": "r"}).state is state


@pytest.mark.parametrize("member", ["s-1", "other", ""])
def test_rule_8_only_the_recipients_member_may_act(member: str) -> None:
    with pytest.raises(RejectedWork):
        check_party(_delivery(), member)
    with pytest.raises(RejectedWork):
        check_party(_delivery(member=None), member)
    assert check_party(_delivery(), "r-1").recipient == "H01"


def test_a_delivery_nobody_fetches_is_told_after_one_working_day() -> None:
    friday = datetime(2026, 3, 6, 15, 30, tzinfo=VIETNAM)
    assert after_one_working_day(friday) == friday + timedelta(days=3)
