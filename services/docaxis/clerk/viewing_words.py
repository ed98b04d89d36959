"""What reading a PDF at the pages says."""

from typing import Final

VIEWING_WORDS: Final[dict[str, tuple[str, str]]] = {
    "view": ("Xem", "View"),
    "fetch-file": ("Tải tệp gốc", "Download the file itself"),
    "picture-how": (
        "Ảnh của trang do máy chủ vẽ để đọc nhanh; văn bản có giá trị là tệp gốc.",
        "A picture of the page for reading, drawn by the server; what counts is the file itself.",
    ),
    "sheets": ("Các trang của tệp", "Pages of the file"),
    "sheet": ("Trang", "Page"),
    "sheet-before": ("Trang trước", "Previous page"),
    "sheet-after": ("Trang sau", "Next page"),
    "sheet-text": ("Chữ trên trang này", "Text of this page"),
    "no-picture": ("Không hiển thị được tệp này", "This file cannot be shown"),
    "no-picture-text": (
        "Tệp quá lớn, bị khóa bằng mật khẩu, hỏng, hoặc không có trang này. Hãy tải tệp gốc về để mở.",
        "It is too large, locked by a password, broken, or has no such page. Download the file itself to open it.",
    ),
}
