"""Commands of members: hand in, fetch, answer, follow."""

from typing import Final

from docaxis.cli.commands.command import Command
from docaxis.cli.language import Text

EXCHANGE: Final = (
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
)
