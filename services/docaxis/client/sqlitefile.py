"""A SQLite file in which a client keeps what it must know again after a crash."""

import sqlite3
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Change = tuple[str, Sequence[str | int | None]]
"""A statement and its values."""


class SqliteFile:
    """One file, open as long as this lives; each call's changes are durable together before it returns.

    It stays open because SQLite moves its whole log into the file when the last connection to it closes: several times
    the disk's work of the change itself. Threads take turns.
    """

    def __init__(self, path: Path, tables: str) -> None:
        self._turn = threading.Lock()
        self._database = sqlite3.connect(path, timeout=30.0, check_same_thread=False)
        weakref.finalize(self, self._database.close)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(tables)

    def rows(self, query: str, *values: str | None) -> list[Any]:
        """Give all rows of a query."""
        with self._turn:
            return self._database.execute(query, values).fetchall()

    def first(self, query: str, *values: str | None) -> Any:
        """Give the first row of a query, None if it has none."""
        return next(iter(self.rows(query, *values)), None)

    def change(self, *changes: Change) -> None:
        """Make all changes or none."""
        with self._turn, self._database:
            for statement, values in changes:
                self._database.execute(statement, values)
