"""Commands that look up what an axis keeps."""

from typing import Final

from docaxis.cli.commands.command import Command
from docaxis.cli.language import Text

READING: Final = (
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
)
