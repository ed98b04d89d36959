"""The log's writer over a simulated disk and database that lose, tear, refuse and stop at any operation.

What must hold whatever happens: every checkpoint that was ever signed is a prefix of the one log there is, and after
repair every statement is in it exactly once, as a reader of the files alone finds.
"""

import asyncio
import itertools
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from docaxis.registrar.problems import RefusedToSign
from docaxis.registrar.sequencing import Sequencer
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.log_files import CHECKPOINT, LogFiles
from docaxis.storage.log_order import Head, LostHead, Waiting
from docaxis_signing.transparency.checkpoint import Checkpoint, SignedCheckpoint
from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.merkle import leaf_hash
from docaxis_signing.transparency.note import Signature, Signer
from docaxis_signing.transparency.tiles import ENTRIES, Tile, decode_bundle, split_tile, width_at

NOON = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
SEEDS = 1000 if os.environ.get("DOCAXIS_FULL") else 250


class Crashed(BaseException):
    """The machine lost power."""


class Trouble:
    """Decides at each operation whether it goes well."""

    def __init__(self) -> None:
        self.crash_in: int | None = None
        self.fail_in: int | None = None
        self.dice = random.Random(0)

    def may_fail(self) -> None:
        """Fail before an operation has had any effect."""
        if self.fail_in is not None:
            self.fail_in -= 1
            if self.fail_in < 0:
                self.fail_in = None
                raise OSError("no space left, or an input/output error")

    def may_crash(self) -> bool:
        """Lose power in the middle of an operation."""
        if self.crash_in is None:
            return False
        self.crash_in -= 1
        return self.crash_in < 0


class SimulatedDisk:
    """Names live in directories; a name is durable when its directory was synced, bytes when they were."""

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self._now: dict[str, bytes | None] = {".": None}
        self._durable: dict[str, bytes | None] = {".": None}

    def read(self, path: str) -> bytes:
        found = self._now.get(path)
        if found is None:
            raise FileNotFoundError(path)
        return found

    def names(self, path: str) -> list[str]:
        return [PurePosixPath(name).name for name in self._now if str(PurePosixPath(name).parent) == path]

    def write(self, files: Sequence[tuple[str, bytes]]) -> None:
        dice = self._trouble.dice
        waiting = dice.sample(files, len(files))
        while waiting:
            path, data = waiting.pop()
            self._begin(path)
            if self._trouble.may_crash():
                torn = [(path, data), *waiting]  # all of them may be under way
                self._now |= {name: some[: dice.randint(0, len(some))] for name, some in torn}
                raise Crashed
            self._now[path] = data

    def rename(self, path: str, target: str) -> None:
        self._begin(target)
        if self._trouble.may_crash() and self._trouble.dice.random() < 0.5:
            raise Crashed
        self._now[target] = self._now.pop(path)
        if self._trouble.crash_in is not None and self._trouble.crash_in < 0:
            raise Crashed

    def make_directory(self, path: str) -> None:
        self._begin(path)
        self._now.setdefault(path, None)

    def sync_directory(self, path: str) -> None:
        self._trouble.may_fail()
        if self._trouble.may_crash():
            raise Crashed
        inside = {name for name in {*self._now, *self._durable} if str(PurePosixPath(name).parent) == path}
        for name in inside:
            self._settle(name)

    def remove_tree(self, path: str) -> None:
        self._trouble.may_fail()
        for name in [one for one in self._now if one == path or one.startswith(path + "/")]:
            if self._trouble.may_crash():
                raise Crashed
            del self._now[name]

    def restart(self) -> None:
        """Keep what was synced; of the rest each name by the toss of a coin."""
        for name in sorted({*self._now, *self._durable}):
            if self._trouble.dice.random() < 0.5:
                self._settle(name)
        kept: dict[str, bytes | None] = {}
        for name in sorted(self._durable, key=lambda one: one.count("/")):
            if name == "." or str(PurePosixPath(name).parent) in kept:
                kept[name] = self._durable[name]
        self._now, self._durable = dict(kept), dict(kept)

    def copy(self) -> dict[str, bytes | None]:
        return dict(self._now)

    def replace(self, files: dict[str, bytes | None]) -> None:
        self._now, self._durable = dict(files), dict(files)

    def _begin(self, path: str) -> None:
        assert str(PurePosixPath(path).parent) in self._now, f"{path} is to be written where there is no directory"
        self._trouble.may_fail()

    def _settle(self, name: str) -> None:
        if name in self._now:
            self._durable[name] = self._now[name]
        else:
            self._durable.pop(name, None)


class SimulatedOrder:
    """The database: each operation happens whole or not at all, and its caller may never learn which."""

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self.queue: list[Waiting] = []
        self.log: list[bytes] = []
        self.known: set[int] = set()
        self.the_head: Head | None = None

    def keep(self, waiting: Waiting) -> None:
        """Store a statement with its entry, as the registrar does: once, however often it comes."""
        if waiting.number not in self.known:
            self.known.add(waiting.number)
            self.queue.append(waiting)

    async def begin(self, root: bytes, note: bytes, at: datetime) -> None:
        self._before()
        if self.the_head is None:
            self.the_head = Head(0, root, 0, note)
        self._after()

    async def head(self) -> Head | None:
        self._before()
        return self.the_head

    async def waiting(self, limit: int) -> Sequence[Waiting]:
        self._before()
        return self.queue[:limit]

    async def append(self, head: Head, size: int, root: bytes, entries: Sequence[Waiting], at: datetime) -> None:
        self._before()
        assert self.the_head is not None
        if (self.the_head.size, self.the_head.root) != (head.size, head.root):
            raise LostHead("moved")
        self.log += [entry.leaf for entry in entries]
        done = {entry.number for entry in entries}
        self.queue = [one for one in self.queue if one.number not in done]
        self.the_head = Head(size, root, self.the_head.signed_size, self.the_head.signed_note)
        self._after()

    async def leaves(self, first: int, end: int) -> Sequence[bytes]:
        self._before()
        return self.log[first:end]

    async def signed(self, before: int, size: int, note: bytes) -> None:
        self._before()
        assert self.the_head is not None
        if self.the_head.signed_size != before or self.the_head.size != size:
            raise LostHead("signed")
        self.the_head = Head(size, self.the_head.root, size, note)
        self._after()

    def _before(self) -> None:
        if self._trouble.may_crash():
            raise Crashed
        try:
            self._trouble.may_fail()
        except OSError as error:
            raise UnavailableStorage("away") from error

    def _after(self) -> None:
        if self._trouble.may_crash():
            raise Crashed
        try:
            self._trouble.may_fail()
        except OSError as error:
            raise UnavailableStorage("done, and nobody was told") from error


class WatchedSigner(Signer):
    """A key that remembers everything it signed."""

    def sign(self, text: str, *, seconds: int = 0) -> Signature:
        self.texts: list[str] = [*getattr(self, "texts", []), text]
        return super().sign(text, seconds=seconds)


class Axis:
    """A registrar's log with its disk, database and troubles."""

    def __init__(self) -> None:
        self.trouble = Trouble()
        self.disk = SimulatedDisk(self.trouble)
        self.order = SimulatedOrder(self.trouble)
        self.signer = WatchedSigner.from_seed("log.example/axis", b"\x01" * 32)
        self.writer = self.make()
        self.is_open = False

    def make(self) -> Sequencer:
        return Sequencer(self.order, LogFiles(self.disk), self.signer, lambda: NOON)

    def all_that_was_signed(self) -> Iterator[Checkpoint]:
        yield from map(Checkpoint.parse, dict.fromkeys(getattr(self.signer, "texts", [])))

    def published(self) -> int:
        """Give the size of the published checkpoint; -1 if there is none."""
        data = LogFiles(self.disk).read(CHECKPOINT)
        return -1 if data is None else SignedCheckpoint.open(data, self.signer.verifier).checkpoint.size

    def read_by_a_stranger(self) -> list[bytes]:
        """Read the log out of its files alone, and check every tile against the entries."""
        files = LogFiles(self.disk)
        data = files.read(CHECKPOINT)
        assert data is not None
        found = SignedCheckpoint.open(data, self.signer.verifier).checkpoint
        entries: list[bytes] = []
        for index in range((found.size + 255) // 256):
            tile = Tile(ENTRIES, index, width_at(0, index, found.size))
            entries += decode_bundle(tile, files.tile(tile))
        grown = grow(Tree(), [leaf_hash(entry) for entry in entries])
        assert grown.tree.root == found.root
        for tile, wanted in grown.tiles:
            assert split_tile(tile, files.tile(tile)) == split_tile(tile, wanted)
        return entries


class CrashingLog(RuleBasedStateMachine):
    """Statements come, the log is written, and everything that can happen happens."""

    def __init__(self) -> None:
        super().__init__()
        self.axis = Axis()
        self.numbers = itertools.count()
        self.arrived: list[Waiting] = []
        self.stood = -1

    def teardown(self) -> None:
        trouble = self.axis.trouble
        trouble.crash_in = trouble.fail_in = None
        self._restart()
        self.redelivered_from_the_start()
        self._work()
        entries = self.axis.read_by_a_stranger()
        assert sorted(entries) == sorted(one.leaf for one in self.arrived), "each statement is in the log exactly once"
        self.every_checkpoint_stays_true()

    @rule(count=st.one_of(st.integers(1, 6), st.integers(200, 600)))
    def statements_come(self, count: int) -> None:
        for _ in range(count):
            number = next(self.numbers)
            self.arrived.append(Waiting(number, b"statement %d" % number))
            self.axis.order.keep(self.arrived[-1])

    @rule()
    def redelivered_from_the_start(self) -> None:
        for one in self.arrived:
            self.axis.order.keep(one)

    @rule()
    def goes_well(self) -> None:
        self._work()

    @rule(at=st.integers(0, 40), seed=st.integers(0, 2**16))
    def loses_power(self, at: int, seed: int) -> None:
        self.axis.trouble.crash_in, self.axis.trouble.dice = at, random.Random(seed)
        with suppress(Crashed):
            self._work()
        self.axis.trouble.crash_in = None
        self._restart()

    @rule(at=st.integers(0, 40))
    def fails(self, at: int) -> None:
        self.axis.trouble.fail_in = at
        with suppress(OSError, UnavailableStorage):
            self._work()
        self.axis.is_open = self.axis.is_open and self.axis.trouble.fail_in is not None
        self.axis.trouble.fail_in = None

    @precondition(lambda self: self.axis.is_open)
    @rule()
    def another_writer_takes_over(self) -> None:
        old, self.axis.writer = self.axis.writer, self.axis.make()
        self.axis.is_open = False
        self.statements_come(3)
        self._work()
        self.statements_come(2)
        with pytest.raises(LostHead):
            asyncio.run(old.advance())

    def _work(self) -> None:
        async def work() -> None:
            if not self.axis.is_open:
                await self.axis.writer.open()
                self.axis.is_open = True
            while await self.axis.writer.advance(limit=400):
                pass

        try:
            asyncio.run(work())
            self.stood = self.axis.published()
        except BaseException:
            self.axis.is_open = False
            raise

    def _restart(self) -> None:
        self.axis.disk.restart()
        if self.stood >= 0:
            assert self.axis.published() >= self.stood, "a checkpoint that stood before the power was lost is gone"
        self.stood = self.axis.published()  # what is there after it is durable; what a failed sync left behind was not
        self.what_is_published_can_be_read()
        self.axis.writer, self.axis.is_open = self.axis.make(), False

    @invariant()
    def what_is_published_can_be_read(self) -> None:
        if self.axis.published() >= 0:
            self.axis.read_by_a_stranger()

    @invariant()
    def every_checkpoint_stays_true(self) -> None:
        log = self.axis.order.log
        hashes = [leaf_hash(entry) for entry in log]
        for checkpoint in self.axis.all_that_was_signed():
            assert checkpoint.size <= len(log)
            assert grow(Tree(), hashes[: checkpoint.size]).tree.root == checkpoint.root


CrashingLog.TestCase.settings = settings(
    max_examples=SEEDS, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCrashingLog = CrashingLog.TestCase


def _axis(statements: int) -> Axis:
    axis = Axis()
    for number in range(statements):
        axis.order.keep(Waiting(number, b"statement %d" % number))
    return axis


async def _log(axis: Axis) -> Checkpoint:
    opened = await axis.writer.open()
    advanced = await axis.writer.advance()
    return (advanced or opened).checkpoint


async def test_an_old_database_beside_newer_files_is_refused() -> None:
    axis = _axis(3)
    await _log(axis)
    log, head = list(axis.order.log), axis.order.the_head
    axis.order.keep(Waiting(-1, b"more"))
    await _log(axis)
    axis.order.log, axis.order.the_head = log, head
    with pytest.raises(RefusedToSign, match="a checkpoint of 4 leaves is published, and the database knows only 3"):
        await axis.make().open()
    axis.order.the_head = None
    with pytest.raises(RefusedToSign, match="knows no log"):
        await axis.make().open()


async def test_lost_or_damaged_tiles_are_written_anew_from_the_order() -> None:
    axis = _axis(700)
    await _log(axis)
    files = axis.disk.copy()
    axis.disk.replace({".": None, CHECKPOINT: files[CHECKPOINT]})
    writer = axis.make()
    await writer.open()
    assert writer.rebuilt
    assert len(axis.read_by_a_stranger()) == 700
    axis.disk.replace(files | {"tile/0/002.p/188": b"\x00" * 188 * 32})
    await axis.make().open()
    assert len(axis.read_by_a_stranger()) == 700


async def test_an_order_that_was_changed_is_refused() -> None:
    axis = _axis(5)
    await _log(axis)
    axis.order.log[2] = b"another statement"
    axis.disk.replace({".": None})
    with pytest.raises(RefusedToSign, match="neither disk nor database"):
        await axis.make().open()


async def test_a_checkpoint_signed_by_another_key_is_refused() -> None:
    axis = _axis(5)
    await _log(axis)
    axis.signer = WatchedSigner.from_seed("log.example/axis", b"\x02" * 32)
    with pytest.raises(RefusedToSign, match="not signed by this log's key"):
        await axis.make().open()


async def test_partial_tiles_go_when_the_full_one_is_there_and_older_readers_still_find_them() -> None:
    axis = _axis(100)
    await _log(axis)
    for number in range(100, 300):
        axis.order.keep(Waiting(number, b"statement %d" % number))
    await axis.writer.advance()
    names = axis.disk.copy().keys()
    assert not any(name.startswith(("tile/0/000.p", "tile/entries/000.p")) for name in names)
    files = LogFiles(axis.disk)
    assert len(files.tile(Tile(0, 0, 100))) == 3200
    assert decode_bundle(Tile(ENTRIES, 0, 100), files.tile(Tile(ENTRIES, 0, 100)))[99] == b"statement 99"
