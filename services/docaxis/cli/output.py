"""How the command answers: results on standard output, everything else on standard error.

With ``--json`` standard output carries one JSON object a line and nothing else, so that a pipe can rely on it.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from docaxis.cli.language import Language, Text, choose_language
from docaxis.cli.options import Speaking

ProgressReport = Callable[[str, int, int], None]


class Output:
    """Answers in one language, for people or for programs."""

    def __init__(self, *, as_json: bool, language: Language) -> None:
        self.as_json = as_json
        self.language: Language = language
        self._out = Console(highlight=False, soft_wrap=True, emoji=False)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

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
            self._out.print(escape(line))

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
        table = Table(*titles)
        for row in rows:
            table.add_row(*map(escape, row))
        self._out.print(table)

    def note(self, vi: str, en: str) -> None:
        """Say something beside the result."""
        self._err.print(escape(self.text(vi, en)))

    def complain(self, lines: Sequence[str]) -> None:
        """Say on standard error why the command failed."""
        for line in lines:
            self._err.print(escape(line))

    @contextmanager
    def progress(self) -> Iterator[ProgressReport | None]:
        """Show bars of bytes on a terminal; nothing elsewhere."""
        if not self._err.is_terminal:
            yield None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._err, transient=True) as bars:
            tasks: dict[str, TaskID] = {}
            yield partial(_advance, bars, tasks)


def _advance(bars: Progress, tasks: dict[str, TaskID], name: str, done: int, total: int) -> None:
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
