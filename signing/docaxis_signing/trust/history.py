"""The history of a trust directory: one line a change, each naming the hash of the line before and of the store after.

Nobody can take a line out or change one without all later ones telling, and the last one tells which store it led to.
The signature over both stands in `sealing`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from docaxis_schemas.canonical import canonical
from docaxis_schemas.moments import to_text

HISTORY_FILE: Final = "history.jsonl"
MAX_HISTORY: Final = 16 * 1024 * 1024
"""Bytes; a line has about 400, and a national list changes a few times a year."""
NOTHING: Final = "0" * 64
"""What the first line names as the one before."""


class Change(StrEnum):
    """What was done to a trust store."""

    TAKEN_OVER = "taken_over"
    """The history begins with a store that was there before."""
    ADDED = "added"
    REMOVED = "removed"
    DISTRUSTED = "distrusted"


class RejectedHistory(ValueError):
    """The history was changed, or does not lead to this store."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change."""

    serial: int
    at: str
    change: Change
    name: str
    certificate: str
    reason: str
    store: str
    previous: str

    def line(self) -> bytes:
        """Give the line as it stands in the file and is hashed."""
        return canonical(asdict(self))

    @property
    def sha256(self) -> str:
        """Give what the next line names."""
        return hashlib.sha256(self.line()).hexdigest()


def read_history(directory: Path) -> tuple[Entry, ...]:
    """Read the history of a trust directory; empty where none was begun.

    Raises:
        RejectedHistory: A line is not one, or does not follow from the one before.
    """
    path = directory / HISTORY_FILE
    if not path.is_file():
        return ()
    if path.stat().st_size > MAX_HISTORY:
        raise RejectedHistory(f"{path} is larger than {MAX_HISTORY} bytes")
    entries: list[Entry] = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            value = json.loads(line)
            entry = Entry(**(value | {"change": Change(value["change"])}))
        except (ValueError, TypeError, KeyError) as error:
            raise RejectedHistory(f"{path}, line {number}: not a change") from error
        if entry.line() != line:
            raise RejectedHistory(f"{path}, line {number}: not as it was written")
        _check_follows(entry, entries, f"{path}, line {number}")
        entries.append(entry)
    return tuple(entries)


def _check_follows(entry: Entry, before: Sequence[Entry], place: str) -> None:
    previous, serial = (before[-1].sha256, before[-1].serial) if before else (NOTHING, entry.serial - 1)
    if entry.previous != previous or entry.serial != serial + 1:
        raise RejectedHistory(f"{place}: does not follow from the line before")


def next_entry(
    before: Sequence[Entry], *, at: datetime, change: Change, name: str, certificate: str, reason: str, store: str
) -> Entry:
    """Make the line of a change."""
    previous, serial = (before[-1].sha256, before[-1].serial) if before else (NOTHING, 0)
    return Entry(serial + 1, to_text(at), change, name, certificate, reason, store, previous)


def append(directory: Path, *entries: Entry) -> None:
    """Write lines behind those that are there."""
    with (directory / HISTORY_FILE).open("ab") as file:
        file.writelines(entry.line() + b"\n" for entry in entries)
