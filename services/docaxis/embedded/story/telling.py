"""Tells the story in the terminal: a table that fills while the cases play."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from docaxis.embedded.axis import LocalAxis
from docaxis.embedded.story.cases import Case
from docaxis.embedded.story.outcome import Outcome
from docaxis.embedded.story.proving import Proved

DISPOSITIONS: Final = {
    "deliver": ("đã chuyển", "green"),
    "deliver_with_warning": ("chuyển kèm cảnh báo", "yellow"),
    "refuse": ("từ chối", "red"),
}


class Telling:
    """A live table on the terminal; with ``quiet`` it says nothing on standard output."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=quiet)
        self._cases: dict[str, tuple[Case, Outcome | None]] = {}
        self._live = Live(console=self._console, refresh_per_second=8, transient=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def starting(self) -> None:
        """Say that the parts are being started."""
        self._console.print("[bold]docaxis[/] · khởi động Kafka, PostgreSQL và các CA thử nghiệm (TEST) …")

    def ready(self, axis: LocalAxis, url: str, seconds: float) -> None:
        """Say what runs and where."""
        self._console.print(f"Sẵn sàng sau {seconds:.1f} s · {url} · Kafka {axis.cluster.access.bootstrap}")
        self._console.print("Mọi chứng thư, con dấu, tên cơ quan trong câu chuyện này là TEST, không có thật.\n")
        self._live.start()

    def began(self, case: Case) -> None:
        """Add a row."""
        self._cases[case.name] = (case, None)
        self._live.update(self._table())

    def came_out(self, outcome: Outcome) -> None:
        """Fill a row."""
        self._cases[outcome.case] = (self._cases[outcome.case][0], outcome)
        self._live.update(self._table())

    def ended(self, outcomes: list[Outcome], seconds: float) -> None:
        """Say how it ended, and name every difference."""
        self._live.update(self._table(), refresh=True)
        self._live.stop()
        wrong = [outcome for outcome in outcomes if outcome.differences]
        for outcome in wrong:
            for difference in outcome.differences:
                self._console.print(f"[red]✗ {outcome.case}: {difference}[/]")
        verdict = "mọi kết quả đúng như đã hứa" if not wrong else f"{len(wrong)} kết quả khác lời hứa"
        self._console.print(f"\n{len(outcomes)} tình huống trong {seconds:.1f} s: {verdict}.")

    def proved(self, proved: Proved) -> None:
        """Say what the log showed, and what became of a forged copy of it."""
        mark = "[green]✓[/]" if proved.proof_holds else "[bold red]✗[/]"
        self._console.print(
            f"\n{mark} Sổ minh bạch có {proved.size} mục; biên nhận của {proved.submission_id} chắc chắn có trong sổ."
            f"\n  The log has {proved.size} entries; the delivery of {proved.submission_id} is proved to be in it."
        )
        if not proved.program:
            self._console.print(
                "[yellow]! Máy này không có OpenSSL 3 nên chưa có chương trình bên ngoài xét sổ giả; hãy cài openssl."
                "\n  No OpenSSL 3 on this machine, so no outside program judged the forged log: install openssl.[/]"
            )
        else:
            ok = proved.genuine_accepted and proved.forged_rejected
            self._console.print(
                f"{'[green]✓[/]' if ok else '[bold red]✗[/]'} {proved.program}: sổ thật được chấp nhận, "
                "bản sao bị sửa một mục (mọi mã băm đã tính lại) bị bác bỏ."
                "\n  It accepts the log and rejects a copy with one entry changed and every hash made to fit."
            )
        self._console.print("Xem tiếp: docaxis up · docaxis --help · docs/")

    def _table(self) -> Table:
        table = Table(title="Văn bản trên trục", title_justify="left", expand=False)
        for heading in ("", "Tình huống", "Kết quả kiểm tra", "Nguyên nhân", "Xử lý", "Nơi nhận"):
            table.add_column(heading, overflow="fold")  # a cause that is cut off cannot be looked up
        for case, outcome in self._cases.values():
            table.add_row(*_row(case, outcome))
        return table


def _row(case: Case, outcome: Outcome | None) -> tuple[str | Text, ...]:
    if outcome is None:
        return ("…", case.title, "", "", "", "")
    name, colour = DISPOSITIONS.get(outcome.disposition, (outcome.disposition, "white"))
    mark = Text("✓", "green") if not outcome.differences else Text("✗", "bold red")
    inboxes = sum(one.kafka for one in outcome.recipients)
    return (mark, case.title, outcome.verdict, outcome.cause or "", Text(name, colour), f"{inboxes} hộp đến")
