"""What the content store asks of the place where sealed bytes lie, and what can go wrong.

A content lies there as numbered segments, each already encrypted. Segments are only ever appended, so what is there is
itself the record of how far an upload came: no counter beside it can disagree after a crash. Calls block; the content
store makes them in threads.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from docaxis.storage.decisions import StorageError, UnavailableStorage


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """Contents of a member that no submission names, uploads that are under way included: how many, of which size."""

    contents: int
    bytes: int


UNCLAIMED_QUOTA: Final = Unclaimed(1000, 20 * 1024**3)
"""What a member may have uploaded that no submission names: ten of the largest contents."""


class MissingContent(StorageError):
    """There is no such content in this member's space."""


class RejectedContent(StorageError):
    """What was uploaded is not what was announced: the text says in which way."""


class ContentMismatch(RejectedContent):
    """The bytes have another hash or size than announced; what was stored of them is gone."""


class QuotaExceeded(RejectedContent):
    """The member has too much stored that no submission names: ``held``, without this content, of ``quota``."""

    def __init__(self, held: Unclaimed, quota: Unclaimed) -> None:
        super().__init__(f"{held.contents} contents of {held.bytes} bytes are stored that no submission names")
        self.held = held
        self.quota = quota


class WrongOffset(RejectedContent):
    """The upload stands elsewhere; ``offset`` is where it goes on, None while another request is writing it."""

    def __init__(self, offset: int | None) -> None:
        super().__init__("the upload stands at another offset")
        self.offset = offset


class DamagedContent(StorageError):
    """A stored content does not authenticate or has another hash than its name: an alarm, not an answer."""


class StoreFull(UnavailableStorage):
    """No room is left: nothing half is kept as a content; an upload can go on once there is room."""


class SealedUpload(Protocol):
    """The one writer of a content that is not finished. Everything appended is durable when the call returns."""

    def count(self) -> int:
        """Count the whole segments that are there."""

    def read(self, number: int) -> bytes:
        """Read a segment back."""

    def truncate(self, count: int) -> None:
        """Keep the first ``count`` segments only: what follows was torn by a crash."""

    def append(self, data: bytes) -> None:
        """Add a segment.

        Raises:
            WrongOffset: Another writer added it first.
            StoreFull: No room.
            UnavailableStorage: The place cannot be reached.
        """

    def finish(self) -> None:
        """Make the content readable under its location. Finishing twice is the same as once."""


class SealedStore(Protocol):
    """A place for sealed contents. Locations are random names that are never used again."""

    def upload(self, location: str) -> AbstractContextManager[SealedUpload]:
        """Begin or go on with a content.

        Raises:
            WrongOffset: Another writer is at it.
            UnavailableStorage: The place cannot be reached.
        """

    def read(self, location: str, number: int) -> bytes:
        """Read one segment of a finished content.

        Raises:
            DamagedContent: It is not there.
            UnavailableStorage: The place cannot be reached.
        """

    def settle(self, location: str) -> None:
        """Drop what only an unfinished upload needed, once the content is on record."""

    def delete(self, location: str) -> None:
        """Remove a content or an upload; absent is fine."""

    def older_than(self, moment: datetime) -> Iterator[str]:
        """Name everything, finished or not, that was last written before ``moment``."""

    def probe(self) -> None:
        """Write, read and remove a few bytes.

        Raises:
            UnavailableStorage: What does not work.
        """
