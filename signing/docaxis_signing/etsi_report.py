"""The validation report of ETSI TS 119 102-2 (V1.4.1) over a verdict, as XML.

One report a signature: its status, the policy with its hash, each check of the list as a constraint, times with what
proves them, signer and chain; then the validation objects (certificates, lists, tokens) by hash, with their bytes where
they are given. The report is not signed here.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from docaxis_signing.checklist import Answer, checklist
from docaxis_signing.verdict import (
    DocumentFindings,
    Evidence,
    EvidenceKind,
    FileVerdict,
    Indication,
    SignatureFinding,
    SubIndication,
    SubmissionVerdict,
    TimeBasis,
)

VR: Final = "http://uri.etsi.org/19102/v1.4.1#"
XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_URN: Final = "urn:etsi:019102"
_OURS: Final = "urn:docaxis"
_OBJECT_TYPES: Final = {
    EvidenceKind.CERTIFICATE: "certificate",
    EvidenceKind.REVOCATION_LIST: "CRL",
    EvidenceKind.OCSP_RESPONSE: "OCSPResponse",
    EvidenceKind.TIMESTAMP_TOKEN: "timestamp",
}
_ANSWERS: Final = {Answer.YES: "passed", Answer.NO: "failed", Answer.UNKNOWN: "indeterminate"}

Objects = Mapping[str, bytes]
"""Bytes of validation objects by their SHA-256, as far as the report is to carry them."""


def report(verdict: SubmissionVerdict, file: FileVerdict, objects: Objects) -> bytes:
    """Write the report on one file.

    Args:
        verdict: Of the submission, or of the file by itself.
        file: The file.
        objects: What is carried in full; everything else is named by its hash.
    """
    root = etree.Element(f"{{{VR}}}ValidationReport", nsmap={"vr": VR, "XAdES": XADES, "ds": DS})
    findings = file.findings
    for finding in findings.signatures:
        _signature(root, verdict, file, finding)
    if not findings.signatures:
        _no_signature(root, verdict, file)
    used = {item.sha256: item for finding in findings.signatures for item in finding.evidence}
    if used:
        listed = _add(root, "SignatureValidationObjects")
        for item in used.values():
            _object(listed, item, objects)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def _add(parent: etree._Element, name: str, text: str | None = None, namespace: str = VR) -> etree._Element:
    element = etree.SubElement(parent, f"{{{namespace}}}{name}")
    if text is not None:
        element.text = "".join(letter if _writable(letter) else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return element


def _writable(letter: str) -> bool:
    """Tell whether XML 1.0 has the character; names in certificates may hold any."""
    return letter in "\t\n\r" or "\x20" <= letter <= "\ud7ff" or "\ue000" <= letter <= "\ufffd" or letter > "\uffff"


def _signature(root: etree._Element, verdict: SubmissionVerdict, file: FileVerdict, finding: SignatureFinding) -> None:
    one = _add(root, "SignatureValidationReport")
    identifier = _add(one, "SignatureIdentifier")
    _add(identifier, "HashOnly", "false")
    _add(identifier, "DocHashOnly", "false")
    reference = _add(_add(identifier, "OtherInformation"), "SignatureReference")
    _add(reference, "PAdESFieldName", finding.field)
    constraints = _policy(one, verdict)
    for check in checklist(finding):
        if check.answer is not Answer.ABSENT:
            _constraint(constraints, check.key, _ANSWERS[check.answer])
    _times(one, verdict, finding)
    _document(one, file.findings)
    if finding.claimed_time is not None:
        claimed = _add(_add(one, "SignatureAttributes"), "SigningTime")
        claimed.set("Signed", "true")
        _add(claimed, "Time", _moment(finding.claimed_time))
    if finding.certificate is not None and any(item.sha256 == finding.certificate.sha256 for item in finding.evidence):
        signer = _add(one, "SignerInformation")
        _refer(signer, "SignerCertificate", finding.certificate.sha256)
        _add(signer, "Signer", ", ".join(filter(None, (finding.certificate.subject, finding.certificate.organisation))))
    _process(one, verdict, finding)
    data = _status(one, finding.indication, finding.sub_indication)
    _chain(data, finding)
    _additional(data, verdict, file, finding)


def _no_signature(root: etree._Element, verdict: SubmissionVerdict, file: FileVerdict) -> None:
    """The schema wants one report at least: of a file without a signature it says that there is none."""
    one = _add(root, "SignatureValidationReport")
    _policy(one, verdict)
    if file.findings.sha256:
        _document(one, file.findings)
    data = _status(one, file.indication, file.sub_indication)
    _additional(data, verdict, file, None)


def _policy(one: etree._Element, verdict: SubmissionVerdict) -> etree._Element:
    constraints = _add(one, "ValidationConstraintsEvaluationReport")
    policy = _add(constraints, "SignatureValidationPolicy")
    named = _add(_add(policy, "SignaturePolicyIdentifier"), "SignaturePolicyId", namespace=XADES)
    _add(_add(named, "SigPolicyId", namespace=XADES), "Identifier", f"{_OURS}:policy:{verdict.policy}", XADES)
    _digest(_add(named, "SigPolicyHash", namespace=XADES), verdict.policy_sha256)
    _add(policy, "PolicyName", verdict.policy)
    return constraints


def _constraint(constraints: etree._Element, key: str, outcome: str) -> None:
    constraint = _add(constraints, "ValidationConstraint")
    _add(constraint, "ValidationConstraintIdentifier", f"{_OURS}:constraint:{key}")
    _add(_add(constraint, "ConstraintStatus"), "Status", f"{_URN}:constraintStatus:applied")
    _add(_add(constraint, "ValidationStatus"), "MainIndication", f"{_URN}:mainindication:{outcome}")


def _times(one: etree._Element, verdict: SubmissionVerdict, finding: SignatureFinding) -> None:
    times = _add(one, "ValidationTimeInfo")
    _add(times, "ValidationTime", _moment(verdict.validation_time))
    best = _add(times, "BestSignatureTime")
    _add(best, "POETime", _moment(finding.best_time or verdict.validation_time))
    proof = "validation" if finding.time_basis is TimeBasis.TIMESTAMP else "provided"
    _add(best, "TypeOfProof", f"{_URN}:poetype:{proof}")


def _document(one: etree._Element, findings: DocumentFindings) -> None:
    _digest(_add(_add(one, "SignersDocument"), "DigestAlgAndValue"), findings.sha256)


def _process(one: etree._Element, verdict: SubmissionVerdict, finding: SignatureFinding) -> None:
    process = _add(one, "SignatureValidationProcess")
    kind = "LTVM" if finding.time_basis is TimeBasis.TIMESTAMP else "Basic"
    _add(process, "SignatureValidationProcessID", f"{_URN}:validationprocess:{kind}")
    other = _add(process, "OtherInformation")
    other.text = "; ".join(verdict.engines)


def _status(one: etree._Element, indication: Indication, sub_indication: SubIndication | None) -> etree._Element:
    status = _add(one, "SignatureValidationStatus")
    _add(status, "MainIndication", f"{_URN}:mainindication:{indication.value.lower()}")
    if sub_indication is not None:
        _add(status, "SubIndication", f"{_URN}:subindication:{sub_indication.value}")
    return _add(status, "AssociatedValidationReportData")


def _chain(data: etree._Element, finding: SignatureFinding) -> None:
    facts = finding.certificate
    certificates = [item.sha256 for item in finding.evidence if item.kind is EvidenceKind.CERTIFICATE]
    if facts is None or facts.sha256 not in certificates:
        return
    chain = _add(data, "CertificateChain")
    _refer(chain, "SigningCertificate", facts.sha256)
    if facts.issuer_sha256 in certificates:
        _refer(chain, "IntermediateCertificate", str(facts.issuer_sha256))
    others = [item.sha256 for item in finding.evidence if item.kind is not EvidenceKind.CERTIFICATE]
    for sha256 in others:
        _refer(data, "RelatedValidationObject", sha256)


def _additional(
    data: etree._Element, verdict: SubmissionVerdict, file: FileVerdict, finding: SignatureFinding | None
) -> None:
    """Say in words of our own what the standard's have no place for."""
    cause = finding.cause if finding else file.cause
    values = {
        "cause": cause.value if cause else "",
        "integrity": (finding or file.findings).integrity.value,
        "level": finding.level.value if finding and finding.level else "",
        "file": file.name,
        "file-verdict": file.indication.value,
        "file-cause": file.cause.value if file.cause else "",
        "verdict-sha256": verdict.sha256,
        "trust-store-sha256": verdict.trust_store_sha256,
    }
    additional = _add(data, "AdditionalValidationReportData")
    for name, value in values.items():
        if value:
            one = _add(additional, "ReportData")
            _add(one, "Type", f"{_OURS}:{name}")
            _add(one, "Value", value)


def _object(listed: etree._Element, item: Evidence, objects: Objects) -> None:
    one = _add(listed, "ValidationObject")
    one.set("id", _identifier(item.sha256))
    _add(one, "ObjectType", f"{_URN}:validationObject:{_OBJECT_TYPES[item.kind]}")
    representation = _add(one, "ValidationObjectRepresentation")
    if item.sha256 in objects:
        _add(representation, "base64", b64encode(objects[item.sha256]).decode("ascii"))
    else:
        _digest(_add(representation, "DigestAlgAndValue"), item.sha256)


def _refer(parent: etree._Element, name: str, sha256: str) -> None:
    _add(parent, name).set("VOReference", _identifier(sha256))


def _identifier(sha256: str) -> str:
    return f"sha256-{sha256}"


def _digest(parent: etree._Element, sha256: str) -> None:
    _add(parent, "DigestMethod", namespace=DS).set("Algorithm", SHA256)
    _add(parent, "DigestValue", b64encode(bytes.fromhex(sha256)).decode("ascii"), DS)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
