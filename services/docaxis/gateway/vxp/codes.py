"""Error codes of the interface, which of them to try again, and from which of our problems each comes."""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from docaxis_schemas.problems import PROBLEMS, Code


@unique
class VxpCode(Enum):
    """What clients look at."""

    OK = "0"
    FILE_INVALID = "10"
    CREDENTIAL_WRONG = "15"
    RECEIVER_UNKNOWN = "18"
    SENDER_UNKNOWN = "19"
    AXIS_ERROR = "20"
    FILE_NOT_PROCESSED = "21"
    EDXML_MALFORMED = "22"
    RECEIVER_LOCKED = "23"


RETRYABLE: Final = frozenset({VxpCode.AXIS_ERROR})
"""Sent again unchanged it may well succeed; every other code stays until somebody mends something."""

TITLES: Final[dict[VxpCode, str]] = {
    VxpCode.OK: "Thành công",
    VxpCode.FILE_INVALID: "Tệp không hợp lệ",
    VxpCode.CREDENTIAL_WRONG: "Sai SystemId hoặc SecretKey",
    VxpCode.RECEIVER_UNKNOWN: "Đơn vị nhận không tồn tại",
    VxpCode.SENDER_UNKNOWN: "Đơn vị gửi chưa đăng ký",
    VxpCode.AXIS_ERROR: "Lỗi hệ thống của trục, gửi lại sau",
    VxpCode.FILE_NOT_PROCESSED: "Không xử lý được tệp",
    VxpCode.EDXML_MALFORMED: "Gói edXML không đúng chuẩn",
    VxpCode.RECEIVER_LOCKED: "Đơn vị nhận đã khóa",
}

_OF_PROBLEMS: Final[dict[Code, VxpCode]] = {
    Code.UNAUTHENTICATED: VxpCode.CREDENTIAL_WRONG,
    Code.TOO_MANY_ATTEMPTS: VxpCode.CREDENTIAL_WRONG,
    Code.FORBIDDEN: VxpCode.CREDENTIAL_WRONG,
    Code.MANIFEST_SIGNATURE_INVALID: VxpCode.CREDENTIAL_WRONG,
    Code.NOT_AUTHORISED_FOR_ISSUER: VxpCode.SENDER_UNKNOWN,
    Code.MEMBER_SUSPENDED: VxpCode.SENDER_UNKNOWN,
    Code.REPORT_WRONG_PARTY: VxpCode.SENDER_UNKNOWN,
    Code.UNKNOWN_RECIPIENTS: VxpCode.RECEIVER_UNKNOWN,
    Code.EDXML_INVALID: VxpCode.EDXML_MALFORMED,
    Code.METADATA_INVALID: VxpCode.EDXML_MALFORMED,
    Code.STATES_MIXED: VxpCode.EDXML_MALFORMED,
    Code.REPORT_CODE_UNKNOWN: VxpCode.EDXML_MALFORMED,
    Code.REPORT_REASON_MISSING: VxpCode.EDXML_MALFORMED,
    Code.NO_CHANGE_ASKED: VxpCode.FILE_NOT_PROCESSED,
    Code.NOTHING_TO_RECALL: VxpCode.FILE_NOT_PROCESSED,
    Code.MALFORMED_REQUEST: VxpCode.FILE_INVALID,
    Code.MALFORMED_JSON: VxpCode.FILE_INVALID,
    Code.NOT_FOUND: VxpCode.FILE_INVALID,
    Code.UNAVAILABLE: VxpCode.AXIS_ERROR,
    Code.OUTCOME_UNKNOWN: VxpCode.AXIS_ERROR,
}
"""What is not named here is about the files: they could not be processed."""


@dataclass(frozen=True, slots=True)
class VxpProblem:
    """An error as this interface tells it."""

    code: VxpCode
    description: str

    @property
    def is_retryable(self) -> bool:
        return self.code in RETRYABLE


def code_of(code: Code, *, all_suspended: bool = False) -> VxpCode:
    """Translate a problem of ours. ``all_suspended``: recipients are known, but none may receive now."""
    if code is Code.UNKNOWN_RECIPIENTS and all_suspended:
        return VxpCode.RECEIVER_LOCKED
    if PROBLEMS[code].status >= 500:
        return VxpCode.AXIS_ERROR
    return _OF_PROBLEMS.get(code, VxpCode.FILE_NOT_PROCESSED)
