"""The port for scanners of malicious content. None is built in, and the one that stands for none says so."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from docaxis.storage.contents import OpenContent


class RejectedByScanner(Exception):
    """A scanner found something; the text names it."""


class Scanner(Protocol):
    """Looks at contents before they are claimed."""

    @property
    def name(self) -> str:
        """What it is called."""

    async def scan(self, open_content: Callable[[], Awaitable[OpenContent]]) -> None:
        """Look at a content; who looks opens it.

        Raises:
            RejectedByScanner: What was found.
        """


class NoScanner:
    """Scans nothing. ``/readyz`` shows its name, so that nobody believes otherwise."""

    name: str = "none: files are not scanned"

    async def scan(self, open_content: Callable[[], Awaitable[OpenContent]]) -> None:
        """Find nothing."""
