"""What each sub-indication means here, in both languages, and under which indication it is given."""

from dataclasses import dataclass
from typing import Final

from docaxis_signing.verdict import Indication, SubIndication


@dataclass(frozen=True, slots=True)
class Meaning:
    """One sub-indication. ``given`` is False for those of the standard that our judging has no use for, and why."""

    indication: Indication
    vi: str
    en: str
    given: bool = True


_FAILED: Final = Indication.TOTAL_FAILED
_OPEN: Final = Indication.INDETERMINATE

SUB_INDICATIONS: Final[dict[SubIndication, Meaning]] = {
    SubIndication.FORMAT_FAILURE: Meaning(
        _FAILED,
        "Tệp hoặc chữ ký không đúng cấu trúc, hoặc tệp đã bị thay đổi sau khi ký.",
        "File or signature is not of its form, or the file was changed after signing. With `resource_limit` and "
        "`verifier_failed` the indication is INDETERMINATE: nothing was found out.",
    ),
    SubIndication.HASH_FAILURE: Meaning(
        _FAILED, "Mã băm của nội dung không khớp với chữ ký.", "The digest of the content is not the signed one."
    ),
    SubIndication.SIG_CRYPTO_FAILURE: Meaning(
        _FAILED,
        "Giá trị chữ ký không khớp với khóa của chứng thư.",
        "The signature value does not verify under the certificate's key.",
    ),
    SubIndication.REVOKED: Meaning(
        _FAILED,
        "Chứng thư đã bị thu hồi và có bằng chứng ký sau khi thu hồi.",
        "Revoked, and proved to be signed after that. Without such proof: REVOKED_NO_POE.",
        given=False,
    ),
    SubIndication.EXPIRED: Meaning(
        _FAILED,
        "Chứng thư đã hết hạn và có bằng chứng ký sau khi hết hạn.",
        "Expired, and proved to be signed after that. Without such proof: OUT_OF_BOUNDS_NO_POE.",
        given=False,
    ),
    SubIndication.NOT_YET_VALID: Meaning(
        _FAILED,
        "Ký trước khi chứng thư có hiệu lực.",
        "Signed before the certificate became valid. Told as OUT_OF_BOUNDS_NO_POE with `not_yet_valid`.",
        given=False,
    ),
    SubIndication.SIG_CONSTRAINTS_FAILURE: Meaning(
        _OPEN,
        "Chữ ký không đáp ứng yêu cầu của chính sách kiểm tra.",
        "The signature is not what the policy asks for: role, order, time-stamp, level, active content.",
    ),
    SubIndication.CHAIN_CONSTRAINTS_FAILURE: Meaning(
        _OPEN,
        "Đường dẫn chứng thực không đáp ứng yêu cầu.",
        "The chain is not what is asked for: key usage, admitted root.",
    ),
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE: Meaning(
        _OPEN, "Đường dẫn chứng thực có lỗi khác.", "The chain fails in another way."
    ),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: Meaning(
        _OPEN,
        "Thuật toán hoặc độ dài khóa không được phép.",
        "An algorithm or key length that is not allowed.",
    ),
    SubIndication.POLICY_PROCESSING_ERROR: Meaning(
        _OPEN,
        "Không xử lý được chính sách.",
        "A policy cannot be processed. Here it is refused when it is read.",
        given=False,
    ),
    SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE: Meaning(
        _OPEN,
        "Không có chính sách chữ ký được dẫn chiếu.",
        "The policy a signature names is not there. Policies named in signatures are not looked at.",
        given=False,
    ),
    SubIndication.TIMESTAMP_ORDER_FAILURE: Meaning(
        _OPEN,
        "Thứ tự các dấu thời gian không đúng.",
        "Time-stamps contradict each other. Told as SIG_CONSTRAINTS_FAILURE with `timestamp_invalid`.",
        given=False,
    ),
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND: Meaning(
        _OPEN,
        "Không tìm thấy chứng thư của người ký.",
        "The signer's certificate is not in the signature. Told as FORMAT_FAILURE.",
        given=False,
    ),
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: Meaning(
        _OPEN,
        "Chứng thư không dẫn đến gốc chứng thực nào được cấu hình.",
        "No configured root is reached.",
    ),
    SubIndication.REVOKED_NO_POE: Meaning(
        _OPEN,
        "Chứng thư người ký đã bị thu hồi trước thời điểm chứng minh được.",
        "The signer's certificate was revoked before the time at which the signature is proved to exist.",
    ),
    SubIndication.REVOKED_CA_NO_POE: Meaning(
        _OPEN, "Chứng thư của một CA đã bị thu hồi.", "The certificate of an authority was revoked before that time."
    ),
    SubIndication.OUT_OF_BOUNDS_NOT_REVOKED: Meaning(
        _OPEN,
        "Ngoài thời hạn hiệu lực, chưa bị thu hồi.",
        "Outside of its validity and known not to be revoked. Told as OUT_OF_BOUNDS_NO_POE.",
        given=False,
    ),
    SubIndication.OUT_OF_BOUNDS_NO_POE: Meaning(
        _OPEN,
        "Thời điểm chứng minh được nằm ngoài thời hạn hiệu lực của chứng thư.",
        "The time at which the signature is proved to exist lies outside of the certificate's validity.",
    ),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: Meaning(
        _OPEN,
        "Thuật toán không còn được phép vào thời điểm chứng minh được.",
        "An algorithm that was no longer allowed at the time at which the signature is proved to exist.",
    ),
    SubIndication.NO_POE: Meaning(
        _OPEN,
        "Thiếu bằng chứng tồn tại.",
        "A proof of existence is missing. The evidenced time of reception is always one.",
        given=False,
    ),
    SubIndication.TRY_LATER: Meaning(
        _OPEN,
        "Chưa có dữ liệu thu hồi đủ mới; kiểm tra lại sau.",
        "Status data are missing or stale; a later one may answer.",
    ),
    SubIndication.SIGNED_DATA_NOT_FOUND: Meaning(
        _FAILED,
        "Tệp không có chữ ký số.",
        "The file carries no signature. The standard has no word for that; its nearest is used, and a file without a "
        "signature is told as failed.",
    ),
    SubIndication.GENERIC: Meaning(
        _OPEN,
        "Lý do khác.",
        "Another reason. Ours always has a cause.",
        given=False,
    ),
}
