"""The four layers of a verdict: a sentence, a checklist, the ETSI report as XML, and the evidence it rests on."""

from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final, Literal

from docaxis.cli.file_verdicts import sentence, signature_lines
from docaxis.cli.output import Output
from docaxis_schemas.moments import to_text
from docaxis_signing.checklist import Answer, Check, checklist
from docaxis_signing.etsi_report import report
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import DocumentFindings, EvidenceKind, SignatureFinding, SubmissionVerdict

Layer = Literal["sentence", "checklist", "xml", "evidence"]
_MARKS: Final = {Answer.YES: "✓", Answer.NO: "✗", Answer.UNKNOWN: "?", Answer.ABSENT: "–"}
_KINDS: Final = {
    EvidenceKind.CERTIFICATE: ("chứng thư", "certificate"),
    EvidenceKind.REVOCATION_LIST: ("danh sách thu hồi", "revocation list"),
    EvidenceKind.OCSP_RESPONSE: ("trả lời OCSP", "OCSP response"),
    EvidenceKind.TIMESTAMP_TOKEN: ("dấu thời gian", "time-stamp token"),
}


class Layered:
    """Writes the layer that a call asked for."""

    def __init__(self, layer: Layer | None, output: Output, trust: TrustStore) -> None:
        self._layer = layer
        self._output = output
        self._trust = trust

    def tell(self, name: str, value: dict[str, Any], findings: DocumentFindings, verdict: SubmissionVerdict) -> None:
        """Tell about one file: to programs the line with the layer in it, to people the layer."""
        if self._layer == "xml":
            text = self._report(findings, verdict)
            if self._output.as_json:
                self._output.result(value | {"xml": text})
            else:
                self._output.verbatim(text)
            return
        if self._layer == "checklist":
            found = zip(value["signatures"], findings.signatures, strict=True)
            value["signatures"] = [line | {"checklist": _as_json(finding)} for line, finding in found]
        lines = sentence(name, verdict, self._output)
        more: dict[Layer | None, Callable[[DocumentFindings], list[str]]] = {
            None: lambda found: signature_lines(found.signatures),
            "checklist": self._checks,
            "evidence": self._evidence,
        }
        self._output.result(value, *lines, *(more[self._layer](findings) if self._layer in more else ()))

    def _report(self, findings: DocumentFindings, verdict: SubmissionVerdict) -> str:
        objects = {item.sha256: b64decode(item.content) for item in findings.material}
        objects |= {authority.sha256: authority.der for authority in self._trust.authorities}
        return report(verdict, verdict.files[0], objects).decode("utf-8")

    def _checks(self, findings: DocumentFindings) -> list[str]:
        lines = []
        for finding in findings.signatures:
            lines += signature_lines([finding])
            lines += [self._check(check) for check in checklist(finding)]
        return lines

    def _check(self, check: Check) -> str:
        said = self._output.text(check.vi, check.en)
        detail = self._output.text(check.detail_vi, check.detail_en)
        return f"    {_MARKS[check.answer]} {said}{f': {detail}' if detail else ''}"

    def _evidence(self, findings: DocumentFindings) -> list[str]:
        lines = []
        for finding in findings.signatures:
            lines += signature_lines([finding])
            for item in finding.evidence:
                issued = f" {to_text(item.issued)}" if item.issued else ""
                lines.append(f"    {item.sha256} {self._output.text(*_KINDS[item.kind])} {item.about}{issued}")
        return lines


def _as_json(finding: SignatureFinding) -> list[dict[str, str]]:
    return [
        {
            "check": check.key,
            "answer": check.answer.value,
            "vi": check.vi,
            "en": check.en,
            "detail_vi": check.detail_vi,
            "detail_en": check.detail_en,
        }
        for check in checklist(finding)
    ]
