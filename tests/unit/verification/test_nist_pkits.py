"""NIST's path validation suite (PKITS 1.0.1) through our own ingestion and selection of lists, and certvalidator.

All 180 authorities are configured in one trust store and all 173 lists are offered to it, as an operator would; nothing
is prepared for a single test. The documented verdict is in the name of each certificate, but for the tests of section
4.8 and 4.12.3, whose verdict depends on the initial policies. What differs from the document is listed with its reason,
is always the stricter answer, and is asserted to differ, so that the list stays true.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import cryptography_vectors
import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError
from pyhanko_certvalidator.policy_decl import PKIXValidationParams

from docaxis_signing.trust.context import validation_context
from docaxis_signing.trust.issuing import NotIssued, verify_issued
from docaxis_signing.trust.lists import RejectedRevocationList, ingest
from docaxis_signing.trust.revocation import RevocationSnapshot, Status, status_of
from docaxis_signing.trust.store import SIGNER, ConfiguredAuthority, RejectedTrustStore, TrustStore

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")

SUITE: Final = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
MOMENT: Final = datetime(2020, 6, 1, tzinfo=UTC)
ANCHOR: Final = "TrustAnchorRootCertificate"
FIRST, SECOND, THIRD, SIXTH = (f"2.16.840.1.101.3.2.1.48.{number}" for number in (1, 2, 3, 6))

NOT_VALIDATED_HERE: Final = {
    "dsa": "DSA is no algorithm of circular 15/2025",
    "indirect": "indirect lists are refused: no Vietnamese authority issues them, and they let one speak for others",
    "reasons": "lists of some reasons only are refused: absence from one proves nothing",
    "delta": "deltas are not read, and a list that has one beside it is not complete without it",
    "relative": "distribution points named relative to their issuer are refused",
    "list-key": "a key that signs lists and no certificates cannot be configured",
}
DEVIATIONS: Final = {
    "ValidDSASignaturesTest4EE": "dsa",
    "ValidDSAParameterInheritanceTest5EE": "dsa",
    "ValidSeparateCertificateandCRLKeysTest19EE": "list-key",
    "ValidBasicSelfIssuedCRLSigningKeyTest6EE": "list-key",
    "ValiddistributionPointTest4EE": "relative",
    "ValiddistributionPointTest5EE": "relative",
    "ValiddistributionPointTest7EE": "relative",
    "ValidonlySomeReasonsTest18EE": "reasons",
    "ValidonlySomeReasonsTest19EE": "reasons",
    "ValidIDPwithindirectCRLTest22EE": "indirect",
    "ValidIDPwithindirectCRLTest24EE": "indirect",
    "ValidIDPwithindirectCRLTest25EE": "indirect",
    "ValidcRLIssuerTest28EE": "indirect",
    "ValidcRLIssuerTest29EE": "indirect",
    "ValidcRLIssuerTest30EE": "indirect",
    "ValidcRLIssuerTest33EE": "indirect",
    "ValiddeltaCRLTest2EE": "delta",
    "ValiddeltaCRLTest5EE": "delta",
    "ValiddeltaCRLTest7EE": "delta",
    "ValiddeltaCRLTest8EE": "delta",
}

LISTS_FROM: Final = {
    # After a change of keys these authorities keep one list for both keys (4.5, and the self-issued ones elsewhere).
    "BasicSelfIssuedNewKeyOldWithNewCACert": "BasicSelfIssuedNewKeyCACert",
    "BasicSelfIssuedOldKeyCACert": "BasicSelfIssuedOldKeyNewWithOldCACert",
    "inhibitAnyPolicy1SelfIssuedCACert": "inhibitAnyPolicy1CACert",
    "inhibitAnyPolicy1SelfIssuedsubCA2Cert": "inhibitAnyPolicy1subCA2Cert",
    "inhibitPolicyMapping1P1SelfIssuedCACert": "inhibitPolicyMapping1P1CACert",
    "inhibitPolicyMapping1P1SelfIssuedsubCACert": "inhibitPolicyMapping1P1subCACert",
    "nameConstraintsDN1SelfIssuedCACert": "nameConstraintsDN1CACert",
    "pathLenConstraint0SelfIssuedCACert": "pathLenConstraint0CACert",
    "pathLenConstraint1SelfIssuedCACert": "pathLenConstraint1CACert",
    "pathLenConstraint1SelfIssuedsubCACert": "pathLenConstraint1subCACert",
    "requireExplicitPolicy2SelfIssuedCACert": "requireExplicitPolicy2CACert",
    "requireExplicitPolicy2SelfIssuedsubCACert": "requireExplicitPolicy2subCACert",
}


@dataclass(frozen=True)
class Suite:
    trust: TrustStore
    lists: RevocationSnapshot
    refused_authorities: dict[str, str]
    refused_lists: dict[str, str]


@pytest.fixture(scope="module")
def suite() -> Suite:
    trust, refused_authorities = _trust()
    snapshot, refused_lists = RevocationSnapshot(), {}
    for path in sorted((SUITE / "crls").iterdir()):
        der, reasons = path.read_bytes(), set()
        for authority in trust.authorities:
            try:
                snapshot = snapshot.advance(ingest(trust, authority.name, der, now=MOMENT))
                break
            except RejectedRevocationList as error:
                reasons.add(str(error).partition(": ")[2])
        else:
            refused_lists[path.stem] = ", ".join(sorted(reasons - {"the list names another issuer"}))
    return Suite(trust, snapshot, refused_authorities, refused_lists)


def _trust() -> tuple[TrustStore, dict[str, str]]:
    loaded, refused = {}, {}
    for path in sorted((SUITE / "certs").iterdir()):
        if path.stem.endswith("EE"):
            continue
        try:
            loaded[path.stem] = x509.load_der_x509_certificate(path.read_bytes())
        except ValueError as error:
            refused[path.stem] = str(error)
    accepted = [_configured(ANCHOR, None)]
    issuers = {name: next(_issuers(name, loaded), None) for name in loaded}
    waiting = [name for name in loaded if name != ANCHOR]
    while waiting:
        names = {item.name for item in accepted}
        ready = [name for name in waiting if issuers[name] in names]
        for name in ready:
            candidate = _configured(name, issuers[name])
            try:
                TrustStore.of(*accepted, candidate)
            except RejectedTrustStore as error:
                refused[name] = str(error)
            else:
                accepted.append(candidate)
        refused |= {} if ready else dict.fromkeys(waiting, "no issuer")
        waiting = [name for name in waiting if name not in ready] if ready else []
    return TrustStore.of(*(replace(item, lists_from=LISTS_FROM.get(item.name)) for item in accepted)), refused


def _configured(name: str, issuer: str | None) -> ConfiguredAuthority:
    der = (SUITE / "certs" / f"{name}.crt").read_bytes()
    return ConfiguredAuthority(name, der, frozenset({SIGNER}), issuer, "" if issuer else "government")


def _issuers(name: str, loaded: dict[str, x509.Certificate]) -> Iterator[str]:
    for other, certificate in loaded.items():
        try:
            verify_issued(loaded[name], certificate)
        except NotIssued:
            continue
        if other != name:
            yield other


def is_accepted(suite: Suite, der: bytes, **policies: Any) -> bool:
    """The path as certvalidator sees it, and every certificate on it good by our own look at the lists."""
    context = validation_context(suite.trust, suite.lists, purpose=SIGNER, moment=MOMENT, at=MOMENT)
    validator = CertificateValidator(
        asn1_x509.Certificate.load(der), validation_context=context, pkix_params=PKIXValidationParams(**policies)
    )
    try:
        asyncio.run(validator.async_validate_path())
    except (PathValidationError, PathBuildingError, ValueError):
        return False
    certificate = x509.load_der_x509_certificate(der)
    for authority in suite.trust.chain_of(certificate, SIGNER) or ():
        if status_of(certificate, authority, suite.lists, at=MOMENT).status is not Status.GOOD:
            return False
        certificate = authority.certificate
    return True


def certificates(prefix: str) -> list[str]:
    return sorted(path.stem for path in (SUITE / "certs").glob(f"{prefix}*EE.crt"))


def of(name: str) -> bytes:
    return (SUITE / "certs" / f"{name}.crt").read_bytes()


@pytest.mark.parametrize("name", certificates("Invalid"))
def test_what_is_documented_as_invalid_is_refused(suite: Suite, name: str) -> None:
    assert not is_accepted(suite, of(name))


@pytest.mark.parametrize("name", [name for name in certificates("Valid") if name not in DEVIATIONS])
def test_what_is_documented_as_valid_is_accepted(suite: Suite, name: str) -> None:
    policies = {"user_initial_policy_set": frozenset({SECOND})} if name == "ValidPolicyMappingTest3EE" else {}
    assert is_accepted(suite, of(name), **policies)


@pytest.mark.parametrize(("name", "reason"), DEVIATIONS.items())
def test_what_is_refused_though_documented_as_valid(suite: Suite, name: str, reason: str) -> None:
    assert reason in NOT_VALIDATED_HERE
    assert not is_accepted(suite, of(name))


EXPLICIT: Final = {"initial_explicit_policy": True}
NO_MAPPING: Final = {"initial_policy_mapping_inhibit": True}
NO_ANY_POLICY: Final = {"initial_any_policy_inhibit": True}


def wanting(*policies: str, **more: bool) -> dict[str, Any]:
    return {"user_initial_policy_set": frozenset(policies)} | more


POLICIES: Final[list[tuple[str, dict[str, Any], bool]]] = [
    ("ValidCertificatePathTest1EE", EXPLICIT, True),
    ("ValidCertificatePathTest1EE", wanting(FIRST, **EXPLICIT), True),
    ("ValidCertificatePathTest1EE", wanting(SECOND, **EXPLICIT), False),
    ("ValidCertificatePathTest1EE", wanting(FIRST, SECOND, **EXPLICIT), True),
    ("AllCertificatesNoPoliciesTest2EE", {}, True),
    ("AllCertificatesNoPoliciesTest2EE", EXPLICIT, False),
    ("DifferentPoliciesTest3EE", {}, True),
    ("DifferentPoliciesTest3EE", EXPLICIT, False),
    ("DifferentPoliciesTest3EE", wanting(FIRST, SECOND, **EXPLICIT), False),
    ("DifferentPoliciesTest4EE", {}, False),
    ("DifferentPoliciesTest5EE", {}, False),
    ("OverlappingPoliciesTest6EE", {}, True),
    ("OverlappingPoliciesTest6EE", wanting(FIRST), True),
    ("OverlappingPoliciesTest6EE", wanting(SECOND), False),
    ("DifferentPoliciesTest7EE", {}, False),
    ("DifferentPoliciesTest8EE", {}, False),
    ("DifferentPoliciesTest9EE", {}, False),
    ("AllCertificatesSamePoliciesTest10EE", {}, True),
    ("AllCertificatesSamePoliciesTest10EE", wanting(FIRST), True),
    ("AllCertificatesSamePoliciesTest10EE", wanting(SECOND), True),
    ("AllCertificatesanyPolicyTest11EE", {}, True),
    ("AllCertificatesanyPolicyTest11EE", wanting(FIRST), True),
    ("DifferentPoliciesTest12EE", {}, False),
    ("AllCertificatesSamePoliciesTest13EE", wanting(FIRST), True),
    ("AllCertificatesSamePoliciesTest13EE", wanting(SECOND), True),
    ("AllCertificatesSamePoliciesTest13EE", wanting(THIRD), True),
    ("AnyPolicyTest14EE", wanting(FIRST), True),
    ("AnyPolicyTest14EE", wanting(SECOND), False),
    ("UserNoticeQualifierTest15EE", {}, True),
    ("UserNoticeQualifierTest16EE", {}, True),
    ("UserNoticeQualifierTest17EE", {}, True),
    ("UserNoticeQualifierTest18EE", wanting(FIRST), True),
    ("UserNoticeQualifierTest18EE", wanting(SECOND), True),
    ("UserNoticeQualifierTest19EE", {}, True),
    ("CPSPointerQualifierTest20EE", EXPLICIT, True),
    ("ValidPolicyMappingTest1EE", wanting(FIRST), True),
    ("ValidPolicyMappingTest1EE", wanting(SECOND), False),
    ("ValidPolicyMappingTest1EE", NO_MAPPING, False),
    ("ValidPolicyMappingTest3EE", wanting(FIRST), False),
    ("ValidPolicyMappingTest5EE", wanting(FIRST), True),
    ("ValidPolicyMappingTest5EE", wanting(SIXTH), False),
    ("ValidPolicyMappingTest6EE", wanting(FIRST), True),
    ("ValidPolicyMappingTest6EE", wanting(SIXTH), False),
    ("inhibitAnyPolicyTest3EE", {}, True),
    ("inhibitAnyPolicyTest3EE", NO_ANY_POLICY, False),
]


@pytest.mark.parametrize(("name", "policies", "valid"), POLICIES)
def test_initial_policies_decide_as_documented(
    suite: Suite, name: str, policies: dict[str, Any], *, valid: bool
) -> None:
    assert is_accepted(suite, of(name), **policies) is valid


def test_no_test_of_the_suite_is_left_out() -> None:
    every = {path.stem for path in (SUITE / "certs").glob("*EE.crt")}
    named = set(certificates("Valid")) | set(certificates("Invalid"))
    assert every - named == {name for name, _, _ in POLICIES} - named
    assert (len(every), len(list((SUITE / "certs").iterdir())), len(list((SUITE / "crls").iterdir()))) == (
        223,
        405,
        173,
    )


def test_authorities_that_are_none_cannot_be_configured(suite: Suite) -> None:
    refused: dict[str, set[str]] = defaultdict(set)
    for name, reason in suite.refused_authorities.items():
        refused[reason.partition(": ")[2] or reason].add(name)
    assert refused.pop("no issuer") == {"BadSignedCACert"}
    assert refused.pop("the certificate is not one of an authority") == {
        "BasicSelfIssuedCRLSigningKeyCRLCert",
        "MissingbasicConstraintsCACert",
        "SeparateCertificateandCRLKeysCA2CRLSigningCert",
        "SeparateCertificateandCRLKeysCRLSigningCert",
        "basicConstraintsCriticalcAFalseCACert",
        "basicConstraintsNotCriticalcAFalseCACert",
        "indirectCRLCA3cRLIssuerCert",
        "indirectCRLCA4cRLIssuerCert",
    }
    assert list(refused.values()) == [{"DSAParametersInheritedCACert"}]


REFUSED_LISTS: Final = {
    # nobody of that name is configured
    "": "BadCRLIssuerNameCA BadSignedCA DSAParametersInheritedCA MissingbasicConstraintsCA TwoCRLsCABad"
    " basicConstraintsCriticalcAFalseCA basicConstraintsNotCriticalcAFalseCA indirectCRLCA3cRLIssuer"
    " indirectCRLCA4cRLIssuer",
    "the signature of the list is wrong": "BadCRLSignatureCA BasicSelfIssuedCRLSigningKeyCA",
    "the list is signed with a weak algorithm": "DSACA",
    "the authority may not sign lists": "SeparateCertificateandCRLKeys SeparateCertificateandCRLKeysCA2"
    " keyUsageCriticalcRLSignFalseCA keyUsageNotCriticalcRLSignFalseCA",
    "unknown critical extension 2.16.840.1.101.2.1.12.2": "UnknownCRLExtensionCA",
    "the list has a delta beside it, and deltas are not read": "deltaCRLCA1 deltaCRLCA2 deltaCRLCA3",
    "a delta list: it speaks only beside the list that it changes": "deltaCRLCA1delta deltaCRLCA2delta"
    " deltaCRLCA3delta deltaCRLIndicatorNoBaseCA",
    "a distribution point named relative to its issuer": "distributionPoint2CA",
    "an indirect list: it names certificates of other authorities": "indirectCRLCA1 indirectCRLCA5",
    "a list of attribute certificates": "onlyContainsAttributeCertsCA",
    "a list of some reasons only": "onlySomeReasonsCA1compromise onlySomeReasonsCA1otherreasons onlySomeReasonsCA2CRL1"
    " onlySomeReasonsCA2CRL2 onlySomeReasonsCA3compromise onlySomeReasonsCA3otherreasons"
    " onlySomeReasonsCA4compromise onlySomeReasonsCA4otherreasons",
}


def test_each_list_is_taken_in_or_refused_for_its_own_reason(suite: Suite) -> None:
    refused: dict[str, set[str]] = defaultdict(set)
    for name, reason in suite.refused_lists.items():
        refused[reason].add(name.removesuffix("CRL"))
    assert refused == {reason: set(names.split()) for reason, names in REFUSED_LISTS.items()}
    taken = {path.read_bytes() for path in (SUITE / "crls").iterdir() if path.stem not in suite.refused_lists}
    assert taken == {item.der for item in suite.lists.lists}
