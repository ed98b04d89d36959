"""Every kind of evidence, by its ETSI EN 319 522-1 name where there is one, and the shape of a statement.

A statement says that an event happened. It holds identifiers, hashes and times, never names, telephones or text of a
document, and stays under 64 KiB, so that each statement can become one leaf of the transparency log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Any, Final
from uuid import UUID

from docaxis_schemas.canonical import canonical
from docaxis_schemas.moments import to_text

LOGGED_WITHIN: Final = timedelta(seconds=60)
"""The axis's promise: a statement that its log does not have after this is a broken one."""
MAX_STATEMENT: Final = 64 * 1024
"""Bytes of one statement: the entry size of the log's bundles (C2SP tlog-tiles)."""


def stands_for(role: str) -> str:
    """Give what a statement names where no member acted but somebody of this role; the dot makes it nobody's id."""
    return f"axis.{role}"


OPEN_FACTS: Final = frozenset({
    "act",
    "acted_by_gateway",
    "axis_lacks",
    "cause",
    "change",
    "code",
    "compared",
    "directory_version",
    "disposition",
    "indication",
    "key_sha256",
    "kid",
    "log_size",
    "policy_sha256",
    "public_key",
    "recipient_lacks",
    "recipients",
    "retired_key_sha256",
    "retired_kid",
    "revocation_epoch",
    "root_sha256",
    "rule",
    "rules_sha256",
    "sender_lacks",
    "severity",
    "stage",
    "state",
    "states_differ",
    "step",
    "sub_indication",
    "trust_sha256",
    "unopened",
    "valid_from",
    "version",
})  # fmt: skip
"""Facts that the log shows as they are: codes, counts and keys of the axis, and what policy and lists it judged under.

None says whose document it was. Whatever is not named here, hashes above all, is in the log as a commitment only.
"""


@unique
class EvidenceType(StrEnum):
    """The events that evidence is given for. Names never change meaning; new ones are added."""

    SUBMISSION_RECEIVED = "submission.received"
    SUBMISSION_ACCEPTANCE = "SubmissionAcceptance"
    SUBMISSION_REJECTION = "SubmissionRejection"
    VERDICT_GIVEN = "verdict.given"
    VERDICT_REVISED = "verdict.revised"
    CONTENT_CONSIGNMENT = "ContentConsignment"
    CONTENT_CONSIGNMENT_FAILURE = "ContentConsignmentFailure"
    CONTENT_HANDOVER = "ContentHandover"
    STATUS_REPORTED = "status.reported"
    RECALL_RECEIVED = "recall.received"
    DELIVERY_CANCELLED = "delivery.cancelled"
    CHANGE_ASKED = "change.asked"
    CHANGE_ANSWERED = "change.answered"
    DELIVERY_EXPIRED = "delivery.expired"
    DEAD_LETTERED = "submission.dead_lettered"
    DEAD_LETTER_REPLAYED = "submission.replayed"
    AUDIT_SEARCHED = "audit.searched"
    EVIDENCE_EXPORTED = "evidence.exported"
    KEY_CHANGED = "key.changed"
    HOLDINGS_COMPARED = "holdings.compared"
    SUBMISSION_PARKED = "submission.parked"
    ALERT_RAISED = "alert.raised"
    CONTENT_ABSENT = "content.absent"
    SUBMISSION_ABSENT = "submission.absent"
    ACCOUNT_CHANGED = "account.changed"


OF_NO_SUBMISSION: Final = frozenset({
    EvidenceType.AUDIT_SEARCHED,
    EvidenceType.EVIDENCE_EXPORTED,
    EvidenceType.KEY_CHANGED,
    EvidenceType.HOLDINGS_COMPARED,
    EvidenceType.ALERT_RAISED,
    EvidenceType.CONTENT_ABSENT,
    EvidenceType.SUBMISSION_ABSENT,
    EvidenceType.ACCOUNT_CHANGED,
})  # fmt: skip
"""What a statement of these names as its submission is an id of its own: there is none."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a kind of evidence proves and, in one sentence, what it does not."""

    proves_vi: str
    proves_en: str
    not_vi: str
    not_en: str


MEANINGS: Final[Mapping[EvidenceType, Meaning]] = {
    EvidenceType.SUBMISSION_RECEIVED: Meaning(
        "Trục đã nhận và lưu bền vững lượt gửi này vào thời điểm đã ghi.",
        "The axis received and durably stored this submission at the stated time.",
        "Không chứng minh chữ ký hợp lệ hay văn bản đã đến bên nhận.",
        "It does not prove that a signature is valid or that anybody received the document.",
    ),
    EvidenceType.SUBMISSION_ACCEPTANCE: Meaning(
        "Trục đã kiểm tra và chấp nhận chuyển văn bản.",
        "The axis judged the document and accepted it for delivery.",
        "Không chứng minh văn bản đã có trong hộp đến của bên nhận.",
        "It does not prove that the document is in any recipient's inbox.",
    ),
    EvidenceType.SUBMISSION_REJECTION: Meaning(
        "Trục đã kiểm tra và từ chối chuyển văn bản, kèm lý do.",
        "The axis judged the document and refused to deliver it, for the stated reason.",
        "Không chứng minh người gửi có lỗi cố ý.",
        "It does not prove intent of whoever sent it.",
    ),
    EvidenceType.VERDICT_GIVEN: Meaning(
        "Kết quả kiểm tra chữ ký tại thời điểm đã ghi, theo chính sách và danh sách tin cậy đã ghi.",
        "The signature verdict at the stated time, under the stated policy and trust list.",
        "Không chứng minh nội dung văn bản là đúng.",
        "It does not prove that what the document says is true.",
    ),
    EvidenceType.VERDICT_REVISED: Meaning(
        "Kết quả kiểm tra được xét lại theo dữ liệu thu hồi hoặc danh sách tin cậy mới; kết quả cũ vẫn được giữ.",
        "The verdict was judged again on newer revocation data or another trust list; the earlier one is kept.",
        "Không chứng minh kết quả trước là sai tại thời điểm đó.",
        "It does not prove that the earlier verdict was wrong when it was given.",
    ),
    EvidenceType.CONTENT_CONSIGNMENT: Meaning(
        "Văn bản đã nằm trong hộp đến trên trục của bên nhận.",
        "The document lies in the recipient's inbox on the axis.",
        "Không chứng minh bên nhận đã mở hay đã tiếp nhận; không phải thông báo đã nhận trong ngày.",
        "It does not prove that the recipient opened, fetched or accepted it; it is no same-day notice of receipt.",
    ),
    EvidenceType.CONTENT_CONSIGNMENT_FAILURE: Meaning(
        "Không chuyển được văn bản tới bên nhận này, kèm lý do.",
        "The document could not be delivered to this recipient, for the stated reason.",
        "Không chứng minh các bên nhận khác không nhận được.",
        "It says nothing about other recipients.",
    ),
    EvidenceType.CONTENT_HANDOVER: Meaning(
        "Hệ thống của bên nhận đã tải đủ nội dung và ký xác nhận mã băm.",
        "The recipient's system fetched the whole content and signed for its hashes.",
        "Không chứng minh có người đã đọc văn bản.",
        "It does not prove that a person has read the document.",
    ),
    EvidenceType.STATUS_REPORTED: Meaning(
        "Bên nhận đã ký một phản hồi trạng thái.",
        "The recipient signed this status report.",
        "Không chứng minh công việc trong văn bản đã được thực hiện.",
        "It does not prove that the work asked for was done.",
    ),
    EvidenceType.RECALL_RECEIVED: Meaning(
        "Bên gửi đã ký yêu cầu thu hồi và trục đã nhận yêu cầu đó.",
        "The sender signed a recall, and the axis received it.",
        "Không chứng minh bên nhận nào đã biết hay đã đồng ý.",
        "It does not prove that any recipient knows of it or agreed.",
    ),
    EvidenceType.DELIVERY_CANCELLED: Meaning(
        "Lượt chuyển tới bên nhận này đã bị hủy trước khi vào hộp đến.",
        "The delivery to this recipient was cancelled before it reached the inbox.",
        "Không chứng minh bên nhận không biết nội dung bằng con đường khác.",
        "It does not prove that the recipient has not learned the content in another way.",
    ),
    EvidenceType.CHANGE_ASKED: Meaning(
        "Yêu cầu thu hồi, cập nhật hoặc thay thế đã nằm trong hộp đến của bên nhận.",
        "The request to recall, update or replace lies in the recipient's inbox.",
        "Không chứng minh bên nhận đã đọc hay đã đồng ý.",
        "It does not prove that the recipient has read it or agreed.",
    ),
    EvidenceType.CHANGE_ANSWERED: Meaning(
        "Bên nhận đã ký trả lời đồng ý hoặc từ chối yêu cầu.",
        "The recipient signed its agreement to the request, or its refusal.",
        "Không chứng minh bên nhận đã thực sự xóa văn bản: đó là lời của bên nhận.",
        "It does not prove that the recipient deleted the document: it is the recipient's own word.",
    ),
    EvidenceType.DELIVERY_EXPIRED: Meaning(
        "Văn bản nằm trong hộp đến đến hết hạn mà không ai ký nhận.",
        "The document lay in the inbox until its time was over, and nobody signed for it.",
        "Không chứng minh bên nhận không mở xem.",
        "It does not prove that nobody at the recipient looked at it.",
    ),
    EvidenceType.DEAD_LETTERED: Meaning(
        "Trục không xử lý được lượt gửi này và đã chuyển cho người vận hành.",
        "The axis could not process this submission and put it before its operators.",
        "Không chứng minh văn bản bị mất: nội dung vẫn được lưu.",
        "It does not mean that the document is lost: its content is kept.",
    ),
    EvidenceType.DEAD_LETTER_REPLAYED: Meaning(
        "Người vận hành đã đưa lượt gửi này trở lại xử lý.",
        "An operator put this submission back into processing.",
        "Không chứng minh kết quả xử lý sau đó.",
        "It does not say how processing then ended.",
    ),
    EvidenceType.AUDIT_SEARCHED: Meaning(
        "Kiểm toán viên đã tra cứu hoặc xem dữ liệu mà sổ chỉ ghi dưới dạng cam kết.",
        "An auditor searched, or read what the log holds as commitments only.",
        "Không chứng minh kiểm toán viên đã dùng dữ liệu đó vào việc gì.",
        "It does not prove what the auditor did with it.",
    ),
    EvidenceType.EVIDENCE_EXPORTED: Meaning(
        "Kiểm toán viên đã xuất hồ sơ bằng chứng của một lượt gửi.",
        "An auditor exported the evidence of a submission.",
        "Không chứng minh hồ sơ đó đã được trao cho ai.",
        "It does not prove to whom it was given.",
    ),
    EvidenceType.KEY_CHANGED: Meaning(
        "Từ thời điểm đã ghi trục ký bằng chứng bằng khóa khác; những gì khóa cũ đã ký trước đó vẫn đúng.",
        "From the stated time the axis signs evidence with another key; what the earlier one signed before holds.",
        "Không chứng minh khóa cũ chưa từng bị lộ.",
        "It does not prove that the earlier key was never stolen.",
    ),
    EvidenceType.SUBMISSION_PARKED: Meaning(
        "Lượt gửi này chờ văn bản mà nó cập nhật, thay thế hoặc thu hồi được xử lý xong.",
        "The submission waits until the document that it updates, replaces or recalls is decided.",
        "Không chứng minh văn bản được nêu tên đã được chuyển.",
        "It does not prove that the document it names was delivered.",
    ),
    EvidenceType.HOLDINGS_COMPARED: Meaning(
        "Thành viên đã ký bảng kê những gì mình đang giữ, và trục đã đối soát bảng kê đó với sổ của trục.",
        "The member signed a statement of what it holds, and the axis compared it with what the axis knows.",
        "Không chứng minh thành viên thật sự giữ các văn bản đã kê: đó là lời của thành viên.",
        "It does not prove that the member holds what it stated: that is the member's own word.",
    ),
    EvidenceType.ALERT_RAISED: Meaning(
        "Một quy tắc cảnh báo của trục đã được thỏa mãn vào thời điểm đã ghi.",
        "A rule of the axis's alerts was met at the stated time.",
        "Không chứng minh có hành vi sai phạm, cũng không chứng minh đã có người xử lý.",
        "It does not prove that anybody did wrong, nor that anybody has looked into it.",
    ),
    EvidenceType.CONTENT_ABSENT: Meaning(
        "Trục tuyên bố: trong các mục của sổ dưới kích thước và mã gốc đã ghi, không có lượt gửi nào chứa tệp có mã "
        "băm SHA-256 đã ghi.",
        "The axis states that among the log's leaves below the stated size and root no submission holds a file of the "
        "stated SHA-256.",
        "Đây là lời của trục, không phải bằng chứng; không nói gì về mục ghi sau đó, về mục không còn mở được "
        "(unopened), hay về cùng văn bản ở dạng byte khác.",
        "It is the axis's word and no proof; it says nothing of later leaves, of those that nothing opens any more "
        "(unopened), or of the same document in other bytes.",
    ),
    EvidenceType.SUBMISSION_ABSENT: Meaning(
        "Trục tuyên bố: trong các mục của sổ dưới kích thước và mã gốc đã ghi, không có lượt gửi nào mang mã đã ghi, "
        "hoặc gửi văn bản của cơ quan ban hành và số đã ghi.",
        "The axis states that among the log's leaves below the stated size and root no submission has the stated id, "
        "or hands in a document of the stated issuer and number.",
        "Đây là lời của trục, không phải bằng chứng; không nói gì về mục ghi sau đó, về lượt gửi không còn mở được "
        "(unopened), hay về văn bản được khai dưới số hoặc mã cơ quan khác.",
        "It is the axis's word and no proof; it says nothing of later leaves, of submissions that nothing opens any "
        "more (unopened), or of a document that was handed in under another number or code of its issuer.",
    ),
    EvidenceType.ACCOUNT_CHANGED: Meaning(
        "Một tài khoản trên trang văn thư đã được tạo, cấp lại, khóa, đổi vai trò, liên kết hoặc đổi mật khẩu.",
        "An account of the clerk's pages was made, renewed, disabled, given roles, linked, or its password changed.",
        "Không chứng minh ai đã ngồi trước máy, cũng không nêu tên người nào.",
        "It does not prove which person sat at the screen, and names nobody.",
    ),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One event, as it will be signed and, later, logged.

    ``facts`` holds hashes (``*_sha256``), codes and numbers only. ``recipient`` and ``member`` are an organisation's
    code and a member's id: what a party needs to know whose receipt it is.
    """

    event_id: UUID
    type: EvidenceType
    submission_id: UUID
    at: datetime
    member: str
    recipient: str | None
    facts: Mapping[str, Any]

    def to_bytes(self, *, axis: str, environment: str) -> bytes:
        """Write the statement in canonical form.

        Raises:
            ValueError: It is larger than a leaf of the log may be.
        """
        value = {
            "v": 1,
            "axis": axis,
            "environment": environment,
            "event_id": str(self.event_id),
            "type": self.type.value,
            "submission_id": str(self.submission_id),
            "time": to_text(self.at),
            "member": self.member,
            "facts": dict(self.facts),
        }
        if self.recipient is not None:
            value["recipient"] = self.recipient
        data = canonical(value)
        if len(data) > MAX_STATEMENT:
            raise ValueError(f"a statement of {len(data)} bytes; at most {MAX_STATEMENT}")
        return data
