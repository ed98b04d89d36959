"""What the pages say while the axis is not whole."""

from typing import Final

CONDITION_WORDS: Final[dict[str, tuple[str, str]]] = {
    "trouble-axis": ("Trục đang gián đoạn", "The axis is interrupted"),
    "trouble-axis-text": (
        "Tạm thời chỉ xem được danh sách, sổ và bản nháp; chưa gửi, trả lời được. Không mất gì, bản nháp vẫn lưu.",
        "For now lists, registers and drafts can be read; nothing is sent or answered. Nothing is lost, nor drafts.",
    ),
    "trouble-bus": ("Trục đang gián đoạn việc chuyển", "The axis is not passing documents on"),
    "trouble-bus-text": (
        "Tạm thời chỉ xem được, chưa gửi, trả lời được. Cứ soạn tiếp: bản nháp được lưu, gửi khi trục trở lại.",
        "For now everything is read only. Go on writing: drafts are kept, to be sent when it is back.",
    ),
    "trouble-late": ("Kiểm tra chữ ký đang chậm", "Signatures are examined late"),
    "trouble-late-text": (
        "Văn bản đã gửi đang chờ tới lượt, không cần gửi lại; nơi nhận thấy văn bản muộn hơn bình thường.",
        "What was sent waits for its turn and need not be sent again; recipients see it later than usual.",
    ),
    "send-later": (
        "Chưa gửi được lúc này. Bản nháp đã lưu; mở lại trang này khi trục trở lại.",
        "It cannot be sent now. The draft is kept; open this page again when the axis is back.",
    ),
}
