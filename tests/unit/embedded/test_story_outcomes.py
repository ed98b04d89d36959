from uuid import UUID

from docaxis.embedded.story.outcome import PASSED, Outcome, Promise, Seen, no_outcome

PROMISE = Promise(PASSED, "deliver", None, {"G98": "consigned"})


def outcome(*seen: Seen, verdict: str = PASSED, facts: tuple[tuple[str, bool], ...] = ()) -> Outcome:
    return Outcome("case", "title", UUID(int=1), verdict, None, None, "deliver", seen, PROMISE, facts)


ONCE = Seen("G98", "m", "consigned", 1, 1)


def test_an_outcome_as_promised_has_no_difference() -> None:
    assert outcome(ONCE).differences == ()


def test_each_way_to_differ_is_named() -> None:
    assert "verdict" in outcome(ONCE, verdict="TOTAL-FAILED").differences[0]
    assert outcome().differences == ("G98: nothing instead of consigned",)
    assert "2 times on Kafka" in outcome(Seen("G98", "m", "consigned", 1, 2)).differences[0]
    assert "0 times over HTTP" in outcome(Seen("G98", "m", "consigned", 0, 1)).differences[0]
    assert outcome(ONCE, Seen("H99", "m", "consigned", 1, 1)).differences == ("H99: not promised",)
    assert outcome(ONCE, facts=(("a fact", False),)).differences == ("a fact",)


def test_a_case_without_an_outcome_is_a_difference() -> None:
    assert no_outcome("case", "title", "TimeoutError: ").differences == ("no outcome: TimeoutError: ",)
