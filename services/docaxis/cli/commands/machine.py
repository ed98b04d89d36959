"""Commands about this machine: what an axis does on it, and the shell."""

from typing import Final

from docaxis.cli.commands.command import Command
from docaxis.cli.language import Text

MACHINE: Final = (
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
