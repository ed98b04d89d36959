"""What the log shows of a statement, and what it does not."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from docaxis_schemas.canonical import canonical
from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_signing.transparency.leaves import commit, leaf, openings, sealed
from docaxis_signing.transparency.problems import RejectedLeaf

SUBMISSION = UUID("1d6f2c1e-58a1-5b0e-8f55-0a4c0f1d2e3b")
SECRET, OTHER = b"\x11" * 32, b"\x12" * 32


def _statement(event: str = "one", recipient: str | None = "H37.02") -> bytes:
    facts = {"contents_sha256": "ab" * 32, "delivery_id": str(SUBMISSION), "disposition": "deliver", "version": 3}
    at = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
    kind = EvidenceType.CONTENT_CONSIGNMENT
    statement = Statement(uuid5(SUBMISSION, event), kind, SUBMISSION, at, "so-noi-vu", recipient, facts)
    return statement.to_bytes(axis="docaxis", environment="test")


def test_nothing_that_identifies_anybody_is_in_a_leaf() -> None:
    statement = _statement()
    text = leaf(statement, openings(SECRET, statement)).decode()
    value = json.loads(statement)
    for secret in (value["event_id"], str(SUBMISSION), "so-noi-vu", "H37.02", "ab" * 32, value["facts"]["delivery_id"]):
        assert secret not in text
    shown = json.loads(text)
    assert shown["codes"] == {"disposition": "deliver", "version": 3}
    assert (shown["type"], shown["time"]) == (value["type"], value["time"])
    assert shown["commitments"].keys() == {
        *("event_id", "submission_id", "member", "recipient", "facts.contents_sha256", "facts.delivery_id")
    }


def test_a_leaf_is_canonical_and_the_same_each_time() -> None:
    statement = _statement()
    data = leaf(statement, openings(SECRET, statement))
    assert data == leaf(statement, openings(SECRET, statement)) == canonical(json.loads(data))


def test_a_statement_that_was_read_already_gets_the_same_leaf() -> None:
    for statement in (_statement(), _statement(recipient=None)):
        assert sealed(SECRET, json.loads(statement)) == leaf(statement, openings(SECRET, statement))


def test_salts_are_hkdf_of_the_secret_the_event_and_the_field() -> None:
    statement = _statement()
    event = UUID(json.loads(statement)["event_id"]).bytes
    derived = HKDF(SHA256(), 32, salt=event, info=b"docaxis salt v1\x00member").derive(SECRET)
    assert openings(SECRET, statement)["member"] == derived


def test_openings_of_one_event_open_no_other() -> None:
    one, other = _statement("one"), _statement("two")
    mine, theirs = openings(SECRET, one), openings(SECRET, other)
    assert not set(mine.values()) & set(theirs.values())
    assert not set(mine.values()) & set(openings(OTHER, one).values())


def test_a_commitment_is_to_one_field_and_one_value() -> None:
    salt = b"\x07" * 32
    found = {commit("member", salt, "a"), commit("member", salt, "b"), commit("recipient", salt, "a")}
    assert len(found | {commit("member", b"\x08" * 32, "a")}) == 4


def test_a_value_without_a_recipient_commits_to_none() -> None:
    statement = _statement(recipient=None)
    assert "recipient" not in json.loads(leaf(statement, openings(SECRET, statement)))["commitments"]


@pytest.mark.parametrize("change", ["missing", "extra", "short"])
def test_openings_of_another_statement_are_refused(change: str) -> None:
    statement = _statement()
    salts = openings(SECRET, statement)
    if change == "missing":
        salts.pop("member")
    elif change == "extra":
        salts["facts.more"] = bytes(32)
    else:
        salts["member"] = bytes(31)
    with pytest.raises(RejectedLeaf):
        leaf(statement, salts)


def test_an_entry_is_small_and_one_too_large_is_refused() -> None:
    facts = {"contents_sha256": ["ab" * 32] * 900, "cause": "x" * 1000}
    at = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
    statement = Statement(SUBMISSION, EvidenceType.STATUS_REPORTED, SUBMISSION, at, "m", None, facts)
    data = statement.to_bytes(axis="docaxis", environment="test")
    assert len(leaf(data, openings(SECRET, data))) < 2500
    many = {f"f{number}": number for number in range(1000)}
    data = Statement(SUBMISSION, EvidenceType.STATUS_REPORTED, SUBMISSION, at, "m", None, many).to_bytes(
        axis="docaxis", environment="test"
    )
    with pytest.raises(RejectedLeaf, match="at most"):
        leaf(data, openings(SECRET, data))
