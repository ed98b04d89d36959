"""The folder that the agency's system and the connector share.

``out/`` is where packets to send are put. ``sent/`` and ``refused/`` is where they go, each with a file beside it that
says what became of it; ``in/`` is what came. ``.connector/`` is the connector's own. A file's place is its state, and a
rename is the only change of state: it happens whole or not at all.
"""

import fcntl
import json
import logging
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from docaxis_signing.durable import move, write_whole

SUFFIXES: Final = frozenset({".edxml", ".xml"})
"""Names of packets; everything else in ``out/`` is left alone, so that a file can be written under another name."""

MAX_NAME: Final = 220
"""Bytes of a packet's name; with what is written beside it, it must stay within the 255 of file systems."""

_log = logging.getLogger("docaxis.connector")


class FolderTaken(Exception):
    """Another connector works on this folder."""


class UnavailableQueue(OSError):
    """The agency's database behind the folder is away, or says no; everything is still where it was."""


class Folder:
    """One shared folder."""

    def __init__(self, root: Path) -> None:
        self.out, self.sent, self.refused, self.come = (root / name for name in ("out", "sent", "refused", "in"))
        own = root / ".connector"
        self.taken, self.work, self.lock = own / "taken", own / "work", own / "lock"
        self.memory, self.store = own / "inbox.sqlite", own / "store.sqlite"

    def prepare(self) -> None:
        """Make what is missing, and clear away what a crash left half done."""
        shutil.rmtree(self.work, ignore_errors=True)
        for place in (self.out, self.sent, self.refused, self.come, self.taken, self.work):
            place.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other connectors out.

        Raises:
            FolderTaken: One is there.
        """
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        with self.lock.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise FolderTaken(str(self.lock.parent.parent)) from error
            yield

    def take(self) -> list[Path]:
        """Take what waits in ``out/`` out of the system's hands, and give all that is taken, oldest first.

        A name that is taken already waits for its turn: two files of one name are two packets. What is no plain file
        is left alone: a link may lead anywhere or nowhere, and a pipe would be waited for without end.
        """
        for path in sorted(self.out.iterdir()):
            target = self.taken / path.name
            if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or target.exists():
                continue
            if _is_plain(path) and _is_name(path.name):
                path.rename(target)
            else:
                _log.warning("not taken, no plain file, or a name too long or not in UTF-8: %r", path.name)
        found = filter(_is_plain, self.taken.iterdir())
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))

    def target(self, path: Path, place: Path, mark: str) -> Path:
        """Give where a packet is to go; ``mark`` tells two packets of one name apart."""
        target = place / path.name
        return place / f"{path.stem}-{mark[:8]}{path.suffix}" if target.exists() else target

    def settle(self, path: Path, place: Path, mark: str, beside: Mapping[str, Any], kind: str) -> Path:
        """Write what became of a packet, then move it there."""
        target = self.target(path, place, mark)
        write_json(target.with_name(f"{target.name}.{kind}.json"), beside)
        move(path, target)
        return target


def _is_name(name: str) -> bool:
    """Say whether a name leaves room and is text: one in an older encoding can be neither told nor remembered."""
    try:
        return len(name.encode()) <= MAX_NAME
    except UnicodeEncodeError:
        return False


def _is_plain(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def write_json(path: Path, value: Any) -> None:
    """Write JSON for people and programs."""
    write_whole(path, (json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n").encode())
