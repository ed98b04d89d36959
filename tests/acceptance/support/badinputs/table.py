"""Every bad input that the axis promises to answer, and what whoever sent it is told: one table.

The tests play each row on a running axis; `docs/reference/bad-inputs.md` is written from it.
"""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from docaxis_schemas.problems import Code
from docaxis_signing.verdict import Cause

NATURAL_KEY_TAKEN: Final = "natural-key-taken"
"""The one cause of a refusal that no signature has: the router's."""


@unique
class Group(StrEnum):
    """What is wrong with what is sent; the order is that of the page."""

    FILES = "Files"
    REQUESTS = "Requests and JSON"
    KEYS = "Idempotency keys and recipients"
    NUMBERS = "Number and notation (natural key)"
    SECRECY = "Secrecy"
    SIGNATURES = "Signatures and certificates"
    MANIFESTS = "The member's own signature"
    PARTIES = "Who may see and report"
    BROKER = "Members on the broker"
    RECORDS = "Records on an input topic"


@dataclass(frozen=True, slots=True)
class Problem:
    """The request is answered with this problem; nothing was taken."""

    code: Code


@dataclass(frozen=True, slots=True)
class Refusal:
    """It was taken, judged and refused for this cause; nobody received it and the sender is told in its inbox."""

    cause: str


@dataclass(frozen=True, slots=True)
class Taken:
    """It is no fault, or only a part of it is: what happens instead."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Denied:
    """The broker denies it."""

    error: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that cannot be worked on: what becomes of it. The partition goes on."""

    vi: str
    en: str


Told = Problem | Refusal | Taken | Denied | Kept


@dataclass(frozen=True, slots=True)
class Case:
    """One bad input: a name, what is sent in both languages, and what is told."""

    group: Group
    name: str
    vi: str
    en: str
    told: Told


def _file(name: str, vi: str, en: str, told: Told) -> Case:
    return Case(Group.FILES, name, vi, en, told)


FILES: Final = (
    _file("empty-file", "Tệp rỗng", "An empty file", Problem(Code.CONTENT_EMPTY)),
    _file("not-a-pdf", "Tệp chính không phải PDF", "A main file that is no PDF", Problem(Code.NOT_A_PDF)),
    _file("truncated", "PDF bị cắt cụt", "A PDF cut in half", Refusal(Cause.UNREADABLE)),
    _file("encrypted", "PDF đặt mật khẩu", "A PDF with a password", Problem(Code.PDF_ENCRYPTED)),
    _file(
        "encrypted-out-of-sight",
        "PDF mã hóa, khai báo mã hóa nằm sâu trong tệp",
        "An encrypted PDF that says so far from its end",
        Refusal(Cause.ENCRYPTED),
    ),
    _file("too-large", "PDF 100 MiB + 1 byte", "A PDF of 100 MiB and one byte", Problem(Code.CONTENT_TOO_LARGE)),
    _file(
        "larger-than-announced",
        "Tệp 100 MiB + 1 byte, bản kê ghi 1 KiB",
        "100 MiB and one byte where the manifest says 1 KiB",
        Problem(Code.CONTENT_MISMATCH),
    ),
    _file(
        "other-bytes", "Nội dung khác mã băm đã ký", "Other bytes than the signed hash", Problem(Code.CONTENT_MISMATCH)
    ),
    _file(
        "type-refused",
        "Tệp kèm theo là chương trình",
        "An enclosure that is a program",
        Problem(Code.CONTENT_TYPE_REFUSED),
    ),
)


def _request(name: str, vi: str, en: str, code: Code) -> Case:
    return Case(Group.REQUESTS, name, vi, en, Problem(code))


REQUESTS: Final = (
    _request(
        "content-length-short",
        "Content-Length nhỏ hơn nội dung",
        "A Content-Length below the body's length",
        Code.CONTENT_LENGTH_WRONG,
    ),
    _request(
        "content-length-long",
        "Content-Length lớn hơn nội dung, kết nối để mở",
        "A Content-Length above the body's length, the connection held open",
        Code.UPLOAD_TOO_SLOW,
    ),
    _request(
        "framed-twice",
        "Có cả Content-Length và Transfer-Encoding",
        "Both Content-Length and Transfer-Encoding",
        Code.CONTENT_LENGTH_WRONG,
    ),
    _request("slow-upload", "Gửi từng byte một", "A byte now and then", Code.UPLOAD_TOO_SLOW),
    _request("duplicate-keys", "JSON trùng khóa", "JSON with a key twice", Code.MALFORMED_JSON),
    _request("not-a-number", "JSON có NaN", "JSON with NaN", Code.MALFORMED_JSON),
    _request("deep-nesting", "JSON lồng 100.000 lớp", "JSON nested 100,000 deep", Code.MALFORMED_JSON),
    _request(
        "duplicate-keys-signed",
        "JSON trùng khóa, đã ký bằng khóa thành viên",
        "JSON with a key twice under the member's good signature",
        Code.MALFORMED_JSON,
    ),
    _request("wrong-credential", "Khóa truy cập sai", "A wrong credential", Code.UNAUTHENTICATED),
    _request("no-credential", "Không có khóa truy cập", "No credential", Code.UNAUTHENTICATED),
    _request("guessing", "Dò khóa truy cập nhiều lần", "Credentials guessed again and again", Code.TOO_MANY_ATTEMPTS),
)


def _key(name: str, vi: str, en: str, told: Told) -> Case:
    return Case(Group.KEYS, name, vi, en, told)


KEYS: Final = (
    _key(
        "same-key-at-once",
        "Cùng khóa, cùng nội dung, 50 lần cùng lúc",
        "The same key and body 50 times at once",
        Taken(
            "Một lượt gửi; 50 câu trả lời giống hệt nhau, cùng một xác nhận.",
            "One submission; 50 equal answers with one acknowledgement.",
        ),
    ),
    _key(
        "same-key-other-body",
        "Cùng khóa, nội dung khác",
        "The same key with another body",
        Problem(Code.IDEMPOTENCY_CONFLICT),
    ),
    _key(
        "unknown-organisation",
        "Mã bên nhận không có trong danh mục",
        "A recipient's code that nobody has",
        Problem(Code.UNKNOWN_RECIPIENTS),
    ),
    _key(
        "one-unknown-organisation",
        "Một mã không có, các mã khác đúng",
        "One unknown code among good ones",
        Taken(
            "Chuyển cho các bên nhận khác; mã không có được nêu tên trong câu trả lời.",
            "The others get it; the answer names the unknown code.",
        ),
    ),
    _key("too-many-recipients", "5.001 bên nhận", "5,001 recipients", Problem(Code.TOO_MANY_RECIPIENTS)),
)


def _number(name: str, vi: str, en: str, told: Told) -> Case:
    return Case(Group.NUMBERS, name, vi, en, told)


_DELIVERED: Final = Taken("Chuyển bình thường.", "It is delivered.")

NUMBERS: Final = (
    _number(
        "number-taken",
        "Số, ký hiệu của văn bản khác đã chuyển",
        "The number of another document that was delivered",
        Problem(Code.NATURAL_KEY_TAKEN),
    ),
    _number(
        "number-raced-for",
        "Hai văn bản khác nhau cùng số gửi cùng lúc: bản đến sau",
        "Two documents with one number at once: the one that comes second",
        Refusal(NATURAL_KEY_TAKEN),
    ),
    _number(
        "number-of-a-refused-document",
        "Số của văn bản đã bị từ chối",
        "The number of a document that was refused",
        _DELIVERED,
    ),
    _number(
        "number-of-a-returned-document",
        "Số của văn bản đã bị trả lại (02)",
        "The number of a document that was returned (02)",
        _DELIVERED,
    ),
    _number(
        "same-document-to-others",
        "Cùng văn bản gửi thêm bên nhận mới",
        "The same document to new recipients",
        Taken("Chuyển và liên kết với lượt đầu.", "It is delivered and linked to the first."),
    ),
    _number(
        "update-that-names-it",
        "Bản cập nhật nêu đúng văn bản đang giữ số",
        "An update that names the document which holds the number",
        _DELIVERED,
    ),
    _number(
        "update-that-names-another",
        "Bản cập nhật nêu văn bản khác",
        "An update that names another document",
        Problem(Code.NATURAL_KEY_TAKEN),
    ),
    _number("no-number", "Hai văn bản không có số", "Two documents without a number", _DELIVERED),
    _number(
        "same-document-again",
        "Cùng văn bản, cùng bên nhận, khóa gửi khác",
        "The same document to the same recipient under another key",
        Problem(Code.ALREADY_DELIVERED),
    ),
)


def _secret(name: str, mark: str, told: Told, *, metadata: bool) -> Case:
    vi = f"{'Thông tin ghi' if metadata else 'Trang đầu đóng dấu'} {mark}"
    en = f"{'Metadata that say' if metadata else 'A first page stamped'} {mark}"
    return Case(Group.SECRECY, name, vi, en, told)


SECRECY: Final = (
    *(
        _secret(f"metadata-{value}", mark, Problem(Code.SECRET_DOCUMENT), metadata=True)
        for value, mark in (("mat", "MẬT"), ("toi-mat", "TỐI MẬT"), ("tuyet-mat", "TUYỆT MẬT"))
    ),
    *(
        _secret(f"stamp-{value}", mark, Refusal(Cause.SECRET_MARK), metadata=False)
        for value, mark in (("mat", "MẬT"), ("toi-mat", "TỐI MẬT"), ("tuyet-mat", "TUYỆT MẬT"))
    ),
)


def _signature(name: str, vi: str, en: str, told: Told) -> Case:
    return Case(Group.SIGNATURES, name, vi, en, told)


SIGNATURES: Final = (
    _signature("unsigned", "PDF không có chữ ký", "A PDF without a signature", Refusal(Cause.UNSIGNED)),
    _signature("tampered", "Một bit bị sửa sau khi ký", "One bit changed after signing", Refusal(Cause.BROKEN)),
    _signature(
        "junk-behind-the-end",
        "Dữ liệu thừa sau %%EOF",
        "Junk behind %%EOF",
        Refusal(Cause.UNACCOUNTED_BYTES),
    ),
    _signature(
        "form-overlay",
        "Biểu mẫu phủ lên nội dung sau khi ký",
        "A form laid over the content after signing",
        Refusal(Cause.FORM_FILLED),
    ),
    _signature(
        "revoked",
        "Chứng thư đã bị thu hồi",
        "A revoked certificate",
        Refusal(Cause.REVOKED_BEFORE_RECEPTION),
    ),
    _signature(
        "expired",
        "Chứng thư đã hết hạn",
        "An expired certificate",
        Refusal(Cause.EXPIRED_BEFORE_RECEPTION),
    ),
    _signature(
        "untrusted",
        "Chứng thư của tổ chức không được công nhận",
        "A certificate of an authority nobody recognises",
        Refusal(Cause.NO_CONFIGURED_ROOT),
    ),
    _signature(
        "seal-of-another",
        "Con dấu của cơ quan khác",
        "The seal of another organisation",
        Refusal(Cause.SEAL_OF_ANOTHER_ORGANISATION),
    ),
    _signature(
        "flate-bomb",
        "Bom nén: vài trăm KB bung thành 400 MB",
        "A Flate bomb: some hundred KB that inflate to 400 MB",
        Refusal(Cause.RESOURCE_LIMIT),
    ),
    _signature(
        "flate-bomb-on-the-page",
        "Bom nén trong nội dung trang đầu, chữ ký hợp lệ",
        "A Flate bomb as the first page's content, well signed",
        Refusal(Cause.RESOURCE_LIMIT),
    ),
    _signature(
        "slow-to-examine",
        "PDF làm chương trình kiểm tra chạy rất lâu",
        "A PDF that keeps the examiner busy far beyond its time",
        Refusal(Cause.RESOURCE_LIMIT),
    ),
    _signature(
        "address-in-a-trusted-certificate",
        "Chứng thư hợp lệ chứa địa chỉ thu hồi lạ",
        "A good certificate that names a strange revocation address",
        Taken("Chuyển bình thường; địa chỉ đó không bao giờ được gọi.", "It is delivered; the address is never asked."),
    ),
    _signature(
        "address-in-an-untrusted-certificate",
        "Chứng thư lạ chứa địa chỉ thu hồi lạ",
        "A strange certificate that names a strange revocation address",
        Refusal(Cause.NO_CONFIGURED_ROOT),
    ),
)


def _manifest(name: str, vi: str, en: str, told: Told) -> Case:
    return Case(Group.MANIFESTS, name, vi, en, told)


_INVALID: Final = Problem(Code.MANIFEST_SIGNATURE_INVALID)

MANIFESTS: Final = (
    _manifest("forged-signature", "Bản kê ký bằng khóa tự tạo", "A manifest signed by a made-up key", _INVALID),
    _manifest(
        "anothers-signature", "Bản kê ký bằng khóa thành viên khác", "A manifest signed by another member", _INVALID
    ),
    _manifest("anothers-manifest", "Bản kê đứng tên thành viên khác", "A manifest in another member's name", _INVALID),
    _manifest("no-signature", "Bản kê không ký (alg none)", "A manifest without a signature (alg none)", _INVALID),
    _manifest("plain-json", "Hệ thống gửi JSON không ký", "Plain JSON from a member's system", _INVALID),
    _manifest("changed-after-signing", "Đổi bên nhận sau khi ký", "Recipients changed after signing", _INVALID),
    _manifest(
        "wrong-environment",
        "Bản kê cho môi trường khác",
        "A manifest for another environment",
        Problem(Code.WRONG_ENVIRONMENT),
    ),
    _manifest("wrong-axis", "Bản kê cho trục khác", "A manifest for another axis", Problem(Code.WRONG_AXIS)),
    _manifest(
        "not-the-issuer",
        "Gửi thay cơ quan khác không có ủy quyền",
        "A document of an issuer for which the member has no mandate",
        Problem(Code.NOT_AUTHORISED_FOR_ISSUER),
    ),
    _manifest(
        "old-manifest",
        "Bản kê ký quá 24 giờ, chưa từng gửi",
        "A manifest signed more than 24 hours ago, never sent before",
        Problem(Code.MANIFEST_EXPIRED),
    ),
    _manifest(
        "replayed-manifest",
        "Bản kê đã nhận, gửi lại sau 24 giờ",
        "A manifest that was taken, sent again after 24 hours",
        Taken("Trả lại đúng câu trả lời lần đầu.", "It is answered with the first answer."),
    ),
)


def _party(name: str, vi: str, en: str, code: Code) -> Case:
    return Case(Group.PARTIES, name, vi, en, Problem(code))


PARTIES: Final = (
    _party(
        "report-by-the-sender",
        "Bên gửi tự phản hồi trạng thái",
        "A report by the sender itself",
        Code.REPORT_WRONG_PARTY,
    ),
    _party(
        "report-by-a-stranger",
        "Phản hồi lượt chuyển của bên khác",
        "A report on another's delivery",
        Code.NOT_FOUND,
    ),
    _party(
        "report-without-reason",
        "Trả lại (02) không có lý do",
        "A return (02) without a reason",
        Code.REPORT_REASON_MISSING,
    ),
    _party("report-of-no-code", "Mã trạng thái không có", "A status code that is none", Code.REPORT_CODE_UNKNOWN),
    _party(
        "handover-of-other-hashes",
        "Ký nhận mã băm không thuộc lượt chuyển",
        "A hand-over of other hashes than were delivered",
        Code.CONTENT_MISMATCH,
    ),
    _party(
        "anothers-submission",
        "Xem lượt gửi của thành viên khác",
        "Another member's submission",
        Code.NOT_FOUND,
    ),
    _party(
        "anothers-delivery", "Xem, tải lượt chuyển của bên khác", "Another's delivery and its contents", Code.NOT_FOUND
    ),
    _party(
        "stolen-hash",
        "Bản kê nêu mã băm của thành viên khác, không gửi tệp",
        "A manifest that names another member's content by its hash",
        Code.CONTENT_MISSING,
    ),
)


def _broker(name: str, vi: str, en: str, error: str) -> Case:
    return Case(Group.BROKER, name, vi, en, Denied(error))


BROKER: Final = (
    _broker(
        "write-a-topic",
        "Thành viên ghi vào bất kỳ topic nào",
        "A member writes to any topic",
        "TOPIC_AUTHORIZATION_FAILED",
    ),
    _broker(
        "read-anothers-inbox",
        "Đọc inbox của thành viên khác",
        "A member reads another's inbox",
        "TOPIC_AUTHORIZATION_FAILED",
    ),
    _broker(
        "join-anothers-group",
        "Tham gia nhóm của thành viên khác",
        "A member joins another's group",
        "GROUP_AUTHORIZATION_FAILED",
    ),
    _broker(
        "read-the-axis", "Đọc topic nội bộ của trục", "A member reads a topic of the axis", "TOPIC_AUTHORIZATION_FAILED"
    ),
)


def _record(name: str, vi: str, en: str, told: Kept) -> Case:
    return Case(Group.RECORDS, name, vi, en, told)


_DEAD: Final = Kept(
    "Vào dead-letters (tọa độ, mã băm, nguyên nhân); người vận hành thấy.",
    "It becomes a dead letter (place, hash, cause) that operators see.",
)

RECORDS: Final = (
    _record("garbage-submitted", "Bản ghi rác trên submitted", "Garbage on submitted", _DEAD),
    _record(
        "null-submitted", "Bản ghi không có giá trị trên submitted", "A record without a value on submitted", _DEAD
    ),
    _record("garbage-actions", "Bản ghi rác trên actions", "Garbage on actions", _DEAD),
    _record("garbage-judged", "Bản ghi rác trên judged", "Garbage on judged", _DEAD),
    _record("garbage-evidence", "Bản ghi rác trên evidence", "Garbage on evidence", _DEAD),
    _record("broken-submitted", "Đúng lược đồ, nội dung vỡ", "A known schema with a broken body", _DEAD),
    _record("wrong-kind-submitted", "Loại bản ghi khác trên submitted", "Another kind of record on submitted", _DEAD),
    _record(
        "no-such-submission",
        "Bản ghi về lượt gửi không tồn tại",
        "A record of a submission that does not exist",
        _DEAD,
    ),
    _record(
        "copied-record",
        "Bản ghi thật được chép thêm một lần",
        "A true record copied once more",
        Kept("Là bản trùng; không phát sinh gì.", "It is a duplicate; nothing follows from it."),
    ),
    _record(
        "unknown-schema",
        "Lược đồ chưa biết",
        "A schema that is not known yet",
        Kept(
            "Chờ đến khi trục biết lược đồ; bản ghi khác đi tiếp.",
            "It waits until the schema is known; other records pass it.",
        ),
    ),
)

CASES: Final = (
    *FILES,
    *REQUESTS,
    *KEYS,
    *NUMBERS,
    *SECRECY,
    *SIGNATURES,
    *MANIFESTS,
    *PARTIES,
    *BROKER,
    *RECORDS,
)
