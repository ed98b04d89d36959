"""How the command answers: results on standard output, everything else on standard error.

With ``--json`` standard output carries one JSON object a line and nothing else, so that a pipe can rely on it. What
draws for people is loaded only where something is drawn: a program that checks a receipt waits for none of it.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from docaxis.cli.language import Language, Text, choose_language
from docaxis.cli.options import Speaking

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

ProgressReport = Callable[[str, int, int], None]


class Output:
    """Answers in one language, for people or for programs."""

    def __init__(self, *, as_json: bool, language: Language) -> None:
        self.as_json = as_json
        self.language: Language = language

    @cached_property
    def _out(self) -> "Console":
        from rich.console import Console  # noqa: PLC0415 - see above

        return Console(highlight=False, soft_wrap=True, emoji=False)

    @cached_property
    def _err(self) -> "Console":
        from rich.console import Console  # noqa: PLC0415 - see above

        return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

    def text(self, vi: str, en: str) -> str:
        """Choose between two sentences."""
        return Text(vi, en).into(self.language)

    def result(self, value: dict[str, Any], *lines: str) -> None:
        """Give one result: the object to programs, the lines to people."""
        if self.as_json:
            sys.stdout.write(_line(value) + "\n")
            sys.stdout.flush()
            return
        for line in lines:
            self._out.print(line, markup=False)

    def verbatim(self, text: str) -> None:
        """Give a text of a form of its own, such as XML, byte for byte."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def table(self, values: Sequence[dict[str, Any]], titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Give several results: an object each to programs, one table to people."""
        if self.as_json:
            for value in values:
                self.result(value)
            return
        from rich.markup import escape  # noqa: PLC0415 - see above
        from rich.table import Table  # noqa: PLC0415

        table = Table(*titles)
        for row in rows:
            table.add_row(*map(escape, row))
        self._out.print(table)

    def note(self, vi: str, en: str) -> None:
        """Say something beside the result."""
        self._err.print(self.text(vi, en), markup=False)

    def complain(self, lines: Sequence[str]) -> None:
        """Say on standard error why the command failed."""
        for line in lines:
            self._err.print(line, markup=False)

    @contextmanager
    def progress(self) -> Iterator[ProgressReport | None]:
        """Show bars of bytes on a terminal; nothing elsewhere."""
        if not self._err.is_terminal:
            yield None
            return
        from rich.progress import (  # noqa: PLC0415 - see above
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._err, transient=True) as bars:
            tasks: dict[str, TaskID] = {}
            yield partial(_advance, bars, tasks)


def _advance(bars: "Progress", tasks: dict[str, "TaskID"], name: str, done: int, total: int) -> None:
    from rich.markup import escape  # noqa: PLC0415 - see above

    if name not in tasks:
        tasks[name] = bars.add_task(escape(name), total=total)
    bars.update(tasks[name], completed=done)


def _line(value: dict[str, Any]) -> str:
    """Write JSON; what the locale cannot write, or a file name that is no UTF-8, goes as escapes."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, default=str)
    return text


def output_for(speaking: Speaking | None) -> Output:
    """Make the output a command was asked for."""
    asked = speaking or Speaking()
    return Output(as_json=asked.json, language=asked.lang or choose_language(()))
