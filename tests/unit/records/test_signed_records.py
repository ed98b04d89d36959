import copy
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey
from joserfc.registry import HeaderParameter

from docaxis_schemas.canonical import canonical
from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_schemas.submission import (
    MAX_FILES,
    Addressee,
    ContentEntry,
    FileRole,
    Heading,
    Kind,
    Manifest,
    RejectedRecord,
    read_handover,
    read_manifest,
    record_digest,
)
from docaxis_signing.receipts import (
    EvidenceKey,
    EvidenceSigner,
    PinnedKeys,
    RejectedEvidence,
    check_evidence,
    evidence_file,
    thumbprint,
)
from docaxis_signing.statements import MemberKey, MemberSigner, RejectedStatement, open_statement

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
DAY = timedelta(days=1)
MEMBER = MemberSigner.generate("m1")
AXIS = EvidenceSigner.generate("e1")
LIMIT = 1 << 20


def manifest(**changes: Any) -> dict[str, Any]:
    heading = Heading(Kind.SUBMISSION, "docaxis", "test", "so-noi-vu", "2026-15", NOW)
    content = ContentEntry(FileRole.MAIN, "Công văn.pdf", "application/pdf", 5, "a" * 64)
    value = Manifest(heading, {"subject": "Về việc thử"}, (content,), (Addressee("H20.14", None, "action"),)).to_json()
    return value | changes


def key_of(kid: str) -> MemberKey | None:
    return MemberKey("m1", MEMBER.public_jwk(), NOW - DAY, NOW + DAY) if kid == "m1" else None


def test_a_signed_manifest_opens_to_what_was_signed() -> None:
    opened = open_statement(MEMBER.sign(manifest()), key_of, at=NOW, limit=LIMIT)
    assert read_manifest(opened.payload).to_json() == manifest()
    assert opened.data == canonical(manifest())


def test_a_manifest_changed_after_signing_does_not_open() -> None:
    header, _, signature = MEMBER.sign(manifest()).split(".")
    forged = MEMBER.sign(manifest(recipients=[{"organisation": "H99", "role": "action"}])).split(".")[1]
    with pytest.raises(RejectedStatement, match="does not verify"):
        open_statement(f"{header}.{forged}.{signature}", key_of, at=NOW, limit=LIMIT)


def test_a_strangers_signature_an_unknown_key_and_an_expired_one_do_not_open() -> None:
    stranger = MemberSigner.generate("m1").sign(manifest())
    with pytest.raises(RejectedStatement, match="does not verify"):
        open_statement(stranger, key_of, at=NOW, limit=LIMIT)
    with pytest.raises(RejectedStatement, match="does not know"):
        open_statement(MemberSigner.generate("m2").sign(manifest()), key_of, at=NOW, limit=LIMIT)
    with pytest.raises(RejectedStatement, match="not valid at this time"):
        open_statement(MEMBER.sign(manifest()), key_of, at=NOW + DAY, limit=LIMIT)


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "....", "eyJhbGciOiJub25lIn0.e30.", "ấ.b.c"])
def test_what_is_no_jws_does_not_open(token: str) -> None:
    with pytest.raises(RejectedStatement):
        open_statement(token, key_of, at=NOW, limit=LIMIT)


def test_the_digest_does_not_depend_on_the_time_of_signing() -> None:
    later = manifest(time="2026-11-22T08:00:00.000000Z")
    assert record_digest(manifest()) == record_digest(later)
    assert record_digest(manifest()) != record_digest(manifest(id="2026-16"))


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"kind": "report"},
        {"extra": 1},
        {"time": "2026-11-21T08:00:00"},
        {"contents": []},
        {"contents": [{"role": "main"}]},
        {"recipients": [{"role": "action"}]},
        {"recipients": [{"organisation": "a", "group": "b", "role": "action"}]},
        {"recipients": [{"organisation": "a", "role": "boss"}]},
        {"document": []},
        {"forwarded": "yes"},
        {"id": ""},
        {"member": None},
    ],
)
def test_a_record_that_is_not_of_its_form_is_rejected(change: dict[str, Any]) -> None:
    with pytest.raises(RejectedRecord):
        read_manifest(manifest(**change))


def evidence() -> dict[str, Any]:
    record = MEMBER.sign(manifest())
    facts = {
        "record_sha256": hashlib.sha256(canonical(manifest())).hexdigest(),
        "record_key_sha256": thumbprint(MEMBER.public_jwk()),
    }
    statement = Statement(UUID(int=1), EvidenceType.SUBMISSION_RECEIVED, UUID(int=2), NOW, "so-noi-vu", None, facts)
    receipt = AXIS.sign(statement.to_bytes(axis="docaxis", environment="test"), NOW)
    return evidence_file(receipt, record=record, record_key=MEMBER.public_jwk())


def pinned(**changes: Any) -> PinnedKeys:
    key: dict[str, Any] = {
        "kid": "e1",
        "jwk": AXIS.public_jwk(),
        "valid_from": NOW - DAY,
        "valid_to": NOW + DAY,
    } | changes
    return PinnedKeys("docaxis", "test", (EvidenceKey(**key),))


def test_evidence_checks_with_pinned_keys_alone() -> None:
    checked = check_evidence(evidence(), pinned())
    assert checked.statement["type"] == "submission.received"
    assert checked.record is not None
    assert checked.record.payload["document"] == {"subject": "Về việc thử"}


def test_a_receipt_is_the_compact_jws_that_joserfc_makes() -> None:
    registry = jws.JWSRegistry({"iat": HeaderParameter("time of signing", "int")}, algorithms=["Ed25519"])
    key, at = OKPKey.import_key(AXIS.private_jwk()), datetime(2026, 3, 4, 5, 0, 0, 999_999, UTC)
    for moment in (at, at + timedelta(seconds=1)):
        header = {"alg": "Ed25519", "iat": int(moment.timestamp()), "kid": "e1", "typ": "docaxis-receipt+jws"}
        for statement in (b"{}", b"another, of the same second"):
            expected = jws.serialize_compact(header, statement, key, registry=registry)
            assert AXIS.sign(statement, moment) == expected


def test_pinned_keys_read_back() -> None:
    assert PinnedKeys.from_json(pinned().to_json()) == pinned()


def test_evidence_dated_outside_the_keys_life_fails() -> None:
    for change in ({"valid_from": NOW + DAY}, {"valid_to": NOW}):
        with pytest.raises(RejectedEvidence, match="outside the life"):
            check_evidence(evidence(), pinned(**change))


def test_evidence_of_another_axis_environment_or_key_fails() -> None:
    for other in (
        PinnedKeys("other", "test", pinned().keys),
        PinnedKeys("docaxis", "production", pinned().keys),
        PinnedKeys("docaxis", "test", ()),
        pinned(jwk=EvidenceSigner.generate("e1").public_jwk()),
    ):
        with pytest.raises(RejectedEvidence):
            check_evidence(evidence(), other)


def test_changing_any_character_of_receipt_record_or_key_fails() -> None:
    good = evidence()
    places = [("receipt",), ("record",), ("record_key", "x"), ("record_key", "y"), ("record_key", "kid")]
    for place in places:
        holder = copy.deepcopy(good)
        inner = holder
        for name in place[:-1]:
            inner = inner[name]
        text = inner[place[-1]]
        for index in range(0, len(text), max(1, len(text) // 40)):
            changed = text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]
            inner[place[-1]] = changed
            with pytest.raises(RejectedEvidence):
                check_evidence(holder, pinned())


def test_taking_the_members_record_away_fails() -> None:
    with pytest.raises(RejectedEvidence, match="missing"):
        check_evidence(evidence() | {"record": None}, pinned())


def test_a_statement_above_64_kib_is_never_made() -> None:
    facts = {"contents_sha256": ["a" * 64] * 2000}
    statement = Statement(UUID(int=1), EvidenceType.CONTENT_HANDOVER, UUID(int=2), NOW, "m", None, facts)
    with pytest.raises(ValueError, match="at most"):
        statement.to_bytes(axis="docaxis", environment="test")


@pytest.mark.parametrize(
    "contents", [[], ["ab" * 32] * 2, ["ab" * 32] * 600, ["x"], [1], [f"{n:064x}" for n in range(MAX_FILES + 1)]]
)
def test_a_hand_over_names_each_content_once(contents: list[Any]) -> None:
    """A list of repeats names the delivered set, and would make a record that is too large for the bus."""
    heading = Heading(Kind.HANDOVER, "axis", "test", "member", "1", datetime(2026, 11, 21, tzinfo=UTC))
    value = heading.to_json() | {"delivery_id": str(UUID(int=1)), "contents": contents}
    with pytest.raises(RejectedRecord):
        read_handover(value)
    assert read_handover(value | {"contents": ["ab" * 32]}).contents == ("ab" * 32,)
