"""Whether records of one key wait for one another."""

import pytest

from docaxis.bus.hand import Hand
from docaxis.bus.port import Partition, Received
from docaxis.bus.work import Outcome, Pace


@pytest.mark.parametrize("ordered", [True, False])
def test_records_of_one_key_wait_only_where_order_is_wanted(ordered: bool) -> None:  # noqa: FBT001
    hand = Hand(Pace(ordered=ordered))
    first, second = (
        hand.take(Received(Partition("evidence", 0), offset, b"key", b"", (), 0), 0.0) for offset in (1, 2)
    )
    assert (second.before is first) is ordered
    hand.finish(first, Outcome(), 0.0)
    hand.finish(second, Outcome(), 0.0)
    assert len(hand.next_batch(10)) == 2
