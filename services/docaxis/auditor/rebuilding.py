"""Derives the whole index anew from the log's leaves and what opens them, and compares it with the axis's own."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from docaxis.auditor.indexing import Disclosure, RejectedDisclosure, derive
from docaxis.auditor.walking import LogSource, walk
from docaxis_schemas.canonical import canonical
from docaxis_signing.transparency.checkpoint import SignedCheckpoint
from docaxis_signing.transparency.leaves import Openings

SHOWN: Final = 100
"""Faults that are kept word for word; beyond that they are counted."""


class DisclosedLeaf(Protocol):
    """A leaf as the axis discloses it, with the row of its index."""

    @property
    def index(self) -> int: ...
    @property
    def leaf(self) -> bytes: ...
    @property
    def statement(self) -> bytes | None: ...
    @property
    def salts(self) -> Openings | None: ...
    @property
    def verdict(self) -> Mapping[str, Any] | None: ...
    @property
    def manifest(self) -> bytes | None: ...
    @property
    def row(self) -> bytes | None: ...
    @property
    def source(self) -> tuple[int, int] | None: ...


class Discloser(LogSource, Protocol):
    """An axis that opens its leaves to an auditor."""

    def disclosures(self, first: int, end: int) -> AsyncIterator[DisclosedLeaf]:
        """Give leaves in their order with what opens them."""


@dataclass(frozen=True, slots=True)
class Logged:
    """Where the log has an event, of which type it is, and the hash of what it says.

    ``source`` is where its statement lay on the topic (partition, offset) as the axis says.
    """

    index: int
    type: str
    statement_sha256: str
    source: tuple[int, int] | None = None


@dataclass(slots=True)
class Rebuilt:
    """What came of deriving the index anew. ``events`` are those that could be opened, by their ids.

    ``closed`` is what leaves that nothing opens still show, with their ``source``.
    """

    size: int
    leaves: int = 0
    closed: list[Mapping[str, Any]] = field(default_factory=list)
    lacking: int = 0
    faults: int = 0
    shown: list[str] = field(default_factory=list)
    events: dict[str, Logged] = field(default_factory=dict)

    def fault(self, text: str) -> None:
        """Note something that must not be."""
        self.faults += 1
        if self.faults <= SHOWN:
            self.shown.append(text)


Keep = Callable[[Mapping[str, Any]], None]
"""Takes each derived row, to be kept elsewhere."""


async def rebuild(
    axis: Discloser, opened: SignedCheckpoint, *, compare: bool = True, keep: Keep | None = None
) -> Rebuilt:
    """Derive the index of a checkpoint's leaves; with ``compare`` against the axis's own rows.

    Raises:
        RejectedProof: The log itself does not hold.
        RejectedTile: The same.
    """
    found = Rebuilt(opened.checkpoint.size)
    async for bundle in walk(axis, opened):
        end = bundle.first + len(bundle.entries)
        disclosed = {one.index: one async for one in axis.disclosures(bundle.first, end)}
        for index, entry in enumerate(bundle.entries, bundle.first):
            _take(found, index, entry, disclosed.get(index), compare=compare, keep=keep)
        found.leaves += len(bundle.entries)
    return found


def _take(
    found: Rebuilt, index: int, entry: bytes, given: DisclosedLeaf | None, *, compare: bool, keep: Keep | None
) -> None:
    if given is None:
        found.fault(f"leaf {index}: the axis does not disclose it")
        return
    if given.leaf != entry:
        found.fault(f"leaf {index}: the database has another leaf than the log")
    disclosure = None
    if given.statement is not None and given.salts is not None:
        disclosure = Disclosure(given.statement, given.salts, given.verdict, given.manifest)
    try:
        row = derive(index, entry, disclosure)
    except RejectedDisclosure as error:
        found.fault(str(error))
        return
    if compare and given.row != canonical(row):
        found.fault(f"leaf {index}: the index {'lacks it' if given.row is None else 'says something else'}")
    if keep is not None:
        keep(row)
    _count(found, index, row, disclosure, given.source)


def _count(
    found: Rebuilt, index: int, row: Mapping[str, Any], disclosure: Disclosure | None, source: tuple[int, int] | None
) -> None:
    if disclosure is None:
        found.closed.append({name: row[name] for name in ("type", "time", "codes")} | {"source": source})
        return
    found.lacking += bool(row["lacks"])
    event = str(row["event_id"])
    if (earlier := found.events.get(event)) is not None:
        found.fault(f"leaf {index}: event {event} is in leaf {earlier.index} too")
        return
    found.events[event] = Logged(index, row["type"], hashlib.sha256(disclosure.statement).hexdigest(), source)
