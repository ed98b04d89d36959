"""Commands for packets of agencies' own software."""

from typing import Final

from docaxis.cli.commands.command import Command
from docaxis.cli.language import Text

PACKETS: Final = (
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
)
