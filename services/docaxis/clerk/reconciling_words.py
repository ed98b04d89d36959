"""What the page of reconciling says."""

from typing import Final

RECONCILING_WORDS: Final[dict[str, tuple[str, str]]] = {
    "reconcile": ("Đối soát", "Reconcile"),
    "reconcile-text": (
        "So sổ văn bản với những gì trục ghi nhận giữa cơ quan và một thành viên khác trong những ngày đã chọn.",
        "Compares the registers with what the axis has between you and another member in the days chosen.",
    ),
    "reconcile-with": ("Đối soát với", "Reconcile with"),
    "reconcile-days": ("Chọn ngày bắt đầu không sau ngày kết thúc", "Choose a first day that is not after the last"),
    "reconcile-member": ("Chọn thành viên để đối soát", "Choose the member to reconcile with"),
    "compared": ("Số lượt chuyển đã so", "Deliveries compared"),
    "waiting-for-them": ("Đang chờ bên kia ký nhận", "Not signed for by them yet"),
    "both-agree": ("Hai bên khớp nhau, không thiếu gì.", "Both sides agree, nothing is lacking."),
    "lacks": ("Những điểm chưa khớp", "What does not agree"),
    "lack": ("Chưa khớp", "Lack"),
    "remedy": ("Cách khắc phục", "What to do"),
    "lack-axis-lacks": ("Bên gửi có, trục không có", "The sender has it, the axis has not"),
    "lack-recipient-lacks": ("Trục có, bên nhận không có", "The axis has it, the recipient has not"),
    "lack-sender-lacks": ("Bên nhận có, bên gửi không có", "The recipient has it, the sender has not"),
    "lack-states-differ": ("Trạng thái hoặc nội dung khác nhau", "States or contents differ"),
    "remedy-send-again": ("gửi lại văn bản", "send the document again"),
    "remedy-fetch-again": ("mở lại văn bản trên trục", "open the document on the axis again"),
    "remedy-hand-over": ("ký nhận lại văn bản", "sign for the document again"),
    "remedy-report-again": ("gửi lại phản hồi trạng thái", "report the status again"),
    "remedy-ask-sender": ("hỏi bên gửi", "ask the sender"),
}
"""Vietnamese and English by key."""
