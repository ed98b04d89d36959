"""The index's rows follow from leaves and openings alone, and what does not fit them is refused."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from auditlog import certificate, verdict
from docaxis.auditor.indexing import (
    LACKS_MANIFEST,
    LONGEST,
    Disclosure,
    RejectedDisclosure,
    derive,
    serial_term,
    signer_terms,
    terms,
)
from docaxis_schemas.canonical import canonical
from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_signing.transparency.leaves import leaf, openings

NOW = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
MANIFEST = canonical({"document": {"issuer": {"code": "G99"}, "number": "15", "notation": "QĐ-TN"}})


def _opened(kind: EvidenceType, facts: dict[str, Any], recipient: str | None = None) -> tuple[bytes, Disclosure]:
    statement = Statement(UUID(int=1), kind, UUID(int=2), NOW, "so-noi-vu", recipient, facts)
    data = statement.to_bytes(axis="docaxis", environment="test")
    salts = openings(b"s" * 32, data)
    return leaf(data, salts), Disclosure(data, salts)


def _judged() -> tuple[bytes, Disclosure]:
    found = verdict(certificate(), certificate("Trần Thị Hai", "0c0d"))
    entry, disclosed = _opened(EvidenceType.VERDICT_GIVEN, {"verdict_sha256": found.sha256, "disposition": "deliver"})
    return entry, replace(disclosed, verdict=found.to_json() | {"disposition": "deliver", "verdict_sha256": "x"})


def _received() -> tuple[bytes, Disclosure]:
    facts = {"record_sha256": hashlib.sha256(MANIFEST).hexdigest(), "contents_sha256": ["ab" * 32]}
    entry, disclosed = _opened(EvidenceType.SUBMISSION_RECEIVED, facts)
    return entry, replace(disclosed, manifest=MANIFEST)


def test_a_verdict_is_found_by_its_signers() -> None:
    row = derive(7, *_judged())
    assert row["leaf_index"] == 7
    assert row["codes"] == {"disposition": "deliver"}
    assert {"serial:1a2b", "serial:c0d", "signer:mau", "signer:tran", "algorithm:sha256_rsa"} <= set(terms(row))
    assert row["lacks"] == []


def test_a_document_is_found_by_its_number_its_issuer_and_its_files() -> None:
    found = set(terms(derive(7, *_received())))
    assert found == {"number:15", "number:15/qd-tn", "organisation:g99", f"content:{'ab' * 32}"}


def test_what_is_no_longer_kept_is_told_and_not_made_up() -> None:
    entry, disclosed = _judged()
    row = derive(7, entry, replace(disclosed, verdict=None))
    assert (row["lacks"], row["signatures"]) == (["verdict"], [])
    entry, disclosed = _received()
    row = derive(7, entry, replace(disclosed, manifest=None))
    assert (row["lacks"], row["document"]) == (["manifest"], None)
    assert terms(row) == [f"content:{'ab' * 32}", LACKS_MANIFEST], "its files stand in the statement itself"


def test_a_shredded_leaf_shows_its_codes_only() -> None:
    entry, _ = _judged()
    row = derive(7, entry, None)
    assert (row["open"], row["codes"], terms(row)) == (False, {"disposition": "deliver"}, [])
    assert "submission_id" not in row


def test_nothing_else_than_what_the_leaf_commits_to_is_taken() -> None:
    judged, opened = _judged()
    received, handed = _received()
    other = replace(verdict(certificate("Người Khác")), policy="axis/1").to_json()
    wrong: list[tuple[bytes, Disclosure]] = [
        (received, opened),
        (judged, replace(opened, statement=opened.statement.replace(b"so-noi-vu", b"so-noi-vo"))),
        (judged, replace(opened, salts={name: bytes(32) for name in opened.salts})),
        (judged, replace(opened, salts={})),
        (judged, replace(opened, statement=b"[]")),
        (judged, replace(opened, verdict=other)),
        (received, replace(handed, manifest=MANIFEST + b" ")),
    ]
    for entry, disclosed in wrong:
        with pytest.raises(RejectedDisclosure):
            derive(7, entry, disclosed)


def test_no_term_is_too_long_for_its_index_and_each_is_found_all_the_same() -> None:
    """A certificate that anybody made may name its holder by 20 kB without a space, and have any serial number."""
    name, serial = "".join(chr(0x1E00 + n % 256) for n in range(0, 70_000, 7)), "7f" * 3000
    held = replace(certificate(name), serial=serial)
    found = verdict(held)
    facts = {"verdict_sha256": found.sha256, "disposition": "refuse"}
    entry, disclosed = _opened(EvidenceType.VERDICT_GIVEN, facts)
    listed = terms(derive(7, entry, replace(disclosed, verdict=found.to_json())))
    assert {*signer_terms(name), serial_term(serial)} <= set(listed)
    assert max(len(term.encode()) for term in listed) <= LONGEST + len("certificate:")
    assert signer_terms(name) != signer_terms(name + "x")


def test_terms_are_the_same_however_they_are_typed() -> None:
    assert serial_term("00:1A:2B") == serial_term("1a2b") == "serial:1a2b"
    assert signer_terms("NGUYỄN  Văn-Mẫu") == signer_terms("nguyen van mau")
