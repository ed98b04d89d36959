"""What dealing with what came says: its steps, assigning, answering and passing on."""

from typing import Final

DEALING_WORDS: Final[dict[str, tuple[str, str]]] = {
    "dealing": ("Xử lý văn bản", "Dealing with it"),
    "step-signed": ("Ký nhận", "Signed for"),
    "step-done": ("xong", "done"),
    "step-open": ("chưa", "open"),
    "assign": ("Phân công, chỉ đạo", "Assign and direct"),
    "assignee": ("Giao cho (người hoặc đơn vị); bên gửi được báo", "Give to (person or unit); the sender is told"),
    "assigned-to": ("Giao cho", "Given to"),
    "instruction": ("Ý kiến chỉ đạo (chỉ trong cơ quan)", "What is to be done (stays inside)"),
    "assign-due": ("Hạn xử lý", "Until"),
    "assign-needs": ("Ghi người hoặc đơn vị được giao, hoặc ý kiến chỉ đạo.", "Name who is to do it, or what to do."),
    "assign-when": (
        "Chỉ phân công văn bản đã tiếp nhận và chưa hoàn thành; hãy xem lại tình trạng bên dưới.",
        "Only what was accepted and is not finished is assigned; see below where it stands.",
    ),
    "note-for-sender": ("Ý kiến gửi bên gửi", "Note to the sender"),
    "tell-05": ("Báo đang xử lý (05)", "Report in progress (05)"),
    "tell-06": ("Báo hoàn thành (06)", "Report finished (06)"),
    "reply-begin": ("Trả lời bằng văn bản", "Answer by a document"),
    "reply-text": (
        "Soạn lượt gửi văn bản trả lời tới cơ quan ban hành, gắn với văn bản này.",
        "Begin a document that answers its issuer and is connected with this one.",
    ),
    "forward-begin": ("Chuyển tiếp", "Pass on"),
    "forward-text": (
        "Chuyển nguyên văn bản tới cơ quan khác để xử lý chính, phối hợp hoặc để biết.",
        "Pass it on as it is to other organisations, for action, coordination or information.",
    ),
    "linked-same": ("Cùng văn bản, được chuyển tiếp", "The same document, passed on"),
}
