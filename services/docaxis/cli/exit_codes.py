"""Exit codes of the command: one table, by cause, from which the docs' page is generated.

Numbers from 64 are those of BSD's ``sysexits.h``, which scripts and service managers know; 0-3 are the answers of
``docaxis verify`` and keep their meaning everywhere.
"""

from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final


@unique
class Exit(IntEnum):
    """Why the command ended."""

    OK = 0
    REFUSED = 1
    INDETERMINATE = 2
    UNREADABLE = 3
    USAGE = 64
    BAD_INPUT = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    INTERNAL = 70
    CANNOT_WRITE = 73
    OUTCOME_UNKNOWN = 75
    NOT_PERMITTED = 77
    CONFIGURATION = 78
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Cause:
    """What a code means, in both languages."""

    vi: str
    en: str


CAUSES: Final[dict[Exit, Cause]] = {
    Exit.OK: Cause("Xong; với verify: chữ ký hợp lệ.", "Done; of verify: the signatures hold."),
    Exit.REFUSED: Cause(
        "Bị từ chối hoặc không đạt theo quy tắc; với verify: chữ ký không hợp lệ.",
        "Refused, or failed by a rule; of verify: the signatures do not hold.",
    ),
    Exit.INDETERMINATE: Cause("Chưa xác nhận được chữ ký.", "The signatures cannot be confirmed now."),
    Exit.UNREADABLE: Cause(
        "Không đọc được tệp: không có, hỏng, hoặc không phải PDF.", "A file cannot be read: absent, damaged, or no PDF."
    ),
    Exit.USAGE: Cause("Gọi lệnh sai cách.", "The command was called in a wrong way."),
    Exit.BAD_INPUT: Cause("Dữ liệu đưa vào sai.", "What was given is not of its form."),
    Exit.NO_INPUT: Cause("Không có tệp đưa vào.", "A file that was named is not there."),
    Exit.UNAVAILABLE: Cause(
        "Không liên lạc được với trục hoặc một dịch vụ; có thể thử lại.",
        "The axis or a service cannot be reached; trying again may help.",
    ),
    Exit.INTERNAL: Cause("Lỗi của chương trình.", "An error of the program itself."),
    Exit.CANNOT_WRITE: Cause("Không ghi được tệp kết quả.", "A result cannot be written."),
    Exit.OUTCOME_UNKNOWN: Cause(
        "Chưa rõ kết quả; gửi lại với đúng khóa cũ.", "The outcome is unknown; repeat with the same key."
    ),
    Exit.NOT_PERMITTED: Cause("Chưa xác thực hoặc không có quyền.", "Not authenticated, or not permitted."),
    Exit.CONFIGURATION: Cause(
        "Thiếu hoặc sai cấu hình, hoặc thiếu phần cài thêm.",
        "The configuration is missing or wrong, or an extra is not installed.",
    ),
    Exit.INTERRUPTED: Cause("Bị ngắt bởi người dùng.", "Interrupted by the user."),
}
"""What each code means."""
