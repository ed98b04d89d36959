"""What circular 15/2025/TT-BKHCN wants checked and shown of each signature (article 6, appendix II), one line a check.

Read from findings; nothing is judged here. What was not found out is unknown, never a yes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from docaxis_schemas.moments import VIETNAM
from docaxis_signing.causes import EXPLANATIONS
from docaxis_signing.verdict import Cause, Indication, Integrity, SignatureFinding, SubIndication, TimeBasis


class Answer(StrEnum):
    """The answer to one check."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    ABSENT = "absent"
    """There is nothing to check: no time-stamp."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check with its answer; ``detail`` is what is shown beside it, in both languages."""

    key: str
    vi: str
    en: str
    answer: Answer
    detail_vi: str = ""
    detail_en: str = ""


_REVOKED: Final = frozenset({Cause.REVOKED_BEFORE_RECEPTION, Cause.AUTHORITY_REVOKED})
_STATUS_OPEN: Final = frozenset({Cause.REVOCATION_MISSING, Cause.REVOCATION_STALE})
_INTEGRITY: Final = {
    Integrity.INTACT: ("nguyên vẹn", "as it was signed"),
    Integrity.INTACT_WITH_PERMITTED_CHANGES: ("chỉ có thay đổi được phép", "only permitted changes"),
    Integrity.MODIFIED: ("đã bị thay đổi sau khi ký", "changed after signing"),
    Integrity.BROKEN: ("không khớp chữ ký", "does not match the signature"),
    Integrity.UNREADABLE: ("không đọc được", "cannot be read"),
    Integrity.UNSIGNED: ("không có chữ ký", "unsigned"),
}


def checklist(finding: SignatureFinding) -> tuple[Check, ...]:
    """Give the checks of one signature in the order of the circular."""
    return tuple(_checks(finding))


def _checks(finding: SignatureFinding) -> Iterator[Check]:
    facts = finding.certificate
    yield Check(
        "key", "Chữ ký được tạo bởi khóa của chứng thư kèm theo", "Made by the key of its certificate", _key(finding)
    )
    issuer = facts.issuer if facts else ""
    yield Check("chain", "Dẫn đến gốc chứng thực tin cậy", "Leads to a trusted root", _chain(finding), *_twice(issuer))
    yield Check(
        *("validity", "Chứng thư có hiệu lực tại thời điểm ký", "Certificate valid at the time of signing"),
        *(_validity(finding), *_twice(_period(finding))),
    )
    yield Check(
        *("revocation", "Chứng thư không bị thu hồi tại thời điểm ký", "Not revoked at the time of signing"),
        *(_revocation(finding), *_of_cause(finding, _REVOKED | _STATUS_OPEN)),
    )
    algorithms = " / ".join(filter(None, (finding.signature_algorithm, finding.digest_algorithm)))
    yield Check("algorithms", "Thuật toán được phép", "Algorithms allowed", _algorithms(finding), *_twice(algorithms))
    signer = (
        f"{facts.subject} ({facts.organisation})" if facts and facts.organisation else facts.subject if facts else ""
    )
    identity = Answer.YES if facts and finding.indication is Indication.TOTAL_PASSED else Answer.UNKNOWN
    yield Check("signer", "Thông tin người ký, cơ quan quản lý", "Signer and organisation", identity, *_twice(signer))
    yield Check(
        "integrity",
        "Tính toàn vẹn của văn bản",
        "Integrity of the document",
        _whole(finding),
        *_INTEGRITY[finding.integrity],
    )
    yield Check("timestamp", "Dấu thời gian hợp lệ", "Time-stamp valid", _timestamp(finding), *_time(finding))


def _twice(text: str) -> tuple[str, str]:
    return text, text


def _key(finding: SignatureFinding) -> Answer:
    if finding.sub_indication is SubIndication.SIG_CRYPTO_FAILURE:
        return Answer.NO
    if finding.certificate is None or finding.integrity is Integrity.BROKEN:
        return Answer.UNKNOWN
    return Answer.YES


def _chain(finding: SignatureFinding) -> Answer:
    if finding.certificate is None:
        return Answer.UNKNOWN
    return Answer.YES if finding.certificate.source else Answer.NO


def _validity(finding: SignatureFinding) -> Answer:
    facts, moment = finding.certificate, finding.best_time
    if facts is None or moment is None:
        return Answer.UNKNOWN
    return Answer.YES if facts.not_before <= moment <= facts.not_after else Answer.NO


def _revocation(finding: SignatureFinding) -> Answer:
    if finding.cause in _REVOKED:
        return Answer.NO
    return Answer.YES if finding.indication is Indication.TOTAL_PASSED else Answer.UNKNOWN


def _algorithms(finding: SignatureFinding) -> Answer:
    if finding.cause is Cause.WEAK_ALGORITHM:
        return Answer.NO
    return Answer.YES if finding.indication is not Indication.TOTAL_FAILED else Answer.UNKNOWN


def _whole(finding: SignatureFinding) -> Answer:
    whole = finding.integrity in {Integrity.INTACT, Integrity.INTACT_WITH_PERMITTED_CHANGES}
    return Answer.YES if whole else Answer.NO


def _timestamp(finding: SignatureFinding) -> Answer:
    if finding.cause is Cause.TIMESTAMP_INVALID:
        return Answer.NO
    if finding.timestamp_time is not None:
        return Answer.YES if finding.indication is not Indication.TOTAL_FAILED else Answer.UNKNOWN
    return Answer.UNKNOWN if finding.timestamp_authority else Answer.ABSENT


def _period(finding: SignatureFinding) -> str:
    facts = finding.certificate
    return f"{facts.not_before:%d/%m/%Y} - {facts.not_after:%d/%m/%Y}" if facts else ""


def _time(finding: SignatureFinding) -> tuple[str, str]:
    if finding.timestamp_time is not None:
        return _twice(
            f"{finding.timestamp_time.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S %z} {finding.timestamp_authority}"
        )
    if finding.time_basis is TimeBasis.RECEPTION and finding.best_time is not None:
        moment = f"{finding.best_time.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S %z}"
        return f"tính theo lúc nhận {moment}", f"judged at reception {moment}"
    return "", ""


def _of_cause(finding: SignatureFinding, causes: frozenset[Cause]) -> tuple[str, str]:
    if finding.cause not in causes or finding.cause is None:
        return "", ""
    words = EXPLANATIONS[finding.cause]
    return words.vi, words.en
