"""What updating, replacing, answering and passing on say, and documents that are connected."""

from typing import Final

CHANGING_WORDS: Final[dict[str, tuple[str, str]]] = {
    "amend": ("Cập nhật hoặc thay thế", "Update or replace"),
    "update-begin": ("Cập nhật văn bản", "Update the document"),
    "update-text": (
        "Sửa thông tin, tệp hoặc nơi nhận dưới cùng số, ký hiệu. Nơi đã có văn bản được đề nghị đồng ý hoặc từ chối.",
        "Correct facts, files or recipients under the same number. Who has the document is asked to agree.",
    ),
    "replace-begin": ("Thay thế văn bản", "Replace the document"),
    "replace-text": (
        "Gửi văn bản mới, số mới, thay cho văn bản này và có thể cả văn bản khác.",
        "Send a new document under a new number in place of this one, and of others if need be.",
    ),
    "about-update": ("Cập nhật văn bản đã gửi", "Update of a document sent before"),
    "about-replace": ("Thay thế văn bản đã gửi", "Replacement of documents sent before"),
    "about-reply": ("Trả lời văn bản", "Answer to a document"),
    "about-forward": ("Chuyển tiếp văn bản", "Passing on a document"),
    "about-asks": (
        "Sau khi gửi, mỗi nơi đang có văn bản cũ trả lời đồng ý (15) hoặc từ chối (16); trục không tự sửa, xóa gì.",
        "Once sent, whoever has the earlier document agrees (15) or refuses (16); the axis changes nothing there.",
    ),
    "change-reason": ("Lý do", "Reason"),
    "held-by": ("số nơi đang có", "held by"),
    "replaced-more": ("Thêm hoặc bớt văn bản bị thay thế", "Add or remove documents to be replaced"),
    "replaced-find": (
        "Tìm văn bản đi cần thay thế theo số, ký hiệu hoặc trích yếu",
        "Find sent documents to be replaced, by number or words of the subject",
    ),
    "replaced-named": ("Các văn bản bị thay thế", "Documents to be replaced"),
    "receivers-added": ("Nơi nhận thêm", "Recipients added"),
    "receivers-removed": ("Nơi bị bớt (được đề nghị trả lại)", "Recipients removed (asked to give it back)"),
    "change-by-software": (
        "Văn bản này có hơn 500 dòng nơi nhận: cập nhật, thay thế bằng lệnh docaxis hoặc phần mềm của cơ quan.",
        "It has more than 500 lines of recipients: update or replace it with the docaxis command or your software.",
    ),
    "too-many-drafts": ("Quá nhiều bản nháp", "Too many drafts"),
    "too-many-drafts-text": (
        "Mỗi tài khoản giữ tối đa 50 bản nháp chưa gửi. Mở Bản nháp, gửi hoặc xóa bớt rồi làm lại.",
        "An account keeps at most 50 drafts. Open Drafts, send or discard some, then do it again.",
    ),
    "tree": ("Chọn theo cây cơ quan", "Choose from the tree of organisations"),
    "tree-open": ("Mở cây cơ quan", "Open the tree"),
    "tree-top": ("Cả nước", "The whole country"),
    "tree-below": ("Đơn vị trực thuộc", "Units below"),
    "tree-none": ("Không có đơn vị trực thuộc.", "There are no units below."),
    "tree-add": ("Thêm các cơ quan đã chọn", "Add those marked"),
    "tree-add-all": ("Thêm tất cả đơn vị trực thuộc", "Add all units below"),
    "drop": ("Có thể kéo thả tệp vào đây.", "Files may be dropped here."),
    "linked": ("Văn bản nêu văn bản này", "Documents that name it"),
    "linked-reply": ("Được trả lời bằng", "Answered by"),
    "linked-reference": ("Được nêu trong", "Referred to by"),
    "linked-update": ("Được cập nhật bằng", "Updated by"),
    "linked-replace": ("Bị thay thế bằng", "Replaced by"),
    "linked-revoke": ("Bị thu hồi bằng", "Recalled by"),
}
