"""A log is derived anew from outside, and one that does not continue what was seen is never taken for the same."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docaxis.auditor.consistency import LogDirectory, require_continuation
from docaxis.auditor.monitoring import SILENCE_SECONDS, Monitor
from docaxis.auditor.walking import open_checkpoint, walk
from docaxis.cli.application import main
from docaxis.cli.exit_codes import Exit
from docaxis.embedded.forged_log import write_log
from docaxis.storage.log_files import CHECKPOINT
from docaxis_schemas.canonical import canonical
from docaxis_signing.receipts import PinnedKeys
from docaxis_signing.transparency.checkpoint import Checkpoint, SignedCheckpoint
from docaxis_signing.transparency.note import Algorithm, Signer
from docaxis_signing.transparency.policy import NONE, Policy
from docaxis_signing.transparency.problems import RejectedNote, RejectedProof

SIGNER = Signer.from_seed("docaxis/test", b"\x01" * 32)
POLICY = Policy((SIGNER.verifier,), {}, {}, NONE)


def entries(count: int, *, fork: int | None = None) -> list[bytes]:
    made = [canonical({"type": "ContentConsignment", "n": number}) for number in range(count)]
    if fork is not None:
        made[fork] = canonical({"type": "ContentConsignment", "n": -1})
    return made


def write(directory: Path, made: list[bytes], signer: Signer = SIGNER) -> SignedCheckpoint:
    tree = write_log(directory, made)
    note = Checkpoint("docaxis/test", tree.size, tree.root).sign(signer)
    (directory / CHECKPOINT).write_bytes(note.to_bytes())
    return SignedCheckpoint(Checkpoint("docaxis/test", tree.size, tree.root), note, note.signatures[0])


async def read(directory: Path) -> int:
    source = LogDirectory(directory)
    opened = await open_checkpoint(source, POLICY)
    return sum([len(bundle.entries) async for bundle in walk(source, opened, tiles=True)])


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 66_000])
async def test_a_whole_log_is_derived_anew(tmp_path: Path, count: int) -> None:
    write(tmp_path, entries(count))
    assert await read(tmp_path) == count


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("path", [
    "tile/entries/001", "tile/entries/002.p/88", "tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2"
])  # fmt: skip
@pytest.mark.parametrize("change", [_flip, Path.unlink])
async def test_every_file_that_is_changed_or_missing_is_noticed(
    tmp_path: Path, path: str, change: Callable[[Path], None]
) -> None:
    write(tmp_path, entries(600))
    change(tmp_path / path)
    with pytest.raises(RejectedProof):
        await read(tmp_path)


@pytest.mark.parametrize(("old", "new"), [(0, 5), (5, 5), (1, 300), (256, 600), (300, 66_000)])
async def test_a_log_that_grew_continues(tmp_path: Path, old: int, new: int) -> None:
    before = write(tmp_path / "old", entries(old))
    now = write(tmp_path / "new", entries(new))
    await require_continuation(LogDirectory(tmp_path / "new"), before, now)


@pytest.mark.parametrize(("old", "new", "fork"), [(300, 600, 7), (300, 300, 299), (300, 299, None), (256, 66_000, 0)])
async def test_a_fork_or_a_log_that_was_set_back_does_not(tmp_path: Path, old: int, new: int, fork: int | None) -> None:
    before = write(tmp_path / "old", entries(old))
    now = write(tmp_path / "new", entries(new, fork=fork))
    with pytest.raises(RejectedProof):
        await require_continuation(LogDirectory(tmp_path / "new"), before, now)


class Away(Exception):
    """The log cannot be reached."""


class Shaky(LogDirectory):
    """A log that can be away."""

    away = False

    async def log_file(self, path: str) -> bytes | None:
        if self.away:
            raise Away("connection refused")
        return await super().log_file(path)


class Watched:
    """A monitor over a log on disk, with a clock of its own."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "log"
        self.source = Shaky(self.log)
        self.seconds = 0.0
        self.told: list[str] = []
        self.state = directory / "seen"

    def monitor(self) -> Monitor:
        def tell(kind: str, detail: str, opened: SignedCheckpoint | None) -> None:
            self.told.append(kind if kind != "seen" else f"seen {detail}")

        return Monitor(self.source, POLICY, self.state, tell, (Away,), lambda: self.seconds)


async def test_a_monitor_follows_and_remembers_over_restarts(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for count in (10, 10, 400):
        write(watched.log, entries(count))
        assert await watched.monitor().look() is not None
    assert watched.told == ["seen 10 (+10)", "seen 400 (+390)"]
    write(watched.log, entries(401, fork=3))
    with pytest.raises(RejectedProof):
        await watched.monitor().look()
    kept = watched.monitor().last()
    assert kept is not None
    assert kept.checkpoint.size == 400, "what does not continue is never remembered as seen"
    write(watched.log, entries(399))
    with pytest.raises(RejectedProof):
        await watched.monitor().look()
    write(watched.log, entries(500), Signer.from_seed("docaxis/test", b"\x02" * 32))
    with pytest.raises(RejectedNote):
        await watched.monitor().look()


async def test_a_log_that_is_away_alarms_after_a_minute_and_once(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    write(watched.log, entries(10))
    monitor = watched.monitor()
    await monitor.look()
    watched.source.away = True
    for seconds in (0, SILENCE_SECONDS - 1, SILENCE_SECONDS, SILENCE_SECONDS + 60):
        watched.seconds = seconds
        assert await monitor.look() is None
    assert watched.told[1:] == ["alarm"]
    watched.source.away = False
    await monitor.look()
    assert watched.told[1:] == ["alarm", "over"]


async def test_witnesses_that_are_wanted_and_missing_are_an_alarm_too(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    write(watched.log, entries(10))
    witness = Signer.generate("w", Algorithm.COSIGNATURE).verifier
    wanting = Policy.parse(f"log {SIGNER.verifier.to_vkey()}\nwitness w {witness.to_vkey()}\nquorum w\n")
    monitor = watched.monitor()
    monitor.policy = wanting
    for seconds in (0, SILENCE_SECONDS):
        watched.seconds = seconds
        assert await monitor.look() is not None
    assert watched.told == ["seen 10 (+10)", "alarm"]


async def _run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = await asyncio.to_thread(main, ["audit", *arguments, "--json"])
    return code, json.loads(capfd.readouterr().out.splitlines()[-1])


async def test_the_command_judges_a_copy_without_an_axis(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log, kept, keys = tmp_path / "log", tmp_path / "kept", tmp_path / "pinned.json"
    write(log, entries(300))
    kept.write_bytes((log / CHECKPOINT).read_bytes())
    write(log, entries(600))
    keys.write_text(json.dumps(PinnedKeys("docaxis", "test", (), POLICY).to_json()))
    told = ("verify", "--full", "--since", str(kept), "--log", str(log), "--keys", str(keys))
    code, value = await _run(capfd, *told)
    assert (code, value["size"], value["types"]) == (Exit.OK, 600, {"ContentConsignment": 600})
    write(log, entries(600, fork=5))
    code, value = await _run(capfd, *told)
    assert (code, value["error"]["code"] if "error" in value else value["code"]) == (Exit.REFUSED, "log-does-not-hold")
