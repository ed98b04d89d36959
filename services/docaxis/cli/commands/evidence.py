"""Commands about evidence and the key that signs it."""

from typing import Final

from docaxis.cli.commands.command import Command
from docaxis.cli.language import Text

EVIDENCE: Final = (
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
)
