"""A forged copy of a log: one entry changed and every hash above it made to fit, as its operator could."""

import shutil
from pathlib import Path

from docaxis.storage.log_files import CHECKPOINT, LocalDisk, LogFiles
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.merkle import leaf_hash
from docaxis_signing.transparency.note import Note
from docaxis_signing.transparency.tiles import ENTRIES, WIDTH, Tile, decode_bundle, encode_bundle, width_at


def read_entries(directory: Path) -> list[bytes]:
    """Read all entries of a log's directory, as its checkpoint counts them."""
    files = LogFiles(LocalDisk(directory))
    size = Checkpoint.stated((directory / CHECKPOINT).read_bytes()).size
    tiles = [Tile(ENTRIES, index, width_at(0, index, size)) for index in range((size + WIDTH - 1) // WIDTH)]
    return [entry for tile in tiles for entry in decode_bundle(tile, files.tile(tile))]


def write_log(directory: Path, entries: list[bytes]) -> Tree:
    """Write the tiles of these entries and give their tree; signing it is another matter."""
    growth = grow(Tree(), [leaf_hash(entry) for entry in entries])
    files = []
    for tile, data in growth.tiles:
        files.append((tile.path, data))
        if tile.level == 0:
            files.append((tile.bundle.path, encode_bundle(entries[tile.index * WIDTH :][: tile.width])))
    directory.mkdir(parents=True, exist_ok=True)
    LogFiles(LocalDisk(directory)).put(files)
    return growth.tree


def forge(directory: Path, copy: Path, index: int) -> None:
    """Copy a log with one bit of one entry changed, all hashes made anew and the old signatures kept."""
    entries = read_entries(directory)
    changed = entries[index]
    entries[index] = changed[:-1] + bytes([changed[-1] ^ 1])
    shutil.rmtree(copy, ignore_errors=True)
    tree = write_log(copy, entries)
    note = Note.parse((directory / CHECKPOINT).read_bytes())
    honest = Checkpoint.parse(note.text)
    text = Checkpoint(honest.origin, tree.size, tree.root).to_text()
    (copy / CHECKPOINT).write_bytes(Note(text, note.signatures).to_bytes())
