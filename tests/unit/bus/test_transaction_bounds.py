"""How long a transaction may go on: always less than the brokers give it."""

import pytest

from docaxis.bus.kafka import ORDINARY, ROUTER_TIMEOUT_MS, TRANSACTION_TIMEOUT_MS, transaction_seconds
from docaxis.bus.work import Pace
from docaxis_schemas.submission import MAX_RECIPIENTS


@pytest.mark.parametrize(
    ("records", "timeout_ms"), [(Pace().outputs, TRANSACTION_TIMEOUT_MS), (2 * MAX_RECIPIENTS + 2, ROUTER_TIMEOUT_MS)]
)
def test_our_own_bound_ends_a_transaction_before_the_brokers_do(records: int, timeout_ms: int) -> None:
    assert transaction_seconds(records) * 1000 < timeout_ms


def test_what_is_ordinary_is_what_a_stage_puts_together() -> None:
    assert Pace().outputs == ORDINARY
    assert transaction_seconds(ORDINARY + 1) > transaction_seconds(ORDINARY)
