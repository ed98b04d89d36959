"""Policies as files, and what they ask of signatures that hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from docaxis_signing.judgement import JudgedFile, Parties, judge_file
from docaxis_signing.policy import FilePolicy, JudgedAs, Policy, RejectedPolicy
from docaxis_signing.policy_files import FILE_POLICIES, differences, read_policy, read_set, shipped, standard
from docaxis_signing.verdict import (
    Cause,
    CertificateFacts,
    DocumentFindings,
    FileVerdict,
    Indication,
    Integrity,
    Level,
    SignatureFinding,
    SubIndication,
    TimeBasis,
)

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FACTS = CertificateFacts("Lê Văn A", "", "CA", "1", "a" * 64, NOW - 300 * DAY, NOW + 300 * DAY, None, "government")
BEST = SignatureFinding(
    field="Sig1",
    indication=Indication.TOTAL_PASSED,
    integrity=Integrity.INTACT,
    certificate=FACTS,
    level=Level.B_LTA,
    timestamp_time=NOW - DAY,
    best_time=NOW - DAY,
    time_basis=TimeBasis.TIMESTAMP,
    digest_algorithm="sha256",
    signature_algorithm="sha256_ecdsa",
    key_bits=256,
    status_issued=NOW - timedelta(hours=1),
)


def judge(rule: FilePolicy, *found: SignatureFinding, **change: object) -> FileVerdict:
    findings = DocumentFindings("f" * 64, 10, Integrity.INTACT, found or (BEST,))
    file = JudgedFile("a.pdf", JudgedAs.FILE, replace(findings, **change))  # type: ignore[arg-type]
    return judge_file(file, Policy.of_file(rule), lambda _: None, Parties(""), NOW)


@pytest.mark.parametrize("name", ["signatures", "foreign", "strict", "archive"])
def test_the_best_signature_meets_every_policy_that_asks_for_no_register(name: str) -> None:
    verdict = judge(shipped(name))
    assert (verdict.indication, verdict.cause, verdict.reasons) == (Indication.TOTAL_PASSED, None, ())


@pytest.mark.parametrize("name", ["original", "certified_copy", "appendix"])
def test_a_policy_that_asks_for_roles_passes_nobody_who_is_not_registered(name: str) -> None:
    verdict = judge(shipped(name))
    assert (verdict.indication, verdict.cause) == (Indication.INDETERMINATE, Cause.SIGNER_NOT_REGISTERED)


PADDED = {"signature_algorithm": "sha256_rsa", "key_bits": 3072}
CASES = [
    ("strict", PADDED, Cause.WEAK_ALGORITHM, SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
    ("foreign", {"digest_algorithm": "sha1"}, Cause.WEAK_ALGORITHM, SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
    ("foreign", {"key_bits": 224}, Cause.WEAK_ALGORITHM, SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
    ("foreign", PADDED | {"key_bits": 1024}, Cause.WEAK_ALGORITHM, SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
    ("strict", {"timestamp_time": None}, Cause.TIMESTAMP_MISSING, SubIndication.SIG_CONSTRAINTS_FAILURE),
    ("archive", {"level": Level.B_LT}, Cause.LEVEL_TOO_LOW, SubIndication.SIG_CONSTRAINTS_FAILURE),
    ("strict", {"level": Level.ISO32000}, Cause.LEVEL_TOO_LOW, SubIndication.SIG_CONSTRAINTS_FAILURE),
    ("strict", {"status_issued": NOW - 2 * DAY}, Cause.REVOCATION_STALE, SubIndication.TRY_LATER),
    ("archive", {"status_issued": NOW - 2 * DAY}, Cause.REVOCATION_STALE, SubIndication.TRY_LATER),
    (
        *("signatures", {"certificate": replace(FACTS, source="")}),
        *(Cause.ROOT_NOT_ADMITTED, SubIndication.CHAIN_CONSTRAINTS_FAILURE),
    ),
]


@pytest.mark.parametrize(("name", "change", "cause", "sub"), CASES, ids=lambda value: str(value)[:24])
def test_what_a_policy_asks_for_and_a_good_signature_lacks(
    name: str, change: dict[str, object], cause: Cause, sub: SubIndication
) -> None:
    verdict = judge(shipped(name), replace(BEST, **change))  # type: ignore[arg-type]
    assert (verdict.indication, verdict.cause, verdict.sub_indication) == (Indication.INDETERMINATE, cause, sub)
    assert verdict.reasons


def test_a_policy_for_one_root_refuses_the_other() -> None:
    text = shipped("foreign").text.replace(b'sources = ["government", "public"]', b'sources = ["public"]')
    assert judge(read_policy(text)).cause is Cause.ROOT_NOT_ADMITTED
    public = replace(BEST, certificate=replace(FACTS, source="public"))
    assert judge(read_policy(text), public).indication is Indication.TOTAL_PASSED


def test_every_signature_counts_where_no_role_is_asked_for() -> None:
    revoked = replace(
        BEST,
        field="Sig2",
        indication=Indication.INDETERMINATE,
        sub_indication=SubIndication.REVOKED_NO_POE,
        cause=Cause.REVOKED_BEFORE_RECEPTION,
    )
    assert judge(shipped("foreign"), BEST, revoked).cause is Cause.REVOKED_BEFORE_RECEPTION
    assert judge(shipped("foreign"), signatures=(), cause=Cause.UNSIGNED).indication is not Indication.TOTAL_PASSED


def test_a_filled_form_passes_only_where_the_policy_lets_it() -> None:
    filled = replace(BEST, integrity=Integrity.INTACT_WITH_PERMITTED_CHANGES, filled_fields=("Number",))
    assert judge(shipped("foreign"), filled).indication is Indication.TOTAL_PASSED
    assert judge(shipped("signatures"), filled).cause is Cause.FORM_FILLED
    broken = replace(BEST, integrity=Integrity.MODIFIED, indication=Indication.TOTAL_FAILED, cause=Cause.MODIFIED)
    assert judge(shipped("foreign"), broken).indication is Indication.TOTAL_FAILED


def test_what_failed_weighs_more_than_what_is_only_unproved() -> None:
    unproved = replace(*(BEST,), indication=Indication.INDETERMINATE, cause=Cause.NO_CONFIGURED_ROOT, certificate=None)
    verdict = judge(shipped("signatures"), unproved, active_content=("JavaScript",), integrity=Integrity.BROKEN)
    assert verdict.indication is Indication.INDETERMINATE
    broken = replace(BEST, integrity=Integrity.BROKEN, indication=Indication.TOTAL_FAILED, cause=Cause.BROKEN)
    verdict = judge(shipped("signatures"), unproved, broken, active_content=("JavaScript",))
    assert (verdict.indication, verdict.cause) == (Indication.TOTAL_FAILED, Cause.BROKEN)


def test_a_reason_is_told_once_with_what_the_rules_noted() -> None:
    broken = replace(
        *(BEST,),
        integrity=Integrity.BROKEN,
        indication=Indication.TOTAL_FAILED,
        cause=Cause.BROKEN,
        notes=("rule 7: two signers",),
    )
    assert judge(shipped("signatures"), broken).reasons == ("Sig1: broken (rule 7: two signers)",)


def test_every_shipped_policy_is_read_and_has_a_hash_of_its_own() -> None:
    rules = [shipped(name) for name in FILE_POLICIES]
    assert [rule.name for rule in rules] == list(FILE_POLICIES)
    assert len({rule.sha256 for rule in rules}) == len(rules)
    assert all(rule.title_vi and rule.title_en and rule.basis for rule in rules)


TEXT = shipped("original").text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'required = ["person", "seal"]', b"required = []"),
        (b'"person"', b'"dog"'),
        (b'integrity = ["intact"]', b'integrity = ["intact", "modified"]'),
        (b'integrity = ["intact"]', b"integrity = []"),
        (b"version = 1", b""),
        (b"version = 1", b"version = 0"),
        (b"version = 1", b'version = "1"'),
        (b"every = false", b"every = false\nsurprise = 1"),
        (b"[content]", b"[contents]"),
        (b"[content]", b"[content"),
        (b"rsa_bits = 2048", b"rsa_bits = 1024"),
        (b"curve_bits = 256", b"curve_bits = 192"),
        (b'"sha256", ', b'"sha1", '),
        (
            b'digests = ["sha256", "sha384", "sha512", "sha512_256", "sha3_256", "sha3_384", "sha3_512"]',
            b"digests = []",
        ),
        (b"issued_within_hours = 0", b"issued_within_hours = -1"),
        (b"timestamp = false", b"timestamp = 0"),
        (b'levels = ["ISO32000", "B-B", "B-T", "B-LT", "B-LTA"]', b"levels = []"),
        (b'sources = ["government", "public"]', b'sources = ["abroad"]'),
        (b"decides = true", b"decides = true\ndecides = false"),
        (b"name = ", b"\xff"),
    ],
)
def test_a_policy_that_is_unclear_or_asks_for_too_little_is_refused(old: bytes, new: bytes) -> None:
    assert old in TEXT
    with pytest.raises(RejectedPolicy):
        read_policy(TEXT.replace(old, new, 1))


def test_a_set_names_a_policy_for_each_role_and_its_hash_covers_them() -> None:
    text = b'name = "mine"\nversion = 1\n[roles]\noriginal = "original"\ncertified_copy = "certified_copy"\n'
    full = text + b'appendix = "appendix"\nenclosure = "enclosure"\n'
    mine = read_set(full, shipped)
    assert mine.sha256 != standard().sha256
    other = read_policy(TEXT + b"\n")
    assert read_set(full, lambda name: other if name == "original" else shipped(name)).sha256 != mine.sha256
    for broken in (text, full + b'file = "original"\n', full.replace(b'"appendix"', b'"none"'), b"[roles"):
        with pytest.raises(RejectedPolicy):
            read_set(broken, shipped)


def test_two_policies_are_compared_setting_by_setting() -> None:
    changed = read_policy(
        TEXT.replace(b"version = 1", b"version = 2").replace(b"timestamp = false", b"timestamp = true")
    )
    assert list(differences(shipped("original"), changed)) == [("time.timestamp", False, True), ("version", 1, 2)]
    assert not list(differences(changed, changed))
