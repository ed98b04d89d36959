"""An entry of an inbox, written out: the body goes in as it is, so nothing around it may break it."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from docaxis.storage.inbox import InboxEntry


@pytest.mark.parametrize("delivery", [None, UUID(int=3)])
def test_an_entry_written_as_text_says_what_it_says_as_a_value(delivery: UUID | None) -> None:
    body = '{"document":{"subject":"V/v \\"thử\\" {nghiệm}"},"news":null}'.encode()
    at = datetime(2026, 1, 15, tzinfo=UTC)
    entry = InboxEntry("0.7", UUID(int=1), "news", UUID(int=2), 'G"99\\', delivery, 4, at, body)
    assert json.loads(entry.to_text()) == entry.to_json()
    assert entry.to_json()["body"]["document"] == {"subject": 'V/v "thử" {nghiệm}'}
