"""Faults: every reason why something that came in is refused, said once in Vietnamese and once in English."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

MAX_QUOTED: Final = 120
"""Characters of an offending value that are quoted back; more helps nobody and fills logs."""

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "required": ("Thiếu thông tin bắt buộc.", "This is required."),
    "unknown-field": ("Trường không có trong mô hình văn bản.", "The document model has no such field."),
    "not-a-record": ("Phải là một đối tượng JSON.", "A JSON object is expected."),
    "not-a-list": ("Phải là một danh sách.", "A list is expected."),
    "not-text": ("Phải là chuỗi ký tự.", "Text is expected."),
    "not-a-number": ("Phải là số nguyên không âm.", "A whole number, zero or more, is expected."),
    "not-true-or-false": ("Phải là true hoặc false.", "true or false is expected."),
    "not-a-date": ("Phải là ngày dạng NĂM-THÁNG-NGÀY.", "A date as YEAR-MONTH-DAY is expected."),
    "not-a-moment": ("Phải là thời điểm RFC 3339 có múi giờ.", "An RFC 3339 moment with its zone is expected."),
    "not-a-choice": ("Không thuộc các giá trị cho phép: {allowed}.", "Not one of the allowed values: {allowed}."),
    "too-long": ("Dài quá {limit} ký tự.", "Longer than {limit} characters."),
    "too-many": ("Nhiều quá {limit} mục.", "More than {limit} items."),
    "control-character": ("Có ký tự điều khiển không được phép.", "It holds a control character that is not allowed."),
    "not-a-code": ("Không phải mã định danh cơ quan hợp lệ.", "Not a valid organisation code."),
    "in-the-future": (
        "Ngày ban hành ở tương lai (theo giờ Việt Nam).",
        "The promulgation date lies in the future (Vietnam time).",
    ),
    "secret": (
        "Văn bản có dấu chỉ độ mật không được gửi qua trục.",
        "A document with a secrecy mark must not travel on the axis.",
    ),
    "no-recipient": (
        "Phải có ít nhất một nơi nhận hoặc một nhóm nơi nhận.",
        "At least one recipient or group of recipients is required.",
    ),
    "code-or-group": (
        "Mỗi nơi nhận phải có đúng một trong hai: mã cơ quan hoặc nhóm.",
        "Each recipient has either an organisation code or a group, not both.",
    ),
    "no-notation": (
        "Loại văn bản này phải có ký hiệu.",
        "A document of this type carries a notation.",
    ),
    "no-type-name": (
        "Loại văn bản khác phải ghi tên loại.",
        "A document of another type must give the name of its type.",
    ),
    "names-no-document": (
        "Cập nhật, thay thế hoặc thu hồi phải nêu mã văn bản đã gửi.",
        "An update, replacement or recall names the document sent before.",
    ),
    "not-a-file-name": (
        "Tên tệp không được rỗng, chứa đường dẫn, ký tự điều khiển hoặc ký tự đổi chiều chữ.",
        "A file name is not empty and holds no path, control character or text-direction override.",
    ),
    "file-name-too-long": ("Tên tệp dài quá {limit} byte.", "The file name is longer than {limit} bytes."),
    "not-a-media-type": ("Không phải kiểu nội dung hợp lệ.", "Not a valid media type."),
    "not-a-sha256": (
        "Phải là giá trị SHA-256 gồm 64 chữ số thập lục phân thường.",
        "A SHA-256 of 64 lower-case hexadecimal digits is expected.",
    ),
    "empty-file": ("Tệp rỗng.", "The file is empty."),
    "file-too-large": ("Tệp lớn quá {limit} byte.", "The file is larger than {limit} bytes."),
    "one-main-file": ("Phải có đúng một tệp văn bản chính.", "There is exactly one main file."),
    "file-name-twice": ("Hai tệp trùng tên.", "Two files have the same name."),
}
"""Vietnamese and English text of each rule; the rule's name is stable and is what programs look at."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, where, by which rule, with a sentence for a person in both languages."""

    field: str
    rule: str
    value: str
    vi: str
    en: str

    def to_json(self) -> dict[str, str]:
        return {"field": self.field, "rule": self.rule, "value": self.value, "vi": self.vi, "en": self.en}


def fault(field: str, rule: str, value: object = "", **details: Any) -> Fault:
    """Make a fault of a known rule; the value is quoted shortened."""
    vi, en = TEXTS[rule]
    return Fault(field, rule, quote(value), vi.format(**details), en.format(**details))


def quote(value: object) -> str:
    """Quote an offending value: shortened, and as text that every log and screen can hold."""
    quoted = value if isinstance(value, str) else repr(value)
    if len(quoted) > MAX_QUOTED:
        quoted = quoted[: MAX_QUOTED - 1] + "…"
    return quoted.encode("utf-8", "backslashreplace").decode("utf-8")


class RejectedInput(ValueError):
    """What came in is bad; ``faults`` says everything that is wrong with it, not only the first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{item.field}: {item.en}" for item in faults))
        self.faults = tuple(faults)
