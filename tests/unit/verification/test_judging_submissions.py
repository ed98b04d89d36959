"""Policies applied to findings: who has to sign what, in which order, and what the register says of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from docaxis_signing.disposition import Disposition, decide
from docaxis_signing.judgement import (
    Basis,
    JudgedFile,
    Parties,
    RegisteredCertificate,
    judge_file,
    judge_submission,
)
from docaxis_signing.policy import JudgedAs, SignerRole
from docaxis_signing.policy_files import standard
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
    SubmissionVerdict,
    TimeBasis,
)

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
POLICY = standard()
PARTIES = Parties(issuer="H98.14")
BASIS = Basis("t" * 64, 7, NOW, ("pyHanko 0.38.0",))

REGISTER = {
    entry.certificate_sha256: entry
    for entry in (
        RegisteredCertificate("leader", SignerRole.PERSON, "H98.14", NOW - YEAR),
        RegisteredCertificate("seal", SignerRole.SEAL, "H98.14", NOW - YEAR),
        RegisteredCertificate("other-leader", SignerRole.PERSON, "H99", NOW - YEAR),
        RegisteredCertificate("other-seal", SignerRole.SEAL, "H99", NOW - YEAR),
        RegisteredCertificate("old-seal", SignerRole.SEAL, "H98.14", NOW - 2 * YEAR, NOW - YEAR),
    )
}


def signed(certificate: str, revision: int, **change: object) -> SignatureFinding:
    facts = CertificateFacts(certificate, "", "CA", "1", certificate, NOW - YEAR, NOW + YEAR, source="government")
    finding = SignatureFinding(
        field=f"Sig{revision}",
        indication=Indication.TOTAL_PASSED,
        integrity=Integrity.INTACT,
        revision=revision,
        certificate=facts,
        level=Level.B_T,
        timestamp_time=NOW,
        best_time=NOW,
        time_basis=TimeBasis.TIMESTAMP,
        digest_algorithm="sha256",
        signature_algorithm="rsassa_pss",
        key_bits=2048,
        status_issued=NOW - timedelta(hours=1),
    )
    return replace(finding, **change)  # type: ignore[arg-type]


def failed(certificate: str, revision: int, cause: Cause, sub_indication: SubIndication) -> SignatureFinding:
    return signed(
        certificate, revision, indication=Indication.INDETERMINATE, cause=cause, sub_indication=sub_indication
    )


def findings(*signatures: SignatureFinding, **change: object) -> DocumentFindings:
    made = DocumentFindings("f" * 64, 1000, Integrity.INTACT, signatures, pages=1, revocation_lists=("c" * 64,))
    return replace(made, **change)  # type: ignore[arg-type]


def judge(
    *signatures: SignatureFinding, role: JudgedAs = JudgedAs.ORIGINAL, parties: Parties = PARTIES, **change: object
) -> FileVerdict:
    return judge_file(JudgedFile("main.pdf", role, findings(*signatures, **change)), POLICY, REGISTER.get, parties, NOW)


def assert_cause(verdict: FileVerdict, cause: Cause) -> None:
    assert verdict.cause is cause, verdict
    assert verdict.indication is not Indication.TOTAL_PASSED
    assert verdict.reasons


def test_an_original_signed_by_a_person_and_then_sealed_passes() -> None:
    verdict = judge(signed("leader", 1), signed("seal", 2))
    assert (verdict.indication, verdict.cause, verdict.sub_indication) == (Indication.TOTAL_PASSED, None, None)


def test_initials_before_the_leader_are_reported_and_do_not_decide() -> None:
    initials = failed("unknown", 1, Cause.NO_CONFIGURED_ROOT, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    verdict = judge(initials, signed("leader", 2), signed("seal", 3))
    assert verdict.indication is Indication.TOTAL_PASSED
    assert "no_configured_root" in " ".join(verdict.reasons)


@pytest.mark.parametrize(
    ("signatures", "cause"),
    [
        ((signed("seal", 1),), Cause.PERSON_SIGNATURE_MISSING),
        ((signed("leader", 1),), Cause.SEAL_MISSING),
        ((signed("seal", 1), signed("leader", 2)), Cause.WRONG_ORDER),
        ((signed("leader", 1), signed("other-seal", 2)), Cause.SEAL_OF_ANOTHER_ORGANISATION),
        ((signed("other-leader", 1), signed("seal", 2)), Cause.PERSON_SIGNATURE_MISSING),
        ((signed("leader", 1), signed("unknown", 2)), Cause.SIGNER_NOT_REGISTERED),
        ((signed("leader", 1), signed("old-seal", 2)), Cause.SIGNER_NOT_REGISTERED),
        ((signed("leader", 1), signed("seal", 2), signed("unknown", 3)), Cause.WRONG_ORDER),
        ((signed("leader", 1), signed("seal", 2), signed("other-seal", 3)), Cause.WRONG_ORDER),
        ((), Cause.UNSIGNED),
    ],
)
def test_what_an_original_needs(signatures: tuple[SignatureFinding, ...], cause: Cause) -> None:
    verdict = judge(*signatures)
    assert_cause(verdict, cause)
    assert decide(verdict.indication, verdict.sub_indication, verdict.cause) is Disposition.REFUSE


@pytest.mark.parametrize(
    ("cause", "sub_indication", "disposition"),
    [
        (Cause.REVOKED_BEFORE_RECEPTION, SubIndication.REVOKED_NO_POE, Disposition.REFUSE),
        (Cause.NO_CONFIGURED_ROOT, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, Disposition.REFUSE),
        (Cause.REVOCATION_STALE, SubIndication.TRY_LATER, Disposition.HOLD),
        (Cause.REVOCATION_MISSING, SubIndication.TRY_LATER, Disposition.HOLD),
        (Cause.TIMESTAMP_UNTRUSTED, SubIndication.SIG_CONSTRAINTS_FAILURE, Disposition.DELIVER_WITH_WARNING),
    ],
)
@pytest.mark.parametrize("which", ["leader", "seal"])
def test_a_required_signature_that_fails_gives_its_cause(
    which: str, cause: Cause, sub_indication: SubIndication, disposition: Disposition
) -> None:
    pair = {"leader": signed("leader", 1), "seal": signed("seal", 2)}
    pair[which] = failed(which, pair[which].revision, cause, sub_indication)
    verdict = judge(*pair.values())
    assert_cause(verdict, cause)
    assert decide(verdict.indication, verdict.sub_indication, verdict.cause) is disposition


def test_the_gravest_of_two_causes_decides() -> None:
    stale = (Cause.REVOCATION_STALE, SubIndication.TRY_LATER)
    revoked = (Cause.REVOKED_BEFORE_RECEPTION, SubIndication.REVOKED_NO_POE)
    for first, second in permutations((stale, revoked)):
        verdict = judge(failed("leader", 1, *first), failed("seal", 2, *second))
        assert_cause(verdict, Cause.REVOKED_BEFORE_RECEPTION)
        assert len(verdict.reasons) >= 2


def test_an_earlier_good_seal_does_not_stand_in_for_a_last_one_that_fails() -> None:
    last = failed("seal", 3, Cause.REVOKED_BEFORE_RECEPTION, SubIndication.REVOKED_NO_POE)
    assert_cause(judge(signed("leader", 1), signed("seal", 2), last), Cause.REVOKED_BEFORE_RECEPTION)


def test_one_good_and_one_broken_signature_never_pass() -> None:
    broken = signed(
        "unknown",
        1,
        indication=Indication.TOTAL_FAILED,
        integrity=Integrity.BROKEN,
        cause=Cause.BROKEN,
        sub_indication=SubIndication.HASH_FAILURE,
    )
    verdict = judge(broken, signed("leader", 2), signed("seal", 3), integrity=Integrity.BROKEN)
    assert (verdict.indication, verdict.cause) == (Indication.TOTAL_FAILED, Cause.BROKEN)


def test_a_broken_document_time_stamp_fails_the_document() -> None:
    stamp = signed(
        "tsa",
        3,
        document_timestamp=True,
        indication=Indication.TOTAL_FAILED,
        integrity=Integrity.BROKEN,
        cause=Cause.BROKEN,
        sub_indication=SubIndication.HASH_FAILURE,
    )
    assert_cause(judge(signed("leader", 1), signed("seal", 2), stamp), Cause.BROKEN)


def test_a_form_filled_after_signing_refuses_an_original() -> None:
    seal = signed("seal", 2, integrity=Integrity.INTACT_WITH_PERMITTED_CHANGES, filled_fields=("Number",))
    verdict = judge(signed("leader", 1), seal)
    assert_cause(verdict, Cause.FORM_FILLED)
    assert "Number" in verdict.reasons[0]


def test_scripts_refuse_an_original_and_embedded_files_do_not() -> None:
    pair = (signed("leader", 1), signed("seal", 2))
    assert_cause(judge(*pair, active_content=("JavaScript",)), Cause.ACTIVE_CONTENT)
    assert judge(*pair, active_content=("EmbeddedFiles",)).indication is Indication.TOTAL_PASSED


def test_the_joint_issuers_seal_may_follow_the_issuers() -> None:
    joint = Parties(issuer="H98.14", joint_issuers=("H99",))
    trio = (signed("leader", 1), signed("seal", 2), signed("other-seal", 3))
    assert judge(*trio, parties=joint).indication is Indication.TOTAL_PASSED
    assert_cause(judge(*trio), Cause.WRONG_ORDER)
    both = (signed("other-leader", 1), signed("leader", 2), signed("other-seal", 3), signed("seal", 4))
    assert judge(*both, parties=joint).indication is Indication.TOTAL_PASSED


def test_a_certified_copy_needs_the_seal_of_who_certifies_it() -> None:
    copier = Parties(issuer="H99", copier="H98.14")
    role = JudgedAs.CERTIFIED_COPY
    assert judge(signed("seal", 1), role=role, parties=copier).indication is Indication.TOTAL_PASSED
    assert_cause(judge(signed("other-seal", 1), role=role, parties=copier), Cause.SEAL_OF_ANOTHER_ORGANISATION)


def test_an_appendix_needs_the_issuers_seal_only() -> None:
    assert judge(signed("seal", 1), role=JudgedAs.APPENDIX).indication is Indication.TOTAL_PASSED
    assert_cause(judge(signed("other-seal", 1), role=JudgedAs.APPENDIX), Cause.SEAL_OF_ANOTHER_ORGANISATION)


def test_a_file_that_cannot_be_read_fails_with_its_cause() -> None:
    verdict = judge(cause=Cause.ENCRYPTED, sub_indication=SubIndication.FORMAT_FAILURE, notes=("encrypted",))
    assert (verdict.indication, verdict.cause) == (Indication.TOTAL_FAILED, Cause.ENCRYPTED)
    verdict = judge(cause=Cause.RESOURCE_LIMIT, sub_indication=SubIndication.FORMAT_FAILURE, notes=("too large",))
    assert (verdict.indication, verdict.cause) == (Indication.INDETERMINATE, Cause.RESOURCE_LIMIT)


def submission(*files: tuple[JudgedAs, DocumentFindings]) -> SubmissionVerdict:
    judged = [JudgedFile(f"{number}.pdf", role, found) for number, (role, found) in enumerate(files)]
    return judge_submission(judged, POLICY, REGISTER.get, PARTIES, BASIS)


GOOD = findings(signed("leader", 1), signed("seal", 2))


def test_an_enclosure_is_reported_and_never_decides() -> None:
    verdict = submission((JudgedAs.ORIGINAL, GOOD), (JudgedAs.ENCLOSURE, findings(cause=Cause.UNSIGNED)))
    assert verdict.indication is Indication.TOTAL_PASSED
    assert verdict.files[1].cause is Cause.UNSIGNED


def test_enclosures_alone_are_no_submission() -> None:
    assert submission((JudgedAs.ENCLOSURE, GOOD)).indication is Indication.INDETERMINATE
    assert submission().cause is Cause.UNSIGNED


def test_an_appendix_that_fails_fails_the_submission() -> None:
    verdict = submission((JudgedAs.ORIGINAL, GOOD), (JudgedAs.APPENDIX, findings(signed("leader", 1))))
    assert verdict.cause is Cause.SEAL_MISSING
    assert verdict.reasons[-1].startswith("1.pdf: ")


def test_a_verdict_survives_its_json_and_names_its_basis() -> None:
    verdict = submission((JudgedAs.ORIGINAL, GOOD))
    assert SubmissionVerdict.from_json(verdict.to_json()) == verdict
    assert verdict.policy == "standard/2"
    assert verdict.policy_sha256 == POLICY.sha256
    assert (verdict.revocation_epoch, verdict.revocation_lists) == (7, ("c" * 64,))
    assert verdict.time_basis is TimeBasis.TIMESTAMP


@pytest.mark.parametrize(
    "change",
    [
        {"policy_sha256": "0" * 64},
        {"trust_store_sha256": "0" * 64},
        {"revocation_lists": ("0" * 64,)},
        {"validation_time": NOW + timedelta(seconds=1)},
        {"indication": Indication.INDETERMINATE},
        {"cause": Cause.MODIFIED},
        {"files": ()},
        {"time_basis": TimeBasis.RECEPTION},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_hash_changes_with_everything_the_verdict_rests_on(change: dict[str, object]) -> None:
    verdict = submission((JudgedAs.ORIGINAL, GOOD))
    assert replace(verdict, **change).sha256 != verdict.sha256  # type: ignore[arg-type]


def test_the_hash_is_the_same_on_another_machine() -> None:
    verdict = submission((JudgedAs.ORIGINAL, GOOD))
    assert replace(verdict, revocation_epoch=99, engines=("another",)).sha256 == verdict.sha256
