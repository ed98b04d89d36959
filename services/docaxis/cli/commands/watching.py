"""Commands of those who watch an axis: witnesses and auditors."""

from typing import Final

from docaxis.cli.commands.command import Command
from docaxis.cli.language import Text

WATCHING: Final = (
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
                    "Yêu cầu trục tuyên bố sổ không có gì về một tệp hay một lượt gửi.",
                    "Have the axis state that the log has nothing about a file or a submission.",
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
)
