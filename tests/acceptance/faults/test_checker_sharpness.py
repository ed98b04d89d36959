"""The checker of the fault runs is itself shown errors, one at a time, planted in what was seen of a good run."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from axisfaults.checker import Findings, check
from axisfaults.observation import Observation, Said

FIRST, SECOND = UUID(int=1), UUID(int=2)
RECIPIENTS = ("H97.01", "H98.14", "H99")
PAIRS = tuple((name, recipient) for name in (FIRST, SECOND) for recipient in RECIPIENTS)
SAID: tuple[Said, ...] = (
    ("submission.received", None),
    ("verdict.given", None),
    ("SubmissionAcceptance", None),
    *((kind, recipient) for kind in ("ContentConsignment", "ContentHandover") for recipient in RECIPIENTS),
)


def good() -> Observation:
    states = tuple((name, recipient, "handed_over") for name, recipient in PAIRS)
    events = tuple(UUID(int=100 + number) for number in range(6))
    return Observation(
        acknowledged={FIRST: frozenset(RECIPIENTS), SECOND: frozenset(RECIPIENTS)},
        routes=frozenset({FIRST, SECOND}),
        states=states,
        lines=states,
        inbox=PAIRS,
        records={"judged": events[:2], "evidence": events[2:], "inbox.vi-du-1": events},
        places={},
        consigned=PAIRS,
        given=dict.fromkeys(PAIRS, 1),
        receipts={FIRST: SAID, SECOND: SAID},
        rejected_receipts=(),
        timelines={FIRST: SAID, SECOND: SAID},
        dead=frozenset(),
    )


def lost(seen: Findings) -> list[str]:
    return seen.lost


def duplicated(seen: Findings) -> list[str]:
    return seen.duplicated


def contradictory(seen: Findings) -> list[str]:
    return seen.contradictory


def incomplete(seen: Findings) -> list[str]:
    return seen.incomplete


def without(said: Said) -> tuple[Said, ...]:
    return tuple(one for one in SAID if one != said)


Plant = Callable[[Observation], Observation]
PLANTS: dict[str, tuple[Plant, Callable[[Findings], list[str]]]] = {
    "never routed": (lambda seen: replace(seen, routes=frozenset({FIRST})), lost),
    "no delivery decided": (lambda seen: replace(seen, states=seen.states[1:], lines=seen.lines[1:]), lost),
    "not in the inbox": (lambda seen: replace(seen, inbox=seen.inbox[:-1]), lost),
    "not in the topic": (lambda seen: replace(seen, consigned=seen.consigned[1:]), lost),
    "never given": (lambda seen: replace(seen, given=dict.fromkeys(PAIRS[1:], 1)), lost),
    "dead letter": (lambda seen: replace(seen, dead=frozenset({SECOND})), lost),
    "twice in the inbox": (lambda seen: replace(seen, inbox=(*seen.inbox, PAIRS[0])), duplicated),
    "twice in the topic": (lambda seen: replace(seen, consigned=(*seen.consigned, PAIRS[0])), duplicated),
    "given twice": (lambda seen: replace(seen, given={**seen.given, PAIRS[0]: 2}), duplicated),
    **{
        f"an event twice in {topic}": (
            lambda seen, topic=topic: replace(  # type: ignore[misc]
                seen, records={**seen.records, topic: (*seen.records[topic], seen.records[topic][0])}
            ),
            duplicated,
        )
        for topic in ("judged", "evidence", "inbox.vi-du-1")
    },
    "two states": (lambda seen: replace(seen, states=(*seen.states, (*PAIRS[0], "refused"))), contradictory),
    "shown otherwise": (
        lambda seen: replace(seen, lines=((*PAIRS[0], "consigned"), *seen.lines[1:])),
        contradictory,
    ),
    "accepted and rejected": (
        lambda seen: replace(seen, receipts={**seen.receipts, FIRST: (*SAID, ("SubmissionRejection", None))}),
        contradictory,
    ),
    "rejected, yet delivered": (
        lambda seen: replace(
            seen,
            receipts={
                **seen.receipts,
                FIRST: (*without(("SubmissionAcceptance", None)), ("SubmissionRejection", None)),
            },
        ),
        contradictory,
    ),
    "two verdicts": (
        lambda seen: replace(seen, receipts={**seen.receipts, FIRST: (*SAID, ("verdict.given", None))}),
        contradictory,
    ),
    "consigned to a stranger": (
        lambda seen: replace(seen, receipts={**seen.receipts, FIRST: (*SAID, ("ContentConsignment", "H97.05"))}),
        contradictory,
    ),
    "consigned twice": (
        lambda seen: replace(seen, receipts={**seen.receipts, FIRST: (*SAID, ("ContentConsignment", "H99"))}),
        contradictory,
    ),
    "a receipt that does not verify": (
        lambda seen: replace(seen, rejected_receipts=("the receipt's signature does not verify",)),
        contradictory,
    ),
    "a receipt is missing": (
        lambda seen: replace(seen, receipts={**seen.receipts, SECOND: without(("ContentHandover", "H99"))}),
        incomplete,
    ),
    "a gap in the timeline": (
        lambda seen: replace(seen, timelines={**seen.timelines, SECOND: without(("verdict.given", None))}),
        incomplete,
    ),
    "twice on the timeline": (
        lambda seen: replace(seen, timelines={**seen.timelines, SECOND: (*SAID, ("ContentHandover", "H99"))}),
        incomplete,
    ),
    "not finished": (
        lambda seen: replace(
            seen,
            states=((*PAIRS[0], "consigned"), *seen.states[1:]),
            lines=((*PAIRS[0], "consigned"), *seen.lines[1:]),
        ),
        incomplete,
    ),
}


def test_a_good_run_has_no_findings() -> None:
    assert check(good()).all == []


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_error_is_found(name: str) -> None:
    plant, where = PLANTS[name]
    assert where(check(plant(good()))) != []
