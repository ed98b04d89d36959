"""The commands as a table: where each lives, what it does in one sentence, and an example.

Modules are named, not imported: a command loads its own only when it is called, so that help and completion answer at
once and a base install never meets server code.
"""

from dataclasses import dataclass
from typing import Final

from docaxis.cli.language import Text


@dataclass(frozen=True, slots=True)
class Command:
    """One command, or a group of them. ``extra`` is what it needs installed beyond the base."""

    name: str
    function: str
    summary: Text
    example: str
    extra: str = "services"
    subcommands: tuple["Command", ...] = ()


COMMANDS: Final = (
    Command(
        "demo",
        "docaxis.cli.local:demo",
        Text(
            "Dựng một trục trên máy này và kể trọn câu chuyện của các văn bản đã ký.",
            "Start an axis on this machine and tell the whole story of signed documents.",
        ),
        "docaxis demo --json",
        extra="embedded",
    ),
    Command(
        "up",
        "docaxis.cli.local:up",
        Text(
            "Chạy một trục trên máy này cho đến khi nhấn Ctrl-C; lần sau thấy lại dữ liệu.",
            "Keep an axis running on this machine until Ctrl-C; the next start finds its data again.",
        ),
        "docaxis up --brokers 3",
        extra="embedded",
    ),
    Command(
        "run",
        "docaxis.cli.run:run",
        Text("Chạy một dịch vụ của trục theo cấu hình DOCAXIS_….", "Run one service of an axis, told by DOCAXIS_…."),
        "docaxis run gateway",
    ),
    Command(
        "sign",
        "docaxis.cli.sign:sign",
        Text("Ký số một tệp PDF (PAdES).", "Sign a PDF (PAdES)."),
        "docaxis sign cong-van.pdf --key file:con-dau.p12 --passphrase-file mat-khau.txt --out da-ky.pdf",
    ),
    Command(
        "extend",
        "docaxis.cli.extend:extend",
        Text(
            "Bổ sung dữ liệu kiểm tra và dấu thời gian lưu trữ cho PDF đã ký.",
            "Add validation data and an archive time-stamp to a signed PDF.",
        ),
        "docaxis extend da-ky.pdf --tsa http://tsa.ca.gov.vn --trust tin-cay/",
    ),
    Command(
        "verify",
        "docaxis.cli.verify:verify",
        Text("Kiểm tra chữ ký số của các tệp PDF.", "Verify the signatures of PDFs."),
        "docaxis verify da-ky.pdf --trust tin-cay/",
    ),
    Command(
        "policy",
        "",
        Text(
            "Xem, kiểm tra và so sánh chính sách kiểm tra chữ ký.", "Show, check and compare policies of verification."
        ),
        "docaxis policy show original",
        subcommands=(
            Command(
                "show",
                "docaxis.cli.policies:show",
                Text("Xem một chính sách, hoặc liệt kê tất cả.", "Show a policy, or list them all."),
                "docaxis policy show original",
            ),
            Command(
                "check",
                "docaxis.cli.policies:check",
                Text("Kiểm tra tệp chính sách.", "Check policy files."),
                "docaxis policy check chinh-sach.toml",
            ),
            Command(
                "diff",
                "docaxis.cli.policies:diff",
                Text("So sánh hai chính sách.", "Compare two policies."),
                "docaxis policy diff original certified_copy",
            ),
        ),
    ),
    Command(
        "trust",
        "",
        Text(
            "Xem, sửa, ký và kiểm tra danh sách các tổ chức chứng thực được tin cậy.",
            "Show, change, sign and check whom an axis trusts.",
        ),
        "docaxis trust show tin-cay/",
        subcommands=(
            Command(
                "show",
                "docaxis.cli.truststore:show",
                Text("Liệt kê các tổ chức được tin cậy.", "List the trusted authorities."),
                "docaxis trust show tin-cay/",
            ),
            Command(
                "add",
                "docaxis.cli.truststore:add",
                Text("Thêm một tổ chức chứng thực.", "Take an authority in."),
                "docaxis trust add tin-cay/ ca.pem --name gov-root --purpose signer --source government "
                "--crl http://ca.example.vn/root.crl --reason 'Quyết định 12/QĐ-BCY'",
            ),
            Command(
                "remove",
                "docaxis.cli.truststore:remove",
                Text("Bỏ một tổ chức chứng thực.", "Take an authority out."),
                "docaxis trust remove tin-cay/ gov-party --reason 'Đã sáp nhập'",
            ),
            Command(
                "distrust",
                "docaxis.cli.truststore:distrust",
                Text("Không tin cậy từ một thời điểm.", "Distrust an authority from a time on."),
                "docaxis trust distrust tin-cay/ gov-party --since 2026-11-01T00:00:00+07:00 --reason 'Lộ khóa'",
            ),
            Command(
                "sign",
                "docaxis.cli.truststore:sign",
                Text("Ký thư mục tin cậy.", "Sign a trust directory."),
                "docaxis trust sign tin-cay/ --key khoa-tin-cay.json",
            ),
            Command(
                "check",
                "docaxis.cli.truststore:check",
                Text("Kiểm tra thư mục tin cậy, lịch sử và chữ ký của nó.", "Check a trust directory."),
                "docaxis trust check tin-cay/ --key khoa-tin-cay.public.json",
            ),
        ),
    ),
    Command(
        "rotate-key",
        "docaxis.cli.rotate_key:rotate_key",
        Text(
            "Thay khóa ký bằng chứng; khóa cũ ký xác nhận và sổ minh bạch ghi lại.",
            "Replace the evidence key; the old one signs the change, and the log shows it.",
        ),
        "docaxis rotate-key evidence-2027",
    ),
    Command(
        "verify-anchor",
        "docaxis.cli.verify_anchor:verify_anchor",
        Text(
            "Kiểm tra dấu thời gian trên các điểm kiểm của sổ minh bạch.",
            "Check the time-stamps on checkpoints of the transparency log.",
        ),
        "docaxis verify-anchor so/anchors/*.checkpoint --keys khoa-ghim.json --trust tin-cay/",
    ),
    Command(
        "verify-evidence",
        "docaxis.cli.evidence:verify_evidence",
        Text(
            "Kiểm tra biên nhận chỉ bằng các khóa công khai đã ghim, không hỏi trục.",
            "Check evidence with pinned public keys only, without asking the axis.",
        ),
        "docaxis verify-evidence bien-nhan.json --keys khoa-ghim.json",
    ),
    Command(
        "send",
        "docaxis.cli.send:send",
        Text("Gửi một văn bản đã ký tới các bên nhận.", "Send a signed document to its recipients."),
        "docaxis send da-ky.pdf --metadata van-ban.json --to H37.02 --wait 10",
    ),
    Command(
        "inbox",
        "docaxis.cli.inbox:inbox",
        Text(
            "Liệt kê hộp đến: văn bản đến và tin về văn bản đã gửi.",
            "List the inbox: deliveries and news.",
        ),
        "docaxis inbox --watch",
    ),
    Command(
        "get",
        "docaxis.cli.inbox:get",
        Text(
            "Tải một văn bản đến, kiểm tra mã băm, ký nhận và báo đã đến.",
            "Fetch a delivery, check its hashes, sign for it and report that it arrived.",
        ),
        "docaxis get 7b1c6f0e-3f6e-5a52-9f0a-2f4d5b6c7d8e --to van-ban-den/",
    ),
    Command(
        "accept",
        "docaxis.cli.reports:accept",
        Text("Báo đã tiếp nhận (03), kèm số đến.", "Report accepted (03), with the number in the incoming register."),
        "docaxis accept 7b1c6f0e-3f6e-5a52-9f0a-2f4d5b6c7d8e --register-number 128",
    ),
    Command(
        "refuse",
        "docaxis.cli.reports:refuse",
        Text("Trả lại văn bản (02) kèm lý do.", "Return a delivery (02) for a reason."),
        "docaxis refuse 7b1c6f0e-3f6e-5a52-9f0a-2f4d5b6c7d8e --reason 'Sai thẩm quyền'",
    ),
    Command(
        "report",
        "docaxis.cli.reports:report",
        Text("Báo một trạng thái 01-06 cho bên gửi.", "Report a business status 01-06 to the sender."),
        "docaxis report 7b1c6f0e-3f6e-5a52-9f0a-2f4d5b6c7d8e 05 --note 'Đang trình lãnh đạo'",
    ),
    Command(
        "recall",
        "docaxis.cli.recalls:recall",
        Text("Yêu cầu thu hồi một lượt gửi, kèm lý do.", "Ask to have a submission back, for a reason."),
        "docaxis recall 1d6f2c1e-58a1-5b0e-8f55-0a4c0f1d2e3b --recipient H37.02 --reason 'Gửi nhầm'",
    ),
    Command(
        "update",
        "docaxis.cli.changing:update",
        Text(
            "Cập nhật văn bản đã gửi, kèm lý do; nơi đã có văn bản được đề nghị đồng ý.",
            "Update a document sent before, for a reason; whoever has it is asked to agree.",
        ),
        "docaxis update 1d6f2c1e-58a1-5b0e-8f55-0a4c0f1d2e3b da-sua.pdf --metadata van-ban.json --reason 'Đính chính'",
    ),
    Command(
        "replace",
        "docaxis.cli.changing:replace",
        Text(
            "Thay thế văn bản đã gửi bằng văn bản mới, kèm lý do.",
            "Replace documents sent before by a new one, for a reason.",
        ),
        "docaxis replace moi.pdf --earlier 'H98.14,2026/03/04,15/QĐ-SNV' --metadata moi.json --reason 'Ban hành mới'",
    ),
    Command(
        "answer-recall",
        "docaxis.cli.recalls:answer_recall",
        Text(
            "Trả lời yêu cầu thu hồi, cập nhật hoặc thay thế: đồng ý (15) hoặc từ chối (16).",
            "Answer a request to recall, update or replace: agreed (15) or refused (16).",
        ),
        "docaxis answer-recall 7b1c6f0e-3f6e-5a52-9f0a-2f4d5b6c7d8e --agree --note 'Đã xóa'",
    ),
    Command(
        "reconcile",
        "docaxis.cli.reconcile:reconcile",
        Text(
            "Đối soát với một thành viên khác: bên nào thiếu gì, khắc phục thế nào.",
            "Reconcile with another member: what either side lacks, and how it is mended.",
        ),
        "docaxis reconcile --with tinh-ha-nam --since 2026-06-01 --until 2026-06-30 --connector lien-thong/",
    ),
    Command(
        "trace",
        "docaxis.cli.trace:trace",
        Text("Xem một lượt gửi đang ở đâu và lấy biên nhận.", "See where a submission is, and save its evidence."),
        "docaxis trace 1d6f2c1e-58a1-5b0e-8f55-0a4c0f1d2e3b --evidence bien-nhan/",
    ),
    Command(
        "receipt",
        "docaxis.cli.receipt:receipt",
        Text(
            "Tải biên nhận của một lượt gửi, kèm bằng chứng có trong sổ minh bạch.",
            "Download the receipts of a submission with their proofs in the transparency log.",
        ),
        "docaxis receipt 1d6f2c1e-58a1-5b0e-8f55-0a4c0f1d2e3b --to bien-nhan/",
    ),
    Command(
        "witness",
        "docaxis.cli.witness:witness",
        Text(
            "Làm nhân chứng cho sổ minh bạch: chỉ ký xác nhận khi sổ mới nối tiếp đúng sổ đã thấy.",
            "Witness a transparency log: cosign it only while it continues what was seen before.",
        ),
        "docaxis witness --log vkey --state nhan-chung/ --name nhan-chung.so-noi-vu.example --port 7070",
    ),
    Command(
        "audit",
        "",
        Text("Bàn làm việc của kiểm toán viên.", "The auditor's desk."),
        "docaxis audit search --organisation H37.02 --verdict TOTAL-FAILED",
        subcommands=(
            Command(
                "search",
                "docaxis.cli.auditing:search",
                Text(
                    "Tra cứu sổ minh bạch; mỗi dòng kèm bằng chứng.",
                    "Search the transparency log; each row comes with its proof.",
                ),
                "docaxis audit search --signer 'nguyen van mau' --since 2026-03-01T00:00:00+07:00",
            ),
            Command(
                "verify",
                "docaxis.cli.audit_log:verify",
                Text(
                    "Kiểm tra sổ: chữ ký, sự nối tiếp, và dựng lại toàn bộ (--full).",
                    "Check the log: signatures, continuation, and everything derived anew (--full).",
                ),
                "docaxis audit verify --full --since lan-truoc.checkpoint",
            ),
            Command(
                "monitor",
                "docaxis.cli.audit_log:monitor",
                Text("Theo dõi sổ và báo động khi sổ bị sửa.", "Watch the log, and alarm when it is not what it was."),
                "docaxis audit monitor so.checkpoint --for 3600",
            ),
            Command(
                "reindex",
                "docaxis.cli.audit_checks:reindex",
                Text(
                    "Tự dựng lại chỉ mục từ sổ và các giá trị mở, so với chỉ mục của trục.",
                    "Derive the index anew from the log and its openings, and compare it with the axis's.",
                ),
                "docaxis audit reindex --verify",
            ),
            Command(
                "completeness",
                "docaxis.cli.audit_checks:completeness",
                Text(
                    "Tìm những gì lẽ ra phải có trong sổ mà không có.",
                    "Find what should be in the log and is not.",
                ),
                "docaxis audit completeness bien-nhan/*.json --topic",
            ),
            Command(
                "impact",
                "docaxis.cli.audit_drill:impact",
                Text(
                    "Liệt kê những gì dựa vào một tổ chức chứng thực, theo từng bên gửi.",
                    "List what rests on an authority, by who sent it.",
                ),
                "docaxis audit impact --issuer 'CA phuc vu co quan nha nuoc' --since 2026-03-01T00:00:00+07:00",
            ),
            Command(
                "distrust",
                "docaxis.cli.audit_drill:distrust",
                Text(
                    "Diễn tập: điều gì đổi nếu không tin một tổ chức từ một thời điểm; không ghi gì.",
                    "Rehearse: what would change if an authority were distrusted from a time on. Writes nothing.",
                ),
                "docaxis audit distrust gov-party --since 2026-11-01T00:00:00+07:00",
            ),
            Command(
                "revalidate",
                "docaxis.cli.audit_drill:revalidate",
                Text(
                    "Xét lại mọi văn bản dựa vào một tổ chức theo danh sách tin cậy hiện tại, và báo các bên.",
                    "Judge again all that rests on an authority under the present trust list, and tell the parties.",
                ),
                "docaxis audit revalidate gov-party",
            ),
            Command(
                "events",
                "docaxis.cli.audit_events:events",
                Text(
                    "Xuất sự kiện của sổ cho hệ thống giám sát: OCSF, ECS, CEF, syslog.",
                    "Write the log's events for a SIEM: OCSF, ECS, CEF, syslog.",
                ),
                "docaxis audit events --format ocsf --follow --state siem.state",
            ),
            Command(
                "absent",
                "docaxis.cli.audit_absent:absent",
                Text(
                    "Yêu cầu trục tuyên bố sổ không có gì về một tệp.",
                    "Have the axis state that the log has nothing about a file.",
                ),
                "docaxis audit absent la.pdf --to khong-co.json",
            ),
            Command(
                "export",
                "docaxis.cli.audit_export:export",
                Text(
                    "Xuất hồ sơ bằng chứng của một lượt gửi, để kiểm tra mà không cần trục.",
                    "Take a submission's evidence away, to be checked without the axis.",
                ),
                "docaxis audit export 1d6f2c1e-58a1-5b0e-8f55-0a4c0f1d2e3b",
            ),
            Command(
                "what-if",
                "docaxis.cli.audit_what_if:what_if",
                Text(
                    "Xem các lượt gửi trước đây sẽ có kết quả gì theo dự thảo chính sách hoặc danh sách tin cậy.",
                    "See what earlier submissions would have got under a draft policy or trust directory.",
                ),
                "docaxis audit what-if --policy du-thao.toml --since 2026-10-01T00:00:00+07:00",
            ),
            Command(
                "looks",
                "docaxis.cli.auditing:looks",
                Text("Xem ai đã tra cứu những gì.", "See who looked at what."),
                "docaxis audit looks --limit 50",
            ),
        ),
    ),
    Command(
        "organisations",
        "docaxis.cli.organisations:organisations",
        Text("Tìm cơ quan theo tên hoặc mã định danh.", "Find organisations by name or code."),
        "docaxis organisations 'sở nội vụ'",
    ),
    Command(
        "registers",
        "docaxis.cli.books:registers",
        Text("Xem hoặc xuất sổ văn bản đến, văn bản đi.", "Show or export a register of documents."),
        "docaxis registers incoming --organisation H98.14 --export so-den.csv",
    ),
    Command(
        "deadlines",
        "docaxis.cli.books:deadlines",
        Text("Xem việc đến hạn và quá hạn của hai chiều.", "Show what is due and overdue, in both directions."),
        "docaxis deadlines --overdue",
    ),
    Command(
        "dead-letters",
        "docaxis.cli.dead_letters:dead_letters",
        Text("Xem và cho chạy lại những gì trục không xử lý được.", "See and replay what the axis could not process."),
        "docaxis dead-letters --replay 0f3d7a52-6a6f-5a0c-a3f3-0c9d3b7e1a21",
    ),
    Command(
        "edxml",
        "",
        Text("Đọc, kiểm tra và ghi gói tin edXML (QCVN 102).", "Read, check and write edXML packets (QCVN 102)."),
        "docaxis edxml read goi-tin.edxml --json",
        subcommands=(
            Command(
                "read",
                "docaxis.cli.edxml:read",
                Text(
                    "Đọc gói tin của mọi phần mềm và nêu nội dung.",
                    "Read packets of any software and say what they hold.",
                ),
                "docaxis edxml read goi-tin.edxml --json",
            ),
            Command(
                "check",
                "docaxis.cli.edxml:check",
                Text(
                    "Kiểm tra gói tin theo quy định chặt nhất của bên nhận.",
                    "Check packets as strictly as any receiver may.",
                ),
                "docaxis edxml check goi-tin.edxml",
            ),
            Command(
                "write",
                "docaxis.cli.edxml:write",
                Text(
                    "Ghi gói tin đúng chuẩn từ thông tin văn bản hoặc từ gói tin khác.",
                    "Write strict packets, from a document's metadata or from other packets.",
                ),
                "docaxis edxml write van-ban.json --attach da-ky.pdf --zip",
            ),
        ),
    ),
    Command(
        "connector",
        "docaxis.cli.connector:connector",
        Text(
            "Nối thư mục hoặc hàng đợi của phần mềm cơ quan với trục, ký bằng khóa của thành viên.",
            "Carry between a folder or queue of the agency's system and the axis, signed with the member's key.",
        ),
        "docaxis connector /srv/lien-thong --profile tinh-thu-nghiem",
        extra="queue",
    ),
    Command(
        "bench",
        "",
        Text("Đo trục trên máy này.", "Measure an axis on this machine."),
        "docaxis bench exchange --seconds 60 --json",
        extra="embedded",
        subcommands=(
            Command(
                "exchange",
                "docaxis.cli.bench:exchange",
                Text(
                    "Đo cả đường đi của văn bản, từ lúc gửi đến lúc ký nhận.",
                    "Measure the full path of documents, from submission to hand-over.",
                ),
                "docaxis bench exchange --seconds 60 --json",
                extra="embedded",
            ),
            Command(
                "verify",
                "docaxis.cli.bench:verify",
                Text(
                    "Đo tốc độ kiểm tra chữ ký, cạnh pyHanko nguyên bản và pdfsig.",
                    "Measure verdicts a second, beside stock pyHanko and pdfsig.",
                ),
                "docaxis bench verify --json",
                extra="embedded",
            ),
            Command(
                "sign",
                "docaxis.cli.bench:sign",
                Text("Đo tốc độ ký, cạnh pyHanko nguyên bản.", "Measure signatures a second, beside stock pyHanko."),
                "docaxis bench sign --json",
                extra="embedded",
            ),
        ),
    ),
    Command(
        "completion",
        "docaxis.cli.completion:completion",
        Text("In kịch bản gợi ý lệnh cho shell.", "Print the completion script for a shell."),
        "docaxis completion bash > ~/.local/share/bash-completion/completions/docaxis",
    ),
)
"""In the order of the help page."""

BY_NAME: Final = {command.name: command for command in COMMANDS}
