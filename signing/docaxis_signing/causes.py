"""Every cause in one sentence that a clerk can act on, in Vietnamese and English, and what to do now."""

from dataclasses import dataclass
from typing import Final

from docaxis_signing.verdict import Cause


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happened, and what the sender or the recipient does about it."""

    vi: str
    en: str
    action_vi: str
    action_en: str


_RESIGN_VI: Final = "Ký lại văn bản từ bản gốc rồi gửi lại."
_RESIGN_EN: Final = "Sign the document again from its original and send it again."
_CERT_VI: Final = "Ký lại bằng chứng thư chữ ký số còn hiệu lực rồi gửi lại."
_CERT_EN: Final = "Sign again with a valid certificate and send it again."
_WAIT_VI: Final = "Không cần làm gì: trục tự kiểm tra lại khi có dữ liệu mới."
_WAIT_EN: Final = "Nothing to do: the axis checks again as soon as new data arrive."
_OPERATOR_VI: Final = "Liên hệ đơn vị vận hành trục."
_OPERATOR_EN: Final = "Contact the operator of the axis."

EXPLANATIONS: Final[dict[Cause, Explanation]] = {
    Cause.UNSIGNED: Explanation(
        "Tệp không có chữ ký số.",
        "The file carries no digital signature.",
        "Ký số tệp rồi gửi lại.",
        "Sign the file and send it again.",
    ),
    Cause.MODIFIED: Explanation(
        "Nội dung tệp đã bị thay đổi sau khi ký.", "The file was changed after it was signed.", _RESIGN_VI, _RESIGN_EN
    ),
    Cause.FORM_FILLED: Explanation(
        "Biểu mẫu trong tệp đã bị điền hoặc phủ nội dung mới sau khi ký.",
        "Form fields of the file were filled in or overlaid after it was signed.",
        _RESIGN_VI,
        _RESIGN_EN,
    ),
    Cause.COVERED: Explanation(
        "Hình của một chữ ký thêm sau che lên nội dung đã được ký trước đó.",
        "The picture of a further signature lies over what was signed before it.",
        _RESIGN_VI,
        _RESIGN_EN,
    ),
    Cause.UNACCOUNTED_BYTES: Explanation(
        "Tệp có dữ liệu thừa hoặc bị cắt cụt sau điểm kết thúc hợp lệ.",
        "The file holds bytes that belong to no revision, or is cut off.",
        "Xuất lại tệp PDF, ký lại rồi gửi lại.",
        "Export the PDF again, sign it and send it again.",
    ),
    Cause.BROKEN: Explanation(
        "Chữ ký số không khớp với nội dung tệp.",
        "The digital signature does not match the content of the file.",
        _RESIGN_VI,
        _RESIGN_EN,
    ),
    Cause.UNREADABLE: Explanation(
        "Không đọc được tệp: không phải PDF hoặc tệp bị hỏng.",
        "The file cannot be read: no PDF, or damaged.",
        "Mở thử tệp, xuất lại PDF rồi gửi lại.",
        "Open the file, export the PDF again and send it again.",
    ),
    Cause.ENCRYPTED: Explanation(
        "Tệp được đặt mật khẩu hoặc mã hóa nên không thể kiểm tra.",
        "The file is encrypted or protected by a password and cannot be checked.",
        "Bỏ mật khẩu, ký lại rồi gửi lại.",
        "Remove the protection, sign again and send it again.",
    ),
    Cause.UNSUPPORTED: Explanation(
        "Tệp dùng định dạng chữ ký hoặc cấu trúc mà trục không hỗ trợ.",
        "The file uses a form of signature or structure that the axis does not support.",
        "Ký lại theo chuẩn PAdES rồi gửi lại.",
        "Sign again as PAdES and send it again.",
    ),
    Cause.RESOURCE_LIMIT: Explanation(
        "Tệp vượt giới hạn kích thước hoặc thời gian kiểm tra.",
        "The file exceeds the limits of size or time for checking.",
        "Giảm kích thước hoặc xuất lại tệp PDF rồi gửi lại.",
        "Make the PDF smaller or export it again and send it again.",
    ),
    Cause.ACTIVE_CONTENT: Explanation(
        "Tệp chứa nội dung động (mã lệnh, tệp nhúng) mà chính sách không cho phép.",
        "The file holds active content (scripts, embedded files) that the policy does not allow.",
        "Xuất lại PDF không có nội dung động, ký lại rồi gửi lại.",
        "Export the PDF without active content, sign it and send it again.",
    ),
    Cause.SECRET_MARK: Explanation(
        "Trang đầu của tệp mang dấu chỉ độ mật.",
        "The first page of the file bears a secrecy mark.",
        "Không gửi văn bản mật qua trục; gửi theo quy định về bảo vệ bí mật nhà nước.",
        "Do not send secret documents through the axis; use the channel for state secrets.",
    ),
    Cause.SENDER_COMPROMISED: Explanation(
        "Khóa của hệ thống gửi có thể đã bị lộ khi văn bản được gửi.",
        "The sending system's keys may have been in other hands when the document was handed in.",
        _OPERATOR_VI,
        _OPERATOR_EN,
    ),
    Cause.VERIFIER_FAILED: Explanation(
        "Chương trình kiểm tra gặp lỗi với tệp này nên không kết luận được.",
        "The verifier failed on this file and could not come to a verdict.",
        _OPERATOR_VI,
        _OPERATOR_EN,
    ),
    Cause.NO_CONFIGURED_ROOT: Explanation(
        "Chứng thư chữ ký số không do tổ chức chứng thực được công nhận cấp.",
        "The certificate was not issued by a recognised certification authority.",
        _CERT_VI,
        _CERT_EN,
    ),
    Cause.REVOKED_BEFORE_RECEPTION: Explanation(
        "Chứng thư chữ ký số đã bị thu hồi trước thời điểm ký hoặc tiếp nhận.",
        "The certificate was revoked before the signature was made or received.",
        _CERT_VI,
        _CERT_EN,
    ),
    Cause.AUTHORITY_REVOKED: Explanation(
        "Chứng thư của tổ chức chứng thực cấp chứng thư này đã bị thu hồi.",
        "The authority that issued the certificate has itself been revoked.",
        _CERT_VI,
        _CERT_EN,
    ),
    Cause.EXPIRED_BEFORE_RECEPTION: Explanation(
        "Chứng thư chữ ký số đã hết hạn trước thời điểm tiếp nhận.",
        "The certificate had expired before the document was received.",
        _CERT_VI,
        _CERT_EN,
    ),
    Cause.NOT_YET_VALID: Explanation(
        "Chứng thư chữ ký số chưa có hiệu lực tại thời điểm ký.",
        "The certificate was not yet valid when the signature was made.",
        _CERT_VI,
        _CERT_EN,
    ),
    Cause.REVOCATION_MISSING: Explanation(
        "Chưa có dữ liệu trạng thái chứng thư nên chưa kết luận được.",
        "No status data for the certificate yet, so there is no verdict.",
        _WAIT_VI,
        _WAIT_EN,
    ),
    Cause.REVOCATION_STALE: Explanation(
        "Dữ liệu trạng thái chứng thư đã quá hạn nên chưa kết luận được.",
        "The status data for the certificate are out of date, so there is no verdict.",
        _WAIT_VI,
        _WAIT_EN,
    ),
    Cause.WEAK_ALGORITHM: Explanation(
        "Chữ ký dùng thuật toán hoặc độ dài khóa không được phép (ví dụ SHA-1).",
        "The signature uses an algorithm or key length that is not allowed (SHA-1 for example).",
        "Ký lại bằng SHA-256 trở lên rồi gửi lại.",
        "Sign again with SHA-256 or better and send it again.",
    ),
    Cause.WRONG_KEY_USAGE: Explanation(
        "Chứng thư không được cấp cho mục đích ký văn bản.",
        "The certificate was not issued for signing documents.",
        _CERT_VI,
        _CERT_EN,
    ),
    Cause.CERTIFICATE_INVALID: Explanation(
        "Chuỗi chứng thư không hợp lệ.", "The chain of certificates is not valid.", _CERT_VI, _CERT_EN
    ),
    Cause.TIMESTAMP_INVALID: Explanation(
        "Dấu thời gian không khớp với chữ ký.", "The time-stamp does not match the signature.", _RESIGN_VI, _RESIGN_EN
    ),
    Cause.TIMESTAMP_UNTRUSTED: Explanation(
        "Không xác nhận được dấu thời gian: tổ chức cấp dấu thời gian không được công nhận.",
        "The time-stamp cannot be confirmed: its authority is not recognised.",
        "Dùng dịch vụ cấp dấu thời gian được công nhận khi ký.",
        "Use a recognised time-stamping service when signing.",
    ),
    Cause.ROOT_NOT_ADMITTED: Explanation(
        "Chứng thư chữ ký số không thuộc hệ thống chứng thực mà chính sách kiểm tra chấp nhận.",
        "The signer's certificate comes from a root that this policy does not admit.",
        "Ký lại bằng chứng thư chữ ký số thuộc hệ thống chứng thực được chấp nhận.",
        "Sign again with a certificate from a root that is admitted.",
    ),
    Cause.TIMESTAMP_MISSING: Explanation(
        "Chữ ký số không có dấu thời gian mà chính sách kiểm tra yêu cầu.",
        "The signature lacks the time-stamp that this policy asks for.",
        "Ký lại có gắn dấu thời gian.",
        "Sign again with a time-stamp.",
    ),
    Cause.LEVEL_TOO_LOW: Explanation(
        "Chữ ký số thiếu dữ liệu kiểm tra hoặc dấu thời gian lưu trữ mà chính sách kiểm tra yêu cầu.",
        "The signature lacks the validation data or the archive time-stamp that this policy asks for.",
        "Bổ sung dữ liệu kiểm tra cho chữ ký bằng lệnh docaxis extend.",
        "Add the validation data to the signature with docaxis extend.",
    ),
    Cause.SIGNER_NOT_REGISTERED: Explanation(
        "Chứng thư ký chưa được đăng ký trên trục.",
        "The signing certificate is not registered with the axis.",
        "Đăng ký chứng thư với đơn vị vận hành trục rồi gửi lại.",
        "Register the certificate with the operator of the axis and send it again.",
    ),
    Cause.SEAL_MISSING: Explanation(
        "Thiếu chữ ký số của cơ quan ban hành.",
        "The seal of the issuing organisation is missing.",
        "Ký số của cơ quan rồi gửi lại.",
        "Add the organisation's seal and send it again.",
    ),
    Cause.SEAL_OF_ANOTHER_ORGANISATION: Explanation(
        "Chữ ký số của cơ quan trên tệp thuộc về cơ quan khác.",
        "The seal on the file belongs to another organisation.",
        "Ký bằng chữ ký số của đúng cơ quan ban hành rồi gửi lại.",
        "Seal the file as the issuing organisation and send it again.",
    ),
    Cause.PERSON_SIGNATURE_MISSING: Explanation(
        "Thiếu chữ ký số của người có thẩm quyền.",
        "The signature of an authorised person is missing.",
        "Trình người có thẩm quyền ký số rồi gửi lại.",
        "Have an authorised person sign it and send it again.",
    ),
    Cause.WRONG_ORDER: Explanation(
        "Chữ ký số của cơ quan không phải là chữ ký cuối cùng.",
        "The organisation's seal is not the last approval.",
        "Ký lại đúng thứ tự: người có thẩm quyền trước, cơ quan sau.",
        "Sign in the right order: the authorised person first, the organisation last.",
    ),
}
