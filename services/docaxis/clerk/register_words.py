"""What the registers and the search say."""

from typing import Final

REGISTER_WORDS: Final[dict[str, tuple[str, str]]] = {
    "registers": ("Sổ văn bản", "Registers"),
    "register-incoming": ("Sổ đăng ký văn bản đến", "Register of incoming documents"),
    "register-outgoing": ("Sổ đăng ký văn bản đi", "Register of outgoing documents"),
    "order-number": ("Số thứ tự", "No."),
    "registered-by": ("Người tiếp nhận", "Accepted by"),
    "registered-at": ("Tiếp nhận lúc", "Accepted"),
    "signed-by": ("Người ký", "Signer"),
    "more-recipients": ("nơi khác", "more"),
    "year": ("Năm", "Year"),
    "show": ("Xem", "Show"),
    "organisation": ("Cơ quan", "Organisation"),
    "print": ("Bản in", "Print view"),
    "print-how": (
        "Dùng lệnh In của trình duyệt; phần này và đường liên kết không được in.",
        "Use your browser's Print; this line and the links are not printed.",
    ),
    "next-sheet": ("Phần tiếp theo của sổ", "Next part of the register"),
    "export": ("Tải bảng (CSV)", "Download table (CSV)"),
    "last-number": ("Số đã cấp gần nhất", "Last number given"),
    "number-is-given": (
        "Số đến do sổ văn bản đến cấp tự động, liên tục trong năm.",
        "The register of incoming documents gives the number by itself, in sequence within the year.",
    ),
    "gaps": ("Số cấp ở nơi khác", "Numbers given elsewhere"),
    "gap-title": ("Tiếp tục từ sổ giấy hoặc phần mềm khác", "Continue from a paper register or other software"),
    "gap-text": (
        "Các số tới số ghi dưới đây được ghi là đã cấp ở nơi khác, kèm lý do; việc này không lấy lại được.",
        "The numbers up to the one below are noted as given elsewhere, with the reason; this cannot be undone.",
    ),
    "gap-through": ("Số cuối cùng đã cấp ở nơi khác", "Last number given elsewhere"),
    "gap-reason": ("Lý do", "Reason"),
    "gap-save": ("Ghi vào sổ", "Note it"),
    "gap-needs-both": (
        "Ghi một số nguyên dương và lý do.",
        "Give a whole number and the reason.",
    ),
    "gap-backwards": (
        "Số này đã được cấp trong sổ. Ghi số lớn hơn số đã cấp gần nhất.",
        "That number was given already. Give one above the last number.",
    ),
    "search-title": ("Tìm văn bản", "Find documents"),
    "search-words": (
        "Số, ký hiệu, số đến hoặc từ trong trích yếu (có dấu hay không dấu)",
        "Number, notation, register number, or words of the subject (diacritics optional)",
    ),
    "search-agency": ("Cơ quan ban hành (văn bản đến) hoặc nơi nhận (văn bản đi)", "Issuer or recipient"),
    "search-from": ("Từ ngày", "From"),
    "search-to": ("Đến hết ngày", "To"),
    "search-in": ("Tìm trong", "Look in"),
    "in-both": ("văn bản đến và đi", "incoming and outgoing"),
    "in-incoming": ("văn bản đến", "incoming"),
    "in-outgoing": ("văn bản đi", "outgoing"),
    "direction": ("Đến/đi", "In/out"),
    "found": ("Kết quả", "Found"),
}
