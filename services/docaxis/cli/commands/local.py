"""Commands that run an axis or one of its services."""

from typing import Final

from docaxis.cli.commands.command import Command
from docaxis.cli.language import Text

RUNNING: Final = (
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
)
