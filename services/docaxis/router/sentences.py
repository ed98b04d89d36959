"""One sentence a person can act on for every cause a recipient or sender is told, in Vietnamese and English."""

from typing import Any, Final

from docaxis_signing.causes import EXPLANATIONS
from docaxis_signing.verdict import Cause

NATURAL_KEY_TAKEN: Final = "natural-key-taken"
NOT_CONNECTED: Final = "not-connected"
DEAD_LETTER: Final = "dead-letter"
NAMED_UNDECIDED: Final = "named-undecided"

_OWN: Final[dict[str, tuple[str, str]]] = {
    NATURAL_KEY_TAKEN: (
        "Số, ký hiệu này thuộc về một văn bản khác đã chuyển; chỉ gửi được dưới dạng cập nhật hoặc thay thế.",
        "This number and notation belong to another delivered document; send an update or a replacement that names it.",
    ),
    DEAD_LETTER: (
        "Trục không xử lý được lượt gửi này; đơn vị vận hành đã được báo, nội dung vẫn được lưu.",
        "The axis could not process this submission; its operators were told and the contents are kept.",
    ),
    NAMED_UNDECIDED: (
        "Văn bản được cập nhật, thay thế hoặc thu hồi còn đang được xử lý; văn bản này chờ rồi tự chuyển tiếp.",
        "The document that this one updates, replaces or recalls is still being processed; this one waits for it.",
    ),
    NOT_CONNECTED: (
        "Không có hệ thống thành viên nào đang nhận cho cơ quan này.",
        "No connected system receives for this organisation at present.",
    ),
}
_PASSED: Final = ("Chữ ký số hợp lệ.", "The digital signatures are valid.")
_WARNED: Final = (
    "Chưa xác nhận được chữ ký số; bên nhận kiểm tra và quyết định tiếp nhận hay trả lại.",
    "The digital signatures could not be confirmed; the recipient decides whether to accept or to return it.",
)
_OTHER: Final = ("Xem kết quả kiểm tra để biết lý do.", "See the verdict for the reason.")


def sentence(cause: str | None, *, valid: bool = False) -> dict[str, str]:
    """Give the sentence for a cause; ``valid`` only when nothing is left to doubt."""
    if cause is None:
        vi, en = _PASSED if valid else _WARNED
    elif cause in _OWN:
        vi, en = _OWN[cause]
    elif cause in set(Cause):
        explanation = EXPLANATIONS[Cause(cause)]
        vi, en = explanation.vi, explanation.en
    else:
        vi, en = _OTHER
    return {"vi": vi, "en": en}


def with_sentence(cause: str | None) -> dict[str, Any]:
    """Give cause and sentence for a piece of news."""
    return {} if cause is None else {"cause": cause, "sentence": sentence(cause)}
