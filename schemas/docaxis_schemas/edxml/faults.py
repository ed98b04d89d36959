"""What is wrong with a packet: which element, by which rule, what stood there, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from docaxis_schemas.faults import TEXTS as MODEL_TEXTS
from docaxis_schemas.faults import Fault, quote

_SEND_AGAIN: Final = ("Xuất lại gói tin từ phần mềm rồi gửi lại.", "Export the packet from the software again.")
_FILL_IN: Final = ("Bổ sung phần tử này rồi gửi lại.", "Fill this element in, then send again.")
_CORRECT: Final = ("Sửa giá trị rồi gửi lại.", "Correct the value, then send again.")
_SHORTEN: Final = ("Rút ngắn giá trị rồi gửi lại.", "Shorten the value, then send again.")
_PLAIN_XML: Final = (
    "Xuất gói tin thành XML thường, chỉ có các phần tử của QCVN 102.",
    "Export the packet as plain XML with the elements of QCVN 102 only.",
)
_PACK_AGAIN: Final = (
    "Đóng gói lại: mỗi tệp nằm riêng trong một ZIP, hoặc để nguyên không nén.",
    "Pack again: each file alone in a ZIP of its own, or not packed at all.",
)
_NAME_FILES: Final = ("Đổi tên tệp rồi gửi lại.", "Rename the file, then send again.")
_SIGN_AGAIN: Final = (
    "Bỏ chữ ký của gói tin hoặc ký lại trên chính gói tin; chữ ký trong PDF không bị ảnh hưởng.",
    "Remove the packet's signature or sign the packet itself again; signatures in the PDF are not affected.",
)

EDXML_TEXTS: Final[dict[str, tuple[str, str, tuple[str, str]]]] = {
    "not-xml": ("Không đọc được XML: {reason}.", "The XML cannot be read: {reason}.", _SEND_AGAIN),
    "not-utf8": (
        "Gói tin phải là UTF-8.",
        "A packet is UTF-8.",
        ("Xuất lại gói tin bằng UTF-8.", "Export the packet as UTF-8."),
    ),
    "not-edxml": (
        "Không phải gói tin edXML: không có phần đầu (MessageHeader).",
        "Not an edXML packet: there is no MessageHeader.",
        _SEND_AGAIN,
    ),
    "doctype": (
        "Không nhận DOCTYPE, thực thể hay DTD.",
        "DOCTYPE, entities and DTDs are not accepted.",
        _PLAIN_XML,
    ),
    "include": ("Không nhận XInclude.", "XInclude is not accepted.", _PLAIN_XML),
    "too-deep": ("Lồng quá {limit} tầng.", "Nested deeper than {limit}.", _PLAIN_XML),
    "too-many-elements": ("Quá {limit} phần tử.", "More than {limit} elements.", _PLAIN_XML),
    "markup-too-large": (
        "Một thẻ, chú thích hoặc thuộc tính quá lớn.",
        "A tag, comment or attribute is too large.",
        _PLAIN_XML,
    ),
    "namespace-confusion": (
        "Phần tử mang tên của edXML nhưng thuộc không gian tên khác.",
        "An element has a name of edXML in another namespace.",
        _PLAIN_XML,
    ),
    "unknown-element": (
        "Phần tử không có trong QCVN 102; nội dung của nó không được chuyển.",
        "QCVN 102 has no such element; what it holds is not carried.",
        ("Bỏ phần tử này nếu không cần.", "Remove it if it is not needed."),
    ),
    "element-twice": (
        "Phần tử chỉ được có một lần.",
        "The element stands there more than once.",
        ("Chỉ giữ lại một.", "Keep one."),
    ),
    "signature-wrapped": (
        "Chữ ký của gói tin bọc hoặc trỏ tới nội dung khác với nội dung được đọc.",
        "The packet's signature wraps, or points to, something else than what is read.",
        _SIGN_AGAIN,
    ),
    "signature-transform": (
        "Phép biến đổi trong chữ ký không được nhận.",
        "A transform of the signature is not accepted.",
        _SIGN_AGAIN,
    ),
    "no-business-type": (
        "Loại nghiệp vụ phải là 0, 1, 2 hoặc 3.",
        "The business type is 0, 1, 2 or 3.",
        ("Ghi 0 mới, 1 thu hồi, 2 cập nhật, 3 thay thế.", "Write 0 new, 1 recall, 2 update, 3 replace."),
    ),
    "no-status-code": (
        "Mã trạng thái không có.",
        "There is no such status code.",
        ("Dùng 01-06, 13, 15 hoặc 16.", "Use 01-06, 13, 15 or 16."),
    ),
    "no-reason": (
        "Trạng thái này phải có lý do.",
        "This status wants a reason.",
        ("Ghi lý do vào Description.", "State the reason in Description."),
    ),
    "names-no-document": (
        "Thu hồi, cập nhật hay thay thế phải nêu văn bản liên quan.",
        "A recall, update or replacement names the document concerned.",
        (
            "Ghi DocumentId của văn bản đó (ResponseFor, Bussiness hoặc ReplacementInfo).",
            "Give its DocumentId (in ResponseFor, Bussiness or ReplacementInfo).",
        ),
    ),
    "not-a-document-id": (
        "Mã văn bản không đúng dạng mã-cơ-quan,năm/tháng/ngày,số/ký-hiệu.",
        "The document id is not of the form organ-code,year/month/day,number/notation.",
        _CORRECT,
    ),
    "receiver-twice": (
        "Nơi nhận bị lặp; bên đó chỉ nhận một lượt.",
        "A receiver is named twice; it gets one delivery.",
        ("Bỏ dòng lặp.", "Remove the repeated line."),
    ),
    "no-attachment": (
        "Gói văn bản không có tệp nào.",
        "A document packet has no file.",
        ("Kèm văn bản đã ký số.", "Attach the signed document."),
    ),
    "attachment-missing": (
        "Tệp được kê nhưng không có nội dung.",
        "A file is listed but its content is not there.",
        ("Kèm nội dung với đúng ContentId.", "Add the content under the same ContentId."),
    ),
    "attachment-twice": (
        "Hai tệp cùng ContentId.",
        "Two files have the same ContentId.",
        ("Đặt ContentId khác nhau.", "Give each file its own ContentId."),
    ),
    "attachment-empty": ("Tệp rỗng.", "The file is empty.", ("Kèm lại tệp.", "Attach the file again.")),
    "attachment-too-large": (
        "Tệp lớn quá {limit} byte.",
        "The file is larger than {limit} bytes.",
        ("Giảm dung lượng tệp.", "Make the file smaller."),
    ),
    "not-base64": ("Nội dung không phải base64.", "The content is not base64.", _SEND_AGAIN),
    "zip-broken": ("Tệp ZIP bị hỏng: {reason}.", "The ZIP is broken: {reason}.", _PACK_AGAIN),
    "zip-many": ("ZIP phải chứa đúng một tệp.", "The ZIP holds exactly one file.", _PACK_AGAIN),
    "zip-encrypted": ("ZIP bị đặt mật khẩu.", "The ZIP is encrypted.", _PACK_AGAIN),
    "zip-bomb": ("ZIP giải nén ra quá lớn.", "The ZIP unpacks to far more than it is.", _PACK_AGAIN),
    "group-not-resolved": (
        "edXML không có nhóm nơi nhận.",
        "edXML knows no groups of recipients.",
        ("Thay nhóm bằng các cơ quan của nhóm.", "Name the organisations of the group instead."),
    ),
    "not-in-xml": (
        "Có ký tự mà XML không chứa được.",
        "It holds a character that XML cannot.",
        _CORRECT,
    ),
}
"""Vietnamese and English text of each rule of packets, and what to do; names are stable."""

_MODEL_ADVICE: Final[dict[str, tuple[str, str]]] = {
    "required": _FILL_IN,
    "no-recipient": _FILL_IN,
    "no-notation": _FILL_IN,
    "no-type-name": _FILL_IN,
    "too-long": _SHORTEN,
    "not-a-file-name": _NAME_FILES,
    "file-name-too-long": _NAME_FILES,
    "file-name-twice": _NAME_FILES,
    "too-many": ("Chia thành nhiều gói tin.", "Split it into several packets."),
    "secret": ("Gửi theo quy định về bảo vệ bí mật nhà nước.", "Send it as the rules on state secrets demand."),
}

_READ_ALL_THE_SAME: Final = frozenset(
    {"unknown-element", "receiver-twice", "not-a-document-id", "names-no-document", "no-reason"}
)
"""Rules that are told but do not keep a packet from being read: nothing is lost or misunderstood by their breach."""


@dataclass(frozen=True, slots=True)
class EdxmlFault:
    """One thing that is wrong with one element. ``refuses`` says whether the packet is refused for it."""

    element: str
    rule: str
    value: str
    vi: str
    en: str
    todo_vi: str
    todo_en: str
    refuses: bool = True

    def to_json(self) -> dict[str, object]:
        return {
            "element": self.element,
            "rule": self.rule,
            "value": self.value,
            "vi": self.vi,
            "en": self.en,
            "what_to_do": {"vi": self.todo_vi, "en": self.todo_en},
            "refuses": self.refuses,
        }


def edxml_fault(
    element: str, rule: str, value: object = "", *, refuses: bool | None = None, **details: Any
) -> EdxmlFault:
    """Make a fault of a known rule, be it one of packets or one of the document model."""
    if rule in EDXML_TEXTS:
        vi, en, (todo_vi, todo_en) = EDXML_TEXTS[rule]
    else:
        (vi, en), (todo_vi, todo_en) = MODEL_TEXTS[rule], _MODEL_ADVICE.get(rule, _CORRECT)
    does_refuse = rule not in _READ_ALL_THE_SAME if refuses is None else refuses
    return EdxmlFault(
        element, rule, quote(value), vi.format(**details), en.format(**details), todo_vi, todo_en, does_refuse
    )


def of_model(element: str, found: Fault, *, refuses: bool = True) -> EdxmlFault:
    """Tell a fault of the document model as one of an element."""
    todo_vi, todo_en = _MODEL_ADVICE.get(found.rule, _CORRECT)
    return EdxmlFault(element, found.rule, found.value, found.vi, found.en, todo_vi, todo_en, refuses)


class RejectedPacket(ValueError):
    """A packet is refused; ``faults`` says everything that is wrong with it, not only the first thing."""

    def __init__(self, faults: Sequence[EdxmlFault]) -> None:
        super().__init__("; ".join(f"{item.element}: {item.en}" for item in faults))
        self.faults = tuple(faults)
