"""The single writer of the log: gives waiting entries their places, writes tiles, signs, publishes, in that order.

1. The order (a database) takes the entries and moves its head from one tree to the next, by compare-and-swap.
2. Tiles and bundles, which follow from the order alone, are written and synced.
3. The checkpoint is signed, and kept by compare-and-swap on the last one that was signed.
4. Witnesses are asked; the checkpoint file is replaced, with what they added: a proof that is fetched in between is
   made in the one before.

Whatever a crash leaves undone between two steps is done by the next writer, to the same bytes. A writer opens only
on a past that holds: the tree on disk has the root that was signed last, the order continues it, and no checkpoint was
published that the order does not know. Any error closes it: what is in memory is never trusted after one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from docaxis.failpoints import Point, reach
from docaxis.registrar.problems import RefusedToSign
from docaxis.storage.log_files import CHECKPOINT, VKEY, LogFiles
from docaxis.storage.log_order import Head, Waiting
from docaxis_schemas.moments import Clock
from docaxis_signing.transparency.checkpoint import Checkpoint, SignedCheckpoint
from docaxis_signing.transparency.growing import Growth, Tree, grow
from docaxis_signing.transparency.merkle import EMPTY_ROOT, consistency_proof, leaf_hash, root_hash
from docaxis_signing.transparency.note import Note, Signer
from docaxis_signing.transparency.problems import RejectedNote, RejectedProof, RejectedTile
from docaxis_signing.transparency.tiles import ENTRIES, WIDTH, Tile, TileReader, decode_bundle, encode_bundle

BATCH: Final = 32_768
"""Entries of one checkpoint at most: at one a second more than the 19,000 of the largest day expected (issue 6, E)."""
REBUILT: Final = 16_384
"""Entries read at a time when tiles are written anew; a multiple of a tile's width."""


class Order(Protocol):
    """What the writer asks of the order; see `LogOrder`."""

    async def begin(self, root: bytes, note: bytes, at: datetime) -> None:
        """Make the head of a new log; one that is there stays."""

    async def head(self) -> Head | None:
        """Give the head."""

    async def waiting(self, limit: int) -> Sequence[Waiting]:
        """Give what waits."""

    async def append(self, head: Head, size: int, root: bytes, entries: Sequence[Waiting], at: datetime) -> None:
        """Give entries their places and move the head."""

    async def leaves(self, first: int, end: int) -> Sequence[bytes]:
        """Give entries by their places."""

    async def signed(self, before: int, size: int, note: bytes) -> None:
        """Keep what was signed of the head."""


@dataclass(frozen=True, slots=True)
class _State:
    """What an open writer knows: the published tree, and the entries of its incomplete bundle."""

    head: Head
    tree: Tree
    bundle: tuple[bytes, ...]


Witnessing = Callable[[SignedCheckpoint], Awaitable[Note]]
"""Gives a signed checkpoint with what witnesses added to it, in time; with nothing added if there was nothing."""


async def unwitnessed(signed: SignedCheckpoint) -> Note:
    """Add nothing: a log without witnesses."""
    return signed.note


class Sequencer:
    """The writer of one log. `open` it, then `advance` again and again; after any exception open it anew."""

    def __init__(self, order: Order, files: LogFiles, signer: Signer, clock: Clock) -> None:
        self._order = order
        self._files = files
        self._signer = signer
        self._clock = clock
        self._state: _State | None = None
        self.rebuilt = False

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._signer.verifier.name

    async def open(self) -> SignedCheckpoint:
        """Check the past and give the checkpoint that stands. Nothing is signed here: witnesses can be asked first.

        Raises:
            RefusedToSign: The past does not hold; somebody has to look.
            UnavailableStorage: The database is away.
            OSError: The disk is.
        """
        self._state = None
        head = await self._order.head() or await self._begin()
        signed = self._signed(head)
        published = await asyncio.to_thread(self._published)
        self._require_known(None if published is None else published.checkpoint, signed.checkpoint)
        state = await self._past(head, signed.checkpoint)
        stands = published is not None and published.checkpoint == signed.checkpoint
        # written again in any case, and then durable; the file may hold cosignatures, which the database does not
        await asyncio.to_thread(self._put_checkpoint, published.note if published and stands else signed.note)
        self._state = state
        return signed

    async def advance(self, limit: int = BATCH, *, witnessing: Witnessing = unwitnessed) -> SignedCheckpoint | None:
        """Log what waits, or what a crash left half done, and give the new checkpoint; None if nothing waits.

        ``witnessing`` is asked after signing and before publication, with proofs to be had from this writer.

        Raises:
            RefusedToSign: What was left half done does not hold.
            LostHead: Another writer moved the head.
            UnavailableStorage: The database is away.
            OSError: The disk is.
        """
        state, self._state = self._state, None
        assert state is not None, "the writer is not open"
        if state.head.size > state.head.signed_size:
            return await self._finish(state, witnessing)
        waiting = await self._order.waiting(limit)
        if not waiting:
            self._state = state
            return None
        entries = [one.leaf for one in waiting]
        growth = await asyncio.to_thread(_grown, state.tree, entries)
        tree = growth.tree
        await self._order.append(state.head, tree.size, tree.root, waiting, self._clock())
        reach(Point.REGISTRAR_AFTER_ORDER)
        head = Head(tree.size, tree.root, state.head.signed_size, state.head.signed_note)
        return await self._publish(state, head, growth, entries, witnessing)

    async def _finish(self, state: _State, witnessing: Witnessing) -> SignedCheckpoint:
        """Publish what a crash left in the order."""
        entries = await self._order.leaves(state.head.signed_size, state.head.size)
        growth = await asyncio.to_thread(_grown, state.tree, entries)
        if growth.tree.root != state.head.root:
            raise RefusedToSign("the entries of the order do not have the root that its head states")
        return await self._publish(state, state.head, growth, entries, witnessing)

    async def cosigned(self, note: Note) -> None:
        """Publish the standing checkpoint with what witnesses added to it."""
        await asyncio.to_thread(self._put_checkpoint, note)

    def proof_since(self, old: int) -> tuple[bytes, ...]:
        """Prove that the standing tree continues that of ``old`` leaves.

        Raises:
            RejectedProof: It is the smaller one.
        """
        assert self._state is not None, "the writer is not open"
        size = self._state.tree.size
        return consistency_proof(TileReader(self._files.tile, size), old, size)

    def root_of(self, size: int) -> bytes:
        """Give the root of the first ``size`` leaves of the standing tree, from its tiles.

        Raises:
            RejectedProof: A tile is missing.
            RejectedTile: A tile is malformed.
        """
        assert self._state is not None, "the writer is not open"
        return root_hash(TileReader(self._files.tile, self._state.tree.size), size)

    async def _begin(self) -> Head:
        if self._files.read(CHECKPOINT) is not None:
            raise RefusedToSign("a checkpoint is published, and the database knows no log: it is a new or an old one")
        note = Checkpoint(self.origin, 0, EMPTY_ROOT).sign(self._signer).to_bytes()
        await self._order.begin(EMPTY_ROOT, note, self._clock())
        head = await self._order.head()
        assert head is not None, "it was just made"
        return head

    def _signed(self, head: Head) -> SignedCheckpoint:
        try:
            signed = SignedCheckpoint.open(head.signed_note, self._signer.verifier)
        except RejectedNote as error:
            raise RefusedToSign(
                f"the last checkpoint in the database is not signed by this log's key: {error}"
            ) from error
        if signed.checkpoint.size != head.signed_size or head.size < head.signed_size:
            raise RefusedToSign("the head of the order contradicts the checkpoint that was signed of it")
        return signed

    def _published(self) -> SignedCheckpoint | None:
        data = self._files.read(CHECKPOINT)
        try:
            return None if data is None else SignedCheckpoint.open(data, self._signer.verifier)
        except RejectedNote as error:
            raise RefusedToSign(f"the published checkpoint is not this log's: {error}") from error

    def _require_known(self, published: Checkpoint | None, signed: Checkpoint) -> None:
        if published is None or published.size < signed.size:
            return
        if published != signed:
            raise RefusedToSign(
                f"a checkpoint of {published.size} leaves is published, and the database knows only {signed.size}: "
                "an old copy of it was restored"
            )

    async def _past(self, head: Head, signed: Checkpoint) -> _State:
        state = await asyncio.to_thread(self._on_disk, head)
        if state is None or state.tree.root != signed.root:
            state = await self._rebuild(head)
            if state.tree.root != signed.root:
                raise RefusedToSign(f"neither disk nor database has the tree of {signed.size} leaves that was signed")
        return state

    def _on_disk(self, head: Head) -> _State | None:
        size = head.signed_size
        try:
            tree = Tree.load(TileReader(self._files.tile, size), size)
            if not size % WIDTH:
                return _State(head, tree, ())
            last = Tile(ENTRIES, size // WIDTH, size % WIDTH)
            bundle = decode_bundle(last, self._files.tile(last))
        except (RejectedProof, RejectedTile):
            return None
        return _State(head, tree, bundle) if tuple(map(leaf_hash, bundle)) == tree.edge[0] else None

    async def _rebuild(self, head: Head) -> _State:
        """Write the tiles of what was signed anew from the order; whether they are right, its root says."""
        state = _State(head, Tree(), ())
        for first in range(0, head.signed_size, REBUILT):
            entries = await self._order.leaves(first, min(first + REBUILT, head.signed_size))
            growth = _grown(state.tree, entries)
            await asyncio.to_thread(self._put_tiles, state, growth, entries)
            state = _State(head, growth.tree, _rest(state, entries))
        self.rebuilt = True
        return state

    async def _publish(
        self, state: _State, head: Head, growth: Growth, entries: Sequence[bytes], witnessing: Witnessing
    ) -> SignedCheckpoint:
        await asyncio.to_thread(self._put_tiles, state, growth, entries)
        reach(Point.REGISTRAR_AFTER_TILES)
        checkpoint = Checkpoint(self.origin, growth.tree.size, growth.tree.root)
        note = checkpoint.sign(self._signer)
        await self._order.signed(head.signed_size, checkpoint.size, note.to_bytes())
        reach(Point.REGISTRAR_AFTER_SIGNING)
        signed = SignedCheckpoint(checkpoint, note, note.signatures[0])
        head = Head(head.size, head.root, checkpoint.size, note.to_bytes())
        self._state, standing = _State(head, growth.tree, _rest(state, entries)), self._state
        try:
            witnessed = await witnessing(signed)
            await asyncio.to_thread(self._put_checkpoint, witnessed)
            reach(Point.REGISTRAR_AFTER_CHECKPOINT)
            await asyncio.to_thread(self._tidy, growth)
        except BaseException:
            self._state = standing
            raise
        return signed

    def _put_tiles(self, state: _State, growth: Growth, entries: Sequence[bytes]) -> None:
        first = state.tree.size - len(state.bundle)
        row = (*state.bundle, *entries)
        files = []
        for tile, data in growth.tiles:
            if tile.level == 0:
                start = tile.index * WIDTH - first
                files.append((tile.bundle.path, encode_bundle(row[start : start + tile.width])))
            files.append((tile.path, data))
        half = len(files) // 2
        self._files.put(files[:half])
        reach(Point.REGISTRAR_WITHIN_TILES)
        self._files.put(files[half:])

    def _put_checkpoint(self, note: Note) -> None:
        key = (self._signer.verifier.to_vkey() + "\n").encode()
        keyed = [] if self._files.read(VKEY) == key else [(VKEY, key)]
        self._files.put([*keyed, (CHECKPOINT, note.to_bytes())])

    def _tidy(self, growth: Growth) -> None:
        """Remove partial tiles that a full one has replaced; what a crash leaves of them does no harm."""
        for tile, _ in growth.tiles:
            if tile.width == WIDTH:
                self._files.forget_partial(tile)
                if tile.level == 0:
                    self._files.forget_partial(tile.bundle)


def _grown(tree: Tree, entries: Sequence[bytes]) -> Growth:
    return grow(tree, [leaf_hash(entry) for entry in entries])


def _rest(state: _State, entries: Sequence[bytes]) -> tuple[bytes, ...]:
    """Give the entries of the incomplete bundle after these were added."""
    row = (*state.bundle, *entries)
    return row[len(row) - len(row) % WIDTH :]
