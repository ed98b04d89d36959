"""Every error an interface of the axis can answer with: one table, from which code, screens and the docs' list come."""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final


@unique
class Code(StrEnum):
    """Stable names of problems (RFC 9457 ``type`` is built from them)."""

    UNAUTHENTICATED = "unauthenticated"
    TOO_MANY_ATTEMPTS = "too-many-attempts"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    MALFORMED_REQUEST = "malformed-request"
    MALFORMED_JSON = "malformed-json"
    METADATA_INVALID = "metadata-invalid"
    MANIFEST_SIGNATURE_INVALID = "manifest-signature-invalid"
    MANIFEST_EXPIRED = "manifest-expired"
    WRONG_AXIS = "wrong-axis"
    WRONG_ENVIRONMENT = "wrong-environment"
    MEMBER_SUSPENDED = "member-suspended"
    NOT_AUTHORISED_FOR_ISSUER = "not-authorised-for-issuer"
    IDEMPOTENCY_CONFLICT = "idempotency-conflict"
    NATURAL_KEY_TAKEN = "natural-key-taken"
    ALREADY_DELIVERED = "already-delivered"
    UNKNOWN_RECIPIENTS = "unknown-recipients"
    TOO_MANY_RECIPIENTS = "too-many-recipients"
    SECRET_DOCUMENT = "secret-document"  # noqa: S105 - the name of a problem
    CONTENT_MISSING = "content-missing"
    CONTENT_MISMATCH = "content-mismatch"
    CONTENT_TYPE_REFUSED = "content-type-refused"
    CONTENT_EMPTY = "content-empty"
    CONTENT_TOO_LARGE = "content-too-large"
    CONTENT_LENGTH_WRONG = "content-length-wrong"
    UPLOAD_QUOTA = "upload-quota"
    UPLOAD_TOO_SLOW = "upload-too-slow"
    OFFSET_MISMATCH = "offset-mismatch"
    NOT_A_PDF = "not-a-pdf"
    PDF_ENCRYPTED = "pdf-encrypted"
    REPORT_WRONG_PARTY = "report-wrong-party"
    REPORT_REASON_MISSING = "report-reason-missing"
    REPORT_CODE_UNKNOWN = "report-code-unknown"
    REPORT_NOT_YET = "report-not-yet"
    NOTHING_TO_RECALL = "nothing-to-recall"
    NO_CHANGE_ASKED = "no-change-asked"
    DELIVERY_ENDED = "delivery-ended"
    NOT_REPLAYABLE = "not-replayable"
    CONTENT_LOGGED = "content-logged"
    SUBMISSION_LOGGED = "submission-logged"
    CURSOR_INVALID = "cursor-invalid"
    SIGNATURE_REFUSED = "signature-refused"
    EDXML_INVALID = "edxml-invalid"
    STATES_MIXED = "states-mixed"
    OUTCOME_UNKNOWN = "outcome-unknown"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Problem:
    """What a problem means to the person who meets it, and what to do now."""

    status: int
    title_vi: str
    title_en: str
    action_vi: str
    action_en: str


PROBLEMS: Final[dict[Code, Problem]] = {
    Code.UNAUTHENTICATED: Problem(
        401,
        "Chưa xác thực được",
        "Not authenticated",
        "Kiểm tra khóa truy cập của hệ thống thành viên; khóa có thể đã hết hạn.",
        "Check the member's credential; it may have expired.",
    ),
    Code.TOO_MANY_ATTEMPTS: Problem(
        429,
        "Quá nhiều lần thử",
        "Too many attempts",
        "Chờ hết thời gian ghi ở Retry-After rồi thử lại.",
        "Wait as long as Retry-After says, then try again.",
    ),
    Code.FORBIDDEN: Problem(
        403,
        "Không có quyền",
        "Not permitted",
        "Dùng tài khoản có vai trò phù hợp.",
        "Use a credential with the role this needs.",
    ),
    Code.NOT_FOUND: Problem(
        404,
        "Không tìm thấy",
        "Not found",
        "Kiểm tra lại mã; chỉ thấy được văn bản của chính đơn vị.",
        "Check the identifier; only your own documents can be seen.",
    ),
    Code.MALFORMED_REQUEST: Problem(
        400,
        "Yêu cầu sai dạng",
        "Malformed request",
        "Gửi lại theo đúng mô tả của giao diện.",
        "Send it again as the interface describes.",
    ),
    Code.MALFORMED_JSON: Problem(
        400,
        "JSON không hợp lệ",
        "JSON is not acceptable",
        "Sửa JSON: không trùng khóa, không NaN, không lồng quá sâu.",
        "Mend the JSON: no duplicate keys, no NaN, no deep nesting.",
    ),
    Code.METADATA_INVALID: Problem(
        422,
        "Thông tin văn bản chưa đúng",
        "The document's metadata is not acceptable",
        "Sửa các trường được liệt kê rồi gửi lại.",
        "Mend the fields listed, then send again.",
    ),
    Code.MANIFEST_SIGNATURE_INVALID: Problem(
        422,
        "Chữ ký bản kê không hợp lệ",
        "The manifest's signature is not valid",
        "Ký lại bản kê bằng khóa đã đăng ký của thành viên.",
        "Sign the manifest again with the member's registered key.",
    ),
    Code.MANIFEST_EXPIRED: Problem(
        422,
        "Bản kê đã quá 24 giờ",
        "The manifest is older than 24 hours",
        "Ký lại bản kê với thời gian hiện tại.",
        "Sign the manifest again with the present time.",
    ),
    Code.WRONG_AXIS: Problem(
        422,
        "Bản kê dành cho trục khác",
        "The manifest is meant for another axis",
        "Ký bản kê cho đúng mã trục.",
        "Sign a manifest that names this axis.",
    ),
    Code.WRONG_ENVIRONMENT: Problem(
        422,
        "Bản kê dành cho môi trường khác",
        "The manifest is meant for another environment",
        "Ký bản kê cho đúng môi trường.",
        "Sign a manifest that names this environment.",
    ),
    Code.MEMBER_SUSPENDED: Problem(
        403,
        "Thành viên đang bị tạm ngừng",
        "The member is suspended",
        "Liên hệ đơn vị vận hành trục.",
        "Contact the operator of the axis.",
    ),
    Code.NOT_AUTHORISED_FOR_ISSUER: Problem(
        403,
        "Không được gửi thay cơ quan ban hành",
        "Not authorised to send for the issuer",
        "Đăng ký ủy quyền, hoặc đánh dấu là chuyển tiếp hay bản sao y.",
        "Register a mandate, or mark the submission as forwarded or as a certified copy.",
    ),
    Code.IDEMPOTENCY_CONFLICT: Problem(
        409,
        "Khóa gửi đã dùng cho nội dung khác",
        "This key was used for another content",
        "Dùng khóa mới cho văn bản mới.",
        "Use a new key for a new document.",
    ),
    Code.NATURAL_KEY_TAKEN: Problem(
        409,
        "Số, ký hiệu này đã có văn bản khác",
        "Another document stands under this number and notation",
        "Kiểm tra số, ký hiệu; nếu là bản sửa, gửi dưới dạng cập nhật hoặc thay thế.",
        "Check the number and notation; a correction is sent as an update or a replacement.",
    ),
    Code.ALREADY_DELIVERED: Problem(
        409,
        "Bên nhận đã có văn bản này",
        "The recipient already has this document",
        "Không cần gửi lại; xem lượt chuyển trước.",
        "Nothing to send again; see the earlier delivery.",
    ),
    Code.UNKNOWN_RECIPIENTS: Problem(
        422,
        "Không có bên nhận nào hợp lệ",
        "None of the recipients can be reached",
        "Sửa mã bên nhận theo danh mục.",
        "Correct the recipients' codes from the directory.",
    ),
    Code.TOO_MANY_RECIPIENTS: Problem(
        422,
        "Quá nhiều bên nhận",
        "Too many recipients",
        "Chia thành nhiều lượt gửi, mỗi lượt tối đa 5.000 bên nhận.",
        "Send in parts of at most 5,000 recipients.",
    ),
    Code.SECRET_DOCUMENT: Problem(
        422,
        "Văn bản có dấu mật không được gửi qua trục",
        "A secret document must not travel on the axis",
        "Gửi theo quy định về bảo vệ bí mật nhà nước.",
        "Send it as the rules on state secrets demand.",
    ),
    Code.CONTENT_MISSING: Problem(
        422,
        "Thiếu tệp nội dung",
        "A content named in the manifest is missing",
        "Tải tệp lên trước, hoặc gửi kèm trong cùng yêu cầu.",
        "Upload the content first, or send it in the same request.",
    ),
    Code.CONTENT_MISMATCH: Problem(
        422,
        "Mã băm của tệp không khớp",
        "The content's hash does not match",
        "Kiểm tra tệp rồi gửi lại.",
        "Check the file and send it again.",
    ),
    Code.CONTENT_TYPE_REFUSED: Problem(
        415,
        "Loại tệp không được nhận",
        "This type of file is not accepted",
        "Chuyển sang một loại tệp được phép.",
        "Convert it to a permitted type.",
    ),
    Code.CONTENT_EMPTY: Problem(422, "Tệp rỗng", "The file is empty", "Chọn lại tệp.", "Choose the file again."),
    Code.CONTENT_TOO_LARGE: Problem(
        413,
        "Tệp quá lớn",
        "The file is too large",
        "PDF tối đa 100 MiB; tệp kèm theo tối đa 2 GiB.",
        "A PDF may have 100 MiB, an enclosure 2 GiB.",
    ),
    Code.CONTENT_LENGTH_WRONG: Problem(
        400,
        "Độ dài khai báo không đúng",
        "The declared length is wrong",
        "Gửi lại với Content-Length đúng.",
        "Send again with the right Content-Length.",
    ),
    Code.UPLOAD_QUOTA: Problem(
        507,  # as RFC 4331, section 6, answers for a quota; 429 would have clients repeat it
        "Đã tải lên quá nhiều tệp chưa gửi",
        "Too much was uploaded that no submission names",
        "Gửi các văn bản đã tải tệp lên, hoặc chờ trục xóa những tệp không dùng.",
        "Hand in the documents whose files were uploaded, or wait until the axis has removed unused files.",
    ),
    Code.UPLOAD_TOO_SLOW: Problem(
        408,
        "Tải lên quá chậm",
        "The upload was too slow",
        "Tải tiếp từ vị trí đã nhận.",
        "Resume the upload where it stopped.",
    ),
    Code.OFFSET_MISMATCH: Problem(
        409,
        "Vị trí tải tiếp không khớp",
        "The upload's offset does not match",
        "Hỏi vị trí đã nhận rồi tải tiếp từ đó.",
        "Ask for the received offset and resume there.",
    ),
    Code.NOT_A_PDF: Problem(
        422,
        "Tệp chính không phải PDF",
        "The main file is not a PDF",
        "Gửi văn bản ở dạng PDF đã ký số.",
        "Send the document as a signed PDF.",
    ),
    Code.PDF_ENCRYPTED: Problem(
        422, "PDF bị mã hóa", "The PDF is encrypted", "Gửi PDF không đặt mật khẩu.", "Send a PDF without a password."
    ),
    Code.REPORT_WRONG_PARTY: Problem(
        403,
        "Không phải bên được phản hồi",
        "Not the party that may report this",
        "Chỉ bên nhận (01-06, 15, 16) hoặc bên gửi (13) được phản hồi.",
        "Only the recipient (01-06, 15, 16) or the sender (13) may report.",
    ),
    Code.REPORT_REASON_MISSING: Problem(
        422, "Thiếu lý do", "A reason is missing", "Ghi rõ lý do.", "State the reason."
    ),
    Code.REPORT_CODE_UNKNOWN: Problem(
        422,
        "Mã trạng thái không có",
        "Unknown status code",
        "Dùng một trong các mã 01-06, hoặc 15, 16 để trả lời yêu cầu của bên gửi.",
        "Use one of the codes 01-06, or 15 and 16 to answer what the sender asked.",
    ),
    Code.REPORT_NOT_YET: Problem(
        409,
        "Chưa thể phản hồi",
        "It cannot be reported yet",
        "Thử lại sau khi văn bản được chuyển.",
        "Try again once the document is delivered.",
    ),
    Code.NOT_REPLAYABLE: Problem(
        409,
        "Không thể cho chạy lại",
        "Cannot be replayed",
        "Xem nguyên nhân của bản ghi; nếu cần, báo cho các bên liên quan.",
        "Look at the record's cause; tell the parties if they are concerned.",
    ),
    Code.CONTENT_LOGGED: Problem(
        409,
        "Sổ có nội dung này",
        "The log has this content",
        "Không thể tuyên bố là không có; xem các mục đó: docaxis audit search --content SHA256.",
        "It cannot be stated to be absent; see the leaves: docaxis audit search --content SHA256.",
    ),
    Code.SUBMISSION_LOGGED: Problem(
        409,
        "Sổ có lượt gửi này",
        "The log has this submission",
        "Không thể tuyên bố là không có; xem các mục đó: docaxis audit search --submission ID, hoặc --number SỐ.",
        "It cannot be stated to be absent; see the leaves: docaxis audit search --submission ID, or --number NUMBER.",
    ),
    Code.CURSOR_INVALID: Problem(
        400,
        "Con trỏ không hợp lệ",
        "The cursor is not valid",
        "Bắt đầu lại từ đầu hoặc dùng con trỏ trục đã trả.",
        "Start anew, or use a cursor the axis gave.",
    ),
    Code.SIGNATURE_REFUSED: Problem(
        422,
        "Chữ ký của văn bản không được chấp nhận",
        "The document's signatures are not accepted",
        "Xem lý do từng chữ ký, ký lại và gửi lại.",
        "See the reason for each signature, sign again and send again.",
    ),
    Code.EDXML_INVALID: Problem(
        422,
        "Gói tin edXML không hợp lệ",
        "The edXML packet is not acceptable",
        "Sửa các phần tử được liệt kê rồi gửi lại; thử trước bằng docaxis edxml check.",
        "Mend the elements listed, then send again; try it before with docaxis edxml check.",
    ),
    Code.NOTHING_TO_RECALL: Problem(
        409,
        "Không còn gì để thu hồi",
        "There is nothing to recall",
        "Xem từng bên nhận: đã trả lại, đã đồng ý, đã hết hạn, hoặc đang chờ trả lời yêu cầu trước.",
        "Look at each recipient: returned, agreed, expired, or still to answer an earlier request.",
    ),
    Code.NO_CHANGE_ASKED: Problem(
        409,
        "Không có yêu cầu nào chờ trả lời",
        "No request waits for an answer",
        "Mã 15 và 16 chỉ dùng một lần, khi bên gửi đã yêu cầu thu hồi, cập nhật hoặc thay thế.",
        "Codes 15 and 16 answer a sender's request to recall, update or replace, and only once.",
    ),
    Code.DELIVERY_ENDED: Problem(
        410,
        "Lượt chuyển này đã kết thúc",
        "This delivery has ended",
        "Văn bản đã được thu hồi, thay thế hoặc đã hết hạn; xem tin trong hộp đến.",
        "The document was recalled, replaced, or its time is over; see the news in the inbox.",
    ),
    Code.STATES_MIXED: Problem(
        422,
        "Lẫn trạng thái truyền nhận với trạng thái xử lý văn bản",
        "Transport and business states are mixed",
        "updateStatus nhận processing, done, fail; mã 01-16 gửi bằng gói trạng thái qua sendEdoc.",
        "updateStatus takes processing, done or fail; codes 01-16 are sent as status packets by sendEdoc.",
    ),
    Code.OUTCOME_UNKNOWN: Problem(
        503,
        "Chưa rõ kết quả",
        "The outcome is unknown",
        "Gửi lại với đúng khóa cũ; trục không tạo bản thứ hai.",
        "Repeat with the same key; the axis makes no second one.",
    ),
    Code.UNAVAILABLE: Problem(
        503,
        "Dịch vụ tạm thời không sẵn sàng",
        "Temporarily unavailable",
        "Thử lại sau ít phút.",
        "Try again in a few minutes.",
    ),
}
"""What each code means. The docs' list of errors is generated from this table."""
