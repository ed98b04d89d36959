"""When a slot's transaction is due: at once after a rest, together under load, late where nobody waits."""

from datetime import timedelta

import pytest

from docaxis.bus.hand import Hand
from docaxis.bus.port import Partition, Received
from docaxis.bus.work import Outcome, Pace


def record(number: int, offset: int) -> Received:
    return Received(Partition("judged", number), offset, b"", b"", (), 0)


def finish(hand: Hand, offset: int, now: float) -> None:
    hand.finish(hand.take(record(0, offset), now), Outcome(), now)


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


def test_what_is_in_hand_for_long_is_not_waited_for() -> None:
    hand = Hand(Pace(ordered=False, fresh=timedelta(seconds=10)))
    old = [hand.take(record(number, offset), 0.0) for number in (0, 1) for offset in (0, 1)]
    new = [hand.take(record(0, offset), 5.0) for offset in (2, 3, 4)]
    assert (hand.fresh(9.0), hand.fresh(10.0), hand.fresh(15.0)) == (7, 3, 0)
    hand.finish(new[1], Outcome(), 9.0)
    hand.finish(old[0], Outcome(), 9.0)
    assert (hand.fresh(9.0), hand.fresh(10.0), hand.fresh(15.0)) == (5, 2, 0)
