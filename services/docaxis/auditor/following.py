"""Follows the log and keeps the index up to its last signed checkpoint."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

import structlog

from docaxis.auditor.indexing import Disclosure, RejectedDisclosure, derive, terms
from docaxis.pausing import stopped_within
from docaxis.storage.audit_index import IndexRow, OpenedLeaf
from docaxis.storage.decisions import StorageError
from docaxis_schemas.canonical import canonical
from docaxis_schemas.moments import from_text

BATCH: Final = 500
LOOK_SECONDS: Final = 1.0
"""Between two looks while nothing was logged; the log itself moves once a second."""


class Index(Protocol):
    """What the follower asks of the index; see `AuditIndex`."""

    async def published(self) -> int:
        """Give the size of the last signed checkpoint."""

    async def next(self) -> int:
        """Give the first leaf that is not indexed."""

    async def opened(self, indexes: range) -> Sequence[OpenedLeaf]:
        """Give leaves with what opens them."""

    async def add(self, rows: Sequence[IndexRow]) -> None:
        """Add rows."""


def disclosure_of(opened: OpenedLeaf) -> Disclosure | None:
    """Give what opens a leaf; None if nothing does any more."""
    if opened.statement is None or opened.salts is None:
        return None
    return Disclosure(opened.statement, opened.salts, opened.verdict, opened.manifest)


def index_row(opened: OpenedLeaf) -> IndexRow:
    """Give the index's row of a leaf.

    Raises:
        RejectedDisclosure: What the database keeps in clear is not what the leaf commits to.
    """
    row = derive(opened.index, opened.leaf, disclosure_of(opened))
    submission = row.get("submission_id")
    return IndexRow(
        opened.index,
        None if submission is None else UUID(submission),
        row["type"],
        from_text(row["time"]),
        row["codes"].get("indication"),
        terms(row),
        canonical(row),
    )


class LogFollower:
    """The loop. It keeps nothing: where it goes on, the index says."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._stuck = ""
        self._log = structlog.get_logger("docaxis.auditor")

    @property
    def causes(self) -> tuple[str, ...]:
        """Say why the index stands still."""
        return (f"the index over the log stands still: {self._stuck}",) if self._stuck else ()

    async def serve(self, stopping: asyncio.Event) -> None:
        """Index what comes, until told to stop."""
        while not stopping.is_set():
            if await self.round():
                continue
            await stopped_within(stopping, LOOK_SECONDS)

    async def round(self) -> int:
        """Index the next leaves and give how many there were."""
        try:
            count = await self._round()
        except StorageError as error:
            self._log.warning("the index waits", cause=str(error))
            return 0
        except RejectedDisclosure as error:
            if str(error) != self._stuck:
                self._log.critical("the database contradicts the log", cause=str(error))
            self._stuck = str(error)
            return 0
        self._stuck = ""
        return count

    async def _round(self) -> int:
        first = await self._index.next()
        end = min(await self._index.published(), first + BATCH)
        if first >= end:
            return 0
        opened = await self._index.opened(range(first, end))
        if [one.index for one in opened] != list(range(first, end)):
            raise RejectedDisclosure(f"the order lacks leaves between {first} and {end}")
        await self._index.add(await asyncio.to_thread(lambda: [index_row(one) for one in opened]))
        return len(opened)
