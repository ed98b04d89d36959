"""Findings and verdicts as JSON, and back."""

import json
from typing import Any

import pytest

from docaxis_schemas.canonical import canonical
from docaxis_signing.plain import RejectedPlain
from docaxis_signing.verdict import DocumentFindings

World = Any


def test_findings_survive_canonical_json(world: World, pair: bytes) -> None:
    found = world.examine(pair)
    written = canonical(found.to_json())
    assert DocumentFindings.from_json(json.loads(written)) == found
    assert "Trần Đức Thịnh" in written.decode()


@pytest.mark.parametrize(
    "change",
    [{"size": "1"}, {"integrity": "fine"}, {"surprise": 1}, {"signatures": [{"field": 1}]}, {"size": True}],
    ids=["type", "value", "key", "inner", "bool"],
)
def test_what_has_another_shape_is_refused(world: World, stamped: bytes, change: dict[str, Any]) -> None:
    value = world.examine(stamped).to_json() | change
    with pytest.raises(RejectedPlain):
        DocumentFindings.from_json(value)


def test_what_lacks_a_member_is_refused(world: World, stamped: bytes) -> None:
    value = world.examine(stamped).to_json()
    del value["sha256"]
    with pytest.raises(RejectedPlain):
        DocumentFindings.from_json(value)
