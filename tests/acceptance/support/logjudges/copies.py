"""Eight tampered copies of a log, and one forged by somebody without its key.

The first five change files only, as a thief of the disk or a bad disk would. The next three are signed with the log's
own key: what its operator could do.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from docaxis.embedded.forged_log import forge, read_entries, write_log
from docaxis.storage.log_files import CHECKPOINT
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.note import Note, Signer
from docaxis_signing.transparency.tiles import ENTRIES, WIDTH, Tile, encode_bundle, width_at

PLACE: Final = 100
"""The entry that is tampered with."""


def _same(log: Path, copy: Path, _: Signer) -> None:
    shutil.copytree(log, copy)


def _with_entries(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path, Path, Signer], None]:
    """Change the bundles and leave hashes and checkpoint as they were."""

    def make(log: Path, copy: Path, _: Signer) -> None:
        shutil.copytree(log, copy)
        entries = read_entries(log)
        size, changed = len(entries), change(list(entries))
        last = (size - 1) // WIDTH
        for index in range(last + 1):
            end = len(changed) if index == last else (index + 1) * WIDTH
            tile = Tile(ENTRIES, index, width_at(0, index, size))
            (copy / tile.path).write_bytes(encode_bundle(changed[index * WIDTH : end]))

    return make


def _flipped(entries: list[bytes]) -> list[bytes]:
    entries[PLACE] = bytes([entries[PLACE][0] ^ 1]) + entries[PLACE][1:]
    return entries


def _swapped(entries: list[bytes]) -> list[bytes]:
    entries[PLACE], entries[PLACE + 1] = entries[PLACE + 1], entries[PLACE]
    return entries


def _truncated(log: Path, copy: Path, _: Signer) -> None:
    shutil.copytree(log, copy)
    size = len(read_entries(log))
    last = (size - 1) // WIDTH
    for tile in (Tile(0, last, width_at(0, last, size)), Tile(ENTRIES, last, width_at(0, last, size))):
        (copy / tile.path).unlink()


def _shortened(log: Path, copy: Path, signer: Signer) -> None:
    entries = read_entries(log)
    _signed(copy, entries[: len(entries) // 2], signer.verifier.name, signer)


def _forked(log: Path, copy: Path, signer: Signer) -> None:
    _signed(copy, _flipped(read_entries(log)), signer.verifier.name, signer)


def _of_another_origin(log: Path, copy: Path, signer: Signer) -> None:
    _signed(copy, read_entries(log), "another.example/log", signer)


def _signed(copy: Path, entries: list[bytes], origin: str, signer: Signer) -> None:
    tree = write_log(copy, entries)
    (copy / CHECKPOINT).write_bytes(Checkpoint(origin, tree.size, tree.root).sign(signer).to_bytes())


def _without_the_key(log: Path, copy: Path, _: Signer) -> None:
    forge(log, copy, PLACE)


COPIES: Final[Mapping[str, Callable[[Path, Path, Signer], None]]] = {
    "good": _same,
    "leaf byte flipped": _with_entries(_flipped),
    "leaf dropped": _with_entries(lambda entries: entries[:PLACE] + entries[PLACE + 1 :]),
    "leaves swapped": _with_entries(_swapped),
    "leaf inserted": _with_entries(lambda entries: [*entries[:PLACE], b"inserted", *entries[PLACE:]]),
    "tree truncated": _truncated,
    "shorter tree re-signed": _shortened,
    "fork": _forked,
    "wrong origin": _of_another_origin,
    "forged without the key": _without_the_key,
}


def older_checkpoint(log: Path, signer: Signer, spare: Path) -> bytes:
    """Give the checkpoint that the log signed, or would have, at two thirds of its leaves: Ed25519 is repeatable."""
    entries = read_entries(log)
    note = Note.parse((log / CHECKPOINT).read_bytes())
    tree = write_log(spare, entries[: len(entries) * 2 // 3])
    origin = Checkpoint.parse(note.text).origin
    return Checkpoint(origin, tree.size, tree.root).sign(signer).to_bytes()
