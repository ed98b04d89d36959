"""What the pages about deadlines say."""

from typing import Final

DEADLINE_WORDS: Final[dict[str, tuple[str, str]]] = {
    "deadlines": ("Thời hạn", "Deadlines"),
    "due-incoming": ("Việc cơ quan phải làm", "What your organisation has to do"),
    "due-outgoing": ("Nơi nhận đang quá hạn", "Recipients that are overdue"),
    "duty": ("Việc", "Duty"),
    "duty-acknowledge": ("thông báo đã nhận (trong ngày)", "give notice of receipt (same day)"),
    "duty-answer": ("giải quyết theo hạn ghi trên văn bản", "deal with it by the document's due date"),
    "duty-send": ("gửi trong ngày ký, chậm nhất sáng ngày làm việc sau", "send by the next working morning"),
    "standing": ("Tình trạng hạn", "Standing"),
    "standing-open": ("còn hạn", "in time"),
    "standing-soon": ("sắp đến hạn", "due soon"),
    "standing-overdue": ("quá hạn", "overdue"),
    "due-at": ("Hạn", "Due"),
    "of-all": ("trên tổng số", "of"),
    "notices": ("Nhắc việc và thông báo quá hạn", "Reminders and overdue notices"),
    "notice-reminder": ("Nhắc việc", "Reminder"),
    "notice-overdue": ("Thông báo quá hạn", "Overdue"),
    "relation-recipient": ("việc của cơ quan mình", "your own duty"),
    "relation-sender": ("văn bản mình gửi", "what you sent"),
    "relation-parent": ("cơ quan trực thuộc", "a body below yours"),
    "told-at": ("Báo lúc", "Told"),
    "who": ("Đơn vị phải làm", "Whose duty"),
    "rates": ("Tỷ lệ đúng hạn", "On-time rates"),
    "month": ("Tháng", "Month"),
    "on-time": ("Đúng hạn", "On time"),
    "judged": ("Đã đến hạn hoặc đã làm", "Due or done"),
    "still-open": ("Còn hạn, chưa làm", "Open, not due"),
    "rate": ("Tỷ lệ", "Rate"),
    "no-rate": ("chưa có", "none"),
    "rate-how": (
        (
            "Tính theo văn bản đến và đi trong tháng. Tử số: việc làm xong không muộn hơn hạn. Mẫu số: việc đã làm, "
            "hoặc chưa làm mà đã quá hạn. Việc còn hạn không tính. Hạn theo lịch làm việc, giờ Việt Nam, "
            "hết giờ lúc 17:00."
        ),
        (
            "Over documents that came or went in the month. Numerator: done no later than due. Denominator: done, or "
            "overdue. What is open and not due counts in neither. Deadlines follow the working calendar, Vietnam time, "
            "until 17:00."
        ),
    ),
    "calendar-unknown": (
        "Lịch nghỉ của năm nay chưa được nạp: chỉ tính ngày cuối tuần và ngày lễ cố định.",
        "This year's holidays are not known yet: only weekends and fixed holidays are counted.",
    ),
    "apology": ("Thư xin lỗi (dự thảo)", "Letter of apology (draft)"),
    "apology-how": (
        (
            "Dự thảo theo Chỉ thị 23/CT-TTg khi giải quyết quá hạn. Chưa gửi đi đâu: in hoặc chép lại, bổ sung chỗ "
            "trống, trình ký rồi gửi như một văn bản."
        ),
        (
            "A draft for being late (directive 23/CT-TTg), in Vietnamese because the letter is. Nothing was sent: "
            "print or copy it, fill the blanks, have it signed and send it as a document."
        ),
    ),
}
