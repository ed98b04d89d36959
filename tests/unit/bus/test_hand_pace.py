"""When a slot's transaction is due: at once after a rest, together under load, late where nobody waits."""

from datetime import timedelta

import pytest

from docaxis.bus.hand import Hand
from docaxis.bus.port import Partition, Received
from docaxis.bus.work import Outcome, Pace


def finish(hand: Hand, offset: int, now: float) -> None:
    record = Received(Partition("judged", 0), offset, b"", b"", (), 0)
    hand.finish(hand.take(record, now), Outcome(), now)


def commit(hand: Hand, now: float) -> None:
    hand.next_batch(100)
    hand.committing(now)


def test_the_first_after_a_rest_is_due_at_once_and_the_next_waits_for_the_spacing() -> None:
    hand = Hand(Pace(spacing=timedelta(seconds=0.25)))
    finish(hand, 1, 10.0)
    assert hand.due_in(10.0, hurry=False) == 0
    commit(hand, 10.0)
    finish(hand, 2, 10.1)
    assert hand.due_in(10.1, hurry=False) == pytest.approx(0.15)
    assert hand.due_in(10.25, hurry=False) == 0


def test_enough_finished_records_do_not_wait_for_the_spacing() -> None:
    hand = Hand(Pace(spacing=timedelta(seconds=5), gather=3))
    commit(hand, 10.0)
    for offset in (1, 2):
        finish(hand, offset, 10.1)
    assert hand.due_in(10.1, hurry=False) == pytest.approx(4.9)
    finish(hand, 3, 10.1)
    assert hand.due_in(10.1, hurry=False) == 0


def test_a_held_record_waits_even_at_rest_but_not_at_a_stop() -> None:
    hand = Hand(Pace(hold=timedelta(seconds=1)))
    finish(hand, 1, 10.0)
    finish(hand, 2, 10.9)
    assert hand.due_in(10.9, hurry=False) == pytest.approx(0.1)
    assert hand.due_in(10.9, hurry=True) == 0
