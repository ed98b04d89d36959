"""What the pages say, in Vietnamese first. A word that has no entry here is a mistake that a test finds."""

from typing import Final

from docaxis.clerk.account_words import ACCOUNT_WORDS
from docaxis.clerk.administration_words import ADMINISTRATION_WORDS
from docaxis.clerk.audit_words import AUDIT_WORDS
from docaxis.clerk.changing_words import CHANGING_WORDS
from docaxis.clerk.condition_words import CONDITION_WORDS
from docaxis.clerk.deadline_words import DEADLINE_WORDS
from docaxis.clerk.dealing_words import DEALING_WORDS
from docaxis.clerk.reconciling_words import RECONCILING_WORDS
from docaxis.clerk.register_words import REGISTER_WORDS
from docaxis.clerk.viewing_words import VIEWING_WORDS
from docaxis_schemas.lifecycle import REPORT_NAMES

LANGUAGES: Final = ("vi", "en")

WORDS: Final[dict[str, tuple[str, str]]] = {
    **REGISTER_WORDS,
    **DEADLINE_WORDS,
    **RECONCILING_WORDS,
    **CONDITION_WORDS,
    **DEALING_WORDS,
    **ACCOUNT_WORDS,
    **ADMINISTRATION_WORDS,
    **CHANGING_WORDS,
    **VIEWING_WORDS,
    **AUDIT_WORDS,
    "app": ("Trục liên thông văn bản", "Document-exchange axis"),
    "skip": ("Bỏ qua, tới nội dung chính", "Skip to main content"),
    "test": ("Môi trường THỬ NGHIỆM – không có giá trị pháp lý", "TEST environment – of no legal effect"),
    "inbox": ("Văn bản đến", "Incoming documents"),
    "outbox": ("Văn bản đi", "Outgoing documents"),
    "send": ("Gửi văn bản", "Send a document"),
    "drafts": ("Bản nháp", "Drafts"),
    "sign-in": ("Đăng nhập", "Sign in"),
    "sign-out": ("Đăng xuất", "Sign out"),
    "account": ("Tài khoản", "Account"),
    "password": ("Mật khẩu", "Password"),
    "sign-in-failed": (
        "Tài khoản hoặc mật khẩu không đúng. Kiểm tra lại; quên mật khẩu thì hỏi quản trị của cơ quan.",
        "Account or password is not right. Check both; if you forgot it, ask your agency's administrator.",
    ),
    "too-many": (
        "Đã thử sai quá nhiều lần. Chờ một phút rồi thử lại.",
        "Too many wrong tries. Wait a minute and try again.",
    ),
    "signed-out": ("Anh/chị đã đăng xuất.", "You are signed out."),
    "problem": ("Có vấn đề", "There is a problem"),
    "not-found": ("Không tìm thấy trang này", "Page not found"),
    "not-found-text": (
        "Địa chỉ không đúng, hoặc văn bản không thuộc cơ quan của anh/chị.",
        "The address is not right, or the document is not your organisation's.",
    ),
    "forbidden": ("Không được phép", "Not allowed"),
    "stale-form": (
        "Trang đã cũ hoặc được gửi từ nơi khác. Mở lại trang và làm lại; chưa có gì được ghi nhận.",
        "The page was too old or came from elsewhere. Open it again and repeat; nothing was done.",
    ),
    "account-ended": (
        "Tài khoản không còn được dùng: kết nối đã bị thu hồi hoặc hết hạn. Hãy hỏi quản trị của cơ quan.",
        "This account is no longer in use: revoked or expired. Ask your agency's administrator.",
    ),
    "leader-reads": (
        "Lãnh đạo xem, phân công và chỉ đạo; việc gửi và trả lời do văn thư làm.",
        "A leader's account reads; clerks send and answer.",
    ),
    "suspended": ("Cơ quan đang bị tạm dừng", "Your organisation is suspended"),
    "suspended-text": (
        "Việc kết nối của cơ quan với trục đang bị tạm dừng nên chưa xem, gửi được. Liên hệ đơn vị vận hành trục.",
        "Its connection with the axis is suspended, so nothing can be read or sent. Ask the operator of the axis.",
    ),
    "broken": ("Trang gặp lỗi", "The page failed"),
    "broken-text": (
        "Lỗi do hệ thống, không phải do anh/chị; đã được ghi lại cho đơn vị vận hành. Quay lại và thử lại sau.",
        "The mistake is the system's, not yours; the operator finds it in the log. Go back and try again later.",
    ),
    "bad-form": ("Không đọc được biểu mẫu", "The form cannot be read"),
    "bad-form-text": (
        "Biểu mẫu bị vỡ, có quá nhiều mục, hoặc có ký tự không phải chữ. Mở lại trang và làm lại.",
        "The form is broken, has too many fields, or holds what is no text. Open the page again and repeat.",
    ),
    "too-large": ("Tệp quá lớn", "The files are too large"),
    "too-large-text": (
        "Các tệp gửi cùng lúc vượt quá 2 GiB; chưa có tệp nào được nhận. Quay lại, bớt tệp hoặc gửi từng tệp một.",
        "The files sent at once exceed 2 GiB; none was taken. Go back and send fewer, or one at a time.",
    ),
    "no-room": ("Đang nhận nhiều tệp lớn", "Many large files are coming in"),
    "no-room-text": (
        "Tạm thời hết chỗ nhận tệp; tệp của anh/chị chưa được nhận. Chờ một phút rồi gửi lại biểu mẫu.",
        "There is no room for more files at this moment; yours were not taken. Wait a minute and send the form again.",
    ),
    "limits": ("Một tệp PDF tối đa", "A PDF may have"),
    "limits-other": ("tệp khác tối đa", "any other file"),
    "too-many-recipients": (
        "Một lượt gửi có tối đa 5.000 nơi nhận: dùng nhóm, hoặc chia thành nhiều lượt.",
        "One submission has at most 5,000 recipients: use a group, or send in parts.",
    ),
    "axis-away": ("Trục đang gián đoạn", "The axis is interrupted"),
    "axis-away-text": (
        "Chưa kết nối được. Việc đã nhận vẫn được giữ đủ; hãy thử lại sau ít phút, thử lại không tạo bản thứ hai.",
        "It cannot be reached. Nothing that was taken is lost; try again in some minutes: that makes no second one.",
    ),
    "number": ("Số, ký hiệu", "Number and notation"),
    "subject": ("Trích yếu", "Subject"),
    "type": ("Loại văn bản", "Type"),
    "type-name": ("Tên loại (nếu chọn Loại khác)", "Name of the type (if Loại khác)"),
    "issuer": ("Cơ quan ban hành", "Issuer"),
    "to": ("Nơi nhận", "Recipients"),
    "received-at": ("Nhận lúc", "Received"),
    "sent-at": ("Gửi lúc", "Sent"),
    "status": ("Trạng thái", "Status"),
    "urgency": ("Độ khẩn", "Urgency"),
    "place": ("Địa danh", "Place"),
    "date": ("Ngày ban hành", "Date"),
    "due": ("Hạn trả lời", "Due"),
    "role": ("Nhận để", "Received for"),
    "files": ("Tệp", "Files"),
    "all": ("Tất cả", "All"),
    "waiting": ("Chờ tiếp nhận", "To be answered"),
    "older": ("Cũ hơn", "Older"),
    "nothing": ("Không có văn bản nào.", "There are no documents."),
    "signature": ("Chữ ký số", "Signatures"),
    "checklist": ("Xem từng điều đã kiểm tra", "What was checked"),
    "valid": ("Hợp lệ", "Valid"),
    "unsure": ("Chưa xác nhận được", "Cannot be confirmed"),
    "invalid": ("Không hợp lệ", "Not valid"),
    "valid-now": ("Việc cần làm: tiếp nhận.", "What to do: accept."),
    "unsure-now": (
        "Việc cần làm: chưa nên tiếp nhận; hỏi bên gửi hoặc chờ kết quả kiểm tra lại, nếu cần thì trả lại kèm lý do.",
        "What to do: do not accept yet; ask the sender or wait for the next check, or return it with a reason.",
    ),
    "invalid-now": ("Việc cần làm: trả lại kèm lý do.", "What to do: return it with a reason."),
    "hand-over": ("Ký nhận văn bản", "Sign for the document"),
    "hand-over-text": (
        "Ghi nhận rằng cơ quan đã có đủ các tệp với đúng mã băm; bên gửi được báo.",
        "Records that your organisation has all files with these hashes; the sender is told.",
    ),
    "answer": ("Trả lời bên gửi", "Answer the sender"),
    "accept": ("Tiếp nhận", "Accept"),
    "register-number": ("Số đến", "Number in the register"),
    "return": ("Trả lại", "Return"),
    "reason": ("Lý do (bắt buộc)", "Reason (required)"),
    "done": ("Đã ghi nhận.", "It was taken."),
    "history": ("Diễn biến", "History"),
    "delivery-lines": ("Tình hình từng nơi nhận", "Each recipient"),
    "step": ("Bước", "Step"),
    "of": ("trên", "of"),
    "step-1": ("Văn bản và tệp", "Document and files"),
    "step-2": ("Nơi nhận", "Recipients"),
    "step-3": ("Kiểm tra rồi gửi", "Check and send"),
    "continue": ("Tiếp tục", "Continue"),
    "back": ("Quay lại", "Back"),
    "change": ("Sửa", "Change"),
    "add": ("Thêm", "Add"),
    "remove": ("Bỏ", "Remove"),
    "search": ("Tìm", "Search"),
    "search-organisation": ("Tìm cơ quan theo tên hoặc mã", "Find organisations by name or code"),
    "group": ("Nhóm nhận", "Group"),
    "main-file": ("Văn bản chính (PDF đã ký)", "Main file (signed PDF)"),
    "appendix": ("Phụ lục", "Appendices"),
    "enclosure": ("Tài liệu kèm theo", "Enclosures"),
    "file-main": ("văn bản chính", "main"),
    "file-appendix": ("phụ lục", "appendix"),
    "file-enclosure": ("kèm theo", "enclosure"),
    "notation": ("Ký hiệu", "Notation"),
    "only-number": ("Số", "Number"),
    "send-now": ("Gửi", "Send"),
    "send-warning": (
        "Sau khi gửi, trục kiểm tra chữ ký rồi chuyển. Việc gửi được ghi bằng chứng dưới tên cơ quan.",
        "Once sent, the axis checks the signatures and delivers. Sending is evidence in your organisation's name.",
    ),
    "choose-file": ("Chọn tệp văn bản chính.", "Choose the main file."),
    "choose-recipient": ("Chọn ít nhất một nơi nhận.", "Choose at least one recipient."),
    "give-reason": ("Ghi lý do trả lại để bên gửi sửa được.", "Give a reason, so that the sender can correct it."),
    "discard": ("Xóa bản nháp", "Discard the draft"),
    "language": ("English", "Tiếng Việt"),
    "navigation": ("Điều hướng chính", "Main navigation"),
    "state-consigned": ("đã tới hộp thư", "in the inbox"),
    "state-handed_over": ("đã ký nhận", "signed for"),
    "state-refused": ("bị từ chối", "refused"),
    "state-unroutable": ("không có nơi nhận", "not routable"),
    "state-recalled": ("đã lấy lại", "recalled"),
    "state-expired": ("hết hạn", "expired"),
    "change-recall": ("yêu cầu thu hồi", "recall"),
    "change-update": ("yêu cầu cập nhật", "update"),
    "change-replacement": ("yêu cầu thay thế", "replacement"),
    "change-state-asked": ("chờ trả lời", "not answered yet"),
    "change-state-agreed": ("bên nhận đồng ý", "agreed"),
    "change-state-refused": ("bên nhận từ chối", "refused"),
    "asked-text": (
        "Bên gửi đề nghị điều này. Đồng ý thu hồi nghĩa là cơ quan đã xóa văn bản khỏi hệ thống của mình.",
        "The sender asks for this. To agree to a recall says that your organisation has deleted the document.",
    ),
    "agree": ("Đồng ý (15)", "Agree (15)"),
    "disagree": ("Từ chối (16)", "Refuse (16)"),
    "recall": ("Thu hồi văn bản", "Recall the document"),
    "recall-text": (
        "Nơi chưa nhận sẽ không nhận nữa; nơi đã có văn bản được đề nghị trả lời đồng ý hoặc từ chối.",
        "Whom it has not reached yet never gets it; who has it is asked, and answers.",
    ),
    "recall-from": ("Thu hồi từ", "Recall from"),
    "from-all": ("tất cả nơi nhận", "all recipients"),
    "say-why": ("Ghi lý do; bên kia đọc được nguyên văn.", "Give a reason; the other side reads it."),
    "recalled": ("Đã gửi yêu cầu thu hồi.", "The recall was handed in."),
    "changed-by": ("Văn bản nêu yêu cầu", "The document that asks"),
    "state-received": ("đang kiểm tra", "being checked"),
    "disposition-deliver": ("đã chuyển", "delivered"),
    "disposition-deliver_with_warning": ("đã chuyển, kèm cảnh báo", "delivered with a warning"),
    "disposition-hold": ("đang chờ dữ liệu thu hồi", "held: waiting for revocation data"),
    "disposition-refuse": ("bị từ chối", "refused"),
    "role-action": ("xử lý chính", "action"),
    "role-coordination": ("phối hợp", "coordination"),
    "role-information": ("để biết", "information"),
    "arrived-of": ("đã ký nhận", "signed for"),
    "accepted-of": ("đã tiếp nhận", "accepted"),
    "returned-of": ("trả lại", "returned"),
    "urgency-normal": ("thường", "normal"),
    "urgency-khan": ("khẩn", "urgent"),
    "urgency-thuong-khan": ("thượng khẩn", "very urgent"),
    "urgency-hoa-toc": ("hỏa tốc", "immediate"),
    "urgency-hoa-toc-hen-gio": ("hỏa tốc hẹn giờ", "immediate at a set time"),
    "event-submission.received": ("Trục đã nhận lượt gửi", "The axis received the submission"),
    "event-SubmissionAcceptance": ("Đã kiểm tra, chấp nhận chuyển", "Checked and accepted for delivery"),
    "event-SubmissionRejection": ("Bị từ chối", "Refused"),
    "event-verdict.given": ("Có kết quả kiểm tra chữ ký", "The signatures were judged"),
    "event-verdict.revised": ("Kết quả kiểm tra chữ ký được sửa đổi", "The verdict was revised"),
    "event-ContentConsignment": ("Đã tới hộp thư bên nhận", "In the recipient's inbox"),
    "event-ContentConsignmentFailure": ("Không chuyển được tới bên nhận", "Could not be delivered to the recipient"),
    "event-ContentHandover": ("Bên nhận đã ký nhận", "The recipient signed for it"),
    "event-status.reported": ("Bên nhận báo trạng thái", "The recipient reported a status"),
    "event-recall.received": ("Bên gửi yêu cầu thu hồi", "The sender asked for it back"),
    "event-delivery.cancelled": ("Đã hủy trước khi chuyển", "Cancelled before delivery"),
    "event-change.asked": ("Đã gửi yêu cầu của bên gửi tới bên nhận", "The recipient was asked"),
    "event-change.answered": ("Bên nhận trả lời yêu cầu", "The recipient answered"),
    "event-delivery.expired": ("Hết hạn, không ai ký nhận", "Expired, nobody signed for it"),
    "event-submission.dead_lettered": ("Cần đơn vị vận hành xử lý", "Waits for an operator"),
    "event-key.changed": ("Trục đã thay khóa ký bằng chứng", "The axis changed the key that signs evidence"),
    "event-submission.replayed": ("Đã được đưa lại xử lý", "Put back into processing"),
    "event-holdings.compared": ("Trục đã đối soát với bảng kê của thành viên", "The axis compared what a member holds"),
    "event-submission.parked": ("Chờ văn bản được nêu tên xử lý xong", "Waits for the document it names"),
    "links": ("Văn bản được nêu", "Documents it names"),
    "link-change": ("Cập nhật, thay thế hoặc thu hồi", "Updates, replaces or recalls"),
    "link-reply": ("Trả lời", "Answers"),
    "link-reference": ("Liên quan", "Refers to"),
    "event-audit.searched": ("Kiểm toán viên đã tra cứu", "An auditor looked"),
    "event-alert.raised": ("Trục đưa ra cảnh báo", "The axis raised an alert"),
    "event-content.absent": ("Trục tuyên bố sổ không có nội dung", "The axis stated that the log lacks a content"),
    "event-submission.absent": (
        "Trục tuyên bố sổ không có lượt gửi",
        "The axis stated that the log lacks a submission",
    ),
    "event-account.changed": ("Một tài khoản đã thay đổi", "An account was changed"),
    "event-evidence.exported": ("Kiểm toán viên đã xuất bằng chứng", "An auditor exported the evidence"),
    "save": ("Lưu bản nháp", "Save the draft"),
    "sent": ("Đã gửi.", "It was sent."),
    "receipts": ("Biên nhận có chữ ký của trục", "Receipts signed by the axis"),
}


FIELDS: Final[dict[str, str]] = {
    "issuer": "issuer",
    "type": "type",
    "type_name": "type-name",
    "number": "only-number",
    "notation": "notation",
    "subject": "subject",
    "place": "place",
    "promulgated_on": "date",
    "due_on": "due",
    "urgency": "urgency",
    "recipients": "to",
    "reason": "reason",
    "earlier": "replaced-named",
    "file-main": "main-file",
    "file-appendix": "appendix",
    "file-enclosure": "enclosure",
}
"""What the pages call the fields of the metadata."""


def field_name(field: str, language: str) -> str:
    """Give what the pages call a field; one that they do not ask for keeps its name."""
    known = FIELDS.get(field.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0])
    return word(known, language) if known else field


def word(key: str, language: str) -> str:
    """Give a word. A report's name is under ``report-CODE``.

    Raises:
        KeyError: There is none.
    """
    if key.startswith("report-"):
        names = {report.value: pair for report, pair in REPORT_NAMES.items()}
        return names[key.removeprefix("report-")][LANGUAGES.index(language)]
    return WORDS[key][LANGUAGES.index(language)]
