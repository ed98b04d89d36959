"""Commands about signed files and about whom to trust; they ask no axis."""

from typing import Final

from docaxis.cli.commands.command import Command
from docaxis.cli.language import Text

SIGNING: Final = (
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
)
